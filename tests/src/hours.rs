//! Hours of the day around now and away from it, as xinetd writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Minutes of a day.
pub const DAY: u64 = 1440;

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test is all edge: it reads the clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The minute of the day by UTC.
#[must_use]
pub fn minute() -> u64 {
    now() / 60 % DAY
}

/// As [`minute`], early enough in it that what is short ends within.
#[must_use]
pub fn settled_minute() -> u64 {
    let second = now() % 60;
    if second >= 35 {
        std::thread::sleep(Duration::from_secs(60 - second));
    }
    minute()
}

/// From one minute to another, the last one inside, in intervals that do not run over midnight.
#[must_use]
pub fn interval(from: u64, to: u64) -> String {
    match (from % DAY, to % DAY) {
        (from, to) if from < to => format!("{}-{}", clock(from), clock(to)),
        (from, to) => format!("{}-23:59 0:00-{}", clock(from.min(DAY - 2)), clock(to.max(1))),
    }
}

/// Open now and for an hour, by UTC.
#[must_use]
pub fn open() -> String {
    interval(minute() + DAY - 30, minute() + 60)
}

/// An hour that is not now, nor within the next hours, by UTC.
#[must_use]
pub fn closed() -> String {
    let from = if minute() < DAY / 2 { DAY * 3 / 4 } else { DAY / 4 };
    interval(from, from + 60)
}

/// A minute of the day.
#[must_use]
pub fn clock(minute: u64) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}
