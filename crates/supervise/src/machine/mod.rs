//! What a supervisor does about its service: on a command, on a death, when time has passed.
//!
//! The ancestor sleeps for a second after each start, and hears neither commands nor deaths meanwhile.
//! Here only the next start waits for that second: commands are obeyed and deaths seen at once.
//!
//! What is beyond the ancestor (readiness, finish, deadlines, back-off and its limit) is asked for by
//! a [`Manner`], or by the finish that [`Machine::died`] is told of. Without them all is the ancestor's.

mod manner;
mod note;
#[cfg(test)]
mod tests;

pub use manner::Manner;
pub use note::NOTE;

use crate::end::End;
use crate::label::Label;
use crate::state::{FLAPPING, Given, Last, Phase, Ready, State};
use crate::status::{Status, Want};
use portreeve_model::Signal;
use std::time::Duration;

/// How long a supervisor waits after it could not make a process.
pub const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// From one start to the next, at least, when somebody says `u` or `o`.
pub const AT_A_WORD: Duration = Duration::from_secs(1);

/// From one start to the next, at least, whatever a plan says: a typing error must not take a whole
/// processor.
pub const AT_LEAST: Duration = Duration::from_millis(10);

/// The exit code of a finish that says: not again.
pub const NOT_AGAIN: u8 = 125;

/// What time it is, for people and for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock's.
    pub label: Label,
    /// The monotonic clock's.
    pub clock: Duration,
}

/// What is to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// To its process.
    Signal(Signal),
    /// The status has changed, and with it the state: write both.
    Write,
    /// The state alone has changed: write it.
    Show,
    /// Start the service; then [`Machine::started`] or [`Machine::not_started`].
    Start,
    /// Start its finish, with this end; then [`Machine::finishing`], or [`Machine::finished`] where
    /// that was impossible.
    Finish(End),
    /// Tell people.
    Say(Said),
    /// The supervisor's work is over.
    Leave,
}

/// What people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The finish takes too long and is killed.
    FinishTooLong,
    /// It is not started again after so many short lives, the last of which ended so.
    Limit(u32, End),
    /// It is not started again, since its finish said so.
    NotAgain,
}

/// What it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing runs.
    Down,
    /// The service runs.
    Up,
    /// The service has ended so, and its finish is to run: it may take so long.
    ToFinish(End, Option<Duration>),
    /// Its finish runs, as this process.
    Finishing(u32),
}

/// A supervisor's mind. Time is the monotonic clock's; labels are for people.
#[derive(Clone, Debug)]
pub struct Machine {
    status: Status,
    manner: Manner,
    stage: Stage,
    /// Since when.
    since: Label,
    leaving: bool,
    /// Wanted, as soon as it may be.
    to_start: bool,
    /// The last start; zero when it was another supervisor's.
    start: Duration,
    /// No start before this.
    not_before: Duration,
    /// The process is killed then.
    kill_at: Option<Duration>,
    /// Its present life is no short one from then on: looked at only of one that flaps.
    settles_at: Option<Duration>,
    /// Somebody has told it to end: how long it lived says nothing.
    told: bool,
    ready: Ready,
    last: Option<Last>,
    /// Short lives in a row.
    short: u32,
    given_up: Option<Given>,
    /// What it was started by last.
    plan: Option<u64>,
}

impl Machine {
    /// A service that does not run.
    #[must_use]
    pub fn new(normally_down: bool, manner: Manner, now: Label) -> Self {
        let want = if normally_down { Want::Down } else { Want::Up };
        Self {
            status: Status { since: now, pid: 0, paused: false, want },
            manner,
            stage: Stage::Down,
            since: now,
            leaving: false,
            to_start: !normally_down,
            start: Duration::ZERO,
            not_before: Duration::ZERO,
            kill_at: None,
            settles_at: None,
            told: false,
            ready: Ready::NotAsked,
            last: None,
            short: 0,
            given_up: None,
            plan: None,
        }
    }

    /// A service that runs already, as its last supervisor wrote it down; what that one knew beyond
    /// stands in its state, if there is one of this process.
    #[must_use]
    pub fn adopted(
        normally_down: bool,
        manner: Manner,
        status: Status,
        state: Option<State>,
        now: Now,
    ) -> Self {
        let mut machine = Self::new(normally_down, manner, status.since);
        machine.status.pid = status.pid;
        machine.status.paused = status.paused;
        machine.stage = Stage::Up;
        machine.to_start = false;
        // by the wall clock, which alone is written down
        let lives = Duration::from_secs(now.label.seconds_since(status.since));
        machine.start = now.clock.saturating_sub(lives);
        machine.ready = if manner.ready { Ready::NotYet } else { Ready::NotAsked };
        if let Some(state) = state.filter(|state| state.pid == status.pid) {
            (machine.last, machine.short) = (state.last, state.short);
            (machine.ready, machine.plan) = (state.ready, state.plan);
            machine.settle(now.clock);
        }
        machine
    }

    /// The finish of a service runs already.
    #[must_use]
    pub fn adopted_finish(
        normally_down: bool,
        manner: Manner,
        pid: u32,
        within: Option<Duration>,
        now: Now,
    ) -> Self {
        let mut machine = Self::new(normally_down, manner, now.label);
        machine.finishing(pid, within, now);
        machine
    }

    /// As it is to be written.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// How it wants to be treated.
    #[must_use]
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// What runs: the service, or its finish.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        match self.stage {
            Stage::Down | Stage::ToFinish(..) => None,
            Stage::Up => Some(self.status.pid),
            Stage::Finishing(pid) => Some(pid),
        }
    }

    /// Whether that is the finish.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        matches!(self.stage, Stage::Finishing(_))
    }

    /// How long the finish that is to run may take.
    #[must_use]
    pub fn finish_within(&self) -> Option<Duration> {
        match self.stage {
            Stage::ToFinish(_, within) => within,
            Stage::Down | Stage::Up | Stage::Finishing(_) => None,
        }
    }

    /// Whether it has been asked to say that it is ready, and may still do so.
    #[must_use]
    pub fn awaits_readiness(&self) -> bool {
        self.ready == Ready::NotYet
    }

    /// What there is to know beyond the status.
    #[must_use]
    pub fn state(&self, now: Now) -> State {
        let (phase, pid) = match self.stage {
            Stage::Down if self.to_start => (Phase::Waiting, 0),
            Stage::Down => (Phase::Down, 0),
            Stage::Up => (Phase::Up, self.status.pid),
            Stage::ToFinish(..) => (Phase::Finishing, 0),
            Stage::Finishing(pid) => (Phase::Finishing, pid),
        };
        let waits = self.not_before.saturating_sub(now.clock);
        let next = (phase == Phase::Waiting && !waits.is_zero()).then(|| now.label.after(waits));
        State {
            phase,
            since: self.since,
            pid,
            ready: self.ready,
            last: self.last,
            short: self.short,
            flapping: self.short >= FLAPPING,
            next,
            given_up: self.given_up,
            plan: self.plan,
        }
    }

    /// A byte from the control pipe; bytes that mean nothing are passed over.
    pub fn command(&mut self, byte: u8, now: Now) -> Vec<Deed> {
        let runs = self.stage == Stage::Up;
        let mut deeds = Vec::new();
        let mut send = |all: &[Signal]| {
            if runs {
                deeds.extend(all.iter().copied().map(Deed::Signal));
            }
        };
        match byte {
            b'd' => {
                self.status.want = Want::Down;
                self.status.paused = false;
                (self.to_start, self.given_up) = (false, None);
                send(&[self.manner.stop_signal, Signal::CONT]);
                self.told_to_end(runs, now.clock);
            }
            b'u' => self.wanted(Want::Up),
            b'o' => self.wanted(Want::Once),
            b'x' => {
                self.leaving = true;
                if self.stage == Stage::Down {
                    deeds.push(Deed::Leave);
                }
                return deeds;
            }
            b'p' => {
                self.status.paused = true;
                send(&[Signal::STOP]);
            }
            b'c' => {
                self.status.paused = false;
                send(&[Signal::CONT]);
            }
            _ => return self.signal(byte),
        }
        deeds.push(Deed::Write);
        deeds
    }

    /// A byte that means a signal and nothing else.
    fn signal(&mut self, byte: u8) -> Vec<Deed> {
        let signal = match byte {
            b'h' => Signal::HUP,
            b'a' => Signal::ALRM,
            b'i' => Signal::INT,
            b't' => Signal::TERM,
            b'k' => Signal::KILL,
            // runit's and s6's; the ancestor passes them over
            b'q' => Signal::QUIT,
            b'1' => Signal::USR1,
            b'2' => Signal::USR2,
            _ => return Vec::new(),
        };
        let runs = self.stage == Stage::Up;
        // a finish without a deadline must not be without an end
        let kills = byte == b'k' && matches!(self.stage, Stage::Finishing(_));
        self.told |= runs && matches!(byte, b'i' | b't' | b'k' | b'q');
        if runs || kills { vec![Deed::Signal(signal)] } else { Vec::new() }
    }

    /// Somebody says that it is to run: what has gone before is forgotten.
    fn wanted(&mut self, want: Want) {
        self.status.want = want;
        self.to_start = self.stage != Stage::Up;
        if self.to_start {
            (self.short, self.given_up) = (0, None);
            self.not_before = self.start.saturating_add(self.manner.restart.delay.min(AT_A_WORD));
        }
    }

    fn told_to_end(&mut self, runs: bool, clock: Duration) {
        if runs {
            self.told = true;
            let after = self.manner.kill_after;
            self.kill_at = self.kill_at.or(after.map(|after| clock.saturating_add(after)));
        }
    }

    /// Its process has ended. `finish` is there when there is a finish to run, and how long that may
    /// take.
    pub fn died(&mut self, end: End, finish: Option<Option<Duration>>, now: Now) -> Vec<Deed> {
        let lived = now.clock.saturating_sub(self.start);
        let lived = Duration::from_millis(u64::try_from(lived.as_millis()).unwrap_or(u64::MAX));
        self.last = Some(Last { end, at: now.label, lived });
        (self.status.pid, self.status.since, self.since) = (0, now.label, now.label);
        (self.kill_at, self.settles_at) = (None, None);
        self.ready = Ready::NotAsked;
        self.to_start = self.status.want == Want::Up && !self.leaving;
        let mut deeds = vec![Deed::Write];
        deeds.extend(self.count(end, lived));
        if let Some(within) = finish {
            self.stage = Stage::ToFinish(end, within);
            return deeds;
        }
        self.stage = Stage::Down;
        if self.leaving {
            deeds.push(Deed::Leave);
        }
        deeds
    }

    /// Whether that was a short life, and one too many.
    fn count(&mut self, end: End, lived: Duration) -> Option<Deed> {
        if lived >= self.manner.restart.within {
            self.short = 0;
        } else if self.to_start && !self.told {
            self.short = self.short.saturating_add(1);
        }
        let delay = self.manner.delay(self.short).max(AT_LEAST);
        self.not_before = self.start.saturating_add(delay);
        let limit = self.manner.restart.limit.filter(|limit| self.short >= *limit);
        limit.filter(|_| self.to_start).map(|_| {
            self.give_up(Given::Limit);
            Deed::Say(Said::Limit(self.short, end))
        })
    }

    fn give_up(&mut self, why: Given) {
        self.to_start = false;
        self.status.want = Want::Down;
        self.given_up = Some(why);
    }

    /// Its finish runs, as this process; it may take so long.
    pub fn finishing(&mut self, pid: u32, within: Option<Duration>, now: Now) -> Deed {
        self.stage = Stage::Finishing(pid);
        self.since = now.label;
        self.kill_at = within.map(|within| now.clock.saturating_add(within));
        Deed::Show
    }

    /// Its finish has ended, or could not be run.
    pub fn finished(&mut self, end: End, now: Now) -> Vec<Deed> {
        (self.stage, self.since, self.kill_at) = (Stage::Down, now.label, None);
        let mut deeds = Vec::new();
        let kept_up = self.status.want != Want::Down;
        if end == End::Code(NOT_AGAIN) && kept_up && !self.leaving {
            self.give_up(Given::Finish);
            deeds.push(Deed::Say(Said::NotAgain));
            deeds.push(Deed::Write);
        } else {
            deeds.push(Deed::Show);
        }
        if self.leaving {
            deeds.push(Deed::Leave);
        }
        deeds
    }

    /// What time has made due; to be asked again until it is nothing.
    pub fn due(&mut self, now: Now) -> Vec<Deed> {
        if self.kill_at.take_if(|at| now.clock >= *at).is_some() {
            let kill = Deed::Signal(Signal::KILL);
            return match self.stage {
                Stage::Finishing(_) => vec![Deed::Say(Said::FinishTooLong), kill],
                Stage::Down | Stage::Up | Stage::ToFinish(..) => vec![kill],
            };
        }
        if self.settles_at.take_if(|at| now.clock >= *at).is_some() {
            self.short = 0;
            return vec![Deed::Show];
        }
        match self.stage {
            Stage::ToFinish(end, _) => vec![Deed::Finish(end)],
            Stage::Down if self.to_start && now.clock >= self.not_before => vec![Deed::Start],
            Stage::Down | Stage::Up | Stage::Finishing(_) => Vec::new(),
        }
    }

    /// When something will be.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        let start = match self.stage {
            Stage::ToFinish(..) => Some(Duration::ZERO),
            Stage::Down if self.to_start => Some(self.not_before),
            Stage::Down | Stage::Up | Stage::Finishing(_) => None,
        };
        [start, self.kill_at, self.settles_at].into_iter().flatten().min()
    }

    /// It runs, as this process, by this plan.
    pub fn started(&mut self, pid: u32, manner: Manner, plan: Option<u64>, now: Now) -> Deed {
        self.status = Status { pid, since: now.label, paused: false, ..self.status };
        (self.stage, self.since) = (Stage::Up, now.label);
        (self.manner, self.plan) = (manner, plan);
        (self.to_start, self.told, self.kill_at) = (false, false, None);
        self.start = now.clock;
        self.ready = if manner.ready { Ready::NotYet } else { Ready::NotAsked };
        self.settle(now.clock);
        Deed::Write
    }

    /// A life that has begun, if it goes on, ends the row of short ones.
    fn settle(&mut self, clock: Duration) {
        let within = clock.saturating_add(self.manner.restart.within);
        self.settles_at = (self.short >= FLAPPING).then_some(within);
    }

    /// No process could be made.
    pub fn not_started(&mut self, now: Duration) {
        self.not_before = now.saturating_add(AFTER_FAILURE);
    }

    /// There was no room for one more start just now.
    pub fn not_now(&mut self, now: Duration) {
        self.not_before = now.saturating_add(AT_A_WORD);
    }

    /// It says that it is ready.
    pub fn is_ready(&mut self, now: Now) -> Option<Deed> {
        self.says(Ready::Since(now.label))
    }

    /// It cannot say so any more.
    pub fn never_ready(&mut self) -> Option<Deed> {
        self.says(Ready::Never)
    }

    fn says(&mut self, what: Ready) -> Option<Deed> {
        self.awaits_readiness().then(|| {
            self.ready = what;
            Deed::Show
        })
    }
}
