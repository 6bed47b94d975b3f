//! Live sessions: from the grant to the exit of the process, or of the relay's part.

pub(crate) mod ending;
pub(crate) mod environment;
pub(crate) mod evidence;
pub(crate) mod idle;
pub(crate) mod log;
pub(crate) mod pings;
pub(crate) mod reap;
pub(crate) mod serve;
pub(crate) mod serving;

use crate::session::evidence::Pipe;
use crate::session::idle::Watch;
use crate::session::log::Log;
use crate::session::reap::Exits;
use portreeve_model::{Authentication, Network, unmapped};
use portreeve_policy::Reservation;
use portreeve_sys::Pid;
use portreeve_sys::adopted::Adopted;
use portreeve_wire::event::{EndCause, SessionRef};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    /// As events name it.
    pub(crate) reference: SessionRef,
    /// Its place in the counters.
    pub(crate) reservation: Reservation,
    /// When it was accepted, on the monotonic clock.
    pub(crate) since: Duration,
    /// How it says that it has authenticated.
    pub(crate) authentication: Authentication,
    /// Its evidence pipe: if the clerk dies, no write of the service fails, and the next clerk reads
    /// on.
    pub(crate) evidence: Option<Pipe>,
    /// Its own log socket.
    pub(crate) log: Option<Log>,
    /// Whether a clerk has been sent what of these two there is.
    pub(crate) handed_over: bool,
    /// Read end of its notification pipe.
    pub(crate) notify: Option<OwnedFd>,
    /// How often the clerk had died when it began.
    pub(crate) clerk_deaths: u32,
    /// The question whose answer says that the clerk has read what it wrote.
    pub(crate) ping: Option<u64>,
    /// Why it has been told to end.
    pub(crate) ending: Option<EndCause>,
    /// When it is killed, having been told to end.
    pub(crate) kill: Option<Duration>,
    /// Its idle limit.
    pub(crate) idle: Option<Watch>,
    /// Between being told to end and being killed.
    pub(crate) kill_after: Duration,
    /// The peer's user, if its ident server has named one.
    pub(crate) user: Option<String>,
    /// The relay that serves it, if one does.
    pub(crate) relay: Option<u32>,
    /// Its process, where that is not our child.
    pub(crate) adopted: Option<Adopted>,
}

/// All of them; bounded by the reservations that admission gives.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: HashMap<u64, Session>,
    by_pid: HashMap<Pid, u64>,
    pub(crate) exits: Exits,
    /// Descriptors that all of them hold here.
    descriptors: usize,
    /// How many have a log socket of their own.
    logs: usize,
    /// Those that have said that they have authenticated.
    authenticated: BTreeSet<u64>,
    /// Where these come from.
    inside: BTreeSet<(IpAddr, u64)>,
    /// Where all come from.
    peers: BTreeSet<(IpAddr, u64)>,
    /// Those to be killed, having been told to end.
    kills: BTreeSet<(Duration, u64)>,
    /// Those with an idle limit, by when they are asked about next.
    idles: BTreeSet<(Duration, u64)>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, pid: Option<Pid>, session: Session) {
        let number = session.reference.session.0;
        self.descriptors = self.descriptors.saturating_add(session.descriptors());
        if let Some(pid) = pid {
            self.by_pid.insert(pid, number);
        }
        self.logs = self.logs.saturating_add(usize::from(session.log.is_some()));
        self.idles.extend(session.idle.map(|watch| (watch.due, number)));
        self.peers.insert((unmapped(session.reference.peer.address), number));
        self.all.insert(number, session);
    }

    /// It has said that it has authenticated.
    pub(crate) fn authenticate(&mut self, number: u64) {
        let Some(session) = self.all.get(&number) else { return };
        self.authenticated.insert(number);
        self.inside.insert((unmapped(session.reference.peer.address), number));
    }

    /// Whether it has.
    pub(crate) fn is_authenticated(&self, number: u64) -> bool {
        self.authenticated.contains(&number)
    }

    /// Those that have, as they are now.
    pub(crate) fn all_authenticated(&self) -> BTreeSet<u64> {
        self.authenticated.clone()
    }

    /// Whether somebody in a network has authenticated and is still here.
    pub(crate) fn is_inside(&self, network: Network) -> bool {
        let mut rest = self.inside.range((network.address(), 0)..);
        rest.next().is_some_and(|(peer, _)| network.contains(*peer))
    }

    /// Those from a network, peer by peer, behind one of them.
    pub(crate) fn of_network(
        &self,
        network: Network,
        after: Option<(IpAddr, u64)>,
    ) -> impl Iterator<Item = (IpAddr, u64)> {
        let from = after.map_or(Included((network.address(), 0)), Excluded);
        let rest = self.peers.range((from, Unbounded));
        rest.take_while(move |(peer, _)| network.contains(*peer)).copied()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Session> {
        self.all.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Session> {
        self.all.get_mut(&number)
    }

    pub(crate) fn of_process(&self, pid: Pid) -> Option<u64> {
        self.by_pid.get(&pid).copied()
    }

    /// How many descriptors they hold here at most.
    pub(crate) fn descriptors(&self) -> usize {
        self.descriptors
    }

    /// How many have a log socket of their own.
    pub(crate) fn private_logs(&self) -> usize {
        self.logs
    }

    /// How many have a process.
    pub(crate) fn processes(&self) -> usize {
        self.by_pid.len()
    }

    /// The processes likeliest to end.
    pub(crate) fn young_processes(&mut self, now: Duration) -> Vec<Pid> {
        self.exits.young(now, |pid| self.by_pid.contains_key(&pid))
    }

    pub(crate) fn all_processes(&self) -> impl Iterator<Item = Pid> {
        self.by_pid.keys().copied()
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Session> {
        let session = self.all.remove(&number)?;
        self.descriptors = self.descriptors.saturating_sub(session.descriptors());
        // of one that was not our child the number may be another session's by now
        if let Some(pid) = session.pid().filter(|pid| self.of_process(*pid) == Some(number)) {
            self.by_pid.remove(&pid);
        }
        let place = (unmapped(session.reference.peer.address), number);
        self.authenticated.remove(&number);
        self.inside.remove(&place);
        self.peers.remove(&place);
        self.logs = self.logs.saturating_sub(usize::from(session.log.is_some()));
        if let Some(watch) = session.idle {
            self.idles.remove(&(watch.due, number));
        }
        if let Some(at) = session.kill {
            self.kills.remove(&(at, number));
        }
        Some(session)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.all.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.all.values_mut()
    }

    /// Takes one out for a moment; [`Self::put_back`] follows.
    pub(crate) fn take(&mut self, number: u64) -> Option<Session> {
        self.all.remove(&number)
    }

    pub(crate) fn put_back(&mut self, session: Session) {
        self.all.insert(session.reference.session.0, session);
    }

    /// Those that this relay serves.
    pub(crate) fn relayed(&self, relay: u32) -> Vec<u64> {
        let relayed = self.all.iter().filter(|(_, s)| s.relay == Some(relay));
        relayed.map(|(number, _)| *number).collect()
    }

    /// It is killed at that time, if it still lives.
    pub(crate) fn kill_at(&mut self, number: u64, at: Duration) {
        let Some(session) = self.all.get_mut(&number) else { return };
        if let Some(before) = session.kill.replace(at) {
            self.kills.remove(&(before, number));
        }
        self.kills.insert((at, number));
    }

    /// It is asked about at that time, whether it is idle.
    pub(crate) fn idle_at(&mut self, number: u64, at: Duration) {
        let Some(watch) = self.all.get_mut(&number).and_then(|s| s.idle.as_mut()) else { return };
        self.idles.remove(&(watch.due, number));
        watch.due = at;
        self.idles.insert((at, number));
    }

    /// When the next one is to be asked about.
    pub(crate) fn next_idle(&self) -> Option<Duration> {
        self.idles.first().map(|(at, _)| *at)
    }

    /// At most `most` of those to be asked about; each is named once.
    pub(crate) fn take_idle(&mut self, now: Duration, most: usize) -> Vec<u64> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some((_, number)) = self.idles.first().copied().filter(|(at, _)| *at <= now)
        {
            self.idles.pop_first();
            due.push(number);
        }
        due
    }

    /// When the next one is to be killed.
    pub(crate) fn next_kill(&self) -> Option<Duration> {
        self.kills.first().map(|(at, _)| *at)
    }

    /// Those whose time to be killed has come; each is named once.
    pub(crate) fn take_kills(&mut self, now: Duration) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some((_, number)) = self.kills.first().copied().filter(|(at, _)| *at <= now) {
            self.kills.pop_first();
            due.push(number);
        }
        due
    }
}

impl Session {
    /// Those it began with: it counts the same when it ends.
    fn descriptors(&self) -> usize {
        let notify = matches!(self.authentication, Authentication::Notify(_));
        // the log's socket, and its namespace that is opened once it is there
        let log = if self.log.is_some() { 2 } else { 0 };
        usize::from(self.evidence.is_some()).saturating_add(usize::from(notify)).saturating_add(log)
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.reference.session.0
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        let pid = self.reference.pid.and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw)
    }
}
