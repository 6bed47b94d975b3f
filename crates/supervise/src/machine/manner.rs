//! How a service wants to be treated.

use crate::plan::{Plan, Restart};
use portreeve_model::Signal;
use std::time::Duration;

/// What of a [`Plan`] a supervisor keeps in mind. [`Manner::default`] is daemontools'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Whether it says when it is ready.
    pub ready: bool,
    /// What ends it.
    pub stop_signal: Signal,
    /// It is killed when it has not ended so long after that.
    pub kill_after: Option<Duration>,
    /// When it is started again.
    pub restart: Restart,
}

impl Manner {
    /// As the plan says.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            ready: plan.ready.is_some(),
            stop_signal: plan.stop_signal,
            kill_after: plan.kill_after,
            restart: plan.restart,
        }
    }

    /// From one start to the next, after so many short lives in a row: the first delay, doubled with
    /// each after the first, up to the longest.
    pub(super) fn delay(&self, short: u32) -> Duration {
        let times = 1_u32.checked_shl(short.saturating_sub(1)).unwrap_or(u32::MAX);
        self.restart.delay.saturating_mul(times).min(self.restart.longest.max(self.restart.delay))
    }
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            ready: false,
            stop_signal: Signal::TERM,
            kill_after: None,
            restart: Restart::default(),
        }
    }
}
