//! The clocks. Everything else takes time as an argument.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time since an arbitrary start: never goes back, stops while the machine is suspended.
/// For deadlines and rates. Nanosecond resolution; no system call where the vDSO has it.
#[must_use]
pub fn monotonic() -> Duration {
    to_duration(clock_gettime(ClockId::Monotonic))
}

/// Time since 1970-01-01 00:00:00 UTC, as the administrator set it: may jump either way.
/// For what people read and for what outlives a boot. Before 1970 it is zero.
#[must_use]
pub fn wall() -> Duration {
    to_duration(clock_gettime(ClockId::Realtime))
}

/// Time since the system booted, counted while it is suspended too: what the start times of
/// `/proc/PID/stat` are measured by.
#[must_use]
pub fn since_boot() -> Duration {
    to_duration(clock_gettime(ClockId::Boottime))
}

/// Ticks a second of the times in `/proc/PID/stat` (`USER_HZ`): 100 wherever portreeve runs.
pub const TICKS_A_SECOND: u64 = 100;

fn to_duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_never_goes_back() {
        let first = monotonic();
        assert!(monotonic() >= first);
    }

    #[test]
    fn wall_clock_is_after_2020() {
        assert!(wall() > Duration::from_secs(1_577_836_800));
    }
}
