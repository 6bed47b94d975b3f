//! A date as far as a line says it.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::field::MONTHS;
use super::zone;
use crate::Moment;

/// Microseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A date as far as a line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Stamp {
    /// Microseconds since the epoch.
    Exact(i64),
    /// By clock and calendar.
    Civil {
        /// The year, where it is said.
        year: Option<i16>,
        /// Month and day, where they are said.
        day: Option<(i8, i8)>,
        /// The time of day.
        time: civil::Time,
        /// Minutes east of UTC, where a zone is said.
        offset: Option<i32>,
    },
}

impl Stamp {
    /// As the rest of the watcher has it; nothing where it says too little or a zone without a year.
    pub(in crate::filter) fn moment(self) -> Option<Moment> {
        match self {
            Self::Exact(at) => Some(Moment::Exact(at)),
            Self::Civil { year: Some(year), day: Some((month, day)), time, offset } => {
                let at = civil::Date::new(year, month, day).ok()?.to_datetime(time);
                match offset {
                    None => Some(Moment::Local(at)),
                    Some(minutes) => Some(Moment::Exact(exact(at, &fixed(minutes)?)?)),
                }
            }
            Self::Civil { year: None, day: Some((month, day)), time, offset: None } => {
                let at = civil::Date::new(0, month, day).ok()?.to_datetime(time);
                Some(Moment::Yearless(at))
            }
            Self::Civil { .. } => None,
        }
    }

    /// Microseconds by which two of one log can be compared, whatever the zone and the year.
    pub(in crate::filter) fn naive(self) -> Option<i64> {
        match self {
            Self::Exact(at) => Some(at),
            Self::Civil { year, day: Some((month, day)), time, offset } => {
                let at = civil::Date::new(year.unwrap_or(1972), month, day).ok()?.to_datetime(time);
                exact(at, &fixed(offset.unwrap_or(0))?)
            }
            Self::Civil { .. } => None,
        }
    }

    /// Microseconds since the epoch. A missing year is this one, or the last where that would be more
    /// than a day ahead; a missing day is today, or yesterday where that would be ahead.
    pub(in crate::filter) fn resolve(self, now: i64, zone: &TimeZone) -> Option<i64> {
        if let Some(moment) = self.moment() {
            return moment.resolve(now, zone);
        }
        let Self::Civil { day, time, offset, .. } = self else { return None };
        let zone = match offset {
            Some(minutes) => fixed(minutes)?,
            None => zone.clone(),
        };
        if let Some((month, day)) = day {
            let at = civil::Date::new(0, month, day).ok()?.to_datetime(time);
            return Moment::Yearless(at).resolve(now, &zone);
        }
        let today = zone.to_datetime(jiff::Timestamp::from_microsecond(now).ok()?).date();
        let at = exact(today.to_datetime(time), &zone)?;
        Some(if at > now { at.saturating_sub(DAY) } else { at })
    }
}

fn fixed(minutes: i32) -> Option<TimeZone> {
    Some(TimeZone::fixed(Offset::from_seconds(minutes.checked_mul(60)?).ok()?))
}

fn exact(at: civil::DateTime, zone: &TimeZone) -> Option<i64> {
    Some(at.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
}

/// Puts a date together from the texts of fields. Nothing where there is no such day.
pub(super) fn stamp<'t>(fields: impl Iterator<Item = (&'t str, &'t str)>) -> Option<Stamp> {
    let (mut year, mut month, mut day, mut julian) = (None, None, None, None);
    let (mut hour, mut minute, mut second) = (0_i8, 0_i8, 0_i8);
    let (mut twelve, mut afternoon, mut offset) = (None, false, None);
    for (field, text) in fields {
        match field {
            "y" => year = Some(text.parse::<i16>().ok()? + 2000),
            "Y" => year = Some(text.parse::<i16>().ok()?),
            "m" => month = Some(text.parse::<i8>().ok()?),
            "b" | "B" => month = Some(month_of(text)?),
            "d" => day = Some(text.trim_start().parse::<i8>().ok()?),
            "H" => hour = text.parse().ok()?,
            "I" => twelve = Some(text.parse::<i8>().ok()?),
            "p" => afternoon = text.eq_ignore_ascii_case("pm"),
            "M" => minute = text.parse().ok()?,
            "S" => second = text.parse().ok()?,
            "j" => julian = Some(text.parse::<i16>().ok()?),
            "z" | "Z" => offset = Some(zone::offset(text)?),
            _ => {}
        }
    }
    if let Some(twelve) = twelve {
        hour = twelve % 12 + if afternoon { 12 } else { 0 };
    }
    if let (Some(julian), Some(of)) = (julian, year)
        && (month.is_none() || day.is_none())
    {
        let first = civil::Date::new(of, 1, 1).ok()?;
        let date = first.checked_add(jiff::Span::new().try_days(julian - 1).ok()?).ok()?;
        (year, month, day) = (Some(date.year()), Some(date.month()), Some(date.day()));
    }
    let day = match (month, day) {
        (Some(month), Some(day)) => Some((month, day)),
        (None, None) => None,
        _ => return None,
    };
    if let Some((month, day)) = day {
        // 0 is a leap year: the 29th of February may be one.
        civil::Date::new(year.unwrap_or(0), month, day).ok()?;
    }
    let time = civil::Time::new(hour, minute, second, 0).ok()?;
    Some(Stamp::Civil { year, day, time, offset })
}

fn month_of(text: &str) -> Option<i8> {
    let text = text.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == text || month.get(..3) == Some(&text))?;
    i8::try_from(at + 1).ok()
}
