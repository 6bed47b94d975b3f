//! How many lines a second of one session are written.

use std::time::Duration;

/// Counts lines second by second.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: u32,
    second: u64,
    used: u32,
    dropped: u64,
}

impl Pace {
    /// So many lines in each second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, second: 0, used: 0, dropped: 0 }
    }

    /// Whether one more line may be written at `now` (monotonic); if not, it is counted.
    pub(crate) fn admit(&mut self, now: Duration) -> bool {
        if now.as_secs() != self.second {
            (self.second, self.used) = (now.as_secs(), 0);
        }
        let room = self.used < self.per_second;
        if room {
            self.used = self.used.saturating_add(1);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
        room
    }

    /// When the dropped lines are to be told: when their second is over. `None` if there are none.
    pub(crate) fn due(&self) -> Option<Duration> {
        (self.dropped > 0).then(|| Duration::from_secs(self.second.saturating_add(1)))
    }

    /// How many were dropped since the last call.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_past_the_bound_are_counted_and_told_once() {
        let mut pace = Pace::new(2);
        let at = Duration::from_millis;
        let admitted: Vec<_> =
            [5_000, 5_100, 5_200, 5_999, 6_000].map(|ms| pace.admit(at(ms))).into();
        assert_eq!(admitted, [true, true, false, false, true]);
        assert_eq!(pace.due(), Some(at(7_000)));
        assert_eq!((pace.take_dropped(), pace.take_dropped(), pace.due()), (2, 0, None));
        assert!(!Pace::new(0).admit(at(1)), "nothing may be written");
    }
}
