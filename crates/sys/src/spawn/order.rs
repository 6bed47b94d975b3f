//! What a child walks: one order, written before the clone and read-only from then on, with the
//! words through which the child answers.

use std::{
    ffi::c_char,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicI32, AtomicU32, Ordering},
    },
};

use super::{
    Connection, Step,
    connection::{ROOM_FOR_SOURCES, ROOM_FOR_TARGETS, Way},
    program::Program,
    slot::How,
};
use crate::{log_socket::LogPlace, process::Pid};

/// The answers of one child, in shared memory.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Not 0 while the child may run in our memory: the kernel zeroes it (and nothing else does)
    /// when the child has left it for good, by exec or by exit (`CLONE_CHILD_CLEARTID`).
    alive: AtomicU32,
    /// 1 once the child has a descriptor table of its own.
    unshared: AtomicU32,
    /// The number of the step begun last.
    step: AtomicU32,
    /// 0, or why that step failed.
    errno: AtomicI32,
}

impl Report {
    /// Before the clone.
    fn reset(&self, table: Table) {
        // Set here, not by CLONE_CHILD_SETTID: that writes when the child first runs, and until
        // then a 0 would look like its end.
        self.alive.store(1, Ordering::Relaxed);
        self.unshared.store(u32::from(table == Table::Copied), Ordering::Relaxed);
        self.step.store(0, Ordering::Relaxed);
        self.errno.store(0, Ordering::Relaxed);
    }

    /// Child: what it does next.
    pub(super) fn begin(&self, step: Step) {
        self.step.store(step.number(), Ordering::Relaxed);
    }

    /// Child: it has its own descriptors.
    pub(super) fn set_unshared(&self) {
        self.unshared.store(1, Ordering::Release);
    }

    /// Child: its last words.
    pub(super) fn fail(&self, errno: i32) {
        self.errno.store(errno, Ordering::Release);
    }

    /// Parent: may the descriptors given to the child be closed and their numbers used again?
    pub(super) fn unshared(&self) -> bool {
        self.unshared.load(Ordering::Acquire) != 0 || self.left()
    }

    /// Parent: has the child left our memory?
    pub(super) fn left(&self) -> bool {
        self.alive.load(Ordering::Acquire) == 0
    }

    /// Parent: the step begun last.
    pub(super) fn step(&self) -> Step {
        Step::from_number(self.step.load(Ordering::Relaxed)).unwrap_or(Step::Descriptors)
    }

    /// Parent: why it failed, or 0.
    pub(super) fn errno(&self) -> i32 {
        self.errno.load(Ordering::Acquire)
    }

    /// The word the kernel zeroes.
    pub(super) fn alive_word(&self) -> u64 {
        u64::try_from(self.alive.as_ptr().expose_provenance()).unwrap_or(0)
    }
}

/// Who the child becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Become {
    /// It stays who we are.
    Same,
    /// The program's ids.
    Ids,
    /// The program wants other ids than ours and we are not root.
    Forbidden,
}

/// How a child comes by its descriptor table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// It begins with ours, and takes a copy of the low numbers first of all.
    Shared,
    /// It is made with a copy of all of ours.
    Copied,
}

/// A descriptor to pass: where it is, and where the child has moved it.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) number: i32,
    pub(super) moved: AtomicI32,
}

/// A number the child is to have, and the index of the source it gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) source: usize,
    pub(super) number: i32,
}

/// The descriptors of the child.
#[derive(Debug)]
pub(super) struct Descriptors {
    sources: [Passed; ROOM_FOR_SOURCES],
    source_count: usize,
    targets: [Target; ROOM_FOR_TARGETS],
    target_count: usize,
    /// One above the highest source: the child's own table needs nothing from there on.
    pub(super) low: u32,
    /// One above the highest target.
    pub(super) room: u32,
    /// Where the child finds its folder and its gate: targets above all others.
    pub(super) folder: Option<u32>,
    pub(super) gate: Option<u32>,
    /// Where the child finds what its log socket is put in place, or taken away, with.
    pub(super) log: Option<u32>,
}

impl Descriptors {
    pub(super) fn sources(&self) -> impl Iterator<Item = &Passed> {
        self.sources.iter().take(self.source_count)
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().take(self.target_count)
    }

    fn set(&mut self, connection: &Connection) {
        self.low = 0;
        for (place, source) in self.sources.iter_mut().zip(&connection.sources) {
            place.number = source.number();
            *place.moved.get_mut() = -1;
            self.low = self.low.max(one_above(place.number));
        }
        self.source_count = connection.sources.len().min(ROOM_FOR_SOURCES);
        self.room = 0;
        for (place, &(source, number)) in self.targets.iter_mut().zip(&connection.targets) {
            *place = Target { source, number };
            self.room = self.room.max(one_above(number));
        }
        self.target_count = connection.targets.len().min(ROOM_FOR_TARGETS);
        self.folder = self.above(connection.folder);
        self.gate = self.above(connection.gate);
        self.log = self.above(connection.log.as_ref().map(|log| log.source));
    }

    /// Gives a source the number above all targets so far.
    fn above(&mut self, source: Option<usize>) -> Option<u32> {
        let (source, number) = (source?, self.room);
        let place = self.targets.get_mut(self.target_count)?;
        *place = Target { source, number: number.cast_signed() };
        self.target_count = self.target_count.saturating_add(1);
        self.room = number.saturating_add(1);
        Some(number)
    }
}

/// `number` is a descriptor: never negative.
fn one_above(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0).saturating_add(1)
}

/// Everything the child reads.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) report: Report,
    pub(super) descriptors: Descriptors,
    /// Kept alive by the slot.
    pub(super) program: *const Program,
    /// What is done about the log socket; its place is kept alive by the slot.
    pub(super) log: Option<(*const LogPlace, Way)>,
    pub(super) become_: Become,
    pub(super) table: Table,
    /// Whom a child at its gate must not outlive: its parent.
    pub(super) parent: Option<i32>,
    /// The exit code of a child that could not execute its program; the report says why.
    pub(super) failed: i32,
    /// Null-terminated arrays, kept alive by the slot.
    pub(super) argv: *const *const c_char,
    pub(super) envp: *const *const c_char,
    /// Signals to put to their default (bit n − 1 for signal n).
    pub(super) reset_signals: u64,
}

impl Order {
    /// An order that asks for nothing yet.
    pub(super) fn empty() -> Self {
        Self {
            report: Report::default(),
            descriptors: Descriptors {
                sources: [const { Passed { number: -1, moved: AtomicI32::new(-1) } };
                    ROOM_FOR_SOURCES],
                source_count: 0,
                targets: [Target { source: 0, number: -1 }; ROOM_FOR_TARGETS],
                target_count: 0,
                low: 0,
                room: 0,
                folder: None,
                gate: None,
                log: None,
            },
            program: ptr::null(),
            log: None,
            become_: Become::Same,
            table: Table::Shared,
            parent: None,
            failed: super::child::FAILED,
            argv: ptr::null(),
            envp: ptr::null(),
            reset_signals: 0,
        }
    }

    /// Writes a new order. Only while no child reads this one.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        program: *const Program,
        how: How,
        strings: (*const *const c_char, *const *const c_char),
    ) {
        self.report.reset(how.table);
        self.descriptors.set(connection);
        self.program = program;
        self.log = connection.log.as_ref().map(|log| (Arc::as_ptr(&log.place), log.way));
        self.become_ = how.become_;
        self.table = how.table;
        self.parent = how.parent.map(Pid::as_raw);
        self.failed = how.failed;
        (self.argv, self.envp) = strings;
        self.reset_signals = how.reset_signals;
    }
}
