//! How often somebody has really tried, when several sources tell of each try.
//!
//! A try may be told of through a session's own socket, by the journal and in a file. Each source tells
//! of each try once: which lines of it are about one try, its detector knows. So the tries of one
//! connection are as many as the source that has told of most; what another says of them adds nothing.
//! What a connection's end tells counts only where no try was told of before.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Connections that are remembered; the oldest go.
pub(super) const MOST: usize = 16_384;
/// Sources that tell of one connection.
const MOST_SOURCES: usize = 8;
/// A connection of which nothing was heard for so long is another if its key comes again: what a
/// source is behind by, and processes' numbers come round.
const WINDOW: u64 = 600_000;

#[derive(Debug, Default)]
struct Connection {
    /// Tries that were charged.
    charged: u32,
    /// Of each source, how many tries it has told of.
    told: Vec<(u64, u32)>,
    /// When it was last heard of, milliseconds.
    last: u64,
    /// Its latest place in the queue.
    place: u64,
}

/// The connections, by whatever tells one from another.
#[derive(Debug)]
pub(super) struct Attempts<K> {
    all: HashMap<K, Connection>,
    /// In the order they were last heard of; one that was heard of again has a later place.
    queue: VecDeque<(u64, K)>,
    places: u64,
    most: usize,
}

impl<K: Clone + Eq + Hash> Attempts<K> {
    /// At most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { all: HashMap::new(), queue: VecDeque::new(), places: 0, most }
    }

    /// A source tells of so many tries of a connection: how many has nobody told of before?
    pub(super) fn new_of(&mut self, key: &K, source: u64, times: u32, now: u64) -> u32 {
        self.visit(key, now).map_or(times, |connection| connection.tell(source, times))
    }

    /// Whether the end of a connection is all there is to charge: nobody has told of a try.
    pub(super) fn is_all(&mut self, key: &K, now: u64) -> bool {
        self.visit(key, now).is_none_or(|connection| {
            let all = connection.charged == 0;
            connection.charged = connection.charged.max(1);
            all
        })
    }

    fn visit(&mut self, key: &K, now: u64) -> Option<&mut Connection> {
        self.places = self.places.wrapping_add(1);
        let place = self.places;
        let connection = self.all.entry(key.clone()).or_default();
        if connection.place > 0 && now.abs_diff(connection.last) > WINDOW {
            *connection = Connection::default();
        }
        (connection.last, connection.place) = (now, place);
        self.queue.push_back((place, key.clone()));
        self.trim();
        self.all.get_mut(key)
    }

    /// Forgets a connection.
    pub(super) fn forget(&mut self, key: &K) {
        self.all.remove(key);
    }

    /// Connections remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.all.len()
    }

    fn trim(&mut self) {
        let stale = |(place, key): &(u64, K), all: &HashMap<K, Connection>| {
            all.get(key).is_none_or(|connection| connection.place != *place)
        };
        while let Some(first) = self.queue.front() {
            let old = stale(first, &self.all);
            if !old && self.all.len() <= self.most {
                break;
            }
            if let Some((_, key)) = self.queue.pop_front()
                && !old
            {
                self.all.remove(&key);
            }
        }
        // One connection at the front that is alive keeps the others' old places behind it.
        if self.queue.len() > self.most.saturating_mul(4) {
            let all = &self.all;
            self.queue.retain(|entry| !stale(entry, all));
        }
    }
}

impl Connection {
    fn tell(&mut self, source: u64, times: u32) -> u32 {
        if !self.told.iter().any(|(known, _)| *known == source) {
            // More than anybody has: what it tells, others have told.
            if self.told.len() >= MOST_SOURCES {
                return 0;
            }
            self.told.push((source, 0));
        }
        let Some((_, told)) = self.told.iter_mut().find(|(known, _)| *known == source) else {
            return 0;
        };
        *told = told.saturating_add(times);
        let new = told.saturating_sub(self.charged);
        self.charged = self.charged.max(*told);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_counts_once_however_many_sources_tell_of_it() {
        let mut attempts = Attempts::new(8);
        let mut say = |source, times| attempts.new_of(&7, source, times, 1000);
        let heard = [say(1, 1), say(1, 1), say(2, 1), say(2, 1), say(2, 1), say(1, 1), say(1, 4)];
        assert_eq!(heard, [1, 1, 0, 0, 1, 0, 4]);
        assert_eq!((say(3, 9), say(2, 7)), (2, 1));
        assert_eq!(attempts.new_of(&8, 1, 1, 1000), 1, "another connection");
    }

    #[test]
    fn an_end_counts_where_nothing_else_did_and_once() {
        let mut attempts = Attempts::new(8);
        assert!(attempts.is_all(&1, 0) && !attempts.is_all(&1, 0));
        assert_eq!((attempts.new_of(&1, 1, 1, 0), attempts.new_of(&2, 1, 1, 0)), (0, 1));
        assert!(!attempts.is_all(&2, 0) && attempts.is_all(&3, 0));
    }

    #[test]
    fn after_a_silence_a_key_is_another_connection() {
        let mut attempts = Attempts::new(8);
        assert_eq!(attempts.new_of(&1, 1, 1, 0), 1);
        assert_eq!(attempts.new_of(&1, 2, 1, WINDOW), 0);
        assert_eq!(attempts.new_of(&1, 2, 1, 3 * WINDOW), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut attempts = Attempts::new(10);
        for key in 0..1000 {
            attempts.new_of(&0, 1, 1, 0);
            for source in 0..100 {
                attempts.new_of(&key, source, 1, 0);
            }
        }
        assert!(attempts.len() <= 10 && attempts.queue.len() <= 41, "{}", attempts.queue.len());
        assert_eq!(attempts.all[&999].told.len(), MOST_SOURCES);
        assert_eq!(attempts.new_of(&999, 1, 1, 0), 1, "the newest is still there");
        assert_eq!(attempts.new_of(&500, 1, 1, 0), 1, "an old one is not");
        assert_eq!(attempts.all[&500].charged, 1);
    }
}
