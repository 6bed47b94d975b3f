//! Lists that do not answer are left alone for a while, and none is asked about too many at once:
//! else everybody who comes would wait for them until the deadline, and so would other lists.

use crate::dns::{Failure, Found};
use portreeve_sys::clock::monotonic;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Silences, one after another, before a list is left alone: one lost packet is no news.
const SILENCES: u32 = 3;

/// For so long; then the next question is a trial.
const ALONE: Duration = Duration::from_secs(10);

/// Lists that are remembered; the configuration has fewer, and past it all are forgotten.
const MOST: usize = 256;

/// Questions to one list at once, a part of all there may be; the others wait their turn, and their
/// deadline goes on.
const AT_ONCE: usize = 32;

/// How lists are doing, by the zone's name.
#[derive(Debug, Default)]
pub(super) struct Health {
    silences: RefCell<HashMap<String, Silence>>,
    turns: RefCell<HashMap<String, Rc<Semaphore>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    count: u32,
    until: Duration,
}

impl Health {
    /// Whose turn it is with a list.
    pub(super) fn turns(&self, zone: &str) -> Rc<Semaphore> {
        let mut known = self.turns.borrow_mut();
        if known.len() >= MOST && !known.contains_key(zone) {
            known.clear();
        }
        let turns = known.entry(zone.to_owned());
        turns.or_insert_with(|| Rc::new(Semaphore::new(AT_ONCE))).clone()
    }

    /// Whether a list is left alone at present.
    pub(super) fn is_down(&self, zone: &str) -> bool {
        self.is_down_at(zone, monotonic())
    }

    fn is_down_at(&self, zone: &str, now: Duration) -> bool {
        let known = self.silences.borrow();
        known.get(zone).is_some_and(|silence| now < silence.until)
    }

    /// Notes what became of a question.
    pub(super) fn note<T>(&self, zone: &str, said: &Result<Found<T>, Failure>) {
        self.note_at(zone, matches!(said, Err(Failure::Timeout)), monotonic());
    }

    fn note_at(&self, zone: &str, silent: bool, now: Duration) {
        let mut known = self.silences.borrow_mut();
        if !silent {
            known.remove(zone);
            return;
        }
        if known.len() >= MOST && !known.contains_key(zone) {
            known.clear();
        }
        let silence = known.entry(zone.to_owned()).or_default();
        silence.count = silence.count.saturating_add(1);
        if silence.count >= SILENCES {
            silence.until = now.saturating_add(ALONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_list_is_left_alone_and_tried_again() {
        let (health, second) = (Health::default(), Duration::from_secs);
        for _ in 0..2 {
            health.note_at("bl.example", true, second(1));
            assert!(!health.is_down_at("bl.example", second(1)));
        }
        health.note_at("bl.example", true, second(2));
        assert!(health.is_down_at("bl.example", second(11)));
        assert!(!health.is_down_at("other.example", second(11)));
        assert!(!health.is_down_at("bl.example", second(12)), "a trial");
        health.note_at("bl.example", true, second(13));
        assert!(health.is_down_at("bl.example", second(14)), "which failed");
        health.note_at("bl.example", false, second(30));
        health.note_at("bl.example", true, second(31));
        assert!(!health.is_down_at("bl.example", second(31)), "it answered between");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let health = Health::default();
        for number in 0..10_000 {
            let zone = format!("{number}.example");
            health.note_at(&zone, true, Duration::ZERO);
            drop(health.turns(&zone));
        }
        assert!(health.silences.borrow().len() <= MOST && health.turns.borrow().len() <= MOST);
    }
}
