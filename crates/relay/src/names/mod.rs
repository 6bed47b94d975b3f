//! The names of peers: each peer looked up once at a time, answers kept for a while.

mod cache;
mod confirm;
mod datagrams;
mod host_name;
mod hosts;
mod resolver;
mod sources;

pub(crate) use datagrams::SOCKETS;
pub(crate) use sources::paths;

use cache::Cache;
use confirm::{Failure, Found, Known, confirm};
use host_name::HostName;
use portreeve_model::{Network, unmapped};
use portreeve_sys::clock::monotonic;
use portreeve_wire::relay::NamesAnswer;
use sources::{Sources, Tables};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a failure is kept: long enough that a flood from one peer is one question, short
/// enough that a server's recovery is soon seen.
const FAILED: Duration = Duration::from_secs(2);

/// One neighbourhood's share of the look-ups, as a divisor: an attacker whose reverse zone is
/// slow must not keep everyone else from theirs.
const SHARE: usize = 8;

/// Prefix lengths of a neighbourhood, IPv4 and IPv6.
const NEIGHBOURHOOD: (u8, u8) = (24, 48);

type Answers = watch::Sender<Option<NamesAnswer>>;

/// Finds names.
pub(crate) struct Names {
    most: usize,
    limit: Duration,
    sources: RefCell<Sources>,
    cache: RefCell<Cache>,
    running: RefCell<HashMap<IpAddr, Rc<Answers>>>,
}

impl Names {
    /// At most `most` peers at once, each within `limit`.
    pub(crate) fn new(most: usize, limit: Duration) -> Rc<Self> {
        let (sources, cache, running) = <_>::default();
        Rc::new(Self { most, limit, sources, cache, running })
    }

    /// The names of `peer`. Who stops waiting for it stops the look-up, if nobody else waits.
    pub(crate) async fn of(self: Rc<Self>, peer: IpAddr) -> NamesAnswer {
        let peer = unmapped(peer);
        let (tables, new) = self.sources.borrow_mut().tables(monotonic());
        if new {
            self.cache.borrow_mut().clear();
        }
        let tables = match tables {
            Ok(tables) => tables,
            Err(why) => return NamesAnswer::Failed(why),
        };
        if let Some(answer) = self.cache.borrow().get(peer, monotonic()) {
            return answer;
        }
        let Some(mut answers) = self.ask(peer, tables) else {
            return NamesAnswer::Failed("busy".to_owned());
        };
        match answers.wait_for(Option::is_some).await.map(|answer| answer.clone()) {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(_) => NamesAnswer::Failed("internal fault".to_owned()),
        }
    }

    /// Joins the look-up of `peer` that is running, or starts one; `None` if there is no room.
    fn ask(
        self: &Rc<Self>,
        peer: IpAddr,
        tables: Rc<Tables>,
    ) -> Option<watch::Receiver<Option<NamesAnswer>>> {
        if let Some(answers) = self.running.borrow().get(&peer) {
            return Some(answers.subscribe());
        }
        if !self.has_room(peer) {
            return None;
        }
        let (answers, first) = watch::channel(None);
        let answers = Rc::new(answers);
        self.running.borrow_mut().insert(peer, answers.clone());
        let run = Running { names: self.clone(), peer, answers };
        tokio::task::spawn_local(run.finish(tables));
        Some(first)
    }

    fn has_room(&self, peer: IpAddr) -> bool {
        let running = self.running.borrow();
        let near = Network::around(peer, NEIGHBOURHOOD.0, NEIGHBOURHOOD.1);
        let neighbours = running.keys().filter(|other| near.contains(**other)).count();
        running.len() < self.most && neighbours < (self.most / SHARE).max(1)
    }

    fn keep(&self, peer: IpAddr, tables: &Rc<Tables>, answer: &NamesAnswer, life: Duration) {
        let (now_valid, _) = self.sources.borrow_mut().tables(monotonic());
        // What was asked of servers that are not ours any more is not kept.
        if now_valid.is_ok_and(|valid| Rc::ptr_eq(&valid, tables)) {
            self.cache.borrow_mut().put(peer, answer.clone(), life, monotonic());
        }
    }
}

/// A look-up that runs; however it ends, its place is free again.
struct Running {
    names: Rc<Names>,
    peer: IpAddr,
    answers: Rc<Answers>,
}

impl Running {
    async fn finish(self, tables: Rc<Tables>) {
        let look_up = timeout(self.names.limit, confirm(&tables.dns, &tables.hosts, self.peer));
        let found = tokio::select! {
            found = look_up => found.unwrap_or(Err(Failure::Timeout)),
            () = self.answers.closed() => return,
        };
        let (answer, life) = match found {
            Ok(Found { what, life }) => (told(&what), life),
            Err(failure) => (NamesAnswer::Failed(failure.to_string()), FAILED),
        };
        self.names.keep(self.peer, &tables, &answer, life);
        self.answers.send_replace(Some(answer));
    }
}

fn told(known: &Known) -> NamesAnswer {
    match known {
        Known::Confirmed(names) => {
            NamesAnswer::Confirmed(names.iter().map(ToString::to_string).collect())
        }
        Known::None => NamesAnswer::None,
        Known::Unconfirmed => NamesAnswer::Unconfirmed,
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.names.running.borrow_mut().remove(&self.peer);
    }
}
