//! What is over soonest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Places by the times when they are over.
///
/// Most come in the order of their times and wait in a line, where coming and going cost nothing; the
/// others are in a heap.
#[derive(Debug, Default)]
pub(super) struct Queue {
    line: VecDeque<(u64, u32)>,
    others: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.line.len().saturating_add(self.others.len())
    }

    pub(super) fn push(&mut self, over: u64, place: u32) {
        if self.line.back().is_none_or(|(last, _)| *last <= over) {
            self.line.push_back((over, place));
        } else {
            self.others.push(Reverse((over, place)));
        }
    }

    /// The first; of two at one time, the one in the line.
    pub(super) fn pop(&mut self) -> Option<(u64, u32)> {
        match (self.line.front(), self.others.peek()) {
            (Some((first, _)), Some(Reverse((other, _)))) if other < first => {
                self.others.pop().map(|Reverse(first)| first)
            }
            (Some(_), _) => self.line.pop_front(),
            (None, _) => self.others.pop().map(|Reverse(first)| first),
        }
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut((u64, u32)) -> bool) {
        self.line.retain(|entry| stays(*entry));
        self.others.retain(|Reverse(entry)| stays(*entry));
    }
}
