//! Ending a session: it is told to end, and killed if it does not.

use crate::door::Door;
use portreeve_sys::Signal;
use portreeve_sys::process::{kill, kill_group};
use portreeve_wire::SessionId;
use portreeve_wire::event::{EndCause, What};
use portreeve_wire::relay::ToRelay;
use std::time::Duration;

/// Between being told to end and being killed.
const KILL_AFTER: Duration = Duration::from_secs(5);

impl Door {
    /// Ends a session and tells why. `false` if there is no such session, or it is ending already.
    pub(crate) fn end_session(&mut self, number: u64, cause: EndCause) -> bool {
        let Some(session) = self.sessions.get(number).filter(|session| !session.ending) else {
            return false;
        };
        let reference = session.reference.clone();
        self.tell_to_end(number);
        self.event(What::SessionEnding { session: reference, cause });
        true
    }

    /// A process gets `SIGTERM`, and with its group `SIGKILL` later; what the relay serves it closes.
    /// The session is over when that has happened.
    pub(crate) fn tell_to_end(&mut self, number: u64) {
        let Some(session) = self.sessions.get_mut(number) else { return };
        session.ending = true;
        match session.pid() {
            Some(pid) => {
                let _ = kill(pid, Signal::Term); // gone already: it will be reaped
                self.sessions.kill_at(number, self.now.mono.saturating_add(KILL_AFTER));
            }
            // a relay that does not take it is full or gone; gone, its sessions are over anyway
            None => drop(self.tell_relay(&ToRelay::End(SessionId(number)), &[])),
        }
    }

    /// Kills those that were told to end and have not.
    pub(crate) fn tick_kills(&mut self) {
        for pid in self.sessions.take_kills(self.now.mono) {
            let _ = kill_group(pid, Signal::Kill);
            let _ = kill(pid, Signal::Kill); // one that leads no group of its own
        }
    }
}
