//! Questions to the clerk whether it has read everything: before a session is ended because it has
//! not authenticated, the clerk must have had the chance to say that it has.

use std::time::Duration;

/// A clerk that does not answer for so long, though it is there, is ended.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// What was asked and answered.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    asked: u64,
    answered: u64,
    since: Option<Duration>,
}

impl Pings {
    /// The number of a new question.
    pub(crate) fn ask(&mut self, now: Duration) -> u64 {
        self.asked = self.asked.saturating_add(1);
        self.since.get_or_insert(now);
        self.asked
    }

    pub(crate) fn answer(&mut self, number: u64) {
        self.answered = self.answered.max(number.min(self.asked));
        if self.answered == self.asked {
            self.since = None;
        }
    }

    pub(crate) fn is_answered(&self, number: u64) -> bool {
        number <= self.answered
    }

    /// The clerk died: what it was asked it will not answer.
    pub(crate) fn forget(&mut self) {
        self.since = None;
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.since.map(|since| since.saturating_add(ANSWERS_WITHIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_the_question_counts() {
        let mut pings = Pings::default();
        let first = pings.ask(Duration::ZERO);
        let second = pings.ask(Duration::from_secs(5));
        pings.answer(first);
        assert!(pings.is_answered(first) && !pings.is_answered(second));
        assert_eq!(pings.next_due(), Some(ANSWERS_WITHIN), "since the oldest");
        pings.answer(u64::MAX);
        assert!(pings.is_answered(second));
        assert_eq!(pings.next_due(), None);
        assert!(!pings.is_answered(pings.asked + 1), "nobody answers what was not asked");
    }
}
