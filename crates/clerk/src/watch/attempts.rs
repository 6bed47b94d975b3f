//! How often somebody has really tried, when several lines and several sources tell of each try.
//!
//! One try at a password makes sshd write up to three lines: that the user is not known, what PAM
//! says, and that it failed; and each may come through a session's own socket, the journal and a file.
//! Within one connection every *speaker*, which is one kind of line from one source, tells of each
//! try at most once. So the tries are as many as the speaker that has spoken most often has told of:
//! what another says of them adds nothing. What a connection's end tells (that nobody authenticated,
//! that there were too many tries) counts only where no try was told of before.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Connections that are remembered; the oldest go.
pub(super) const MOST: usize = 16_384;
/// Speakers of one connection.
const MOST_SPEAKERS: usize = 12;
/// A connection of which nothing was heard for so long is another if its key comes again: what a
/// source is behind by, and processes' numbers come round.
const WINDOW: u64 = 600_000;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A try: lines of this kind come once for each.
    Try(u8),
    /// The end of the connection.
    End,
}

#[derive(Debug, Default)]
struct Connection {
    /// Tries that were charged.
    charged: u32,
    /// Of each speaker, how many tries it has told of.
    told: Vec<((u64, Part), u32)>,
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

    /// A source tells of a part of a connection: is it something that nobody has told of?
    pub(super) fn is_new(&mut self, key: &K, source: u64, part: Part, now: u64) -> bool {
        self.places = self.places.wrapping_add(1);
        let place = self.places;
        let connection = self.all.entry(key.clone()).or_default();
        if connection.place > 0 && now.abs_diff(connection.last) > WINDOW {
            *connection = Connection::default();
        }
        (connection.last, connection.place) = (now, place);
        let new = connection.tell(source, part);
        self.queue.push_back((place, key.clone()));
        self.trim();
        new
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
    fn tell(&mut self, source: u64, part: Part) -> bool {
        let speaker = (source, part);
        if part == Part::End {
            let new = self.charged == 0;
            self.charged = self.charged.max(1);
            return new;
        }
        if !self.told.iter().any(|(known, _)| *known == speaker) {
            // More than anybody has sources: what it tells, others have told.
            if self.told.len() >= MOST_SPEAKERS {
                return false;
            }
            self.told.push((speaker, 0));
        }
        let Some((_, told)) = self.told.iter_mut().find(|(known, _)| *known == speaker) else {
            return false;
        };
        *told = told.saturating_add(1);
        let new = *told > self.charged;
        self.charged = self.charged.max(*told);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Part = Part::Try(0);
    const PAM: Part = Part::Try(1);
    const FAILED: Part = Part::Try(2);

    #[test]
    fn a_try_counts_once_however_many_lines_and_sources_tell_of_it() {
        let mut attempts = Attempts::new(8);
        let mut say = |source, part| attempts.is_new(&7, source, part, 1000);
        let heard = [
            say(1, UNKNOWN),
            say(1, PAM),
            say(1, FAILED),
            say(2, UNKNOWN),
            say(1, PAM),
            say(2, PAM),
            say(2, FAILED),
            say(2, FAILED),
            say(1, FAILED),
            say(1, FAILED),
            say(1, Part::End),
        ];
        let want = [true, false, false, false, true, false, false, false, false, true, false];
        assert_eq!(heard, want);
    }

    #[test]
    fn an_end_counts_where_nothing_else_did_and_once() {
        let mut attempts = Attempts::new(8);
        assert!(attempts.is_new(&1, 1, Part::End, 0));
        assert!(!attempts.is_new(&1, 2, Part::End, 0));
        assert!(attempts.is_new(&2, 1, Part::End, 0), "another connection");
    }

    #[test]
    fn after_a_silence_a_key_is_another_connection() {
        let mut attempts = Attempts::new(8);
        assert!(attempts.is_new(&1, 1, FAILED, 0));
        assert!(!attempts.is_new(&1, 2, FAILED, WINDOW));
        assert!(attempts.is_new(&1, 2, FAILED, 3 * WINDOW));
    }

    #[test]
    fn memory_is_bounded() {
        let mut attempts = Attempts::new(10);
        for key in 0..1000 {
            attempts.is_new(&0, 1, FAILED, 0);
            attempts.is_new(&key, 1, FAILED, 0);
            for source in 0..100 {
                attempts.is_new(&key, source, FAILED, 0);
            }
        }
        assert!(attempts.len() <= 10 && attempts.queue.len() <= 41, "{}", attempts.queue.len());
        assert!(!attempts.is_new(&999, 0, FAILED, 0), "the newest is still there");
        assert!(attempts.is_new(&500, 0, FAILED, 0), "an old one is not");
    }
}
