//! Making way: this process becomes the program that lies at its path now, and everything that must
//! not be lost goes over to it. Until that very moment anything that fails leaves the door as it is.

pub(crate) mod estate;
pub(crate) mod handing;
pub(crate) mod inherit;
pub(crate) mod legacy;
pub(crate) mod rehearsal;

use crate::accept::pending::{Arrival, For};
use crate::control::bans::record;
use crate::door::{Door, Stage};
use crate::sources::images;
use crate::succession::estate::{
    Banner, Bans, Configuration, Estate, Head, LiveJob, LiveSession, Undecided, Waiting,
};
use crate::succession::rehearsal::Rehearsal;
use portreeve_model::{Config, Resolved};
use portreeve_sys::adopted::start_time;
use portreeve_sys::inheritance::{become_program, number_of};
use portreeve_sys::{Exit, Pid, file};
use portreeve_wire::clerk::Form;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::control::Answer;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

/// The variable that tells a successor in this process where its estate is: `PID:DESCRIPTOR`.
pub(crate) const ESTATE: &str = "PORTREEVE_ESTATE";
/// How the alarm begins that an upgrade was given up.
const GIVEN_UP: &str = "the upgrade was given up: ";
/// The clerk may take so long to write what it has, and starts under way to be decided.
const MAKE_READY: Duration = Duration::from_secs(3);
/// A killed clerk is waited for so long.
const CLERK_GONE: Duration = Duration::from_secs(1);

/// How this process was started, to start its successor likewise.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// The program by the name it was called with, so that what is put there later is found.
    pub(crate) program: PathBuf,
    /// Its arguments, its own name first.
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// An upgrade under way.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// Who waits for the answer.
    asker: Option<u64>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The new program is being tried.
    Rehearsing(Rehearsal),
    /// It is fit; the clerk writes what it has, until this time at most.
    Finishing(Duration, Heir),
}

/// Who takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heir {
    /// This very process: its children stay its children.
    Ourselves,
    /// Another process: it finds the sessions' processes by number and time.
    Another,
}

impl Upgrade {
    pub(crate) fn next_due(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Rehearsing(rehearsal) => rehearsal.next_due(),
            Phase::Finishing(until, _) => Some(*until),
        }
    }
}

impl Door {
    /// Begins an upgrade: by a signal, or for this asker.
    pub(crate) fn ask_upgrade(&mut self, asker: Option<u64>) {
        let refused = match (self.stage, &self.upgrade) {
            (Stage::Closing, _) => Some("the door is closing"),
            (Stage::Waiting(_), _) => Some("the door is not open yet; ask again in a moment"),
            (Stage::Open, Some(_)) => Some("an upgrade is under way"),
            (Stage::Open, None) => None,
        };
        let refused = refused.map(str::to_owned).or_else(|| self.on_trial());
        if let (Some(why), Some(number)) = (&refused, asker) {
            self.reply(number, &Answer::Failed(why.clone()));
        }
        if refused.is_some() {
            return;
        }
        self.alarms.retain(|alarm| !alarm.starts_with(GIVEN_UP));
        if let Some(number) = asker {
            self.wait_for_compiler(number);
        }
        match self.rehearse() {
            Ok(rehearsal) => {
                self.upgrade = Some(Upgrade { asker, phase: Phase::Rehearsing(rehearsal) })
            }
            Err(why) => self.upgrade_failed(asker, &why),
        }
    }

    fn rehearse(&mut self) -> Result<Rehearsal, String> {
        let bytes = self.estate(Heir::Ourselves).write()?;
        let memory =
            file::memfd("rehearsal", &bytes).map_err(|e| format!("no memory file for it: {e}"))?;
        let (spawner, started, now) = (&mut self.spawner, &self.started, self.now.mono);
        rehearsal::start(started, memory, spawner, &self.outputs, now)
    }

    /// A child has ended: was it the rehearsal? Then it has decided.
    pub(crate) fn rehearsed(&mut self, exit: Exit) -> bool {
        let ours = |upgrade: &mut Upgrade| match &upgrade.phase {
            Phase::Rehearsing(rehearsal) => rehearsal.pid == exit.pid,
            Phase::Finishing(..) => false,
        };
        let Some(Upgrade { asker, phase: Phase::Rehearsing(rehearsal) }) =
            self.upgrade.take_if(ours)
        else {
            return false;
        };
        match rehearsal.outcome(exit.status) {
            Ok(()) => {
                self.make_ready(asker, Heir::Ourselves);
            }
            Err(why) => self.upgrade_failed(asker, &why),
        }
        true
    }

    fn make_ready(&mut self, asker: Option<u64>, heir: Heir) {
        let until = self.now.mono.saturating_add(MAKE_READY);
        self.upgrade = Some(Upgrade { asker, phase: Phase::Finishing(until, heir) });
        self.clerk.held = true;
        self.relay.held = true;
        self.outbox.message(ToClerk::Finish, None);
        self.flush_clerk();
    }

    /// Another monitor wants to take over: a closing door lets it, an open one where that is
    /// forced. Only who could as well have killed this one may ask.
    pub(crate) fn ask_succession(&mut self, asker: u64, uid: u32, forced: bool) {
        let own = portreeve_sys::privileges::own_uid();
        let refused = match (self.stage, &self.upgrade) {
            _ if uid != 0 && uid != own => {
                let why = "only root and the door's own user may take it over".to_owned();
                return self.reply(asker, &Answer::NotPermitted(why));
            }
            (_, Some(_)) => Some("it is making way already"),
            (Stage::Closing, None) => None,
            (Stage::Waiting(_), None) => Some("it is opening"),
            (Stage::Open, None) if !forced => Some("it is open; --successor takes it over"),
            (Stage::Open, None) => None,
        };
        let trial = || self.on_trial().filter(|_| self.stage == Stage::Open);
        match refused.map(str::to_owned).or_else(trial) {
            Some(why) => self.reply(asker, &Answer::Failed(why)),
            None => {
                self.wait_for_compiler(asker);
                self.make_ready(Some(asker), Heir::Another);
            }
        }
    }

    /// The rehearsal's program could not be executed.
    pub(crate) fn rehearsal_not_started(&mut self, pid: Pid, reason: &str) {
        if let Some(Upgrade { phase: Phase::Rehearsing(rehearsal), .. }) = self.upgrade.as_mut()
            && rehearsal.pid == pid
        {
            rehearsal.trouble = Some(reason.to_owned());
        }
    }

    /// Goes on with an upgrade as soon as it can.
    pub(crate) fn tick_upgrade(&mut self) {
        let now = self.now.mono;
        if let Some(Upgrade { phase: Phase::Rehearsing(rehearsal), .. }) = self.upgrade.as_mut() {
            rehearsal.tick(now);
        }
        let Some(Upgrade { asker, phase: Phase::Finishing(until, heir) }) = &self.upgrade else {
            return;
        };
        let (asker, until, heir) = (*asker, *until, *heir);
        if self.stage == Stage::Closing && heir == Heir::Ourselves {
            return self.upgrade_failed(asker, "the door was told to close");
        }
        let told = self.relay.running.as_ref().is_none_or(|relay| relay.backlog.is_empty());
        // those that wait for the first relay are in nobody's estate
        let decided = self.undecided.is_empty();
        let quiet = told && decided && self.clerk.running.is_none() && self.spawner.starting() == 0;
        if !quiet && now < until {
            return;
        }
        if !quiet && self.clerk.running.is_some() && !self.clerk.is_ending() {
            self.clerk.end("took too long to finish for the upgrade");
            let until = now.saturating_add(CLERK_GONE);
            self.upgrade = Some(Upgrade { asker, phase: Phase::Finishing(until, heir) });
            return;
        }
        self.cut_compile_short();
        self.cut_reading_short();
        self.reap();
        self.tell_gathered();
        match heir {
            Heir::Ourselves => {
                let why = self.become_successor(asker);
                self.upgrade_failed(asker, &why);
            }
            Heir::Another => match self.hand_to(asker) {
                Ok(()) => self.handed_over = true,
                Err(why) => self.upgrade_failed(asker, &why),
            },
        }
    }

    /// Whether another process is about to be given everything: it must find this one.
    pub(crate) fn is_handing_over(&self) -> bool {
        let phase = self.upgrade.as_ref().map(|upgrade| &upgrade.phase);
        matches!(phase, Some(Phase::Finishing(_, Heir::Another)))
    }

    fn upgrade_failed(&mut self, asker: Option<u64>, why: &str) {
        self.upgrade = None;
        for helper in [&mut self.clerk, &mut self.relay] {
            helper.release(self.now.mono);
        }
        self.alarm(&format!("{GIVEN_UP}{why}"));
        if let Some(number) = asker {
            self.reply(number, &Answer::Failed(format!("the door goes on as it is: {why}")));
        }
    }

    /// Becomes the other program; comes back only with the reason why not.
    fn become_successor(&mut self, asker: Option<u64>) -> String {
        let mut estate = self.estate(Heir::Ourselves);
        let fds = self.heirlooms(asker);
        let number = |(name, fd): &(String, BorrowedFd<'_>)| (name.clone(), number_of(fd));
        estate.head.descriptors = fds.iter().map(number).collect();
        let memory = estate
            .write()
            .and_then(|bytes| file::memfd("estate", &bytes).map_err(|e| e.to_string()));
        let memory = match memory {
            Ok(memory) => memory,
            Err(why) => return format!("what goes over cannot be written down: {why}"),
        };
        let keep: Vec<BorrowedFd<'_>> =
            fds.iter().map(|(_, fd)| *fd).chain([memory.as_fd()]).collect();
        let own = |(name, _): &&(OsString, OsString)| {
            let given = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", ESTATE];
            !given.iter().any(|other| name == other)
        };
        let mut environment: Vec<_> =
            self.started.environment.iter().filter(own).cloned().collect();
        let place = format!("{}:{}", std::process::id(), number_of(&memory));
        environment.push((ESTATE.into(), place.into()));
        let Started { program, args, .. } = &self.started;
        let error = become_program(program, args, &environment, &keep);
        format!("cannot execute `{}`: {error}", program.display())
    }

    /// What a successor must know.
    pub(crate) fn estate(&self, heir: Heir) -> Estate {
        let (all, next_serial) = self.unstored.kept();
        Estate {
            head: Head {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                opened: self.opened,
                generation: self.current.generation,
                relays: self.relays_at_work().map(|(pid, _)| pid).collect(),
                given_back: self.listeners.given_back().cloned().collect(),
                question: self.waiting.last_question(),
                descriptors: Vec::new(),
            },
            configuration: Some(Configuration {
                config: Config::clone(&self.current.config),
                resolved: Resolved::clone(&self.current.resolved),
            }),
            images: images::keep(&self.current.held),
            totals: self.state.totalled(),
            sessions: self.live_sessions(heir),
            waiting: Waiting {
                events: self.outbox.events().cloned().collect(),
                lost: self.outbox.lost(),
                unreported: self.outbox.unreported(),
                left: self.handover.left().map(|(of, pipe)| (of.clone(), pipe.form)).collect(),
            },
            bans: Bans {
                known: self.bans_known,
                all: self.state.bans().map(|ban| record(ban, self.state.ban_skew())).collect(),
                unstored: all,
                next_serial,
                breaker: self.judging.breaker.clone(),
                known_good: self.judging.known_good.iter().collect(),
            },
            jobs: self.live_jobs(heir),
            enforcers: self.enforcers.left(),
            undecided: self
                .waiting
                .arrivals()
                .filter_map(|waiter| self.undecided(waiter))
                .chain(
                    self.sources.parked.arrivals().filter_map(|one| self.arrived_before(one, None)),
                )
                .collect(),
        }
    }

    fn live_sessions(&self, heir: Heir) -> Vec<LiveSession> {
        let live = self.sessions.iter().filter_map(|session| {
            let place = self.state.place_of(&session.reservation)?;
            let began = match (&session.adopted, heir) {
                // no child of ours, and of nobody who takes over
                (Some(adopted), _) => Some(adopted.began()),
                (None, Heir::Ourselves) => None,
                (None, Heir::Another) => session.pid().and_then(|pid| start_time(pid).ok()),
            };
            Some(LiveSession {
                reference: session.reference.clone(),
                place,
                relay: session.relay,
                since: session.since,
                authentication: session.authentication,
                authenticated: self.sessions.is_authenticated(session.number()),
                handed_over: session.handed_over,
                packets: session.evidence.as_ref().is_some_and(|p| p.form == Form::Packets),
                ending: session.ending,
                kill: session.kill,
                idle: session.idle,
                kill_after: session.kill_after,
                user: session.user.clone(),
                began,
            })
        });
        live.collect()
    }

    fn live_jobs(&self, heir: Heir) -> Vec<LiveJob> {
        let live = self.jobs.all().map(|(pid, job)| {
            let began = match heir {
                Heir::Ourselves => None,
                Heir::Another => start_time(pid).ok().filter(|_| job.leads()),
            };
            LiveJob { pid: pid.as_raw(), job: job.clone(), began }
        });
        live.collect()
    }

    fn undecided(&self, (question, waiter, deadline): (u64, &For, Duration)) -> Option<Undecided> {
        let (arrival, reservation) = match waiter {
            For::Decision(arrival, _) | For::Process(arrival, _) => (arrival, None),
            For::Banner(arrival, reservation) => (arrival, Some(reservation)),
            For::Record(_) => return None, // the session goes on without that answer
        };
        let banner = match reservation {
            None => None,
            Some(r) => Some(Banner { question, deadline, place: self.state.place_of(r)? }),
        };
        self.arrived_before(arrival, banner)
    }

    fn arrived_before(&self, arrival: &Arrival, banner: Option<Banner>) -> Option<Undecided> {
        Some(Undecided {
            key: self.current.service(arrival.service)?.key.to_string(),
            peer: arrival.peer,
            local: arrival.local,
            dual: arrival.dual,
            since: arrival.since,
            known: arrival.known.clone(),
            banner,
        })
    }

    /// The descriptors that go over, by the names under which the estate knows them.
    pub(crate) fn heirlooms(&self, asker: Option<u64>) -> Vec<(String, BorrowedFd<'_>)> {
        let mut all = vec![
            ("lock".to_owned(), self.lock.as_fd()),
            ("control".to_owned(), self.control.as_fd()),
        ];
        if let Some(stream) = asker.and_then(|number| self.clients.stream(number)) {
            all.push(("asker".to_owned(), stream));
        }
        for (pid, channel) in self.relays_at_work() {
            all.push((format!("relay-{pid}"), channel.as_fd()));
        }
        for listener in self.listeners.iter() {
            let socket = listener.socket.as_ref().map(AsFd::as_fd);
            all.extend(socket.map(|fd| (listener.name(), fd)));
        }
        let files = images::files(&self.current.held).into_iter().enumerate();
        all.extend(files.map(|(at, file)| (images::name(at), file.as_fd())));
        for session in self.sessions.iter() {
            let number = session.number();
            let evidence = session.evidence.as_ref().map(|pipe| pipe.fd.as_fd());
            let notify = session.notify.as_ref().map(AsFd::as_fd);
            all.extend(evidence.map(|fd| (format!("evidence-{number}"), fd)));
            all.extend(notify.map(|fd| (format!("notify-{number}"), fd)));
            let log = session.log.as_ref();
            let space = log.and_then(|log| log.namespace.as_ref()).map(AsFd::as_fd);
            all.extend(log.map(|log| (format!("log-{number}"), log.socket.fd.as_fd())));
            all.extend(space.map(|fd| (format!("space-{number}"), fd)));
        }
        let numbered = |name: &'static str| move |at: usize| format!("{name}-{at}");
        let left = self.handover.left().map(|(_, pipe)| pipe.fd.as_fd());
        all.extend(left.enumerate().map(|(at, fd)| (numbered("left")(at), fd)));
        let arrivals = self.waiting.arrivals().filter_map(|waiter| {
            self.undecided(waiter)?;
            match waiter.1 {
                For::Decision(a, _) | For::Process(a, _) | For::Banner(a, _) => {
                    Some(a.socket.as_fd())
                }
                For::Record(_) => None,
            }
        });
        let parked = self.sources.parked.arrivals().filter_map(|arrival| {
            self.current.service(arrival.service)?;
            Some(arrival.socket.as_fd())
        });
        let arrivals = arrivals.chain(parked);
        all.extend(arrivals.enumerate().map(|(at, fd)| (numbered("arrival")(at), fd)));
        let told = self.farewells.sockets();
        all.extend(told.enumerate().map(|(at, fd)| (numbered("farewell")(at), fd.as_fd())));
        all
    }
}
