//! Look-ups in general: the same question is asked once however many wait for it, answers are kept
//! for a while, and no look-up outlives its deadline or those who wait for it.

mod cache;

pub(crate) use cache::Weight;

use cache::Cache;
use portreeve_model::Network;
use portreeve_sys::clock::monotonic;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a failure is kept: long enough that a flood from one peer is one question, short
/// enough that a server's recovery is soon seen.
pub(crate) const FAILED: Duration = Duration::from_secs(2);

/// One neighbourhood's share of the look-ups, as a divisor: an attacker whose reverse zone is
/// slow must not keep everyone else from theirs.
const SHARE: usize = 8;

/// Prefix lengths of a neighbourhood, IPv4 and IPv6.
const NEIGHBOURHOOD: (u8, u8) = (24, 48);

/// What is looked up.
pub(crate) trait About: Clone + Eq + Hash + 'static {
    /// Whose neighbourhood pays for it.
    fn peer(&self) -> IpAddr;
}

impl About for IpAddr {
    fn peer(&self) -> IpAddr {
        *self
    }
}

/// There is no room for another look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

type Answers<V> = watch::Sender<Option<V>>;

/// Look-ups of one kind.
pub(crate) struct Lookups<K, V> {
    most: usize,
    limit: Duration,
    generation: Cell<u64>,
    cache: RefCell<Cache<K, V>>,
    running: RefCell<HashMap<K, Rc<Answers<V>>>>,
}

impl<K: About, V: Clone + Weight + 'static> Lookups<K, V> {
    /// At most `most` at once, each within `limit`.
    pub(crate) fn new(most: usize, limit: Duration) -> Rc<Self> {
        let (cache, running, generation) = <_>::default();
        Rc::new(Self { most, limit, generation, cache, running })
    }

    /// Finds out about `key`: from the cache, with whoever asks already, or by `work`, which gives
    /// an answer and how long it holds; past the deadline it is `late`. What was found for a
    /// `generation` of the configuration is forgotten when another one comes.
    ///
    /// Who stops waiting for it stops the work, if nobody else waits.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) async fn find(
        self: Rc<Self>,
        key: K,
        generation: u64,
        late: V,
        work: impl Future<Output = (V, Duration)> + 'static,
    ) -> Result<V, Busy> {
        if self.generation.replace(generation) != generation {
            self.cache.borrow_mut().clear();
        }
        if let Some(answer) = self.cache.borrow().get(&key, monotonic()) {
            return Ok(answer);
        }
        let mut answers = self.join(key, generation, late.clone(), work)?;
        // The sender goes only with its answer, or by a fault of ours.
        let answer = answers.wait_for(Option::is_some).await.map(|answer| answer.clone());
        Ok(answer.ok().flatten().unwrap_or(late))
    }

    /// Joins the look-up of `key` that is running, or starts one.
    fn join(
        self: &Rc<Self>,
        key: K,
        generation: u64,
        late: V,
        work: impl Future<Output = (V, Duration)> + 'static,
    ) -> Result<watch::Receiver<Option<V>>, Busy> {
        if let Some(answers) = self.running.borrow().get(&key) {
            return Ok(answers.subscribe());
        }
        if !self.has_room(key.peer()) {
            return Err(Busy);
        }
        let (answers, first) = watch::channel(None);
        let answers = Rc::new(answers);
        self.running.borrow_mut().insert(key.clone(), answers.clone());
        let run = Running { lookups: self.clone(), key, answers };
        tokio::task::spawn_local(run.finish(generation, late, work));
        Ok(first)
    }

    fn has_room(&self, peer: IpAddr) -> bool {
        let running = self.running.borrow();
        let near = Network::around(peer, NEIGHBOURHOOD.0, NEIGHBOURHOOD.1);
        let neighbours = running.keys().filter(|other| near.contains(other.peer())).count();
        running.len() < self.most && neighbours < (self.most / SHARE).max(1)
    }
}

/// A look-up that runs; however it ends, its place is free again.
struct Running<K: About, V> {
    lookups: Rc<Lookups<K, V>>,
    key: K,
    answers: Rc<Answers<V>>,
}

impl<K: About, V: Clone + Weight + 'static> Running<K, V> {
    async fn finish(self, generation: u64, late: V, work: impl Future<Output = (V, Duration)>) {
        let found = tokio::select! {
            found = timeout(self.lookups.limit, work) => found,
            () = self.answers.closed() => return,
        };
        let (answer, life) = found.unwrap_or((late, FAILED));
        // What was asked of servers that are not ours any more is not kept.
        if self.lookups.generation.get() == generation {
            let mut cache = self.lookups.cache.borrow_mut();
            cache.put(self.key.clone(), answer.clone(), life, monotonic());
        }
        self.answers.send_replace(Some(answer));
    }
}

impl<K: About, V> Drop for Running<K, V> {
    fn drop(&mut self) {
        self.lookups.running.borrow_mut().remove(&self.key);
    }
}
