//! Sessions as their owner sees and ends them.

use crate::door::Door;
use crate::session::Session;
use portreeve_model::{Authentication, Network};
use portreeve_wire::SessionId;
use portreeve_wire::control::{Answer, PAGE, SessionStage, SessionStatus};
use portreeve_wire::event::EndCause;
use std::time::Duration;

impl Door {
    /// A page of the live sessions.
    pub(crate) fn list_sessions(
        &self,
        after: Option<SessionId>,
        service: Option<&str>,
        peer: Option<Network>,
    ) -> Answer {
        let named = |session: &Session| {
            service.is_none_or(|service| {
                let name = self.current.service(session.reference.service);
                let named = name.is_some_and(|s| {
                    s.key.as_str() == session.reference.key && s.name.as_str() == service
                });
                named || session.reference.key == service
            })
        };
        let fits = |session: &&Session| {
            after.is_none_or(|after| session.reference.session > after)
                && named(session)
                && peer.is_none_or(|peer| peer.contains(session.reference.peer.address))
        };
        let mut found: Vec<&Session> = self.sessions.iter().filter(fits).collect();
        let more = found.len() > PAGE;
        if more {
            found.select_nth_unstable_by_key(PAGE, |session| session.reference.session);
            found.truncate(PAGE);
        }
        found.sort_unstable_by_key(|session| session.reference.session);
        let now = self.now.mono;
        Answer::Sessions { sessions: found.into_iter().map(|s| status(s, now)).collect(), more }
    }

    /// Ends sessions for an asker.
    pub(crate) fn end_by_hand(
        &mut self,
        sessions: Vec<SessionId>,
        startups: bool,
        uid: u32,
    ) -> Answer {
        let (mut ending, mut spared, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for number in sessions.into_iter().take(PAGE) {
            match self.sessions.get(number.0) {
                None => over.push(number),
                Some(session) if startups && !session.reservation.is_startup() => {
                    spared.push(number);
                }
                Some(_) => {
                    self.end_session(number.0, EndCause::Command { uid });
                    ending.push(number);
                }
            }
        }
        Answer::Ended { ending, spared, over }
    }
}

fn status(session: &Session, now: Duration) -> SessionStatus {
    let says = session.authentication != Authentication::None;
    let stage = match (session.ending.is_some(), session.reservation.is_startup(), says) {
        (true, _, _) => SessionStage::Ending,
        (false, true, true) => SessionStage::Startup,
        (false, true, false) => SessionStage::ByAge,
        (false, false, true) => SessionStage::Authenticated,
        (false, false, false) => SessionStage::Open,
    };
    let grace = session.reservation.grace_end().filter(|_| session.ending.is_none());
    SessionStatus {
        session: session.reference.clone(),
        user: session.user.clone(),
        age: u64::try_from(now.saturating_sub(session.since).as_millis()).unwrap_or(u64::MAX),
        stage,
        grace: grace
            .map(|end| u32::try_from(end.saturating_sub(now).as_secs()).unwrap_or(u32::MAX)),
    }
}
