//! What a daemon holds, and whether it rests when it has nothing to do.

use crate::{Door, SOON, processor_ticks};
use portreeve_testkit::{children, open_descriptors, proc_status, wait_for};
use std::time::Duration;

/// Memory that may come and go with allocators and tables, in kilobytes.
const ALLOWANCE: u64 = 4096;

/// Descriptors that may be open at a look: a question or a message on its way.
const PASSING: usize = 3;

/// What a daemon holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Open descriptors.
    pub descriptors: usize,
    /// Resident memory, in kilobytes.
    pub kilobytes: u64,
    /// Children, helpers included.
    pub children: usize,
    /// Children that are dead and not reaped.
    pub zombies: usize,
    /// Sessions in its tables.
    pub sessions: u64,
}

impl Vitals {
    /// Of a door at this moment.
    ///
    /// # Panics
    /// When the daemon is gone.
    #[must_use]
    pub fn of(door: &Door<'_>) -> Self {
        let status = proc_status(door.monitor()).expect("the daemon runs");
        let kilobytes = status.get("VmRSS").split_whitespace().next().and_then(|n| n.parse().ok());
        let children = children(door.monitor());
        let dead = |pid: &&u32| {
            proc_status(**pid).is_some_and(|status| status.get("State").starts_with('Z'))
        };
        Self {
            descriptors: open_descriptors(door.monitor()).len(),
            kilobytes: kilobytes.expect("the daemon has memory"),
            zombies: children.iter().filter(dead).count(),
            children: children.len(),
            sessions: sessions(door),
        }
    }

    /// Waits until a door holds no more than it did, with no zombie among its children and as many
    /// sessions in its tables.
    ///
    /// # Panics
    /// When something leaked.
    pub fn regained(self, door: &Door<'_>, when: &str) {
        let count = self.sessions;
        wait_for(SOON, format!("{count} sessions: {when}"), || sessions(door) == count);
        let fits = |now: Self| {
            now.descriptors <= self.descriptors + PASSING
                && now.children <= self.children
                && now.zombies == 0
                && now.kilobytes <= self.kilobytes + ALLOWANCE
        };
        let mut now = Self::of(door);
        for _ in 0..2 * SOON.as_secs() {
            if fits(now) {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
            now = Self::of(door);
        }
        assert!(fits(now), "{when}: {self:?} before, and now {now:?}");
    }
}

fn sessions(door: &Door<'_>) -> u64 {
    door.status()["sessions"].as_u64().expect("a number of sessions")
}

/// A daemon with nothing to do uses no processor: a loop takes what it can get, second after
/// second. What happened just before may still have to be told; that has an end.
///
/// # Panics
/// When it spins.
pub fn rests(door: &Door<'_>, when: &str) {
    let mut spent = 0;
    for _ in 0..10 {
        let before = processor_ticks(door.monitor());
        std::thread::sleep(Duration::from_secs(2));
        spent = processor_ticks(door.monitor()) - before;
        if spent < 10 {
            return;
        }
    }
    panic!("{when}: {spent} ticks in two seconds, and as many before");
}
