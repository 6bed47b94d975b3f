//! Whether connections are taken at all: one place decides, once a turn, and watches or leaves the
//! listeners accordingly. Nothing else touches what the poller watches of them.

use crate::door::{Door, Stage};
use portreeve_wire::event::What;
use std::time::Duration;

/// Waits after a resource ran short; doubled while it stays short.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// A resource has run short.
#[derive(Clone, Debug)]
pub(crate) struct Scarce {
    pub(crate) what: String,
    /// Until when nobody is accepted; `None` while it is being tried again.
    pub(crate) until: Option<Duration>,
    delay: Duration,
}

impl Door {
    /// Whether a connection may be taken now.
    pub(crate) fn is_accepting(&self) -> bool {
        let short = self.scarce.as_ref().is_some_and(|s| s.until.is_some());
        self.stage == Stage::Open && !short && !self.handover.is_pausing()
    }

    /// Once a turn: ends waits that are over, and has the listeners watched or left.
    pub(crate) fn regulate(&mut self) {
        let now = self.now.mono;
        if let Some(scarce) = self.scarce.as_mut()
            && scarce.until.is_some_and(|until| until <= now)
        {
            scarce.until = None; // tried again; only success ends the shortage
        }
        let on = self.is_accepting();
        self.listeners.watch(&self.poller, on, now);
    }

    /// Something ran short: connections wait in the kernel's queue for a moment.
    pub(crate) fn short_of(&mut self, what: &str) {
        let delay = match &self.scarce {
            Some(scarce) => scarce.delay.saturating_mul(2).min(LONGEST),
            None => {
                self.event(What::Exhausted { what: what.to_owned() });
                FIRST
            }
        };
        let until = Some(self.now.mono.saturating_add(delay));
        self.scarce = Some(Scarce { what: what.to_owned(), until, delay });
    }

    /// A connection was dealt with: if that did not fall short again, nothing is short any more.
    pub(crate) fn plenty(&mut self) {
        if let Some(scarce) = self.scarce.take_if(|s| s.until.is_none()) {
            self.event(What::Recovered { what: scarce.what });
        }
    }
}
