//! The clocks. Everything else takes time as an argument.
//!
//! They are read by libc's call, which whoever tests with another time puts his own in front of
//! (`LD_PRELOAD`).

use std::time::Duration;

/// Time since an arbitrary start: never goes back, stops while the machine is suspended.
/// For deadlines and rates. Nanosecond resolution; no system call where the vDSO has it.
#[must_use]
pub fn monotonic() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

/// Time since 1970-01-01 00:00:00 UTC, as the administrator set it: may jump either way.
/// For what people read and for what outlives a boot. Before 1970 it is zero.
#[must_use]
pub fn wall() -> Duration {
    read(libc::CLOCK_REALTIME)
}

/// Time since the system booted, counted while it is suspended too: what the start times of
/// `/proc/PID/stat` are measured by.
#[must_use]
pub fn since_boot() -> Duration {
    read(libc::CLOCK_BOOTTIME)
}

/// Ticks a second of the times in `/proc/PID/stat` (`USER_HZ`): 100 wherever portreeve runs.
pub const TICKS_A_SECOND: u64 = 100;

/// A moment on the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Of our era.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
}

/// A moment, in seconds since 1970, in the zone that `TZ` names, or the host's own: by libc, which
/// reads the zone's file at the first call. For small programs that are asked for this very thing.
/// Nothing for a year that no calendar of libc's has.
#[must_use]
pub fn local(seconds: i64) -> Option<LocalTime> {
    let mut broken = std::mem::MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both are ours; libc fills the second.
    let filled = unsafe { libc::localtime_r(&raw const seconds, broken.as_mut_ptr()) };
    if filled.is_null() {
        return None;
    }
    // SAFETY: it has been filled, as the call says.
    let tm = unsafe { broken.assume_init() };
    let small = |value: libc::c_int| u8::try_from(value).ok();
    Some(LocalTime {
        year: i64::from(tm.tm_year).saturating_add(1900),
        month: small(tm.tm_mon)?.saturating_add(1),
        day: small(tm.tm_mday)?,
        hour: small(tm.tm_hour)?,
        minute: small(tm.tm_min)?,
        second: small(tm.tm_sec)?,
    })
}

/// One of the clocks that Linux has always had: reading it cannot fail.
fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one `timespec`, which is ours.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
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
