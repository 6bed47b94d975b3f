//! Taking a predecessor's place: its sessions, bans, events and unfinished connections are ours.

use crate::accept::pending::{Arrival, For};
use crate::door::Door;
use crate::door::token::Token;
use crate::enforce::Made;
use crate::helper::retired::Retired;
use crate::session::Session;
use crate::session::evidence::Pipe;
use crate::session::log::Log;
use crate::succession::estate::{Bans, LiveJob, LiveSession, Undecided};
use crate::succession::legacy::{Legacy, Way};
use portreeve_policy::{Reservation, State};
use portreeve_sys::Pid;
use portreeve_sys::adopted::{Adopted, start_time};
use portreeve_sys::channel::Channel;
use portreeve_sys::poll::Interest;
use portreeve_wire::QuestionId;
use portreeve_wire::clerk::Form;
use portreeve_wire::control::Answer;
use portreeve_wire::event::{Ending, What};
use std::sync::Arc;
use std::time::Duration;

/// The first relay has so long before what needs it is decided without it.
pub(crate) const RELAY_WITHIN: Duration = Duration::from_secs(5);
/// Connections that wait for it, at most.
pub(crate) const MOST_UNDECIDED: usize = 1024;

/// Raised when the configuration on disk is refused and a predecessor's goes on, until a reload.
pub(crate) const UNREAD: &str = "the configuration on disk was refused at the start: the one of \
     before is in force; `portreeve check` says why, `portreeve reload` mends it";

/// The places of a predecessor's sessions and granted connections, in the order of the estate.
#[derive(Debug, Default)]
pub(crate) struct Places {
    sessions: Vec<Reservation>,
    banners: Vec<Option<Reservation>>,
}

/// Takes the counters over, before any tables are adopted.
pub(crate) fn counters(state: &mut State, legacy: &Legacy) -> Places {
    let estate = &legacy.estate;
    state.remember(estate.totals.clone());
    let sessions = estate.sessions.iter().map(|s| state.reinstate(s.place.clone())).collect();
    let banner = |u: &Undecided| u.banner.as_ref().map(|b| b.place.clone());
    let banners = estate.undecided.iter().map(banner);
    let banners = banners.collect::<Vec<_>>();
    let banners = banners.into_iter().map(|place| Some(state.reinstate(place?))).collect();
    Places { sessions, banners }
}

impl Door {
    /// Takes over everything else, once the door is there and before it opens.
    pub(crate) fn inherit(&mut self, mut legacy: Legacy, places: Places) {
        let sockets = std::mem::take(&mut legacy.sockets);
        for given in &sockets {
            if let Some(name) = &given.stored {
                self.manager.keeps(name.clone(), given.place.inode);
            }
        }
        self.listeners.give(sockets);
        for name in std::mem::take(&mut legacy.stored) {
            self.manager.remove(&name);
        }
        if legacy.way == Way::None {
            return;
        }
        let estate = std::mem::take(&mut legacy.estate);
        self.outbox.restore(estate.waiting.events, estate.waiting.lost, estate.waiting.unreported);
        self.inherit_bans(estate.bans);
        self.listeners.give_back(&self.poller, &estate.head.given_back);
        self.waiting.go_on_from(estate.head.question);
        for pid in estate.head.relays {
            let channel = legacy.take(&format!("relay-{pid}")).map(Channel::from_fd);
            if let Some(Ok(channel)) = channel {
                self.retire(pid, Retired { channel, last_question: estate.head.question });
            }
        }
        for (live, reservation) in estate.sessions.into_iter().zip(places.sessions) {
            self.inherit_session(live, reservation, &mut legacy);
        }
        self.inherit_jobs(estate.jobs, legacy.way);
        self.inherit_enforcers(estate.enforcers, legacy.way == Way::Exec);
        for (at, (session, form)) in estate.waiting.left.into_iter().enumerate() {
            let pipe = legacy.take(&format!("left-{at}")).map(|fd| Pipe { fd: Arc::new(fd), form });
            pipe.into_iter().for_each(|pipe| self.leave_behind(&session, pipe, false));
        }
        let undecided = estate.undecided.into_iter().zip(places.banners).enumerate();
        for (at, (undecided, reservation)) in undecided {
            self.inherit_arrival(at, undecided, reservation, &mut legacy);
        }
        for at in 0.. {
            let Some(fd) = legacy.take(&format!("farewell-{at}")) else { break };
            self.farewells.add(&self.poller, fd, self.now.mono);
        }
        self.retired_without_work();
        let from = estate.head.version;
        let (sessions, lost) = (self.sessions.len(), legacy.lost.clone());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let pid = std::process::id();
        let (was, now) = (from.clone(), version.clone());
        self.event(What::Succeeded { from, version, pid, sessions, lost: lost.clone() });
        for what in &lost {
            self.alarm(&format!("lost in taking over from the door before: {what}"));
        }
        if let Some(stream) = legacy.take("asker") {
            let answer = Answer::Upgraded { from: was, version: now, sessions, lost };
            self.clients.answer_stranger(&self.poller, stream, &answer, self.now.mono);
        }
    }

    /// Bans are in force before the first connection is decided.
    fn inherit_bans(&mut self, bans: Bans) {
        self.unstored.restore(bans.unstored, bans.next_serial);
        for kept in &bans.all {
            let ban = self.unstored.sources.ban(kept, self.state.ban_skew());
            self.unstored.newest.note(kept.since, kept.key());
            let _ = self.state.ban(ban); // they were in force together: there is room
            self.enforcers.added(kept, Made::Before);
        }
        self.bans_known = bans.known;
        self.judging.breaker = bans.breaker;
        self.inherit_breaker();
        for (network, at) in bans.known_good {
            self.judging.known_good.note(network.address(), at);
        }
    }

    /// Commands of rules go on, and are ended when their time is over.
    fn inherit_jobs(&mut self, jobs: Vec<LiveJob>, way: Way) {
        for LiveJob { pid, job, began } in jobs {
            let Some(pid) = Pid::from_raw(pid) else { continue };
            // one that led its group and is another's by now is none of ours
            let another = way != Way::Exec && job.leads() && start_time(pid).ok() != began;
            if !another {
                self.jobs.inherit(pid, job, way == Way::Exec, self.now.mono);
            }
        }
    }

    fn inherit_session(
        &mut self,
        live: LiveSession,
        reservation: Reservation,
        legacy: &mut Legacy,
    ) {
        let number = live.reference.session.0;
        let evidence = legacy.take(&format!("evidence-{number}")).map(Arc::new);
        let form = if live.packets { Form::Packets } else { Form::Stream };
        let evidence = evidence.map(|fd| Pipe { fd, form });
        let log = legacy.take(&format!("log-{number}")).map(|fd| Log {
            socket: Pipe { fd: Arc::new(fd), form: Form::Log },
            namespace: legacy.take(&format!("space-{number}")),
        });
        let notify = legacy.take(&format!("notify-{number}"));
        if let Some(fd) = notify.as_ref() {
            // without it the session stays a startup until its grace ends
            let _ = self.poller.add(fd, Token::Notify(number).bits(), Interest::READ);
        }
        let pid = live.reference.pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let adopted = pid.zip(live.began).and_then(|(pid, began)| Adopted::new(pid, began).ok());
        let watched = adopted.as_ref().is_some_and(|process| {
            self.poller.add(process, Token::Adopted(number).bits(), Interest::READ).is_ok()
        });
        let lives = match (legacy.way, pid, live.began) {
            (Way::Exec, Some(_), None) => true, // our child
            (_, Some(_), _) => watched,
            (_, None, _) => live.relay.is_some_and(|pid| self.retired.contains_key(&pid)),
        };
        let session = Session {
            reference: live.reference,
            reservation,
            since: live.since,
            authentication: live.authentication,
            evidence,
            log,
            handed_over: live.handed_over,
            notify,
            clerk_deaths: self.clerk.restarts,
            ping: None,
            ending: live.ending,
            kill: None,
            idle: live.idle,
            kill_after: live.kill_after,
            user: live.user,
            relay: live.relay,
            adopted,
        };
        self.sessions.insert(pid, session);
        if let Some(at) = live.kill {
            self.sessions.kill_at(number, at);
        }
        if live.authenticated {
            self.sessions.authenticate(number);
        }
        if !lives {
            self.session_over(number, Ending::Lost);
        }
    }

    fn inherit_arrival(
        &mut self,
        at: usize,
        undecided: Undecided,
        reservation: Option<Reservation>,
        legacy: &mut Legacy,
    ) {
        let Undecided { key, peer, local, dual, since, known, banner } = undecided;
        let mut services = self.current.config.services.iter();
        let service = services.position(|s| s.key.as_str() == key);
        let socket = legacy.take(&format!("arrival-{at}"));
        let found = service.and_then(|at| u32::try_from(at).ok()).zip(socket);
        let Some((service, socket)) = found else {
            // its service is gone, or the connection itself
            return reservation.into_iter().for_each(|place| self.state.release(place));
        };
        let arrival = Arrival { service, socket, peer, local, dual, since, known };
        let deadline = banner.as_ref().map_or(self.now.mono, |banner| banner.deadline);
        match (banner, reservation) {
            (Some(banner), Some(reservation)) => {
                let question = QuestionId(banner.question);
                self.waiting.add(question, For::Banner(arrival, reservation), deadline);
            }
            // decided once the door turns: the relay that knows names is not there yet
            _ => self.undecided.push(arrival),
        }
    }

    /// Whether the first relay of this process is still getting ready.
    pub(crate) fn relay_is_coming(&self) -> bool {
        let waited = self.now.mono.saturating_sub(self.began);
        self.relay.can_run() && !self.relay.is_working() && waited < RELAY_WITHIN
    }

    /// Decides what had to wait for the relay, once it is at work or is waited for no longer.
    pub(crate) fn tick_undecided(&mut self) {
        if self.undecided.is_empty() || self.relay_is_coming() {
            return;
        }
        for arrival in std::mem::take(&mut self.undecided) {
            self.arrived(arrival);
        }
    }
}
