//! Times in JSON: `2026-11-21T23:32:15.123Z`, from and to milliseconds since the epoch.
//!
//! The calendar is the proleptic Gregorian one, without leap seconds, as everywhere in Unix.

use serde::{Deserialize, Deserializer, Serializer, de};

const DAY: u64 = 86_400_000;
/// The last moment of the year 9999.
const LAST: u64 = 253_402_300_799_999;

/// The text of a moment; one past the year 9999 is that year's last.
#[must_use]
pub fn utc_ms(ms: u64) -> String {
    let ms = ms.min(LAST);
    let (year, month, day) = date(ms / DAY);
    let of_day = ms % DAY;
    let (second, milli) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The moment of a text that [`utc_ms`] wrote.
#[must_use]
pub fn read(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks: [(usize, &str); 7] =
        [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (23, "Z")];
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let marked = marks.iter().all(|(at, mark)| rest(*at).starts_with(mark));
    if !marked || text.len() != 24 {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let days = days(year, month, day)?;
    let seconds = number(11, 13)?
        .checked_mul(3600)?
        .checked_add(number(14, 16)?.checked_mul(60)?)?
        .checked_add(number(17, 19)?)?;
    let of_day = seconds.checked_mul(1000)?.checked_add(number(20, 23)?)?;
    days.checked_mul(DAY)?.checked_add(of_day)
}

/// Year, month and day of a day since the epoch. Years begin in March here, so that the day that not
/// all of them have is their last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468); // since the first of March of the year 0
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Days since the epoch of a date, if there is one of that name.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted = year.checked_sub(u64::from(month <= 2))?;
    let (era, of_era) = (shifted / 400, shifted % 400);
    let from_march = (month + 9) % 12;
    let of_year = ((153 * from_march + 2) / 5).checked_add(day)?.checked_sub(1)?;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    let days = (era * 146_097).checked_add(of_era)?.checked_sub(719_468)?;
    (date(days) == (year, month, day)).then_some(days)
}

/// For `#[serde(with = "stamp")]`.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(ms: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&utc_ms(*ms))
}

/// For `#[serde(with = "stamp")]`.
///
/// # Errors
/// When it is no such text.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    read(&text).ok_or_else(|| de::Error::custom("no time in UTC with milliseconds"))
}

/// For `#[serde(with = "stamp::option")]`.
pub mod option {
    use super::{read, utc_ms};
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Null where there is none.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(ms: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        match ms {
            Some(ms) => to.serialize_some(&utc_ms(*ms)),
            None => to.serialize_none(),
        }
    }

    /// None where there is null.
    ///
    /// # Errors
    /// When it is neither null nor such a text.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let read = read(&text);
        read.map(Some).ok_or_else(|| de::Error::custom("no time in UTC with milliseconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_303_935_123, "2026-11-21T23:32:15.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!((utc_ms(ms).as_str(), read(text)), (text, Some(ms)));
        }
        assert_eq!(utc_ms(u64::MAX), utc_ms(LAST));
        for day in 0..100_000 {
            assert_eq!(read(&utc_ms(day * DAY + 1)), Some(day * DAY + 1));
        }
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "2026-11-21",
            "2026-13-21T23:32:15.123Z",
            "2026-02-29T23:32:15.123Z",
            "2026-11-00T23:32:15.123Z",
            "1969-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "2026-11-21T23:32:15.123+",
            "2026-11-21T23:32:15.1234Z",
            "2026-11-21 23:32:15.123Z",
            "+026-11-21T23:32:15.123Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
