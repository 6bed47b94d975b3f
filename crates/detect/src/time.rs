//! When a line was written, as far as it says.

use jiff::{civil, tz::TimeZone};

use crate::Moment;

/// How far ahead of now a time without its year may lie before it is taken to be last year's.
const AHEAD: i64 = 24 * 60 * 60 * 1_000_000;

/// The last leap year is at most so many years back.
const LEAP: i16 = 8;

impl Moment {
    /// Microseconds since the epoch. `now` is the reader's, in microseconds since the epoch; `zone` is
    /// the writer's. A missing year is the present one there, or the last that makes it no more than
    /// a day ahead of `now`. `None` when there is no such day.
    ///
    /// An hour that the clocks skip is read as if they had not; one that comes twice is the first.
    #[must_use]
    pub fn resolve(&self, now: i64, zone: &TimeZone) -> Option<i64> {
        match *self {
            Self::Exact(at) => Some(at),
            Self::Local(at) => micros(at, zone),
            Self::Yearless(at) => {
                let today = jiff::Timestamp::from_microsecond(now).ok()?;
                let year = zone.to_datetime(today).year();
                // The first of January may have come to the writer before it came to us.
                (-1..=LEAP)
                    .filter_map(|back| in_year(at, year.checked_sub(back)?))
                    .filter_map(|at| micros(at, zone))
                    .find(|at| *at <= now.saturating_add(AHEAD))
            }
        }
    }
}

fn in_year(at: civil::DateTime, year: i16) -> Option<civil::DateTime> {
    at.with().year(year).build().ok()
}

fn micros(at: civil::DateTime, zone: &TimeZone) -> Option<i64> {
    Some(at.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    fn yearless(text: &str, now: &str) -> Option<i64> {
        let zone = TimeZone::UTC;
        Moment::Yearless(text.parse().unwrap()).resolve(at(now), &zone)
    }

    #[test]
    fn a_missing_year_is_this_one_or_the_last_before_tomorrow() {
        for (line, now, want) in [
            ("0000-11-22T10:00:00", "2026-11-22T12:00:00Z", "2026-11-22T10:00:00Z"),
            ("0000-11-23T10:00:00", "2026-11-22T12:00:00Z", "2026-11-23T10:00:00Z"),
            ("0000-11-23T13:00:00", "2026-11-22T12:00:00Z", "2025-11-23T13:00:00Z"),
            ("0000-12-31T23:59:59", "2027-01-01T00:00:10Z", "2026-12-31T23:59:59Z"),
            ("0000-01-01T00:00:05", "2026-12-31T23:59:59Z", "2027-01-01T00:00:05Z"),
            ("0000-02-29T00:00:00", "2027-03-01T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("0000-02-29T00:00:00", "2103-03-01T00:00:00Z", "2096-02-29T00:00:00Z"),
        ] {
            assert_eq!(yearless(line, now), Some(at(want)), "{line} seen at {now}");
        }
    }

    #[test]
    fn a_local_time_is_read_in_the_writers_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let local = Moment::Local(civil::date(2026, 11, 22).at(12, 0, 0, 0));
        assert_eq!(local.resolve(0, &zone), Some(at("2026-11-22T10:00:00Z")));
        assert_eq!(Moment::Exact(7).resolve(0, &zone), Some(7));
        let new_year = Moment::Yearless(civil::date(0, 1, 1).at(0, 30, 0, 0));
        let now = at("2026-12-31T22:45:00Z");
        assert_eq!(new_year.resolve(now, &zone), Some(at("2026-12-31T22:30:00Z")));
    }
}
