//! When a service is what it was told to be: from what its supervisor says, and nothing else.

use super::look::{Seen, Supervisor};
use portreeve_supervise::label::Label;
use portreeve_supervise::state::{Given, Phase, Ready};
use portreeve_supervise::status::{Status, Want};
use std::time::Duration;

/// A service that runs, and cannot say that it is ready, is up when it has run so long: shorter than
/// that it may be dying at once, again and again. It is more than the second for which the ancestor's
/// supervisor hears nothing after a start.
pub(crate) const SETTLED: Duration = Duration::from_millis(1200);

/// What a service is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// It runs, and is started again when it ends.
    Up,
    /// It does not run, and is not started.
    Down,
    /// It has been started, and is not started again.
    Once,
    /// It runs, as another process than before.
    Restart,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is there.
    Reached,
    /// Not yet; look again when something changes, or when this time has passed.
    Wait(Option<Duration>),
    /// It will not be.
    Lost(Lost),
}

/// Why a goal is out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nobody supervises it any more.
    Supervisor,
    /// It runs, and cannot say any more that it is ready: it has closed its descriptor.
    Ready,
    /// It is not started again.
    GivenUp(Given),
}

/// A service on its way.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    goal: Goal,
    /// When its process number had last changed before it was told, and which it was.
    before: Option<Status>,
    /// Since when it was not started again before it was told.
    given_up: Option<Label>,
    /// Since when the process runs that runs now, as far as we saw: monotonic.
    life: Option<(Label, Duration)>,
    /// Processes that ended before they had run for a second.
    deaths: u32,
    settled: Duration,
}

impl Course {
    /// From what was seen before it was told. `settled` is at most [`SETTLED`].
    pub(crate) fn new(goal: Goal, before: &Seen, settled: Duration) -> Self {
        let given_up = before.state.filter(|state| state.given_up.is_some());
        Self {
            goal,
            before: before.status,
            given_up: given_up.map(|state| state.since),
            life: None,
            deaths: 0,
            settled: settled.min(SETTLED),
        }
    }

    /// How often it ended as soon as it had been started.
    pub(crate) fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Whether this is the process that ran before it was told.
    pub(crate) fn is_before(&self, status: &Status) -> bool {
        self.before.is_some_and(|before| before.since == status.since)
    }

    /// Whether this was after the process that ran before it was told had begun: no news of old.
    pub(crate) fn is_after(&self, at: Label) -> bool {
        self.before.is_none_or(|before| at > before.since)
    }

    /// How far it is, by what is seen now; `wall` and `now` are the clocks of the calendar and of
    /// intervals.
    pub(crate) fn step(&mut self, seen: &Seen, wall: Label, now: Duration) -> Step {
        if seen.supervisor != Supervisor::Runs {
            return Step::Lost(Lost::Supervisor);
        }
        let Some(status) = seen.status else { return Step::Wait(None) };
        let left = self.unsettled(&status, wall, now);
        let fresh = self.before.is_none_or(|before| status.since != before.since);
        // what was being ended is not up before it runs anew
        let ending = self.before.is_some_and(|before| before.pid != 0 && before.want == Want::Down);
        let runs = status.pid != 0;
        let state = seen.state.filter(|_| self.goal != Goal::Down);
        if let Some((given, since)) = state.and_then(|it| Some((it.given_up?, it.since))) {
            // what was so before is over as soon as it is told
            return match self.given_up == Some(since) {
                true => Step::Wait(None),
                false => Step::Lost(Lost::GivenUp(given)),
            };
        }
        let finishing = seen.state.is_some_and(|state| state.phase == Phase::Finishing);
        let ready = state.map_or(Ready::NotAsked, |state| state.ready);
        match self.goal {
            Goal::Down if !runs && !finishing && status.want == Want::Down => Step::Reached,
            Goal::Once if status.want == Want::Once && runs => is_ready(ready, None),
            Goal::Once if status.want == Want::Once && fresh => Step::Reached,
            Goal::Up if runs && status.want == Want::Up && (fresh || !ending) => {
                is_ready(ready, left)
            }
            Goal::Restart if runs && status.want == Want::Up && fresh => is_ready(ready, left),
            Goal::Down | Goal::Once | Goal::Up | Goal::Restart => Step::Wait(None),
        }
    }

    /// How long its process must still run to be up; nothing when it has run long enough.
    fn unsettled(&mut self, status: &Status, wall: Label, now: Duration) -> Option<Duration> {
        let same = self.life.is_some_and(|(since, _)| since == status.since);
        if self.life.is_some() && !same {
            self.deaths = self.deaths.saturating_add(1);
            self.life = None;
        }
        if status.pid == 0 {
            return None;
        }
        // one that ran before it was told is judged by the calendar, in whole seconds
        let ran = self.before.is_some_and(|before| before.since == status.since);
        if ran && wall.seconds_since(status.since) > SETTLED.as_secs() + 1 {
            return None;
        }
        let (_, began) = *self.life.get_or_insert((status.since, now));
        let left = self.settled.saturating_sub(now.saturating_sub(began));
        (!left.is_zero()).then_some(left)
    }
}

/// Of one that runs: by its own word where it gives one, else by the time for which it has run.
fn is_ready(ready: Ready, left: Option<Duration>) -> Step {
    match ready {
        Ready::Since(_) => Step::Reached,
        Ready::NotYet => Step::Wait(None),
        Ready::Never => Step::Lost(Lost::Ready),
        Ready::NotAsked => left.map_or(Step::Reached, |left| Step::Wait(Some(left))),
    }
}

#[cfg(test)]
#[path = "goal_tests.rs"]
mod tests;
