//! Times of lines, as RFC 3339 has them.

use crate::exit::{Exit, Failure};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Reads a zone: a name of the zone database, or a distance from UTC.
///
/// # Errors
/// It is neither.
pub(crate) fn zone(text: &str) -> Result<TimeZone, Failure> {
    distance(text).or_else(|| TimeZone::get(text).ok()).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` is no time zone here", text.escape_debug()))
            .help("write Europe/Berlin, UTC or +02:00; names are those of /usr/share/zoneinfo")
    })
}

/// `+02:00`, `-0330`, `+2`.
fn distance(text: &str) -> Option<TimeZone> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match (rest.split_once(':'), rest.len()) {
        (Some(parts), _) => parts,
        (None, 4) => rest.split_at_checked(2)?,
        (None, _) => (rest, "0"),
    };
    let number = |text: &str, most: i32| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| digits && *number <= most)
    };
    let seconds = number(hours, 18)? * 3600 + number(minutes, 59)? * 60;
    Some(Offset::from_seconds(sign * seconds).ok()?.to_time_zone())
}

/// Writes moments by a zone's clock. The zone's distance from UTC is looked up once for as long as
/// it holds, and the text of a second once: a log has many lines of both.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    /// A distance, and the seconds from and to which it holds.
    held: (Offset, i64, i64),
    /// A second, and its date and time.
    last: (i64, [u8; 19]),
    /// The distance's text.
    end: [u8; 6],
}

impl Clock {
    /// One of this zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, held: (Offset::UTC, 0, 0), last: (i64::MIN, [0; 19]), end: *b"+00:00" }
    }

    /// Appends a moment, in microseconds since the epoch: `2026-11-22T10:00:00+01:00`, with its
    /// fraction where it has one; whether it has four digits to its year, which is what RFC 3339
    /// can say.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, micros: i64) -> bool {
        let (second, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        if second != self.last.0 && self.turn(second).is_none() {
            return false;
        }
        out.extend_from_slice(&self.last.1);
        if fraction > 0 {
            out.push(b'.');
            let digits = [100_000, 10_000, 1000, 100, 10, 1].map(|unit| digit(fraction / unit));
            out.extend_from_slice(&digits);
        }
        out.extend_from_slice(&self.end);
        true
    }

    /// Makes this second the last one, where it can be said.
    fn turn(&mut self, second: i64) -> Option<()> {
        let moment = Timestamp::from_second(second).ok()?;
        let (_, from, to) = self.held;
        if second < from || second >= to {
            self.look_up(moment);
        }
        let local = self.held.0.to_datetime(moment);
        (local.year() >= 0).then_some(())?;
        self.last = (second, date_and_time(local));
        Some(())
    }

    fn look_up(&mut self, moment: Timestamp) {
        let just_after = moment.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(moment);
        let before = self.zone.preceding(just_after).next();
        let after = self.zone.following(moment).next();
        let from = before.map_or(i64::MIN, |change| change.timestamp().as_second());
        let to = after.map_or(i64::MAX, |change| change.timestamp().as_second());
        self.held = (self.zone.to_offset(moment), from, to);
        let seconds = i64::from(self.held.0.seconds());
        let sign = if seconds < 0 { b'-' } else { b'+' };
        let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
        self.end =
            [sign, digit(hours / 10), digit(hours), b':', digit(minutes / 10), digit(minutes)];
    }
}

/// `2026-11-22T10:00:00`.
fn date_and_time(local: DateTime) -> [u8; 19] {
    let year = i64::from(local.year());
    let [month, day, hour, minute, second] =
        [local.month(), local.day(), local.hour(), local.minute(), local.second()].map(i64::from);
    let two = |number: i64| [digit(number / 10), digit(number)];
    let [[y0, y1], [y2, y3]] = [two(year / 100), two(year)];
    let [[mo0, mo1], [d0, d1], [h0, h1], [mi0, mi1], [s0, s1]] =
        [month, day, hour, minute, second].map(two);
    [y0, y1, y2, y3, b'-', mo0, mo1, b'-', d0, d1, b'T', h0, h1, b':', mi0, mi1, b':', s0, s1]
}

/// The last decimal digit.
fn digit(number: i64) -> u8 {
    b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or_default()
}

/// The moment that is now, or that is said to be.
///
/// # Errors
/// What is said is no time.
pub(crate) fn now(text: Option<&str>, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let now = crate::moment::now();
    text.map_or(Ok(now), |text| crate::moment::parse(text, now, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(clock: &mut Clock, moment: &str) -> String {
        let mut out = Vec::new();
        assert!(clock.push(&mut out, moment.parse::<Timestamp>().unwrap().as_microsecond()));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn moments_are_written_by_the_zones_clock_on_both_sides_of_a_change() {
        let mut berlin = Clock::new(zone("Europe/Berlin").unwrap());
        for (moment, want) in [
            ("2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
            ("2026-11-22T10:00:00.000005Z", "2026-11-22T11:00:00.000005+01:00"),
            ("2026-10-25T00:59:59.5Z", "2026-10-25T02:59:59.500000+02:00"),
            ("2026-07-01T00:00:00Z", "2026-07-01T02:00:00+02:00"),
            ("1969-12-31T23:59:59.25Z", "1970-01-01T00:59:59.250000+01:00"),
        ] {
            assert_eq!(shown(&mut berlin, moment), want);
        }
        let mut far = Clock::new(zone("-03:30").unwrap());
        assert_eq!(shown(&mut far, "2026-11-22T00:00:00Z"), "2026-11-21T20:30:00-03:30");
    }

    #[test]
    fn what_is_written_is_what_jiff_writes() {
        let zone = zone("America/New_York").unwrap();
        let mut clock = Clock::new(zone.clone());
        for step in 0..20_000_i64 {
            let second = (step * 7_654_321) % 2_000_000_000;
            let moment = Timestamp::from_second(second).unwrap();
            let want = crate::moment::rfc3339(moment, &zone);
            let mut out = Vec::new();
            assert!(clock.push(&mut out, second * 1_000_000));
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    #[test]
    fn years_that_cannot_be_said_are_not_said() {
        let mut clock = Clock::new(TimeZone::UTC);
        let mut out = Vec::new();
        for micros in [i64::MIN, i64::MAX, -70_000_000_000_000_000] {
            assert!(!clock.push(&mut out, micros));
        }
        assert!(out.is_empty());
        assert_eq!(shown(&mut clock, "9999-12-30T00:00:00Z"), "9999-12-30T00:00:00+00:00");
    }

    #[test]
    fn zones_are_names_or_distances() {
        for good in ["UTC", "Europe/Berlin", "+2", "+02:00", "-0330", "+00:00"] {
            assert!(zone(good).is_ok(), "{good}");
        }
        for bad in ["", "+", "+99:00", "+1:99", "Mars/Olympus", "+02:", "+-2", "2", "\x1b[2J", "é"]
        {
            let failure = zone(bad).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{bad}");
            assert!(!failure.to_string().contains('\x1b'));
        }
    }
}
