//! Idle limits: the kernel's own record of when a connection's data last moved, asked when it could
//! be too long ago and no sooner. No socket is kept for it, and no byte of a peer's is seen.

use crate::door::Door;
use portreeve_sys::diag::{Diag, Identity, Seen};
use portreeve_wire::event::EndCause;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::Duration;

/// So many are asked about in one turn of the loop.
const TURN: usize = 256;
/// A connection whose limit is all but reached is asked about again after this at the soonest.
const SOONEST: Duration = Duration::from_millis(10);
/// When the kernel could not be asked, it is asked again after so long.
const AGAIN: Duration = Duration::from_secs(5);
/// Raised while idle limits are asked for and cannot be kept.
const BLIND: &str = "idle limits are not kept: the kernel does not tell when connections were last \
                     used (it needs inet_diag and tcp_diag)";

/// The limit of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// Its connection: both ends, interface, and the number that is never used twice.
    pub(crate) local: (IpAddr, u16),
    pub(crate) peer: (IpAddr, u16),
    pub(crate) interface: u32,
    pub(crate) cookie: u64,
    /// The longest silence.
    pub(crate) limit: Duration,
    /// When it is asked about next, on the monotonic clock.
    pub(crate) due: Duration,
}

impl Watch {
    /// Of a connection whose data last moved now at the latest. `None` when its peer is gone.
    pub(crate) fn new(socket: impl AsFd, limit: Duration, now: Duration) -> Option<Self> {
        let Identity { local, peer, interface, cookie } = Identity::of(socket).ok()?;
        Some(Self { local, peer, interface, cookie, limit, due: now.saturating_add(limit) })
    }

    fn of(&self) -> Identity {
        let Self { local, peer, interface, cookie, .. } = *self;
        Identity { local, peer, interface, cookie }
    }
}

impl Door {
    /// Whether the kernel can be asked, when a configuration comes into force that wants it.
    pub(crate) fn look_for_idle_times(&mut self) {
        let wanted = self.current.config.services.iter().any(|s| s.ends.idle.is_some());
        self.diag = None;
        if wanted {
            self.diag = open().and_then(|mut diag| diag.probe().map(|()| diag)).ok();
        }
        if wanted && self.diag.is_none() {
            self.alarm(BLIND);
        } else {
            self.alarms.remove(BLIND);
        }
    }

    /// Ends the sessions that have been idle for too long.
    pub(crate) fn tick_idle(&mut self) {
        let now = self.now.mono;
        for number in self.sessions.take_idle(now, TURN) {
            let Some(session) = self.sessions.get(number).filter(|s| s.ending.is_none()) else {
                continue;
            };
            let Some(watch) = session.idle else { continue };
            let limit = watch.limit;
            match self.ask_kernel(&watch.of()) {
                Some(Seen::Idle(time)) if time >= limit => {
                    self.end_session(number, EndCause::Idle);
                }
                Some(Seen::Idle(time)) => {
                    let left = limit.saturating_sub(time).max(SOONEST);
                    self.sessions.idle_at(number, now.saturating_add(left));
                }
                Some(Seen::Gone) => {} // what goes on without its connection is no idle one
                None => self.sessions.idle_at(number, now.saturating_add(AGAIN)),
            }
        }
    }

    fn ask_kernel(&mut self, of: &Identity) -> Option<Seen> {
        if self.diag.is_none() {
            self.diag = open().ok();
        }
        let answer = self.diag.as_mut().map(|diag| diag.ask(of));
        if let Some(Ok(seen)) = answer {
            self.alarms.remove(BLIND);
            return Some(seen);
        }
        self.diag = None; // a fresh one has no answers of before
        self.alarm(BLIND);
        None
    }
}

fn open() -> std::io::Result<Diag> {
    Diag::open()?.raise()
}
