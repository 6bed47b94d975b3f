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

/// As [`minute`], early enough in it that what takes some seconds ends within.
#[must_use]
pub fn settled_minute() -> u64 {
    let second = now() % 60;
    if second >= 15 {
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
    around(minute(), 30, 60)
}

/// From so many minutes before a minute to so many after it.
#[must_use]
pub fn around(minute: u64, before: u64, after: u64) -> String {
    interval(minute + DAY - before, minute + after)
}

/// An hour that is not now, nor within the next hours, by UTC.
#[must_use]
pub fn closed() -> String {
    far_from(minute())
}

fn far_from(minute: u64) -> String {
    let from = if minute < DAY / 2 { DAY * 3 / 4 } else { DAY / 4 };
    interval(from, from + 60)
}

/// All of the day, written as one interval over midnight that a minute is well inside.
#[must_use]
pub fn over_midnight(minute: u64) -> String {
    let minute = minute % DAY;
    let (from, to) =
        if minute < DAY / 2 { (minute + 2, minute + 1) } else { (minute - 1, minute - 2) };
    format!("{}-{}", clock(from), clock(to))
}

/// A minute of the day.
#[must_use]
pub fn clock(minute: u64) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(interval: &str) -> (u64, u64) {
        let minute = |time: &str| {
            let (hour, minute) = time.split_once(':').unwrap();
            hour.parse::<u64>().unwrap() * 60 + minute.parse::<u64>().unwrap()
        };
        let (from, to) = interval.split_once('-').unwrap();
        (minute(from), minute(to))
    }

    #[test]
    fn hours_are_open_and_closed_whenever_the_tests_run() {
        for minute in 0..DAY {
            let inside = |hours: &str, minute: u64| {
                let within = |(from, to)| (from..=to).contains(&minute);
                hours.split(' ').map(ends).inspect(|(from, to)| assert!(from < to)).any(within)
            };
            for (before, after) in [(30, 60), (0, 60), (60, 0)] {
                let hours = around(minute, before, after);
                assert!(inside(&hours, minute), "{hours} at {minute}");
            }
            assert!(
                !inside(&far_from(minute), minute)
                    && !inside(&far_from(minute), (minute + 5) % DAY)
            );
            let (from, to) = ends(&over_midnight(minute));
            assert!(from == to + 1 && to < DAY && from < DAY && (to >= minute || minute >= from));
        }
    }
}
