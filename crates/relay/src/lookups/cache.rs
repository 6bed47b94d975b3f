//! Answers that still hold.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// Answers that are kept; past it the oldest goes.
const MOST: usize = 4096;

/// Bytes of all answers together; past it the oldest go. A peer's zone may give it names of four
/// kilobytes.
const MOST_BYTES: usize = 4 << 20;

/// The longest an answer is kept, whatever its records say. An administrator who corrects a zone
/// does not wait longer; nor does an attacker's zone bind us longer.
const LONGEST: Duration = Duration::from_mins(5);

/// How much an answer holds, beside its own place.
pub(crate) trait Weight {
    /// In bytes, roughly.
    fn weight(&self) -> usize;
}

/// Answers by what was asked. Time is an argument: since any fixed start.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    answers: HashMap<K, (V, Duration)>,
    order: VecDeque<K>,
    bytes: usize,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { answers: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Weight> Cache<K, V> {
    /// The answer about `key`, if one still holds.
    pub(crate) fn get(&self, key: &K, now: Duration) -> Option<V> {
        let (answer, until) = self.answers.get(key)?;
        (now < *until).then(|| answer.clone())
    }

    /// Keeps an answer for `life`, at most [`LONGEST`].
    pub(crate) fn put(&mut self, key: K, answer: V, life: Duration, now: Duration) {
        if life.is_zero() {
            return;
        }
        let until = now.saturating_add(life.min(LONGEST));
        self.bytes = self.bytes.saturating_add(answer.weight());
        match self.answers.insert(key.clone(), (answer, until)) {
            Some((before, _)) => self.bytes = self.bytes.saturating_sub(before.weight()),
            None => self.order.push_back(key),
        }
        while self.order.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            let gone = self.answers.remove(&oldest);
            let bytes = gone.map_or(0, |(answer, _)| answer.weight());
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weight for String {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    fn answer(name: &str) -> String {
        name.to_owned()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn answers_hold_for_their_time_and_five_minutes_at_most() {
        let mut cache = Cache::default();
        for (life, held, gone) in [(10, 9, 10), (86_400, 299, 300), (0, 0, 0)] {
            cache.clear();
            cache.put(1, answer("a"), SECOND * life, SECOND);
            assert_eq!(cache.get(&1, SECOND + SECOND * held).is_some(), life > 0, "{life}");
            assert_eq!(cache.get(&1, SECOND + SECOND * gone), None, "{life}");
        }
    }

    #[test]
    fn a_newer_answer_takes_the_place_of_an_older() {
        let mut cache = Cache::default();
        cache.put(1, answer("long"), SECOND, Duration::ZERO);
        cache.put(1, answer("b"), SECOND, SECOND);
        assert_eq!(cache.get(&1, SECOND), Some(answer("b")));
        assert_eq!((cache.answers.len(), cache.order.len(), cache.bytes), (1, 1, 1));
    }

    #[test]
    fn the_number_of_answers_is_bounded_and_the_oldest_goes() {
        let mut cache = Cache::default();
        for number in 0..10_000 {
            cache.put(number, answer("a"), SECOND, Duration::ZERO);
        }
        assert_eq!((cache.answers.len(), cache.order.len(), cache.bytes), (MOST, MOST, MOST));
        assert!(cache.get(&0, Duration::ZERO).is_none());
        assert!(cache.get(&9_999, Duration::ZERO).is_some());
    }

    #[test]
    fn the_bytes_of_answers_are_bounded() {
        let mut cache = Cache::default();
        let long = "x".repeat(64 << 10);
        for number in 0..1000 {
            cache.put(number, long.clone(), SECOND, Duration::ZERO);
        }
        assert_eq!((cache.order.len(), cache.bytes), (64, MOST_BYTES));
        cache.put(1, "x".repeat(MOST_BYTES + 1), SECOND, Duration::ZERO);
        assert_eq!((cache.answers.len(), cache.bytes), (0, 0), "not even one too long for it all");
    }
}
