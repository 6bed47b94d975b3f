//! The end of a door: nobody new comes in, and its sessions are waited for, ended, or left.

use crate::door::{Door, Stage};
use crate::session::Session;
use portreeve_model::{OnStop, Parting};
use portreeve_wire::event::{EndCause, What};
use std::time::Duration;

/// Sessions that are told to end have so long where nothing else is said.
const END_WITHIN: Duration = Duration::from_secs(10);

/// How far the closing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closing {
    /// When sessions that are waited for are told to end.
    end_at: Option<Duration>,
    /// Sessions are left to themselves: the door ends at once.
    pub(crate) leave: bool,
}

impl Closing {
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.end_at
    }
}

impl Door {
    /// What stopping means where the one who asks says nothing.
    fn on_stop(&self) -> OnStop {
        let otherwise = match self.manager.is_there() {
            true => Parting::Leave,
            false => Parting::Wait,
        };
        let otherwise = OnStop { sessions: otherwise, within: None };
        self.current.config.settings.on_stop.unwrap_or(otherwise)
    }

    /// A signal to stop. The second one leaves the sessions to themselves.
    pub(crate) fn told_to_stop(&mut self) {
        if self.stage == Stage::Closing {
            self.closing.leave = true;
        } else {
            self.close(None);
        }
    }

    /// Stops accepting. Asked again in words, it does as the new words say.
    pub(crate) fn close(&mut self, asked: Option<OnStop>) -> Parting {
        let OnStop { sessions: parting, within } = asked.unwrap_or_else(|| self.on_stop());
        let now = self.now.mono;
        if self.stage != Stage::Closing {
            self.stage = Stage::Closing;
            self.resolve_at = None;
            self.enforcers.stop(now);
            self.manager.stopping();
            let sessions = self.sessions.len();
            self.event(What::DoorClosing { sessions });
            if self.manager.is_there() {
                // the manager keeps them open for the next door, and who knocks meanwhile waits
                self.regulate();
            } else {
                self.listeners.close(&self.poller);
            }
        } else if asked.is_none() {
            return parting; // it is closing as it was told before
        }
        self.closing = Closing::default();
        match parting {
            Parting::Wait => self.closing.end_at = within.map(|time| now.saturating_add(time)),
            Parting::End => self.end_all(now.saturating_add(within.unwrap_or(END_WITHIN))),
            Parting::Leave => self.closing.leave = true,
        }
        parting
    }

    /// Tells every session to end, and kills at that time those that have not.
    fn end_all(&mut self, kill_at: Duration) {
        self.jobs.end_all(self.now.mono);
        let numbers: Vec<u64> = self.sessions.iter().map(Session::number).collect();
        for number in numbers {
            self.end_session(number, EndCause::Shutdown);
            let process = self.sessions.get(number).and_then(Session::pid);
            if process.is_some() {
                self.sessions.kill_at(number, kill_at);
            }
        }
    }

    /// Ends those that were waited for long enough.
    pub(crate) fn tick_closing(&mut self) {
        if self.closing.end_at.take_if(|at| *at <= self.now.mono).is_some() {
            self.end_all(self.now.mono.saturating_add(END_WITHIN));
        }
    }

    /// Whether the door is closed and nobody is left whom it waits for.
    pub(crate) fn is_over(&self) -> bool {
        let parked = !self.sources.parked.is_empty();
        let waits = !self.waiting.is_empty() || !self.undecided.is_empty() || parked;
        // what rules have had run is bounded in time
        let waits = waits || !self.jobs.is_empty() || !self.enforcers.is_idle(self.now.mono);
        let empty = self.sessions.len() == 0 && !waits && !self.is_handing_over();
        self.stage == Stage::Closing && (empty || self.closing.leave)
    }
}
