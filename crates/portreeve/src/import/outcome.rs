//! What becomes of each ban.

use super::Found;
use portreeve_wire::import::Imported;
use std::collections::HashMap;

/// What became of a ban, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The door is still to be asked.
    Open,
    /// It is in force.
    Taken,
    /// The network is shut out already, for as long or longer.
    Known,
    /// It was over.
    Over,
    /// It is not made: why.
    Refused(String),
    /// Nobody was there to ask.
    Unknown,
}

impl Outcome {
    /// Its word, in text and JSON.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Known => "known",
            Self::Over => "over",
            Self::Refused(_) => "refused",
            Self::Open | Self::Unknown => "unknown",
        }
    }

    /// Whether the network is shut out as it was there.
    pub(super) fn is_good(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

impl From<Imported> for Outcome {
    fn from(told: Imported) -> Self {
        match told {
            Imported::Taken => Self::Taken,
            Imported::Known => Self::Known,
            Imported::Over => Self::Over,
            Imported::Refused(why) => Self::Refused(why),
        }
    }
}

/// All bans with what becomes of them, in the order in which they were found.
#[derive(Debug)]
pub(super) struct Outcomes(Vec<(Found, Outcome)>);

impl Outcomes {
    /// Those of these that are over by `now`, in seconds since the epoch, need no asking; and of one
    /// network the longest is asked for.
    pub(super) fn of(found: Vec<Found>, now: i64) -> Self {
        let mut longest: HashMap<_, (i64, usize)> = HashMap::new();
        for (index, one) in found.iter().enumerate() {
            let until = one.ban.until.unwrap_or(i64::MAX);
            let best = longest.entry(one.ban.network).or_insert((until, index));
            if until > best.0 {
                *best = (until, index);
            }
        }
        let each = found.into_iter().enumerate().map(|(index, one)| {
            let over = one.ban.until.is_some_and(|until| until <= now);
            let best = longest.get(&one.ban.network).is_some_and(|(_, best)| *best == index);
            let outcome = match (over, best) {
                (true, _) => Outcome::Over,
                (false, true) => Outcome::Open,
                (false, false) => Outcome::Known,
            };
            (one, outcome)
        });
        Self(each.collect())
    }

    /// Each.
    pub(super) fn each(&self) -> impl Iterator<Item = &(Found, Outcome)> {
        self.0.iter()
    }

    /// Those of which the door is still to be asked.
    pub(super) fn open(&mut self) -> Vec<&mut (Found, Outcome)> {
        self.0.iter_mut().filter(|(_, outcome)| *outcome == Outcome::Open).collect()
    }

    /// How many came to that.
    pub(super) fn count(&self, word: &str) -> u64 {
        let fitting = self.each().filter(|(_, outcome)| outcome.word() == word);
        u64::try_from(fitting.count()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_wire::import::ImportedBan;

    #[test]
    fn of_one_network_the_longest_is_asked_for() {
        let found = |network: &str, until| Found {
            place: String::new(),
            ban: ImportedBan {
                network: network.parse().unwrap(),
                since: 0,
                until,
                reason: String::new(),
                judge: String::new(),
            },
        };
        let all = vec![
            found("192.0.2.7", Some(100)),
            found("192.0.2.7", Some(300)),
            found("192.0.2.7", Some(200)),
            found("192.0.2.8", Some(300)),
            found("192.0.2.8", None),
            found("192.0.2.9", Some(150)),
        ];
        let outcomes = Outcomes::of(all, 150);
        let words: Vec<_> = outcomes.each().map(|(_, outcome)| outcome.clone()).collect();
        use Outcome::{Known, Open, Over};
        assert_eq!(words, [Over, Open, Known, Known, Open, Over]);
        assert_eq!((outcomes.count("over"), outcomes.count("known")), (2, 2));
    }
}
