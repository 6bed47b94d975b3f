//! Times as DenyHosts writes them: `Sat Nov 21 20:00:00 2026`, by the host's own clock.

use std::fmt;

/// A date and time of some clock; whose is the reader's to know. The weekday that is written is not
/// believed, and made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31, as many as the month has.
    pub day: i8,
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// 0 to 59; a leap second is read as the one before.
    pub second: i8,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

impl Civil {
    /// Reads one; blanks between the parts may be several, letters of either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        let [weekday, month, day, time, year] = std::array::from_fn(|_| parts.next());
        let (weekday, month, time) = (weekday?, month?, time?);
        if parts.next().is_some() || !WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(weekday)) {
            return None;
        }
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
        let mut clock = time.split(':').map(|part| number(part, 2));
        let [hour, minute, second] = std::array::from_fn(|_| clock.next().flatten());
        if clock.next().is_some() {
            return None;
        }
        let year = number(year?, 4)?;
        let month = i8::try_from(month + 1).ok()?;
        let day = i8::try_from(number(day?, 2)?).ok()?;
        let part = |value: Option<i16>, most: i16| {
            value.filter(|value| *value <= most).and_then(|value| i8::try_from(value).ok())
        };
        let (hour, minute) = (part(hour, 23)?, part(minute, 59)?);
        let second = part(second, 61)?.min(59);
        let fits = year >= 1 && (1..=days(year, month)).contains(&day);
        fits.then_some(Self { year, month, day, hour, minute, second })
    }

    /// Days since 1970-01-01.
    fn day_number(self) -> i64 {
        // years that begin in March, so that a leap day is a year's last
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
            - 719_468
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = usize::try_from(self.day_number().rem_euclid(7)).unwrap_or(0);
        let weekday = WEEKDAYS.get(at).copied().unwrap_or("Thu");
        let month = usize::try_from(self.month - 1).ok().and_then(|at| MONTHS.get(at));
        let Self { day, hour, minute, second, year, .. } = self;
        write!(
            f,
            "{weekday} {} {day:2} {hour:02}:{minute:02}:{second:02} {year:04}",
            month.copied().unwrap_or("Jan")
        )
    }
}

/// Digits, so many at most.
fn number(text: &str, most: usize) -> Option<i16> {
    let digits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn days(year: i16, month: i8) -> i8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_weekday_is_right() {
        for text in [
            "Sat Nov 21 20:00:00 2026",
            "Thu Jan  1 00:00:00 1970",
            "Tue Dec 16 11:24:15 2014",
            "Thu Feb 29 23:59:59 2024",
            "Tue Mar  1 00:00:00 2033",
            "Sun Dec 31 23:59:59 1600",
        ] {
            assert_eq!(Civil::parse(text).unwrap().to_string(), text);
        }
        let odd = Civil::parse(" mon nov  21   20:00:61 2026\n").unwrap();
        assert_eq!(odd.to_string(), "Sat Nov 21 20:00:59 2026");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "Sat Nov 31 20:00:00 2026",
            "Sat Feb 29 20:00:00 2026",
            "Sat Nov 21 24:00:00 2026",
            "Sat Nov 21 20:00 2026",
            "Sat Nov 21 20:00:00:00 2026",
            "Sat Nov 21 20:00:00 2026 x",
            "Sat Nov 21 +2:00:00 2026",
            "Nov 21 20:00:00 2026",
            "Sat Nov 21 20:00:00 0",
            "2026-11-21 20:00:00",
        ] {
            assert_eq!(Civil::parse(text), None, "{text}");
        }
    }
}
