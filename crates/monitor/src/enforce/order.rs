//! What is to be told of bans to a command, in an order that keeps each network's own: a network that is
//! told of now is not told of again before that is over. Time is an argument.

use portreeve_wire::clerk::BanKey;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Networks that wait, at most.
pub(super) const MOST: usize = 65_536;
/// Between one attempt and the next.
const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// A ban is in force.
    Ban,
    /// It is over.
    Unban,
}

impl Act {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Unban => "unban",
        }
    }
}

/// What is told of a ban.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Until when, seconds since the epoch; `None` for ever.
    pub(crate) until: Option<i64>,
    /// Key of the service at which it happened.
    pub(crate) service: Box<str>,
    /// The judge that asked for it.
    pub(crate) judge: Box<str>,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) key: BanKey,
    pub(crate) act: Act,
    pub(crate) about: About,
    /// Of a ban: whether it has not been told before.
    pub(crate) fresh: bool,
    /// How often it has failed.
    failed: u8,
}

impl Task {
    pub(crate) fn new(key: BanKey, act: Act, about: About, fresh: bool) -> Self {
        Self { key, act, about, fresh, failed: 0 }
    }
}

/// When, and in which order.
type Key = (Duration, u64);

#[derive(Debug)]
struct Waiting {
    key: Key,
    /// At most two: the end of a ban, and the next one of the same network.
    tasks: VecDeque<Task>,
}

/// Everything that waits, and who is told of now.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    order: BTreeMap<Key, BanKey>,
    waiting: BTreeMap<BanKey, Waiting>,
    busy: BTreeSet<BanKey>,
    next: u64,
}

impl Queue {
    /// How many networks wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits, and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.busy.is_empty()
    }

    /// Adds one. Gives it back where there is no room.
    ///
    /// A ban that nobody was told of and that is over is told to nobody; so is the end of one that is
    /// there again with nothing between.
    pub(crate) fn push(&mut self, task: Task) -> Result<(), Task> {
        let Some(waiting) = self.waiting.get_mut(&task.key) else {
            if self.waiting.len() >= MOST {
                return Err(task);
            }
            self.wait(task, Duration::ZERO);
            return Ok(());
        };
        match (waiting.tasks.back_mut(), task.act) {
            (Some(last), act) if last.act == act => {
                let fresh = last.fresh;
                *last = Task { fresh, ..task };
            }
            (Some(last), Act::Unban) if last.fresh && last.failed == 0 => {
                waiting.tasks.pop_back();
                if waiting.tasks.is_empty() {
                    self.forget(&task.key);
                }
            }
            // one that has failed may have done half of it: its end is told instead
            (Some(last), Act::Unban) => *last = task,
            (Some(_) | None, _) => waiting.tasks.push_back(task),
        }
        Ok(())
    }

    fn wait(&mut self, task: Task, at: Duration) {
        let key = (at, self.next);
        self.next = self.next.saturating_add(1);
        self.order.insert(key, task.key.clone());
        self.waiting.insert(task.key.clone(), Waiting { key, tasks: VecDeque::from([task]) });
    }

    fn forget(&mut self, ban: &BanKey) -> Option<Waiting> {
        let waiting = self.waiting.remove(ban)?;
        self.order.remove(&waiting.key);
        Some(waiting)
    }

    /// The next one whose time has come: it is under way until [`Queue::done`].
    pub(crate) fn take(&mut self, now: Duration) -> Option<Task> {
        let due = self.order.range(..=(now, u64::MAX));
        let ban = due.map(|(_, ban)| ban).find(|ban| !self.busy.contains(ban))?.clone();
        let mut waiting = self.forget(&ban)?;
        let task = waiting.tasks.pop_front()?;
        if !waiting.tasks.is_empty() {
            // the rest keeps its place
            self.order.insert(waiting.key, ban.clone());
            self.waiting.insert(ban.clone(), waiting);
        }
        self.busy.insert(ban);
        Some(task)
    }

    /// One that was taken is over. One that failed is tried again a few times, unless something else is
    /// to be told of its network by now; gives back whether it is.
    pub(crate) fn done(&mut self, mut task: Task, well: bool, now: Duration) -> bool {
        self.busy.remove(&task.key);
        if well || self.waiting.contains_key(&task.key) {
            return false;
        }
        let Some(delay) = DELAYS.get(usize::from(task.failed)) else { return false };
        task.failed = task.failed.saturating_add(1);
        task.fresh = false;
        self.wait(task, now.saturating_add(*delay));
        true
    }

    /// When the next one is due, as far as that is a matter of time.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let ready = |(_, ban): &(&Key, &BanKey)| !self.busy.contains(*ban);
        self.order.iter().find(ready).map(|((at, _), _)| *at)
    }

    /// Everything that waits, in its order, for a successor.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        let waiting = self.order.values().filter_map(|ban| self.waiting.get(ban));
        waiting.flat_map(|waiting| waiting.tasks.iter())
    }

    /// One that a predecessor began is under way.
    pub(crate) fn begun(&mut self, ban: BanKey) {
        self.busy.insert(ban);
    }

    /// Nothing that waits is told of a ban.
    pub(crate) fn cancel(&mut self, ban: &BanKey) {
        self.forget(ban);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::Network;

    fn net(n: u8) -> BanKey {
        BanKey { network: Network::host([192, 0, 2, n].into()), only: String::new() }
    }

    fn ban(n: u8) -> Task {
        Task::new(net(n), Act::Ban, About::default(), true)
    }

    fn unban(n: u8) -> Task {
        Task::new(net(n), Act::Unban, About::default(), false)
    }

    const NOW: Duration = Duration::from_secs(100);

    fn told(queue: &mut Queue) -> Vec<(u8, Act)> {
        let mut told = Vec::new();
        while let Some(task) = queue.take(NOW) {
            let last = (1..=255).find(|n| net(*n) == task.key).unwrap();
            told.push((last, task.act));
            queue.done(task, true, NOW);
        }
        told
    }

    #[test]
    fn networks_come_in_their_order_and_each_alternates() {
        let mut queue = Queue::default();
        for task in [ban(1), ban(2), unban(3), ban(3), ban(1)] {
            queue.push(task).unwrap();
        }
        let all = [(1, Act::Ban), (2, Act::Ban), (3, Act::Unban), (3, Act::Ban)];
        assert_eq!(told(&mut queue), all);
        assert!(queue.is_idle());
    }

    #[test]
    fn what_is_over_before_it_was_told_is_not_told() {
        let mut queue = Queue::default();
        for task in [ban(1), unban(1), unban(2), ban(2), unban(2)] {
            queue.push(task).unwrap();
        }
        assert_eq!(told(&mut queue), [(2, Act::Unban)]);
        // one that was told by an earlier door is
        queue.push(Task { fresh: false, ..ban(3) }).unwrap();
        queue.push(unban(3)).unwrap();
        assert_eq!(told(&mut queue), [(3, Act::Unban)]);
    }

    #[test]
    fn a_network_is_told_of_once_at_a_time() {
        let mut queue = Queue::default();
        queue.push(ban(1)).unwrap();
        let first = queue.take(NOW).unwrap();
        queue.push(unban(1)).unwrap();
        assert_eq!((queue.take(NOW), queue.next_due()), (None, None));
        assert!(!queue.done(first, false, NOW), "what comes next stands in for another attempt");
        assert_eq!(told(&mut queue), [(1, Act::Unban)]);
    }

    #[test]
    fn one_that_fails_is_tried_three_times() {
        let mut queue = Queue::default();
        queue.push(ban(1)).unwrap();
        let mut now = NOW;
        for delay in DELAYS {
            let task = queue.take(now).unwrap();
            assert!(queue.done(task, false, now));
            assert_eq!(queue.next_due(), Some(now + delay));
            assert!(queue.take(now).is_none());
            now += delay;
        }
        let task = queue.take(now).unwrap();
        assert!(!queue.done(task, false, now));
        assert!(queue.is_idle());
    }

    #[test]
    fn the_room_is_bounded_and_used_again() {
        let mut queue = Queue::default();
        let net = |n: u32| {
            let network = Network::host(std::net::Ipv4Addr::from(n).into());
            BanKey { network, only: String::new() }
        };
        let task = |n| Task::new(net(n), Act::Ban, About::default(), true);
        for n in 0..u32::try_from(MOST).unwrap() {
            queue.push(task(n)).unwrap();
        }
        assert!(queue.push(task(u32::MAX)).is_err());
        queue.push(task(5)).unwrap();
        let first = queue.take(NOW).unwrap();
        queue.done(first, true, NOW);
        queue.push(task(u32::MAX)).unwrap();
        assert_eq!(queue.tasks().count(), MOST);
    }
}
