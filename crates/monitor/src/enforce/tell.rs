//! What became of commands of bans, told so that a flood of bans is no flood of events.

use portreeve_wire::event::Enforcement;
use std::collections::BTreeMap;
use std::time::Duration;

/// So many a second get an event each.
const SINGLE: u32 = 10;
/// Kinds that are told together; past it the first kind stands for the rest.
const KINDS: usize = 64;

/// Those of the current second.
#[derive(Debug, Default)]
pub(super) struct Teller {
    second: u64,
    single: u32,
    counted: BTreeMap<(String, String), Enforcement>,
}

impl Teller {
    /// Gives one back when it gets an event of its own; else it is counted.
    pub(super) fn take(&mut self, one: Enforcement, now: Duration) -> Option<Enforcement> {
        if self.second != now.as_secs() && self.counted.is_empty() {
            self.second = now.as_secs();
            self.single = 0;
        }
        if self.single < SINGLE && self.counted.is_empty() {
            self.single = self.single.saturating_add(1);
            return Some(one);
        }
        let key = (one.enforcer.clone(), one.outcome.clone());
        let more = |kept: &mut Enforcement| kept.count = kept.count.saturating_add(1);
        if self.counted.len() >= KINDS && !self.counted.contains_key(&key) {
            self.counted.values_mut().take(1).for_each(more);
        } else {
            self.counted.entry(key).and_modify(more).or_insert(one);
        }
        None
    }

    /// When those that were counted are told.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let end = self.second.saturating_add(1);
        (!self.counted.is_empty()).then(|| Duration::from_secs(end))
    }

    /// Those that were counted, once their second is over.
    pub(super) fn flush(&mut self, now: Duration) -> Vec<Enforcement> {
        match self.next_due() {
            Some(due) if due <= now => std::mem::take(&mut self.counted).into_values().collect(),
            Some(_) | None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_nothing_is_lost() {
        let mut teller = Teller::default();
        let one = |outcome: &str| Enforcement {
            enforcer: "command x".into(),
            act: "ban".into(),
            network: None,
            outcome: outcome.into(),
            output: String::new(),
            count: 1,
        };
        let at = Duration::from_millis;
        let outcomes = (0..500).map(|n| (n % 90).to_string());
        let single = outcomes.filter_map(|it| teller.take(one(&it), at(1500))).count();
        assert_eq!(single, SINGLE as usize);
        assert_eq!(teller.flush(at(1999)).len(), 0, "the second is not over");
        let counted: u32 = teller.flush(at(2000)).iter().map(|one| one.count).sum();
        assert_eq!(counted + SINGLE, 500);
        assert!(teller.take(one("x"), at(3000)).is_some(), "a new second");
    }
}
