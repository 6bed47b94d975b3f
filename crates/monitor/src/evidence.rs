//! The read ends of the sessions' standard errors on their way to the clerk. None is lost because
//! the clerk is dead, slow or stopped; what waits is bounded.

use crate::door::{Door, Stage};
use crate::session::Session;
use portreeve_wire::SessionId;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::event::{Helper, SessionRef};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
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

/// What waits for a clerk, and how long it has been taking nothing.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    left: VecDeque<(SessionRef, OwnedFd)>,
    /// When the pause began.
    crowded: Option<Duration>,
    /// Since when nothing has been taken though something waits.
    idle_since: Option<Duration>,
}

impl Handover {
    /// When something is due while the clerk takes nothing.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let pause = self.crowded.map(|since| since.saturating_add(PAUSE));
        let stuck = self.idle_since.map(|since| since.saturating_add(STUCK));
        pause.into_iter().chain(stuck).min()
    }
}

impl Door {
    /// Sends a new session's pipe to the clerk, if it takes one now; else it stays with the session.
    pub(crate) fn hand_over(&mut self, session: &mut Session) {
        if !self.clerk.is_working() || self.outbox.pipes() >= MOST {
            return;
        }
        if let Some(fd) = session.evidence.as_ref().and_then(|fd| fd.try_clone().ok()) {
            let session = session.reference.clone();
            self.outbox.message(ToClerk::Evidence { session, resumed: false }, Some(fd));
        }
        session.handed_over = true;
    }

    /// A session has ended: its pipe may still hold its last words.
    pub(crate) fn leave_behind(
        &mut self,
        session: &SessionRef,
        evidence: Option<OwnedFd>,
        told: bool,
    ) {
        let Some(fd) = evidence.filter(|_| !told || !self.clerk.is_working()) else { return };
        if self.handover.left.len() >= MOST_LEFT {
            self.handover.left.pop_front();
            self.alarm("last words of sessions were dropped while the clerk was away");
        }
        self.handover.left.push_back((session.clone(), fd));
    }

    /// The clerk died: the pipes it never took are theirs who live, or wait for the next clerk.
    pub(crate) fn take_back(&mut self, pipes: Vec<(SessionRef, OwnedFd)>) {
        for (session, fd) in pipes {
            if self.sessions.get(session.session.0).is_none() {
                self.leave_behind(&session, Some(fd), false);
            }
        }
        self.handover.idle_since = None;
    }

    /// For a new clerk: every pipe there is.
    pub(crate) fn all_pipes(&mut self) -> Vec<(ToClerk, Option<OwnedFd>)> {
        let mut all = Vec::new();
        for session in self.sessions.iter_mut() {
            if let Some(fd) = session.evidence.as_ref().and_then(|fd| fd.try_clone().ok()) {
                let resumed = session.handed_over;
                session.handed_over = true;
                let session = session.reference.clone();
                all.push((ToClerk::Evidence { session, resumed }, Some(fd)));
            }
        }
        let left = self.handover.left.drain(..);
        all.extend(
            left.map(|(session, fd)| (ToClerk::Evidence { session, resumed: true }, Some(fd))),
        );
        all
    }

    /// Whether so many pipes are on their way that accepting pauses a moment.
    pub(crate) fn is_crowded(&mut self) -> bool {
        let now = self.now.mono;
        if self.outbox.pipes() < CROWD {
            return false;
        }
        let since = *self.handover.crowded.get_or_insert(now);
        let pauses = now.saturating_sub(since) < PAUSE && self.clerk.is_working();
        if pauses {
            self.listeners.watch(&self.poller, false);
        }
        pauses
    }

    /// After something was sent, or nothing could be.
    pub(crate) fn clerk_took(&mut self, something: bool) {
        if something || self.outbox.is_empty() {
            self.handover.idle_since = None;
        } else {
            self.handover.idle_since.get_or_insert(self.now.mono);
        }
        if self.outbox.pipes() < CROWD / 2 && self.handover.crowded.take().is_some() {
            self.accept_again();
            let waiting = self.sessions.iter().filter(|s| !s.handed_over && s.evidence.is_some());
            let waiting: Vec<SessionId> = waiting.map(|s| s.reference.session).collect();
            for id in waiting {
                if let Some(mut session) = self.sessions.take(id.0) {
                    self.hand_over(&mut session);
                    self.sessions.put_back(session);
                }
            }
        }
    }

    /// Pauses that are long enough end; a clerk that takes nothing at all is ended.
    pub(crate) fn tick_handover(&mut self) {
        let now = self.now.mono;
        let over = |since: Option<Duration>, limit| {
            since.is_some_and(|since: Duration| now.saturating_sub(since) >= limit)
        };
        if over(self.handover.crowded, PAUSE) {
            // stays set: no further pause until the clerk has caught up
            self.accept_again();
        }
        if over(self.handover.idle_since, STUCK) {
            self.handover.idle_since = None;
            self.misbehaved(Helper::Clerk, "took nothing for thirty seconds");
        }
    }

    fn accept_again(&mut self) {
        if self.stage == Stage::Open && self.scarce.is_none() {
            self.listeners.watch(&self.poller, true);
        }
    }
}
