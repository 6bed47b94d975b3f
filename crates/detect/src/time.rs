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

/// [`Moment::resolve`] for the lines of one writer, one after another: a minute is worked out once.
#[derive(Debug)]
pub struct Resolver {
    now: i64,
    zone: TimeZone,
    held: Option<Minute>,
}

/// A minute of the writer's clock, all of whose seconds follow each other.
#[derive(Debug)]
struct Minute {
    yearless: bool,
    date: civil::Date,
    hour: i8,
    minute: i8,
    /// Its first moment.
    start: i64,
}

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

impl Resolver {
    /// For a reader's now, in microseconds since the epoch, and the writer's zone.
    #[must_use]
    pub const fn new(now: i64, zone: TimeZone) -> Self {
        Self { now, zone, held: None }
    }

    /// What [`Moment::resolve`] says.
    pub fn resolve(&mut self, moment: Moment) -> Option<i64> {
        let (at, yearless) = match moment {
            Moment::Exact(at) => return Some(at),
            Moment::Local(at) => (at, false),
            Moment::Yearless(at) => (at, true),
        };
        let within = i64::from(at.second()) * SECOND + i64::from(at.subsec_nanosecond()) / 1000;
        match &self.held {
            Some(held)
                if held.minute == at.minute()
                    && held.hour == at.hour()
                    && held.date == at.date()
                    && held.yearless == yearless =>
            {
                held.start.checked_add(within)
            }
            _ => {
                self.hold(at, yearless);
                moment.resolve(self.now, &self.zone)
            }
        }
    }

    /// Works a minute out, unless the clocks change or a year is guessed otherwise within it.
    fn hold(&mut self, at: civil::DateTime, yearless: bool) {
        let (date, hour, minute) = (at.date(), at.hour(), at.minute());
        let edge = |second, nanos| {
            let at = date.at(hour, minute, second, nanos);
            let moment = if yearless { Moment::Yearless(at) } else { Moment::Local(at) };
            moment.resolve(self.now, &self.zone)
        };
        let (start, end) = (edge(0, 0), edge(59, 999_999_000));
        let whole = start.and_then(|start| start.checked_add(60 * SECOND - 1));
        self.held = match start {
            Some(start) if end == whole => Some(Minute { yearless, date, hour, minute, start }),
            _ => None,
        };
    }
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

    #[test]
    fn a_resolver_says_the_same_of_moments_in_any_order() {
        let now = at("2026-11-22T12:00:30Z");
        for name in ["UTC", "Europe/Berlin", "Australia/Lord_Howe"] {
            let zone = TimeZone::get(name).unwrap();
            let mut resolver = Resolver::new(now, zone.clone());
            let mut random = 2026_u64;
            for _ in 0..20_000 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // days on which clocks change, the day at which the year is guessed, and others
                let (month, day) = [(3, 29), (10, 25), (11, 23), (4, 5), (2, 29), (1, 1)]
                    [usize::try_from(random >> 33).unwrap() % 6];
                let number = |from: u32, many: u64| i8::try_from((random >> from) % many).unwrap();
                let time = (number(8, 4) + 1, number(16, 60), number(24, 60));
                let year = if random & 4 > 0 { 0 } else { 2026 };
                let Ok(date) = civil::Date::new(year, month, day) else { continue };
                let local = date.at(time.0, time.1, time.2, i32::from(number(40, 9)) * 1000);
                let moment = match year {
                    0 => Moment::Yearless(local),
                    _ => Moment::Local(local),
                };
                for _ in 0..2 {
                    let want = moment.resolve(now, &zone);
                    assert_eq!(resolver.resolve(moment), want, "{moment:?} in {name}");
                }
            }
        }
    }
}
