//! What ends: processes, graces, and sessions that were told to.

use crate::convert::ending;
use crate::door::Door;
use portreeve_model::Authentication;
use portreeve_sys::pipe::{One, read_one_nonblocking};
use portreeve_sys::process;
use portreeve_sys::{Exit, Pid, clock};
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::event::{EndCause, Ending, Helper, What};
use std::collections::VecDeque;
use std::time::Duration;

/// Until the clerk has answered, a startup's grace is looked at again so often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The first look after it was asked.
const LOOK_SOON: Duration = Duration::from_millis(50);

/// With so few processes the kernel's walk along all of them is cheaper than anything else.
const FEW: usize = 64;
/// The youngest processes: the likeliest to end, asked for by number each time something has.
const YOUNGEST: usize = 64;
/// So long is a process young.
const YOUTH: Duration = Duration::from_secs(1);
/// Until everybody is asked for after an exit that may have hidden another.
const SOON: Duration = Duration::from_millis(10);
/// The walk along all takes no more than one part in so many of the time.
const SHARE: u32 = 50;
/// So many exits that nobody told of are no accident: then all are asked for, by number.
const STORM: usize = 4;

/// Which processes are asked whether they have ended, and when.
///
/// The kernel tells of exits by one pending signal, which names the first that has ended since the
/// last was read. Whoever ends between is not named, and asking for anybody costs more the more
/// sessions there are (see [`process::reap`]). So with many of them the one that is named and the
/// youngest are asked for by number at once, and everybody a little later, at bounded cost.
#[derive(Debug, Default)]
pub(crate) struct Exits {
    /// Oldest first.
    young: VecDeque<(Duration, Pid)>,
    /// When everybody is asked for.
    due: Option<Duration>,
    /// When that was last done, and how long the walk took.
    last: Duration,
    walk: Duration,
}

impl Exits {
    /// A process was started for a session.
    pub(crate) fn started(&mut self, pid: Pid, now: Duration) {
        if self.young.len() >= YOUNGEST {
            self.young.pop_front();
        }
        self.young.push_back((now, pid));
    }

    /// When everybody is asked for.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due
    }

    /// Somebody may have ended unnoticed.
    fn look_soon(&mut self, now: Duration) {
        let rested = self.last.saturating_add(self.walk.saturating_mul(SHARE));
        self.due.get_or_insert(now.saturating_add(SOON).max(rested));
    }

    /// Those that are still young and still run.
    pub(crate) fn young(&mut self, now: Duration, runs: impl Fn(Pid) -> bool) -> Vec<Pid> {
        self.young.retain(|(since, pid)| now.saturating_sub(*since) < YOUTH && runs(*pid));
        self.young.iter().map(|(_, pid)| *pid).collect()
    }

    fn walked(&mut self, began: Duration) {
        self.last = clock::monotonic();
        self.walk = self.last.saturating_sub(began);
        self.due = None;
    }
}

impl Door {
    /// The kernel says that children have ended, and names the first.
    pub(crate) fn children_ended(&mut self, named: Option<Pid>) {
        let processes = self.sessions.processes();
        let mut exits = Vec::new();
        if processes <= FEW {
            let mut left = processes;
            while left > 0 || processes == 0 {
                let Ok(Some(exit)) = process::reap() else { break };
                left = left.saturating_sub(usize::from(self.is_of_session(exit.pid)));
                exits.push(exit);
            }
            if left == 0 && processes > 0 {
                // only the end of a helper of ours can still be hidden
                self.sessions.exits.look_soon(self.now.mono);
            }
        } else {
            let young = self.sessions.young_processes(self.now.mono);
            let others = young.into_iter().filter(|pid| Some(*pid) != named);
            let asked = named.into_iter().chain(others);
            exits.extend(asked.filter_map(|pid| process::reap_child(pid).ok().flatten()));
            self.sessions.exits.look_soon(self.now.mono);
        }
        self.all_reaped(exits);
    }

    /// Asks for everybody when it is time to.
    pub(crate) fn tick_exits(&mut self) {
        if self.sessions.exits.next_due().is_some_and(|due| due <= self.now.mono) {
            self.reap();
        }
    }

    /// Reaps every child that has ended.
    pub(crate) fn reap(&mut self) {
        let mut exits = Vec::new();
        let mut began = clock::monotonic();
        while let Ok(Some(exit)) = process::reap() {
            exits.push(exit);
            if exits.len() == STORM && self.sessions.processes() > FEW {
                let asked = self.sessions.all_processes();
                exits.extend(asked.filter_map(|pid| process::reap_child(pid).ok().flatten()));
            }
            began = clock::monotonic();
        }
        self.sessions.exits.walked(began);
        self.all_reaped(exits);
    }

    fn all_reaped(&mut self, exits: Vec<Exit>) {
        // whoever is reaped has its outcome by now: a failed start is told before the session's end
        self.reap_starts();
        // Sessions first: what follows a helper's end may start programs, and pids come again. Then
        // readers of logs, which the end of a clerk has killed by their pids.
        let (sessions, others): (Vec<Exit>, Vec<Exit>) =
            exits.into_iter().partition(|exit| self.is_of_session(exit.pid));
        let (readers, others): (Vec<Exit>, Vec<Exit>) =
            others.into_iter().partition(|exit| self.watched.is_reader(exit.pid));
        let all = sessions.into_iter().chain(readers).chain(others);
        all.for_each(|exit| self.reaped(exit));
    }

    fn is_of_session(&self, pid: Pid) -> bool {
        self.sessions.of_process(pid).is_some()
    }

    fn reaped(&mut self, exit: Exit) {
        if let Some(number) = self.sessions.of_process(exit.pid) {
            return self.session_over(number, ending(exit.status));
        }
        if self.job_ended(exit) || self.enforcer_ended(exit) {
            return;
        }
        let now = self.now.mono;
        if self.clerk.running.as_ref().is_some_and(|r| r.pid == exit.pid)
            && let Some((running, what)) = self.clerk.ended(exit.status, now)
        {
            let pipes = self.outbox.recover(&running.theirs);
            self.take_back(pipes);
            self.clerk_alarms.clear(); // the next one raises its own
            self.pings.forget();
            self.leave_journals();
            what.into_iter().for_each(|what| self.event(what));
        } else if self.relay.running.as_ref().is_some_and(|r| r.pid == exit.pid)
            && let Some((_, what)) = self.relay.ended(exit.status, now)
        {
            what.into_iter().for_each(|what| self.event(what));
            for number in self.sessions.relayed(pid_of(exit.pid)) {
                self.session_over(number, Ending::Lost);
            }
            for waiter in self.waiting.take_all() {
                self.unanswered(waiter);
            }
        } else if self
            .enforcers
            .nftables
            .process
            .running
            .as_ref()
            .is_some_and(|r| r.pid == exit.pid)
            && let Some((_, what)) = self.enforcers.nftables.process.ended(exit.status, now)
        {
            self.enforcers.nftables.forget();
            // one that was not to go on is no news
            if let Some(what) = what.filter(|_| self.enforcers.nftables.process.can_run()) {
                self.event(what);
            }
        } else if let Some((run, _)) = self.compile.as_mut().filter(|(run, _)| run.pid == exit.pid)
        {
            run.reaped = true; // its answer tells its outcome
        } else if let Some(run) = self.sources.run_of(exit.pid) {
            run.reaped = true;
        } else if !self.watched.was_opening(exit.pid)
            && !self.journal_ended(exit)
            && !self.rehearsed(exit)
        {
            // other children are not ours to mind
            self.retired_gone(pid_of(exit.pid));
        }
    }

    /// A session is over: its place is free.
    pub(crate) fn session_over(&mut self, number: u64, ending: Ending) {
        let said_so = self.sessions.is_authenticated(number);
        let Some(session) = self.sessions.remove(number) else { return };
        let authenticated = match session.authentication {
            Authentication::None => None,
            // one whose clerk died left the startups without a word
            Authentication::Notify(_) | Authentication::Watch(_) => {
                (said_so || session.reservation.is_startup()).then_some(said_so)
            }
        };
        let duration = self.now.mono.saturating_sub(session.since).as_millis();
        let duration = u64::try_from(duration).unwrap_or(u64::MAX);
        let log = session.log.map(|log| self.leave_log(number, log));
        for pipe in session.evidence.into_iter().chain(log) {
            self.leave_behind(&session.reference, pipe, session.handed_over);
        }
        let (reservation, cause) = (session.reservation, session.ending);
        let session = session.reference;
        self.event(What::SessionEnded { session, ending, duration, cause, authenticated });
        self.state.release(reservation);
    }

    /// A byte on a session's notification pipe says that it has authenticated; its end says nothing.
    pub(crate) fn on_notify(&mut self, number: u64) {
        let Some(session) = self.sessions.get_mut(number) else { return };
        let Some(fd) = session.notify.as_ref() else { return };
        match read_one_nonblocking(fd) {
            Ok(One::Nothing) => {}
            Ok(One::Byte(_)) => {
                session.notify = None;
                self.authenticated(number);
            }
            Ok(One::End) | Err(_) => session.notify = None,
        }
    }

    /// A session has authenticated: a claim of its own side, so it ends its startup and no more.
    pub(crate) fn authenticated(&mut self, number: u64) {
        let Some(session) = self.sessions.get_mut(number) else { return };
        if session.reservation.is_startup() {
            self.state.authenticated(&mut session.reservation);
            let reference = session.reference.clone();
            self.sessions.authenticate(number);
            self.judging.known_good.note(reference.peer.address, self.now.unix());
            self.event(What::Authenticated(reference));
        }
    }

    /// Graces that have ended: of a service that cannot say that it has authenticated, the session
    /// leaves the startups and goes on; any other is ended, a watched one once the clerk has said
    /// that it has read all there was to read.
    pub(crate) fn tick_graces(&mut self) {
        let now = self.now.mono;
        while let Some(ticket) = self.state.take_grace(now) {
            let working = self.clerk.is_working();
            let Some(session) = self.sessions.get_mut(ticket.0) else { continue };
            let watched = matches!(session.authentication, Authentication::Watch(_));
            // a clerk that died may have read what it never told
            let blind = watched && session.clerk_deaths != self.clerk.restarts && working;
            let heard = session.ping.is_some_and(|number| self.pings.is_answered(number));
            if watched && !blind && !heard {
                let asks = working && session.ping.is_none_or(|_| self.pings.next_due().is_none());
                if asks {
                    let number = self.pings.ask(now);
                    session.ping = Some(number);
                    self.outbox.message(ToClerk::Ping(number), None);
                }
                // it answers at once, unless it is slow or stopped
                let end = now.saturating_add(if asks { LOOK_SOON } else { LOOK_AGAIN });
                self.state.postpone_grace(&mut session.reservation, end);
                continue;
            }
            let ended = session.authentication != Authentication::None && !blind;
            if !ended {
                self.state.grace_passed(&mut session.reservation);
            }
            let session = session.reference.clone();
            self.event(What::GracePassed { session, ended });
            if ended {
                self.end_session(ticket.0, EndCause::Grace);
            }
        }
        self.tick_kills();
        if self.pings.next_due().is_some_and(|due| due <= now) {
            self.pings.forget();
            self.misbehaved(Helper::Clerk, "answered nothing for thirty seconds");
        }
    }

    /// Starts helpers whose time has come.
    pub(crate) fn tick_helpers(&mut self) {
        let now = self.now.mono;
        if self.clerk.is_due(now) {
            self.make_directories(); // somebody may have removed them
        }
        let (spawner, poller, outputs) = (&mut self.spawner, &self.poller, &self.outputs);
        let clerk = self.clerk.tick(spawner, poller, outputs, now);
        let relay = self.relay.tick(spawner, poller, outputs, now);
        let firewall = self.enforcers.nftables.process.tick(spawner, poller, outputs, now);
        for what in clerk.into_iter().chain(relay).chain(firewall) {
            self.event(what);
        }
    }

    /// A helper's program could not be executed: its exit says so when it is reaped.
    pub(crate) fn helper_not_started(&mut self, pid: Pid, reason: String) {
        for helper in [&mut self.clerk, &mut self.relay, &mut self.enforcers.nftables.process] {
            if helper.running.as_ref().is_some_and(|r| r.pid == pid) {
                helper.trouble = Some(reason.clone());
            }
        }
        self.rehearsal_not_started(pid, &reason);
    }

    /// A helper broke the rules of its channel: it is ended, and another takes its place.
    pub(crate) fn misbehaved(&mut self, helper: Helper, why: &str) {
        let process = match helper {
            Helper::Clerk => &mut self.clerk,
            Helper::Relay => &mut self.relay,
            Helper::Firewall => &mut self.enforcers.nftables.process,
            Helper::Compile => return,
        };
        if let Some(running) = &process.running {
            let _ = self.poller.remove(&running.channel);
        }
        process.end(why);
        self.alarm(&format!("the {} was ended: {why}", helper.name()));
    }
}

fn pid_of(pid: Pid) -> u32 {
    u32::try_from(pid.as_raw()).unwrap_or(0)
}
