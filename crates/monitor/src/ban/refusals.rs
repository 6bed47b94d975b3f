//! Proposals that were refused: each is counted, and under a flood many are one event.

use crate::door::Door;
use portreeve_wire::event::{BanRefused, What};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Refusals a second that get an event each.
const SINGLE: u32 = 20;
/// Kinds that are told apart within a second: judges are few, and words too.
const KINDS: usize = 1024;

/// Refused proposals: those of the current second, and how many there were of each word.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    second: u64,
    single: u32,
    kinds: HashMap<(String, &'static str), BanRefused>,
    counted: BTreeMap<&'static str, u64>,
}

impl Refusals {
    /// Counts one, by its word; gives it back when it gets an event of its own.
    fn take(
        &mut self,
        word: &'static str,
        refused: BanRefused,
        now: Duration,
    ) -> Option<BanRefused> {
        let count = self.counted.entry(word).or_default();
        *count = count.saturating_add(1);
        if self.second != now.as_secs() && self.kinds.is_empty() {
            self.second = now.as_secs();
            self.single = 0;
        }
        if self.single < SINGLE && self.kinds.is_empty() {
            self.single = self.single.saturating_add(1);
            return Some(refused);
        }
        let key = (refused.judge.clone(), word);
        let full = self.kinds.len() >= KINDS && !self.kinds.contains_key(&key);
        let key = if full { (String::new(), word) } else { key };
        let count = |kept: &mut BanRefused| kept.count = kept.count.saturating_add(1);
        self.kinds.entry(key).and_modify(count).or_insert(refused);
        None
    }

    /// When the gathered ones are due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let end = self.second.saturating_add(1);
        (!self.kinds.is_empty()).then(|| Duration::from_secs(end))
    }

    /// The gathered ones, once their second is over.
    fn flush(&mut self, now: Duration) -> Vec<BanRefused> {
        if self.next_due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        (self.second, self.single) = (now.as_secs(), 0);
        self.kinds.drain().map(|(_, refused)| refused).collect()
    }

    /// How many of each word.
    pub(crate) fn counted(&self) -> Vec<(String, u64)> {
        self.counted.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
    }
}

impl Door {
    /// A proposal is refused.
    pub(crate) fn ban_refused(&mut self, word: &'static str, refused: BanRefused) {
        let refused = self.judging.refusals.take(word, refused, self.now.mono);
        refused.into_iter().for_each(|one| self.event(What::BanRefused(one)));
    }

    /// Tells of refusals that were gathered.
    pub(crate) fn tick_refusals(&mut self) {
        for refused in self.judging.refusals.flush(self.now.mono) {
            self.event(What::BanRefused(refused));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_few_events_and_each_is_counted() {
        let mut refusals = Refusals::default();
        let now = Duration::from_millis(1500);
        let refused = |judge: &str| BanRefused {
            network: "192.0.2.7".parse().unwrap(),
            judge: judge.into(),
            class: "session".into(),
            why: String::new(),
            count: 1,
        };
        let single = (0..1000)
            .filter_map(|n| refusals.take("session", refused(["a", "b"][n % 2]), now))
            .count();
        assert_eq!(single, SINGLE as usize);
        assert!(refusals.flush(now).is_empty(), "the second is not over");
        let told = refusals.flush(Duration::from_secs(2));
        assert_eq!(told.len(), 2);
        assert_eq!(told.iter().map(|one| one.count).sum::<u32>() + SINGLE, 1000);
        assert_eq!(refusals.counted(), [("session".to_owned(), 1000)]);
        for n in 0..3000 {
            let _ = refusals.take("width", refused(&n.to_string()), Duration::from_secs(3));
        }
        assert!(refusals.kinds.len() <= KINDS + 1);
    }
}
