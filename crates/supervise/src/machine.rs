//! What a supervisor does about its service: on a command, on a death, when time has passed.
//!
//! The ancestor sleeps for a second after each start, and hears neither commands nor deaths meanwhile.
//! Here only the next start waits for that second: commands are obeyed and deaths seen at once.

use crate::label::Label;
use crate::status::{Status, Want};
use std::time::Duration;

/// From one start to the next, at least.
pub const BETWEEN_STARTS: Duration = Duration::from_secs(1);

/// How long a supervisor waits after it could not make a process.
pub const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// What time it is, for people and for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock's.
    pub label: Label,
    /// The monotonic clock's.
    pub clock: Duration,
}

/// A signal for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// `SIGTERM`.
    Term,
    /// `SIGCONT`.
    Continue,
    /// `SIGSTOP`.
    Stop,
    /// `SIGHUP`.
    Hup,
    /// `SIGALRM`.
    Alarm,
    /// `SIGINT`.
    Int,
    /// `SIGKILL`.
    Kill,
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// To its process.
    Signal(Sent),
    /// The status has changed: write it.
    Write,
    /// Start the service; then [`Machine::started`] or [`Machine::not_started`].
    Start,
    /// The supervisor's work is over.
    Leave,
}

/// A supervisor's mind. Time is the monotonic clock's; labels are for people.
#[derive(Clone, Debug)]
pub struct Machine {
    status: Status,
    leaving: bool,
    /// Wanted, as soon as it may be.
    to_start: bool,
    /// No start before this.
    not_before: Duration,
}

impl Machine {
    /// A service that does not run.
    #[must_use]
    pub fn new(normally_down: bool, now: Label) -> Self {
        let want = if normally_down { Want::Down } else { Want::Up };
        let status = Status { since: now, pid: 0, paused: false, want };
        Self { status, leaving: false, to_start: !normally_down, not_before: Duration::ZERO }
    }

    /// A service that runs already, since then.
    #[must_use]
    pub fn adopted(normally_down: bool, status: Status) -> Self {
        let mut machine = Self::new(normally_down, status.since);
        machine.status.pid = status.pid;
        machine.status.paused = status.paused;
        machine.to_start = false;
        machine
    }

    /// As another process of the same supervisor has left it.
    #[must_use]
    pub fn resumed(status: Status) -> Self {
        let to_start = status.pid == 0 && status.want == Want::Up;
        Self { status, leaving: false, to_start, not_before: Duration::ZERO }
    }

    /// As it is to be written.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// A byte from the control pipe; bytes that mean nothing are passed over.
    pub fn command(&mut self, byte: u8) -> Vec<Deed> {
        let runs = self.status.pid != 0;
        let mut deeds = Vec::new();
        let mut send = |all: &[Sent]| {
            if runs {
                deeds.extend(all.iter().copied().map(Deed::Signal));
            }
        };
        match byte {
            b'd' => {
                self.status.want = Want::Down;
                self.status.paused = false;
                self.to_start = false;
                send(&[Sent::Term, Sent::Continue]);
            }
            b'u' => {
                self.status.want = Want::Up;
                self.to_start = !runs;
            }
            b'o' => {
                self.status.want = Want::Once;
                self.to_start = !runs;
            }
            b'x' => {
                self.leaving = true;
                if !runs {
                    deeds.push(Deed::Leave);
                }
                return deeds;
            }
            b'p' => {
                self.status.paused = true;
                send(&[Sent::Stop]);
            }
            b'c' => {
                self.status.paused = false;
                send(&[Sent::Continue]);
            }
            b'h' => send(&[Sent::Hup]),
            b'a' => send(&[Sent::Alarm]),
            b'i' => send(&[Sent::Int]),
            b't' => send(&[Sent::Term]),
            b'k' => send(&[Sent::Kill]),
            _ => return deeds,
        }
        if matches!(byte, b'd' | b'u' | b'o' | b'p' | b'c') {
            deeds.push(Deed::Write);
        }
        deeds
    }

    /// Its process has ended.
    pub fn died(&mut self, now: Label) -> Vec<Deed> {
        self.status.pid = 0;
        self.status.since = now;
        self.to_start = self.status.want == Want::Up && !self.leaving;
        match self.leaving {
            true => vec![Deed::Write, Deed::Leave],
            false => vec![Deed::Write],
        }
    }

    /// What time has made due.
    pub fn due(&mut self, now: Duration) -> Option<Deed> {
        (self.to_start && now >= self.not_before).then_some(Deed::Start)
    }

    /// When something will be.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.to_start.then_some(self.not_before)
    }

    /// It runs, as this process.
    pub fn started(&mut self, pid: u32, since: Label, now: Duration) -> Deed {
        self.status = Status { pid, since, paused: false, ..self.status };
        self.to_start = false;
        self.not_before = now.saturating_add(BETWEEN_STARTS);
        Deed::Write
    }

    /// No process could be made.
    pub fn not_started(&mut self, now: Duration) {
        self.not_before = now.saturating_add(AFTER_FAILURE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Label {
        Label::at(Duration::from_secs(seconds))
    }

    fn running() -> Machine {
        let mut machine = Machine::new(false, at(0));
        assert_eq!(machine.due(Duration::ZERO), Some(Deed::Start));
        assert_eq!(machine.started(7, at(0), Duration::ZERO), Deed::Write);
        machine
    }

    #[test]
    fn one_that_dies_young_is_started_once_a_second_and_an_old_one_at_once() {
        let mut machine = running();
        assert_eq!(machine.died(at(0)), [Deed::Write]);
        assert_eq!(machine.due(SECOND / 2), None);
        assert_eq!(machine.next_due(), Some(SECOND));
        assert_eq!(machine.due(SECOND), Some(Deed::Start));
        machine.started(8, at(1), SECOND);
        machine.died(at(5));
        assert_eq!(machine.due(5 * SECOND), Some(Deed::Start));
        machine.not_started(5 * SECOND);
        assert_eq!((machine.due(6 * SECOND), machine.next_due()), (None, Some(65 * SECOND)));
    }

    #[test]
    fn commands_change_what_is_wanted_and_signal_what_runs() {
        let mut machine = running();
        use Deed::{Leave, Signal, Write};
        assert_eq!(machine.command(b'p'), [Signal(Sent::Stop), Write]);
        assert!(machine.status().paused);
        assert_eq!(machine.command(b't'), [Signal(Sent::Term)]);
        assert_eq!(machine.command(b'd'), [Signal(Sent::Term), Signal(Sent::Continue), Write]);
        assert!(!machine.status().paused && machine.status().want == Want::Down);
        machine.died(at(3));
        assert_eq!(machine.next_due(), None, "it is wanted down");
        assert_eq!(machine.command(b'h'), []);
        assert_eq!(machine.command(b'o'), [Write]);
        assert_eq!(machine.due(9 * SECOND), Some(Deed::Start));
        machine.started(9, at(9), 9 * SECOND);
        assert_eq!(machine.died(at(20)), [Write]);
        assert_eq!(machine.next_due(), None, "once is once");
        assert_eq!(machine.command(b'\n'), []);
        assert_eq!(machine.command(b'x'), [Leave]);
    }

    #[test]
    fn leaving_waits_for_the_death_and_starts_nothing() {
        let mut machine = running();
        assert_eq!(machine.command(b'x'), []);
        assert_eq!(machine.died(at(4)), [Deed::Write, Deed::Leave]);
        assert_eq!(machine.due(9 * SECOND), None);
    }

    #[test]
    fn one_that_runs_already_is_not_started() {
        let status = Status { since: at(4), pid: 77, paused: true, want: Want::Down };
        let mut machine = Machine::adopted(false, status);
        assert_eq!(machine.due(9 * SECOND), None);
        assert_eq!(machine.status(), Status { want: Want::Up, ..status });
        machine.died(at(8));
        assert_eq!(machine.due(9 * SECOND), Some(Deed::Start));
    }
}
