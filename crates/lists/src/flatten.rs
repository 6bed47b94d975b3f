//! Ranges that overlap, as steps that do not.

use crate::key::Key;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An entry: the addresses from `first` to `last`, both inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<A> {
    pub(crate) first: A,
    pub(crate) last: A,
    pub(crate) value: u32,
}

/// From this address on, up to the next step, this value holds; `None`: no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step<A> {
    pub(crate) from: A,
    pub(crate) value: Option<u32>,
}

/// The steps of all entries, in order; where entries overlap the smallest value holds. At most two
/// for each entry, and neighbours differ.
pub(crate) fn flatten<A: Key>(mut spans: Vec<Span<A>>) -> Vec<Step<A>> {
    spans.sort_unstable_by_key(|span| (span.first, span.value));
    let mut sweep = Sweep { at: Some(A::LEAST), open: BinaryHeap::new(), steps: Vec::new() };
    sweep.steps.reserve(spans.len().saturating_mul(2));
    for span in spans {
        sweep.up_to(span.first);
        sweep.open.push(Reverse((span.value, span.last)));
    }
    sweep.finish();
    sweep.steps
}

struct Sweep<A> {
    /// What is before this is told; `None`: all of it.
    at: Option<A>,
    /// Entries that began before, the smallest value on top; some may have ended.
    open: BinaryHeap<Reverse<(u32, A)>>,
    steps: Vec<Step<A>>,
}

impl<A: Key> Sweep<A> {
    /// Tells everything before an address.
    fn up_to(&mut self, end: A) {
        while let Some(at) = self.at.filter(|at| *at < end) {
            match self.holding(at) {
                Some((value, last)) => {
                    self.step(at, Some(value));
                    self.at = if last < end { last.after() } else { Some(end) };
                }
                None => {
                    self.step(at, None);
                    self.at = Some(end);
                }
            }
        }
    }

    fn finish(&mut self) {
        while let Some(at) = self.at {
            let holding = self.holding(at);
            self.step(at, holding.map(|(value, _)| value));
            self.at = holding.and_then(|(_, last)| last.after());
        }
    }

    /// The smallest value at an address, and where its entry ends.
    fn holding(&mut self, at: A) -> Option<(u32, A)> {
        while let Some(Reverse((value, last))) = self.open.peek().copied() {
            if last >= at {
                return Some((value, last));
            }
            self.open.pop();
        }
        None
    }

    fn step(&mut self, from: A, value: Option<u32>) {
        if self.steps.last().and_then(|step| step.value) != value {
            self.steps.push(Step { from, value });
        }
    }
}
