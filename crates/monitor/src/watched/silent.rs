//! Patterns whose file system did not answer: they are asked for again, after all others, with a growing
//! delay, so that a dead mount holds up nothing but itself.

use portreeve_sys::Pid;
use std::collections::BTreeMap;
use std::time::Duration;

/// First and longest delay before a pattern is asked for again.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(900);

/// One pattern.
#[derive(Debug)]
struct One {
    again: Duration,
    delay: Duration,
    /// Who waits for it, and has been killed: as long as the kernel does not let go of it, nobody else
    /// is sent to wait.
    waiting: Option<Pid>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Silent(BTreeMap<String, One>);

impl Silent {
    /// One did not answer; who waits for it has been killed.
    pub(super) fn add(&mut self, pattern: String, waiting: Option<Pid>, now: Duration) {
        let delay = self.0.get(&pattern).map_or(SHORTEST, |one| one.delay.saturating_mul(2));
        let delay = delay.min(LONGEST);
        self.0.insert(pattern, One { again: now.saturating_add(delay), delay, waiting });
    }

    /// One has answered.
    pub(super) fn remove(&mut self, pattern: &str) {
        self.0.remove(pattern);
    }

    /// Whether one has not.
    pub(super) fn has(&self, pattern: &str) -> bool {
        self.0.contains_key(pattern)
    }

    /// Whether it is time to ask for one again.
    pub(super) fn is_due(&self, pattern: &str, now: Duration) -> bool {
        self.0.get(pattern).is_some_and(|one| one.waiting.is_none() && one.again <= now)
    }

    /// When the first is asked for again.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.0.values().filter(|one| one.waiting.is_none()).map(|one| one.again).min()
    }

    /// Whether the process that has ended was one that waited.
    pub(super) fn ended(&mut self, pid: Pid) -> bool {
        let waited = self.0.values_mut().find(|one| one.waiting == Some(pid));
        waited.map(|one| one.waiting = None).is_some()
    }

    /// Those that are no longer wanted go.
    pub(super) fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|pattern, _| wanted(pattern));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_asked_for_again_with_a_growing_delay_and_by_one_at_a_time() {
        let mut silent = Silent::default();
        let at = Duration::from_secs;
        let pid = Pid::from_raw(7);
        silent.add("/mnt/*.log".into(), pid, at(0));
        assert!(silent.has("/mnt/*.log") && !silent.is_due("/mnt/*.log", at(600)));
        assert!(silent.next_due().is_none() && pid.is_some_and(|pid| silent.ended(pid)));
        assert_eq!(silent.next_due(), Some(SHORTEST));
        assert!(!silent.is_due("/mnt/*.log", at(59)) && silent.is_due("/mnt/*.log", at(60)));
        silent.add("/mnt/*.log".into(), None, at(60));
        assert_eq!(silent.next_due(), Some(at(180)));
        for _ in 0..9 {
            silent.add("/mnt/*.log".into(), None, at(0));
        }
        assert_eq!(silent.next_due(), Some(LONGEST));
        silent.keep(|pattern| pattern == "/var/log/auth.log");
        assert!(!silent.has("/mnt/*.log"));
    }
}
