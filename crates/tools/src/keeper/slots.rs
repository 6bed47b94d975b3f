//! What the holder holds for one supervised folder.

use portreeve_supervise::end::End;
use portreeve_supervise::holder::{Begun, FILES, PIPE, Slot, Word};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A process of a slot.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) begun: Begun,
    /// A descriptor of it; none once it has ended and is reaped.
    pub(super) handle: Option<OwnedFd>,
    /// How it ended, until a worker has taken note of it.
    pub(super) end: Option<End>,
}

/// One slot: open files that outlive the worker, and a process.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) label: Box<[u8]>,
    pub(super) note: Box<[u8]>,
    /// As [`FILES`] says; none where they could not be received.
    pub(super) files: Vec<OwnedFd>,
    /// As [`PIPE`] says, or none.
    pub(super) pipe: Vec<OwnedFd>,
    pub(super) process: Option<Process>,
}

/// All of them, by their numbers.
pub(super) type Slots = BTreeMap<Slot, Held>;

impl Held {
    /// A new one. Descriptors that did not all come are as good as none.
    pub(super) fn new(label: &[u8], files: Vec<OwnedFd>) -> Self {
        let mut held = Self { label: label.into(), ..Self::default() };
        if files.len() == FILES {
            held.files = files;
        }
        held
    }

    /// Another pipe, or none any more.
    pub(super) fn set_pipe(&mut self, pipe: Vec<OwnedFd>) {
        if pipe.len() == PIPE || pipe.is_empty() {
            self.pipe = pipe;
        }
    }

    /// What a new worker is told of it.
    pub(super) fn word(&self, slot: Slot) -> Word<'_> {
        // one that has ended, with a worker that knows, is nobody
        let process = self
            .process
            .as_ref()
            .filter(|process| process.handle.is_some() || process.end.is_some());
        Word::Slot {
            slot,
            process: process.map(|process| process.begun),
            end: process.and_then(|process| process.end),
            label: &self.label,
            note: &self.note,
        }
    }
}

/// Descriptors as they are sent.
pub(super) fn borrowed(fds: &[OwnedFd]) -> Vec<BorrowedFd<'_>> {
    fds.iter().map(AsFd::as_fd).collect()
}
