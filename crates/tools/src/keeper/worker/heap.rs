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

    /// One that is due.
    pub(super) fn pop(&mut self, now: Duration) -> Option<(Duration, Slot)> {
        let due = self.next().is_some_and(|at| at <= now);
        due.then(|| self.0.pop()).flatten().map(|Reverse(one)| one)
    }
}
