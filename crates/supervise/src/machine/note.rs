//! A supervisor's mind as bytes: what another process of the same supervisor, on the same boot of
//! the machine, goes on with when this one has died.

use super::{Machine, Manner, Now, Stage};
use crate::end::End;
use crate::label::{self, Label};
use crate::state::{Given, Last, Ready};
use crate::status::{self, Status};
use std::time::Duration;

/// Bytes of a note.
pub const NOTE: usize = 128;

/// The first byte: how the rest is to be read.
const VERSION: u8 = 1;

/// In place of a time that is none.
const NONE: u64 = u64::MAX;

impl Machine {
    /// As bytes.
    #[must_use]
    pub fn to_note(&self) -> [u8; NOTE] {
        let mut note = Writer { bytes: [0; NOTE], at: 0 };
        note.put(&[VERSION]);
        note.put(&self.status.to_bytes());
        note.put(&self.since.to_bytes());
        match self.stage {
            Stage::Down => note.stage(0, 0, End::Unknown, None),
            Stage::Up => note.stage(1, 0, End::Unknown, None),
            Stage::ToFinish(end, within) => note.stage(2, 0, end, within),
            Stage::Finishing(pid) => note.stage(3, pid, End::Unknown, None),
        }
        let flags = [self.leaving, self.to_start, self.told];
        note.put(&flags.map(u8::from));
        for time in [Some(self.start), Some(self.not_before), self.kill_at] {
            note.time(time);
        }
        let (ready, since) = match self.ready {
            Ready::NotAsked => (0, None),
            Ready::NotYet => (1, None),
            Ready::Never => (2, None),
            Ready::Since(since) => (3, Some(since)),
        };
        note.put(&[ready]);
        note.put(&since.map_or([0; label::SIZE], Label::to_bytes));
        note.put(&[u8::from(self.last.is_some())]);
        if let Some(last) = self.last {
            note.end(last.end);
            note.put(&last.at.to_bytes());
            note.time(Some(last.lived));
        }
        note.put(&self.short.to_le_bytes());
        note.put(&[match self.given_up {
            None => 0,
            Some(Given::Limit) => 1,
            Some(Given::Finish) => 2,
        }]);
        note.put(&[u8::from(self.plan.is_some())]);
        note.put(&self.plan.unwrap_or(0).to_le_bytes());
        note.bytes
    }

    /// From bytes; nothing when they are none of a supervisor's. `manner` is the service's as its plan
    /// is now. `process` is what runs by now, if anything: one that the note does not know was started
    /// after it was written, and is what it says was to be started.
    #[must_use]
    pub fn from_note(
        note: &[u8],
        manner: Manner,
        process: Option<(u32, Label)>,
        now: Now,
    ) -> Option<Self> {
        let mut note = Reader(note);
        if note.take()? != [VERSION] {
            return None;
        }
        let status = Status::from_bytes(&note.take::<{ status::SIZE }>()?)?;
        let since = Label::from_bytes(note.take()?);
        let stage = note.stage(status)?;
        let [leaving, to_start, told] = note.take()?.map(|flag: u8| flag != 0);
        let (start, not_before, kill_at) = (note.time()??, note.time()??, note.time()?);
        let (ready, ready_since) = (note.take()?, Label::from_bytes(note.take()?));
        let ready = match ready {
            [0] => Ready::NotAsked,
            [1] => Ready::NotYet,
            [2] => Ready::Never,
            [3] => Ready::Since(ready_since),
            _ => return None,
        };
        let last = match note.take()? {
            [0] => None,
            _ => Some(Last {
                end: note.end()?,
                at: Label::from_bytes(note.take()?),
                lived: note.time()??,
            }),
        };
        let short = u32::from_le_bytes(note.take()?);
        let given_up = match note.take()? {
            [0] => None,
            [1] => Some(Given::Limit),
            [2] => Some(Given::Finish),
            _ => return None,
        };
        let has_plan = note.take()? != [0];
        let plan = u64::from_le_bytes(note.take()?);
        let mut machine = Self {
            status,
            manner,
            stage,
            since,
            leaving,
            to_start,
            start,
            not_before,
            kill_at,
            settles_at: None,
            told,
            ready,
            last,
            short,
            given_up,
            plan: has_plan.then_some(plan),
        };
        if machine.stage == Stage::Up {
            machine.settle(machine.start);
        }
        machine.catch_up(process, now);
        Some(machine)
    }

    /// Takes in a process that was started since.
    fn catch_up(&mut self, process: Option<(u32, Label)>, now: Now) {
        let Some((pid, since)) = process.filter(|(pid, _)| self.process() != Some(*pid)) else {
            return;
        };
        let began = Now { label: since, clock: now.clock };
        match self.stage {
            Stage::ToFinish(_, within) => _ = self.finishing(pid, within, began),
            Stage::Down | Stage::Up | Stage::Finishing(_) => {
                self.started(pid, self.manner, self.plan, began);
            }
        }
    }
}

struct Writer {
    bytes: [u8; NOTE],
    at: usize,
}

impl Writer {
    /// All that there is to write fits.
    fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.at..).unwrap_or_default();
        room.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        self.at = self.at.saturating_add(bytes.len());
    }

    /// In milliseconds.
    fn time(&mut self, time: Option<Duration>) {
        let time = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(NONE - 1));
        self.put(&time.unwrap_or(NONE).to_le_bytes());
    }

    fn end(&mut self, end: End) {
        self.put(&match end {
            End::Unknown => [0, 0],
            End::Code(code) => [1, code],
            End::Signal(signal) => [2, signal],
        });
    }

    fn stage(&mut self, stage: u8, pid: u32, end: End, within: Option<Duration>) {
        self.put(&[stage]);
        self.put(&pid.to_le_bytes());
        self.end(end);
        self.time(within);
    }
}

/// Every step gives nothing where there is nothing.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn time(&mut self) -> Option<Option<Duration>> {
        let time = u64::from_le_bytes(self.take()?);
        Some((time != NONE).then(|| Duration::from_millis(time)))
    }

    fn end(&mut self) -> Option<End> {
        Some(match self.take()? {
            [0, _] => End::Unknown,
            [1, code] => End::Code(code),
            [2, signal] => End::Signal(signal),
            _ => return None,
        })
    }

    fn stage(&mut self, status: Status) -> Option<Stage> {
        let ([stage], pid) = (self.take()?, u32::from_le_bytes(self.take()?));
        let (end, within) = (self.end()?, self.time()?);
        match stage {
            0 if status.pid == 0 => Some(Stage::Down),
            1 if status.pid != 0 => Some(Stage::Up),
            2 => Some(Stage::ToFinish(end, within)),
            3 if pid != 0 => Some(Stage::Finishing(pid)),
            _ => None,
        }
    }
}
