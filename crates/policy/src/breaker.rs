//! The breaker: judges that ban too much are stopped, since something must be wrong with their rules,
//! their evidence or the clock. What it counts are new bans that a judge has asked for.

use crate::Shut;
use portreeve_model::Breaker;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Rates are of so many seconds.
const MINUTE: u64 = 60;
/// Bans of known-good networks count for so long.
const HOUR: Duration = Duration::from_secs(3600);
/// So many of them are told apart at most, however many may be banned.
const MOST_GOOD: usize = 4096;
/// IPv4 addresses there are, and IPv6 networks of 64 bits.
const SPACE: (u128, u128) = (1 << 32, 1 << 64);

/// What a ban rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The door's own sessions, whose peers have completed a handshake.
    Sessions,
    /// The journal or files, where an address may be what a stranger made a program write.
    Logs,
}

/// A ban that a judge wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewBan {
    /// What it rests on.
    pub evidence: Evidence,
    /// What judges would shut out with it.
    pub shut: Shut,
    /// Known-good networks that it would hit.
    pub good: usize,
}

/// What was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trip {
    /// New bans in a minute by evidence of sessions: so many are allowed.
    Sessions(u32),
    /// New bans in a minute by evidence of logs.
    Logs(u32),
    /// Thousandths of the address space.
    Share(u16),
    /// Known-good networks within an hour.
    KnownGood(u32),
}

impl Trip {
    /// A sentence for people.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Sessions(most) => {
                format!(
                    "more than {most} new bans in a minute by what sessions of the door have done"
                )
            }
            Self::Logs(most) => {
                format!("more than {most} new bans in a minute by what logs tell")
            }
            Self::Share(most) => {
                format!("more than {most} thousandths of the address space shut out by judges")
            }
            Self::KnownGood(most) => format!(
                "more than {most} networks banned within an hour from which somebody has \
                 authenticated in the last 30 days"
            ),
        }
    }
}

/// How often something happened in the last minute, second by second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Minute(VecDeque<(u64, u32)>);

impl Minute {
    fn sum(&mut self, now: Duration) -> u64 {
        let since = now.as_secs().saturating_sub(MINUTE.saturating_sub(1));
        while self.0.front().is_some_and(|(second, _)| *second < since) {
            self.0.pop_front();
        }
        self.0.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(u64::from(*count)))
    }

    fn count(&mut self, now: Duration) {
        match self.0.back_mut() {
            Some((second, count)) if *second >= now.as_secs() => *count = count.saturating_add(1),
            _ => self.0.push_back((now.as_secs(), 1)),
        }
    }
}

/// What the breaker remembers. Times are of the monotonic clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerState {
    sessions: Minute,
    logs: Minute,
    /// When known-good networks were banned in the last hour.
    good: VecDeque<Duration>,
    /// Until when it is open, and why.
    open: Option<(Duration, Trip)>,
}

impl BreakerState {
    /// Whether it is open: why, and until when.
    #[must_use]
    pub fn open(&self) -> Option<(Trip, Duration)> {
        self.open.map(|(until, why)| (why, until))
    }

    /// Why it stops bans by such evidence now, if it does: too many by logs, into which somebody may have
    /// made a program write addresses, say nothing against what sessions of the door have done.
    #[must_use]
    pub fn stops(&self, evidence: Evidence) -> Option<Trip> {
        let (_, why) = self.open?;
        let of_others = matches!(why, Trip::Logs(_)) && evidence == Evidence::Sessions;
        (!of_others).then_some(why)
    }

    /// Counts a new ban, or opens: the ban that is too much is not made.
    ///
    /// # Errors
    /// What is too much; it is open from now on, if it was not before.
    pub fn take(&mut self, rule: &Breaker, now: Duration, new: NewBan) -> Result<(), Trip> {
        if let Some(why) = self.stops(new.evidence) {
            return Err(why);
        }
        while self.good.front().is_some_and(|at| now.saturating_sub(*at) >= HOUR) {
            self.good.pop_front();
        }
        if let Some(why) = self.too_much(rule, now, new) {
            self.open = Some((now.saturating_add(rule.pause), why));
            return Err(why);
        }
        match new.evidence {
            Evidence::Sessions => self.sessions.count(now),
            Evidence::Logs => self.logs.count(now),
        }
        let room = MOST_GOOD.saturating_sub(self.good.len());
        self.good.extend(std::iter::repeat_n(now, new.good.min(room)));
        Ok(())
    }

    fn too_much(&mut self, rule: &Breaker, now: Duration, new: NewBan) -> Option<Trip> {
        let good = u64::try_from(self.good.len().saturating_add(new.good)).unwrap_or(u64::MAX);
        if new.good > 0 && good > u64::from(rule.known_good) {
            return Some(Trip::KnownGood(rule.known_good));
        }
        let over = |shut: u64, space: u128| {
            u128::from(shut).saturating_mul(1000) > space.saturating_mul(u128::from(rule.share))
        };
        if over(new.shut.v4, SPACE.0) || over(new.shut.v6, SPACE.1) {
            return Some(Trip::Share(rule.share));
        }
        let (minute, most, why) = match new.evidence {
            Evidence::Sessions => {
                (&mut self.sessions, rule.per_minute, Trip::Sessions as fn(u32) -> _)
            }
            Evidence::Logs => (&mut self.logs, rule.per_minute_logs, Trip::Logs as fn(u32) -> _),
        };
        (minute.sum(now) >= u64::from(most)).then(|| why(most))
    }

    /// Closes it once its pause is over; says whether it did.
    pub fn tick(&mut self, now: Duration) -> bool {
        self.open.take_if(|(until, _)| *until <= now).is_some()
    }

    /// Closes it by hand and forgets what was counted: whoever does it has looked. Says why it was
    /// open, if it was.
    pub fn close(&mut self) -> Option<Trip> {
        std::mem::take(self).open.map(|(_, why)| why)
    }

    /// When it closes by itself, while it is open.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.open.map(|(until, _)| until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Breaker = Breaker {
        per_minute: 5,
        per_minute_logs: 2,
        share: 10,
        known_good: 1,
        pause: Duration::from_secs(600),
    };

    fn new(evidence: Evidence) -> NewBan {
        NewBan { evidence, shut: Shut::default(), good: 0 }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_minutes_bans_are_counted_by_what_they_rest_on() {
        let mut breaker = BreakerState::default();
        for second in [1000, 1010, 1020, 1030, 1040] {
            assert_eq!(breaker.take(&RULE, at(second), new(Evidence::Sessions)), Ok(()));
        }
        assert_eq!(
            breaker.take(&RULE, at(1041), new(Evidence::Logs)),
            Ok(()),
            "logs have their own"
        );
        // the first leaves the minute
        assert_eq!(breaker.take(&RULE, at(1060), new(Evidence::Sessions)), Ok(()));
        let tripped = breaker.take(&RULE, at(1061), new(Evidence::Sessions));
        assert_eq!(tripped, Err(Trip::Sessions(5)));
        assert_eq!(breaker.open(), Some((Trip::Sessions(5), at(1661))));
        // open is open, for every judge
        assert_eq!(breaker.take(&RULE, at(1070), new(Evidence::Logs)), Err(Trip::Sessions(5)));
        assert!(!breaker.tick(at(1660)) && breaker.tick(at(1661)) && !breaker.tick(at(1661)));
        assert_eq!(breaker.take(&RULE, at(1661), new(Evidence::Sessions)), Ok(()));
    }

    #[test]
    fn a_burst_within_a_second_trips_at_its_limit_exactly() {
        let mut breaker = BreakerState::default();
        let mut made = 0;
        while breaker.take(&RULE, at(7), new(Evidence::Logs)).is_ok() {
            made += 1;
        }
        assert_eq!(made, 2);
        // what sessions have done is another matter
        assert_eq!(breaker.take(&RULE, at(7), new(Evidence::Sessions)), Ok(()));
        assert_eq!(breaker.take(&RULE, at(7), new(Evidence::Logs)), Err(Trip::Logs(2)));
        assert_eq!(breaker.close(), Some(Trip::Logs(2)));
        assert_eq!(breaker.close(), None);
        assert_eq!(breaker.take(&RULE, at(7), new(Evidence::Logs)), Ok(()), "counted from nothing");
    }

    #[test]
    fn known_good_networks_count_for_an_hour() {
        let mut breaker = BreakerState::default();
        let good = |good| NewBan { good, ..new(Evidence::Sessions) };
        assert_eq!(breaker.take(&RULE, at(0), good(1)), Ok(()));
        assert_eq!(breaker.take(&RULE, at(9), good(0)), Ok(()), "strangers are not among them");
        let mut later = breaker.clone();
        assert_eq!(later.take(&RULE, at(3599), good(1)), Err(Trip::KnownGood(1)));
        assert_eq!(breaker.take(&RULE, at(3600), good(1)), Ok(()));
        // one ban that hits two is two
        assert_eq!(BreakerState::default().take(&RULE, at(0), good(2)), Err(Trip::KnownGood(1)));
    }

    #[test]
    fn the_share_of_the_address_space_is_bounded_in_both_families() {
        let take = |v4, v6| {
            let ban = NewBan { shut: Shut { v4, v6 }, ..new(Evidence::Sessions) };
            BreakerState::default().take(&RULE, at(0), ban)
        };
        let hundredth = (1_u64 << 32) / 100;
        assert_eq!(take(hundredth, 0), Ok(()));
        assert_eq!(take(hundredth + 1, 0), Err(Trip::Share(10)));
        assert_eq!(take(0, u64::MAX / 100), Ok(()));
        assert_eq!(take(0, u64::MAX / 50), Err(Trip::Share(10)));
    }
}
