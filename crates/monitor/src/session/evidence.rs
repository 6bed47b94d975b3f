//! The read ends of the sessions' standard errors on their way to the clerk. None is lost because
//! the clerk is dead, slow or stopped; what waits is bounded.

use crate::door::Door;
use crate::helper::outbox::{Outgoing, State};
use crate::session::Session;
use portreeve_wire::SessionId;
use portreeve_wire::clerk::Form;
use portreeve_wire::event::{Helper, SessionRef};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// With so many pipes on their way, accepting pauses a moment, so that the clerk keeps up.
const CROWD: usize = 512;
/// It pauses no longer than this: a clerk that does not read at all must not hold up the door.
const PAUSE: Duration = Duration::from_secs(2);
/// So many are on their way at most; those of further sessions stay with the session until then.
const MOST: usize = 4096;
/// Pipes of sessions that ended while no clerk could take them.
const MOST_LEFT: usize = 1024;
/// A clerk that takes nothing for so long, while something waits, is ended.
const STUCK: Duration = Duration::from_secs(30);

/// Whether accepting pauses so that the clerk keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Crowd {
    #[default]
    No,
    /// Since then.
    Pausing(Duration),
    /// It has paused long enough; no further pause until the clerk has caught up.
    Spent,
}

/// The read end of a session's standard error, or its own log socket.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    /// Never read here: while this is open, no write of the service fails for want of a clerk. What
    /// is on its way to one holds on to it too.
    pub(crate) fd: Arc<OwnedFd>,
    /// What it gives.
    pub(crate) form: Form,
}

/// What waits for a clerk, and how long it has been taking nothing.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    left: VecDeque<(SessionRef, Pipe)>,
    crowd: Crowd,
    /// Since when nothing has been taken though something waits.
    idle_since: Option<Duration>,
}

impl Handover {
    /// When something is due while the clerk takes nothing.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let pause = match self.crowd {
            Crowd::Pausing(since) => Some(since.saturating_add(PAUSE)),
            Crowd::No | Crowd::Spent => None,
        };
        let stuck = self.idle_since.map(|since| since.saturating_add(STUCK));
        pause.into_iter().chain(stuck).min()
    }

    /// What ended sessions left.
    pub(crate) fn left(&self) -> impl Iterator<Item = &(SessionRef, Pipe)> {
        self.left.iter()
    }

    /// Whether accepting pauses.
    pub(crate) fn is_pausing(&self) -> bool {
        matches!(self.crowd, Crowd::Pausing(_))
    }
}

impl Door {
    /// Sends a new session's pipe to the clerk, if it takes one now; else it stays with the session.
    pub(crate) fn hand_over(&mut self, session: &mut Session) {
        if !self.clerk.is_working() || self.outbox.pipes() >= MOST {
            return;
        }
        let log = session.log.as_ref().map(|log| &log.socket);
        for pipe in session.evidence.iter().chain(log) {
            self.outbox.pipe(self.now, session.reference.clone(), pipe);
            session.handed_over = true;
        }
    }

    /// A session has ended: its pipe may still hold its last words.
    pub(crate) fn leave_behind(&mut self, session: &SessionRef, pipe: Pipe, told: bool) {
        if told && self.clerk.is_working() {
            return self.outbox.spend(pipe);
        }
        if self.handover.left.len() >= MOST_LEFT {
            self.handover.left.pop_front();
            self.alarm("last words of sessions were dropped while the clerk was away");
        }
        self.handover.left.push_back((session.clone(), pipe));
    }

    /// The clerk died: the pipes it never took are theirs who live, or wait for the next clerk.
    pub(crate) fn take_back(&mut self, pipes: Vec<(SessionRef, Pipe)>) {
        for (session, pipe) in pipes {
            if self.sessions.get(session.session.0).is_none() {
                self.leave_behind(&session, pipe, false);
            }
        }
        self.handover.idle_since = None;
        self.handover.crowd = Crowd::No;
    }

    /// For a new clerk: every pipe there is.
    pub(crate) fn all_pipes(&mut self) -> Vec<Outgoing> {
        let mut all = Vec::new();
        let said_so = self.sessions.all_authenticated();
        for session in self.sessions.iter_mut() {
            let log = session.log.as_ref().map(|log| &log.socket);
            let resumed = session.handed_over;
            for pipe in session.evidence.iter().chain(log) {
                let state = State {
                    resumed,
                    authenticated: said_so.contains(&session.number()),
                    over: false,
                };
                session.handed_over = true;
                all.push(Outgoing::pipe(session.reference.clone(), state, pipe));
            }
        }
        let left = self.handover.left.drain(..);
        let state = State { resumed: true, authenticated: false, over: true };
        all.extend(left.map(|(session, pipe)| Outgoing::pipe(session, state, &pipe)));
        all
    }

    /// After something was sent, or nothing could be.
    pub(crate) fn clerk_took(&mut self, something: bool) {
        if something || self.outbox.is_empty() {
            self.handover.idle_since = None;
        } else {
            self.handover.idle_since.get_or_insert(self.now.mono);
        }
    }

    fn hand_over_the_rest(&mut self) {
        let speaks = |s: &&Session| s.evidence.is_some() || s.log.is_some();
        let waiting = self.sessions.iter().filter(|s| !s.handed_over).filter(speaks);
        let waiting: Vec<SessionId> = waiting.map(|s| s.reference.session).collect();
        for id in waiting {
            if let Some(mut session) = self.sessions.take(id.0) {
                self.hand_over(&mut session);
                self.sessions.put_back(session);
            }
        }
    }

    /// Once a turn: whether accepting pauses, and whether the clerk takes anything at all.
    pub(crate) fn tick_handover(&mut self) {
        let (now, pipes) = (self.now.mono, self.outbox.pipes());
        self.handover.crowd = match self.handover.crowd {
            Crowd::No if pipes >= CROWD && self.clerk.is_working() => Crowd::Pausing(now),
            Crowd::Pausing(since) if now.saturating_sub(since) >= PAUSE => Crowd::Spent,
            Crowd::Pausing(_) | Crowd::Spent if pipes < CROWD / 2 => {
                self.hand_over_the_rest();
                Crowd::No
            }
            same @ (Crowd::No | Crowd::Pausing(_) | Crowd::Spent) => same,
        };
        let idle = self.handover.idle_since;
        if idle.is_some_and(|since| now.saturating_sub(since) >= STUCK) {
            self.handover.idle_since = None;
            self.misbehaved(Helper::Clerk, "took nothing for thirty seconds");
        }
    }
}
