//! A granted connection: the banner first, then the program or the relay.

use crate::accept::arrive::IDENT_SECONDS;
use crate::accept::pending::{Arrival, For};
use crate::door::Door;
use crate::door::current::Current;
use crate::errand::deeds;
use crate::session::Session;
use crate::session::environment;
use crate::session::evidence::Pipe;
use crate::session::idle::Watch;
use crate::session::log::Log;
use crate::session::serving::{Manner, Serving, serving};
use portreeve_model::{Authentication, Ident, Stderr};
use portreeve_policy::{Reason, Refusal, Reservation, ServiceIndex};
use portreeve_sys::spawn::{Connection, Program, SpawnError, Started};
use portreeve_sys::{Pid, descriptor, file, pipe, socket};
use portreeve_wire::clerk::Form;
use portreeve_wire::event::{Level, SessionRef, What};
use portreeve_wire::relay::{IdentReply, Then, ToRelay};
use portreeve_wire::{QuestionId, SessionId};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

/// A banner that the peer's kernel does not take at once has so long.
const BANNER_SECONDS: u32 = 10;
/// Bytes of an evidence pipe: what a service may write while nobody reads. In packet mode it is
/// the kernel's usual 16 writes.
const EVIDENCE_PIPE: usize = 16 * 1024;
/// Longest message with the bytes inside; more goes in a memory file.
const INLINE: usize = 64 * 1024;

/// What a connection leaves with us.
#[derive(Debug, Default)]
struct Kept {
    since: Duration,
    /// What the peer's ident server said before.
    identified: Option<Result<String, String>>,
    evidence: Option<Pipe>,
    log: Option<Log>,
    notify: Option<OwnedFd>,
    idle: Option<Watch>,
    kill_after: Duration,
    /// How its beginning is logged.
    level: Option<Level>,
}

impl Door {
    pub(crate) fn granted(
        &mut self,
        current: &Arc<Current>,
        mut arrival: Arrival,
        reservation: Reservation,
    ) {
        let Some(facts) = current.facts(arrival.service) else {
            return self.state.release(reservation);
        };
        let effects = std::mem::take(&mut arrival.known.effects);
        self.do_deeds(current, &arrival, &effects);
        let own = effects.banner();
        let banner = [facts.banners.always.as_slice(), &own, &facts.banners.success].concat();
        arrival.known.effects = effects;
        let sent = match banner.is_empty() {
            true => 0,
            false => socket::send_once(&arrival.socket, &banner).unwrap_or(0),
        };
        let Some(rest) = banner.get(sent..).filter(|rest| !rest.is_empty()) else {
            return self.serve(current, arrival, reservation);
        };
        let question = self.waiting.question();
        if self.write_by_relay(question, &arrival.socket, rest, Then::Return) {
            let within = Duration::from_secs(u64::from(BANNER_SECONDS) + 2);
            let deadline = self.now.mono.saturating_add(within);
            self.waiting.add(question, For::Banner(arrival, reservation), deadline);
        } else {
            self.state.release(reservation);
            self.not_started(current, arrival, &Failure::Relay);
        }
    }

    /// The peer's kernel did not take the banner in time: nobody is served.
    pub(crate) fn not_told(&mut self, arrival: Arrival, reservation: Reservation) {
        self.state.release(reservation);
        let current = Arc::clone(&self.current);
        self.not_started(&current, arrival, &Failure::Banner);
    }

    /// Has the relay write what a peer's kernel does not take at once.
    pub(crate) fn write_by_relay(
        &mut self,
        question: QuestionId,
        socket: &OwnedFd,
        bytes: &[u8],
        then: Then,
    ) -> bool {
        let (inline, memory) = match bytes.len() > INLINE {
            true => match file::memfd("banner", bytes) {
                Ok(memory) => (Vec::new(), Some(memory)),
                Err(_) => return false,
            },
            false => (bytes.to_vec(), None),
        };
        let write = ToRelay::Write { question, bytes: inline, then, seconds: BANNER_SECONDS };
        let fds = [Some(socket.as_fd()), memory.as_ref().map(AsFd::as_fd)];
        self.tell_relay(&write, &fds.into_iter().flatten().collect::<Vec<_>>())
    }

    /// The banner is out: the service's turn.
    pub(crate) fn serve(
        &mut self,
        current: &Arc<Current>,
        mut arrival: Arrival,
        reservation: Reservation,
    ) {
        let Some(service) = current.service(arrival.service) else {
            return self.state.release(reservation);
        };
        let effects = std::mem::take(&mut arrival.known.effects);
        let reference = SessionRef {
            session: SessionId(reservation.ticket().0),
            service: arrival.service,
            key: service.key.to_string(),
            peer: arrival.peer,
            local: arrival.local,
            pid: None,
        };
        let recorded = service.log.ident == Ident::Record;
        let authentication = service.admission.authentication;
        // what the decision has asked is not asked again; that nobody was named is for the record
        let ident = arrival.known.ident.as_ref().map(IdentReply::told);
        let identified = ident.filter(|answer| recorded || answer.is_ok());
        let ident = recorded && arrival.known.ident.is_none();
        let since = arrival.since;
        // before the socket is given away; who has no limit pays nothing
        let limit = service.ends.idle.map(|limit| limit.value);
        let idle = limit.and_then(|limit| Watch::new(&arrival.socket, limit, self.now.mono));
        let program = current.program(arrival.service);
        let (started, kept) = match serving(service, program, &effects, self.root) {
            Serving::Program(program, manner) => {
                let number = reference.session.0;
                match self.start(&program, &manner, authentication, number, arrival) {
                    Ok((pid, kept)) => (Ok(Some(pid)), kept),
                    Err(failed) => (Err(failed), Kept::default()),
                }
            }
            Serving::Relay(internal) => {
                let serve = ToRelay::Serve { session: reference.session, internal };
                match self.tell_relay(&serve, &[arrival.socket.as_fd()]) {
                    true => (Ok(None), Kept::default()),
                    false => (Err((Some(Box::new(arrival)), Failure::Relay)), Kept::default()),
                }
            }
            Serving::Nobody => (Err((Some(Box::new(arrival)), Failure::Plan)), Kept::default()),
        };
        match started {
            Ok(pid) => {
                let kill_after = service.ends.kill_after;
                let level = deeds::level(&effects);
                let kept = Kept { since, identified, idle, kill_after, level, ..kept };
                if let Some(command) = effects.twist() {
                    self.twisted(&reference, command);
                }
                self.started(reference, reservation, authentication, pid, kept, ident);
            }
            Err((arrival, failure)) => {
                self.state.release(reservation);
                if let Some(arrival) = arrival {
                    self.not_started(current, *arrival, &failure);
                }
            }
        }
    }

    fn started(
        &mut self,
        mut reference: SessionRef,
        reservation: Reservation,
        authentication: Authentication,
        pid: Option<Pid>,
        kept: Kept,
        ident: bool,
    ) {
        reference.pid = pid.and_then(|pid| u32::try_from(pid.as_raw()).ok());
        self.tally.admitted(&reference.key, self.now.mono);
        let began = What::SessionStarted(reference.clone());
        self.outbox.leveled_event(self.now, began, kept.level);
        if let Some(answer) = kept.identified.clone() {
            self.event(What::Identified { session: reference.clone(), answer });
        }
        if let Some(fd) = kept.notify.as_ref() {
            let token = crate::door::token::Token::Notify(reference.session.0).bits();
            // without it the session stays a startup until its grace ends
            let _ = self.poller.add(fd, token, portreeve_sys::poll::Interest::READ);
        }
        if ident && self.waiting.has_room_for_record(reference.peer) {
            let question = self.waiting.question();
            if self.ask_ident(question, reference.peer, reference.local, IDENT_SECONDS) {
                let within = Duration::from_secs(u64::from(IDENT_SECONDS) + 2);
                let deadline = self.now.mono.saturating_add(within);
                self.waiting.add(question, For::Record(reference.clone()), deadline);
            }
        }
        let mut session = Session {
            reference,
            reservation,
            since: kept.since,
            authentication,
            evidence: kept.evidence,
            log: kept.log,
            handed_over: false,
            notify: kept.notify,
            clerk_deaths: self.clerk.restarts,
            ping: None,
            ending: None,
            kill: None,
            idle: kept.idle,
            kill_after: kept.kill_after,
            user: kept.identified.and_then(Result::ok),
            relay: self.relay_of(pid),
            adopted: None,
        };
        if let Some(end) = session.reservation.grace_end()
            && end <= self.now.mono
        {
            // it passed while the banner was written, when there was no session to end
            self.state.postpone_grace(&mut session.reservation, self.now.mono);
        }
        self.hand_over(&mut session);
        if let Some(pid) = pid {
            self.sessions.exits.started(pid, self.now.mono);
        }
        self.sessions.insert(pid, session);
    }

    /// The relay that serves a session without a process of its own.
    fn relay_of(&self, pid: Option<Pid>) -> Option<u32> {
        let relay = self.relay.running.as_ref().filter(|_| pid.is_none())?;
        u32::try_from(relay.pid.as_raw()).ok()
    }

    /// Starts the program on the connection, or gives it back.
    fn start(
        &mut self,
        program: &Arc<Program>,
        manner: &Manner,
        authentication: Authentication,
        number: u64,
        arrival: Arrival,
    ) -> Result<(Pid, Kept), NotStarted> {
        if arrival.dual && arrival.peer.address.is_ipv4() {
            // as the ancestor does, for programs that know IPv4 alone; one that is over stays as it is
            let _ = socket::as_ipv4(&arrival.socket);
        }
        let told = environment::of(manner, &arrival);
        let socket = Arc::new(arrival.socket);
        let started = self.start_on(&socket, program, manner, authentication, (number, told));
        started.map_err(|failure| {
            let socket = Arc::into_inner(socket);
            (socket.map(|socket| Box::new(Arrival { socket, ..arrival })), failure)
        })
    }

    fn start_on(
        &mut self,
        socket: &Arc<OwnedFd>,
        program: &Arc<Program>,
        manner: &Manner,
        authentication: Authentication,
        (session, told): (u64, Vec<(&'static str, Vec<u8>)>),
    ) -> Result<(Pid, Kept), Failure> {
        let mut kept = Kept::default();
        let mut connection = match manner.stderr {
            Stderr::Socket => Connection::new().share(socket, &[0, 1, 2]),
            Stderr::Evidence => {
                let (read, write) = evidence_pipe(authentication).map_err(Failure::Descriptors)?;
                let fd = Arc::new(descriptor::raised(&read).map_err(Failure::Descriptors)?);
                let form = match authentication {
                    Authentication::Watch(_) => Form::Packets,
                    Authentication::None | Authentication::Notify(_) => Form::Stream,
                };
                kept.evidence = Some(Pipe { fd, form });
                // what is not for the child is closed with the neighbours that are
                Connection::new().share(socket, &[0, 1]).give(write, &[2]).give(read, &[])
            }
        };
        if let Authentication::Notify(number) = authentication {
            let (read, write) = pipe::pipe().map_err(Failure::Descriptors)?;
            pipe::set_nonblocking(&read, true).map_err(Failure::Descriptors)?;
            kept.notify = Some(descriptor::raised(&read).map_err(Failure::Descriptors)?);
            connection = connection.give(write, &[number]).give(read, &[]);
        }
        for (name, value) in told {
            connection = connection.env(name, OsStr::from_bytes(&value));
        }
        if manner.private_log {
            let (log, with) = self.private_log(session, connection)?;
            (kept.log, connection) = (Some(log), with);
        }
        let spawned = self.spawner.spawn(program, connection);
        if spawned.is_err() && kept.log.is_some() {
            self.forget_log_name(session);
        }
        Ok((spawned.map_err(Failure::Spawn)?, kept))
    }

    /// Nothing could be started: the peer is refused, and what ran short is given a moment.
    fn not_started(&mut self, current: &Arc<Current>, arrival: Arrival, failure: &Failure) {
        let reason = match failure {
            Failure::Descriptors(_) => Reason::Descriptors,
            Failure::Spawn(_) => Reason::Processes,
            Failure::Relay | Failure::Plan | Failure::Banner | Failure::Log => Reason::Disabled,
        };
        match failure {
            Failure::Descriptors(error) => {
                self.short_of(&format!("descriptors: {error}"));
                self.give_up_delayed();
            }
            // one user's stuck programs are no reason to let the others wait
            Failure::Spawn(SpawnError::NoSlot | SpawnError::Connection(_)) => {}
            Failure::Spawn(SpawnError::Os(error)) => self.short_of(&format!("processes: {error}")),
            Failure::Relay => self.alarm(crate::helper::relay::RELAY_AWAY),
            // whoever could not make one has said so
            Failure::Plan | Failure::Banner | Failure::Log => {}
        }
        self.state.count_refusal(&current.tables, ServiceIndex(arrival.service), reason);
        let refusal = Refusal::plain(reason);
        self.refuse(current, arrival, &refusal);
    }

    /// What became of the programs that were started.
    pub(crate) fn reap_starts(&mut self) {
        for outcome in self.spawner.collect(self.now.mono) {
            self.log_is_placed(outcome.pid);
            if outcome.result == Started::Executed {
                continue;
            }
            let path = outcome.program.path().to_string_lossy();
            let reason = match outcome.result {
                Started::Executed => continue,
                Started::Failed { step, errno } => {
                    format!("cannot {step}: `{path}`: {}", io::Error::from_raw_os_error(errno))
                }
                Started::Killed { step } => format!("killed before it could {step} (`{path}`)"),
                Started::TimedOut { step } => {
                    format!("did not {step} within five seconds (`{path}`): killed")
                }
            };
            let session = self.sessions.of_process(outcome.pid);
            let session = session.and_then(|number| self.sessions.get(number));
            match session.map(|session| session.reference.clone()) {
                Some(session) => self.event(What::StartFailed { session, reason }),
                None if self.job_not_started(outcome.pid, &reason) => {}
                None if self.enforcer_not_started(outcome.pid, &reason) => {}
                None => self.helper_not_started(outcome.pid, reason),
            }
        }
    }
}

/// The pipe for a session's standard error. Where its words decide whether the session has
/// authenticated, it keeps writes apart: sshd puts a stranger's newlines into its lines.
fn evidence_pipe(authentication: Authentication) -> io::Result<(OwnedFd, OwnedFd)> {
    match authentication {
        Authentication::Watch(_) => pipe::packets(),
        Authentication::None | Authentication::Notify(_) => {
            let (read, write) = pipe::pipe()?;
            // a pipe of the usual size serves as well where the kernel grants no other
            let _ = pipe::set_size(&write, EVIDENCE_PIPE);
            Ok((read, write))
        }
    }
}

/// A connection that nothing was started for, if it is still there, and why.
type NotStarted = (Option<Box<Arrival>>, Failure);

/// Why nothing was started.
#[derive(Debug)]
pub(super) enum Failure {
    Descriptors(io::Error),
    /// A log socket of its own could not be made.
    Log,
    Spawn(SpawnError),
    Relay,
    Plan,
    Banner,
}
