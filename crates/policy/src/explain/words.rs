//! Numbers, times and dates, as words.

use portreeve_model::Load;

/// A time on the wall clock in UTC: `2026-11-21 23:39:39 UTC`.
#[must_use]
pub fn date(unix_seconds: i64) -> String {
    let (day, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar, whose
/// 400 years repeat. Years are counted from March, so that the leap day ends one.
fn civil(day: i64) -> (i64, i64, i64) {
    let from_march = day.saturating_add(719_468); // days since 0000-03-01
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let leaps = (day / 1_460).saturating_sub(day / 36_524).saturating_add(day / 146_096);
    let year = day.saturating_sub(leaps) / 365;
    let before = year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100);
    let day = day.saturating_sub(before);
    let month = day.saturating_mul(5).saturating_add(2) / 153; // from March
    let start = month.saturating_mul(153).saturating_add(2) / 5;
    let day = day.saturating_sub(start).saturating_add(1);
    let (month, carry) =
        if month < 10 { (month.saturating_add(3), 0) } else { (month.saturating_sub(9), 1) };
    (era.saturating_mul(400).saturating_add(year).saturating_add(carry), month, day)
}

/// A load average: `3.20`.
pub(super) fn hundredths(load: Load) -> String {
    format!("{}.{:02}", load.0 / 100, load.0 % 100)
}

/// `1 session`, `2 sessions`.
pub(super) fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `1 session is live`, `2 sessions are live`.
pub(super) fn are(count: u32, what: &str, how: &str) -> String {
    format!("{} {} {how}", counted(count, what), if count == 1 { "is" } else { "are" })
}

/// A minute of the day: `16:02`.
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
