//! Sessions that the door ends: one way for all, whatever the cause.
//!
//! A program is told by SIGTERM, its process group with it, and killed when it is still there after
//! a while. What the relay serves has no process: the relay closes the connection.

use crate::door::Door;
use portreeve_sys::adopted::Adopted;
use portreeve_sys::process::{kill, kill_group};
use portreeve_sys::{Pid, Signal};
use portreeve_wire::event::{EndCause, What};
use portreeve_wire::relay::ToRelay;
use portreeve_wire::{MAX_PACKET, SessionId, encode};
use std::time::Duration;

/// A relay that has not closed what it was told to close is told again so often.
const TELL_AGAIN: Duration = Duration::from_secs(1);

impl Door {
    /// Ends a session and tells why. `false` if there is no such session, or it is ending already.
    pub(crate) fn end_session(&mut self, number: u64, cause: EndCause) -> bool {
        let Some(session) = self.sessions.get_mut(number).filter(|s| s.ending.is_none()) else {
            return false;
        };
        session.ending = Some(cause);
        let (reference, pid, kill_after) =
            (session.reference.clone(), session.pid(), session.kill_after);
        let delay = match pid {
            Some(pid) => {
                signal(session.adopted.as_ref(), pid, Signal::Term);
                kill_after
            }
            None => {
                self.close_relayed(number);
                TELL_AGAIN
            }
        };
        self.sessions.kill_at(number, self.now.mono.saturating_add(delay));
        self.event(What::SessionEnding { session: reference, cause });
        true
    }

    /// Kills those that were told to end and have not.
    pub(crate) fn tick_kills(&mut self) {
        let now = self.now.mono;
        for number in self.sessions.take_kills(now) {
            match self.sessions.get(number).map(|session| (session, session.pid())) {
                Some((session, Some(pid))) => {
                    signal(session.adopted.as_ref(), pid, Signal::Kill);
                }
                Some((_, None)) => {
                    self.close_relayed(number);
                    self.sessions.kill_at(number, now.saturating_add(TELL_AGAIN));
                }
                None => {}
            }
        }
    }

    fn close_relayed(&mut self, number: u64) {
        // one that is full is told again; with one that is gone its sessions are over anyway
        let end = ToRelay::End(SessionId(number));
        let old = self.sessions.get(number).and_then(|session| session.relay);
        match old.and_then(|pid| self.retired.get(&pid)) {
            Some(relay) => drop(encode(&end, MAX_PACKET).map(|b| relay.channel.send(&b, &[]))),
            None => drop(self.tell_relay(&end, &[])),
        }
    }
}

/// To the group that a process leads, or to it alone if it leads none. One that is gone already is
/// reaped soon.
fn signal(adopted: Option<&Adopted>, pid: Pid, signal: Signal) {
    if let Some(process) = adopted
        && process.signal(signal).is_err()
    {
        return; // it has ended, and its number may be another's
    }
    if kill_group(pid, signal).is_err() {
        let _ = kill(pid, signal);
    }
}
