//! What becomes of bans beyond the door. The door itself shuts out by its set of bans; whoever else is
//! to know of them hears every change of that set here, in order, and all of it anew when it has to
//! begin from nothing. Nothing here waits for anybody: an enforcer takes a change down and does its
//! work in its own turn ([`Door::tick_enforcers`]).
//!
//! [`Door::tick_enforcers`]: crate::door::Door::tick_enforcers

use crate::control::bans::record;
use crate::door::Door;
use portreeve_wire::clerk::BanRecord;
use std::time::Duration;

/// When a ban was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Just now; or it has been lengthened.
    Now,
    /// Before this process began: the ledger or the process before has told it.
    Before,
}

/// All enforcers that the configuration wants. Each is a field, and hears what all of them hear.
#[derive(Debug, Default)]
pub(crate) struct Enforcers {}

impl Enforcers {
    /// A ban is in force that was not, or lasts longer than it did: one of the same network and service
    /// is replaced. Its times are those of the clock on the wall now.
    pub(crate) fn added(&mut self, ban: &BanRecord, made: Made) {
        let _ = (ban, made);
    }

    /// A ban is in force no more: it has expired, was lifted, or may not be since the configuration or
    /// the host has changed.
    pub(crate) fn ended(&mut self, ban: &BanRecord) {
        let _ = ban;
    }

    /// These are all bans in force, whatever was told before: another configuration is in force.
    pub(crate) fn synchronise(&mut self, all: &mut dyn Iterator<Item = BanRecord>) {
        let _ = all;
    }

    /// When one has something to do.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        None
    }

    /// Whether there is any: else nobody makes records for them.
    pub(crate) fn is_empty(&self) -> bool {
        true
    }
}

impl Door {
    /// Tells the enforcers of everything that is in force: at another configuration.
    pub(crate) fn synchronise_enforcers(&mut self) {
        if self.enforcers.is_empty() {
            return;
        }
        let (time, skew) = (self.state.ban_time(self.now.unix()), self.state.ban_skew());
        let all = self.state.bans().filter(|ban| ban.holds(time));
        self.enforcers.synchronise(&mut all.map(|ban| record(ban, skew)));
    }

    /// Once a turn: the enforcers do what they have to do, a bounded piece of it.
    pub(crate) fn tick_enforcers(&mut self) {}
}
