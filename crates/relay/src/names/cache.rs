//! Answers that still hold.

use portreeve_wire::relay::NamesAnswer;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

/// Answers that are kept; past it the oldest goes.
const MOST: usize = 4096;

/// The longest an answer is kept, whatever its records say. An administrator who corrects a zone
/// does not wait longer; nor does an attacker's zone bind us longer.
const LONGEST: Duration = Duration::from_mins(5);

/// Answers by peer. Time is an argument: since any fixed start.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    answers: HashMap<IpAddr, (NamesAnswer, Duration)>,
    order: VecDeque<IpAddr>,
}

impl Cache {
    /// The answer for `peer`, if one still holds.
    pub(crate) fn get(&self, peer: IpAddr, now: Duration) -> Option<NamesAnswer> {
        let (answer, until) = self.answers.get(&peer)?;
        (now < *until).then(|| answer.clone())
    }

    /// Keeps an answer for `life`, at most [`LONGEST`].
    pub(crate) fn put(&mut self, peer: IpAddr, answer: NamesAnswer, life: Duration, now: Duration) {
        if life.is_zero() {
            return;
        }
        let until = now.saturating_add(life.min(LONGEST));
        if self.answers.insert(peer, (answer, until)).is_none() {
            self.order.push_back(peer);
        }
        if self.order.len() > MOST {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.answers.remove(&oldest));
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

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    fn answer(name: &str) -> NamesAnswer {
        NamesAnswer::Confirmed(vec![name.to_owned()])
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn answers_hold_for_their_time_and_five_minutes_at_most() {
        let mut cache = Cache::default();
        for (life, held, gone) in [(10, 9, 10), (86_400, 299, 300), (0, 0, 0)] {
            cache.clear();
            cache.put(peer(1), answer("a"), SECOND * life, SECOND);
            assert_eq!(cache.get(peer(1), SECOND + SECOND * held).is_some(), life > 0, "{life}");
            assert_eq!(cache.get(peer(1), SECOND + SECOND * gone), None, "{life}");
        }
    }

    #[test]
    fn a_newer_answer_takes_the_place_of_an_older() {
        let mut cache = Cache::default();
        cache.put(peer(1), answer("a"), SECOND, Duration::ZERO);
        cache.put(peer(1), answer("b"), SECOND, SECOND);
        assert_eq!(cache.get(peer(1), SECOND), Some(answer("b")));
        assert_eq!((cache.answers.len(), cache.order.len()), (1, 1));
    }

    #[test]
    fn the_number_of_answers_is_bounded_and_the_oldest_goes() {
        let mut cache = Cache::default();
        for number in 0..10_000 {
            cache.put(peer(number), answer("a"), SECOND, Duration::ZERO);
        }
        assert_eq!((cache.answers.len(), cache.order.len()), (MOST, MOST));
        assert!(cache.get(peer(0), Duration::ZERO).is_none());
        assert!(cache.get(peer(9_999), Duration::ZERO).is_some());
    }
}
