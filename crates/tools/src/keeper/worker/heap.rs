//! When something is due for which slot.

use portreeve_supervise::holder::Slot;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Times, the next one first. One that no longer holds stays, and is told apart by whoever is told.
#[derive(Debug, Default)]
pub(super) struct Heap(BinaryHeap<Reverse<(Duration, Slot)>>);

impl Heap {
    pub(super) fn push(&mut self, at: Duration, slot: Slot) {
        self.0.push(Reverse((at, slot)));
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// All that are due by now, each once: what they make due comes the next time.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(Duration, Slot)> {
        let mut due = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            due.extend(self.0.pop().map(|Reverse(one)| one));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::not_at_once;

    #[test]
    fn what_is_due_comes_once_a_turn_and_nobody_is_due_for_ever() {
        let at = Duration::from_secs;
        let mut heap = Heap::default();
        for slot in 0..3 {
            heap.push(at(slot.into()), slot);
        }
        let mut turns = 0;
        for (due, slot) in heap.take_due(at(1)) {
            turns += 1;
            heap.push(due, slot); // one who does nothing when its time has come
        }
        assert_eq!((turns, heap.next()), (2, Some(at(0))));
        assert_eq!(heap.take_due(at(9)).len(), 3);
        assert!(heap.take_due(at(9)).is_empty());
        assert_eq!(not_at_once(at(5), at(4)), at(5));
        assert!(not_at_once(at(4), at(4)) > at(4) && not_at_once(Duration::ZERO, at(4)) > at(4));
    }
}
