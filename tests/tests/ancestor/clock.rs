//! Hours around now and away from it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Minutes of a day.
pub(crate) const DAY: u64 = 1440;

fn seconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test is all edge: it reads the clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// An interval of an hour that is not now, nor within the next hours.
pub(crate) fn closed() -> String {
    let now = seconds() / 60 % DAY;
    let from = if now < DAY / 2 { DAY * 3 / 4 } else { DAY / 4 };
    format!("{}-{}", clock(from), clock(from + 60))
}

/// The minute of the day by UTC, early enough in it that what is short ends within.
pub(crate) fn settled_minute() -> u64 {
    loop {
        let now = seconds();
        if now % 60 < 35 {
            return now / 60 % DAY;
        }
        std::thread::sleep(Duration::from_secs(60 - now % 60));
    }
}

/// A minute of the day as xinetd writes it.
pub(crate) fn clock(minute: u64) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}
