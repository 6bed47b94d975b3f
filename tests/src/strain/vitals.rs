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
        }
    }

    /// Waits until a door without sessions holds no more than it did, with no zombie among its
    /// children and no session in its tables.
    ///
    /// # Panics
    /// When something leaked.
    pub fn regained(self, door: &Door<'_>, when: &str) {
        wait_for(SOON, format!("no session: {when}"), || door.status()["sessions"] == 0);
        let fits = |now: Self| {
            now.descriptors <= self.descriptors + PASSING
                && now.children <= self.children
                && now.zombies == 0
                && now.kilobytes <= self.kilobytes + ALLOWANCE
        };
        let mut now = Self::of(door);
        wait_for(SOON, format!("{when}: {self:?}, and the same again"), || {
            now = Self::of(door);
            fits(now) || {
                crate::figures(&format!("{when}: {now:?}"));
                std::thread::sleep(Duration::from_millis(500));
                false
            }
        });
    }
}

/// A daemon with nothing to do uses no processor: 15 of the 100 ticks of a second would be a loop.
///
/// # Panics
/// When it spins.
pub fn rests(door: &Door<'_>, when: &str) {
    let before = processor_ticks(door.monitor());
    std::thread::sleep(Duration::from_secs(1));
    let spent = processor_ticks(door.monitor()) - before;
    assert!(spent < 30, "{when}: {spent} ticks in a second");
}
