//! What became of rules' commands, told so that a flood of connections is no flood of events.

use portreeve_wire::event::RuleCommand;
use std::collections::HashMap;
use std::time::Duration;

/// So many a second get an event each.
const SINGLE: u32 = 10;
/// Kinds that are told together; past it one kind stands for the rest.
const KINDS: usize = 64;

/// Those of the current second.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    second: u64,
    single: u32,
    kinds: HashMap<(String, String), RuleCommand>,
}

impl Teller {
    /// Gives one back when it gets an event of its own; else it is counted.
    pub(crate) fn take(&mut self, one: RuleCommand, now: Duration) -> Option<RuleCommand> {
        if self.second != now.as_secs() && self.kinds.is_empty() {
            self.second = now.as_secs();
            self.single = 0;
        }
        if self.single < SINGLE && self.kinds.is_empty() {
            self.single = self.single.saturating_add(1);
            return Some(one);
        }
        let key = (one.key.clone(), one.outcome.clone());
        let full = self.kinds.len() >= KINDS && !self.kinds.contains_key(&key);
        let key = if full { Default::default() } else { key };
        let count = |kept: &mut RuleCommand| kept.count = kept.count.saturating_add(1);
        self.kinds.entry(key).and_modify(count).or_insert(one);
        None
    }

    /// When those that were counted are told.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let end = self.second.saturating_add(1);
        (!self.kinds.is_empty()).then(|| Duration::from_secs(end))
    }

    /// Those that were counted, once their second is over.
    pub(crate) fn flush(&mut self, now: Duration) -> Vec<RuleCommand> {
        if self.next_due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.drain()
    }

    /// Those that were counted, at once.
    pub(crate) fn drain(&mut self) -> Vec<RuleCommand> {
        self.kinds.drain().map(|(_, one)| one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_wire::End;

    #[test]
    fn a_flood_is_counted_and_nothing_is_lost() {
        let mut teller = Teller::default();
        let one = |outcome: &str| RuleCommand {
            key: "ssh".into(),
            peer: End { address: [192, 0, 2, 1].into(), port: 1 },
            option: "spawn".into(),
            command: "true".into(),
            outcome: outcome.into(),
            session: None,
            count: 1,
        };
        let at = Duration::from_millis;
        let outcomes = (0..500).map(|n| if n % 2 == 0 { "even" } else { "odd" });
        let single = outcomes.filter_map(|it| teller.take(one(it), at(1500))).count();
        assert_eq!(single, SINGLE as usize);
        assert_eq!(teller.flush(at(1999)).len(), 0, "the second is not over");
        let flushed = teller.flush(at(2000));
        assert_eq!(flushed.len(), 2);
        let counted: u32 = flushed.iter().map(|one| one.count).sum();
        assert_eq!(counted + SINGLE, 500);
        assert!(teller.take(one("even"), at(3000)).is_some(), "a new second");
    }
}
