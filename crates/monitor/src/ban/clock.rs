//! The time that bans go by: the clock on the wall as it was when this process began, and what has
//! passed since. Whoever sets the clock, by hand or by mistake, ends no ban by it and lengthens none.

use std::time::Duration;

/// Clocks that are so far apart only, in seconds, are one: they are not read in the same moment, and
/// small corrections are no jumps.
const TOGETHER: i64 = 2;

/// The clock on the wall beside the one that counts since boot, suspended time included.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BanClock {
    /// What both said at first.
    base: Option<(Duration, Duration)>,
    skew: i64,
}

impl BanClock {
    /// Both clocks say this now: gives what the time of bans is ahead of the wall, in seconds.
    pub(crate) fn skew(&mut self, wall: Duration, boot: Duration) -> i64 {
        let (first, since) = *self.base.get_or_insert((wall, boot));
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let steady = millis(first).saturating_add(millis(boot.saturating_sub(since)));
        // to the nearest second
        let apart = steady.saturating_sub(millis(wall)).saturating_add(500).div_euclid(1000);
        if apart.saturating_sub(self.skew).saturating_abs() >= TOGETHER {
            self.skew = apart;
        }
        self.skew
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_either_way_is_taken_back_and_small_steps_are_none() {
        let at = Duration::from_secs;
        let mut clock = BanClock::default();
        assert_eq!(clock.skew(at(10_000), at(50)), 0);
        assert_eq!(clock.skew(at(10_060), at(110)), 0);
        assert_eq!(clock.skew(at(10_061), at(110)), 0, "a second is no jump");
        assert_eq!(clock.skew(at(13_670), at(120)), -3600, "an hour ahead");
        assert_eq!(clock.skew(at(13_670) + Duration::from_millis(700), at(120)), -3600);
        assert_eq!(clock.skew(at(10_080), at(130)), 0, "and back");
        assert_eq!(clock.skew(at(80), at(130)), 10_000, "to the beginning of time");
        // small corrections add up to one that counts
        let mut clock = BanClock::default();
        let told: Vec<i64> = (0..5).map(|n| clock.skew(at(1000 + n * 11), at(n * 10))).collect();
        assert_eq!(told, [0, 0, -2, -2, -4]);
    }
}
