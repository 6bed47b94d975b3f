//! When the table is made again: at once, unless somebody keeps undoing it.

use std::time::Duration;

/// Between two, once there were two within [`CALM`] of each other: from the first to the last.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// After so long without one the next comes at once again.
const CALM: Duration = Duration::from_secs(300);

/// When.
#[derive(Debug, Default)]
pub(crate) struct Rebuild {
    last: Option<Duration>,
    delay: Duration,
    due: Option<Duration>,
}

impl Rebuild {
    /// It is wanted.
    pub(crate) fn want(&mut self, now: Duration) {
        if self.due.is_some() {
            return;
        }
        let since = self.last.map_or(CALM, |last| now.saturating_sub(last));
        if since >= CALM {
            self.delay = Duration::ZERO;
        }
        let soonest = self.last.map_or(now, |last| last.saturating_add(self.delay));
        self.due = Some(soonest.max(now));
    }

    /// When it is to be done, if it is.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether it is to be done now: then it is being done.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        self.due = None;
        self.last = Some(now);
        self.delay = self.delay.saturating_mul(2).clamp(SHORTEST, LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_done_at_once_and_the_others_ever_later() {
        let secs = Duration::from_secs;
        let mut rebuild = Rebuild::default();
        let mut now = secs(1000);
        assert!(!rebuild.take(now));
        let mut waits = Vec::new();
        for _ in 0..9 {
            rebuild.want(now);
            rebuild.want(now);
            let due = rebuild.next_due().unwrap();
            waits.push((due - now).as_secs());
            assert!(!rebuild.take(due.saturating_sub(Duration::from_millis(1))) || due == now);
            now = due;
            rebuild.take(now);
            assert_eq!(rebuild.next_due(), None);
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        now += secs(300);
        rebuild.want(now);
        assert!(rebuild.take(now));
    }
}
