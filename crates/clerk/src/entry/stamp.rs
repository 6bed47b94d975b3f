//! Times as text: UTC for machines, the host's zone for people and xinetd's records.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// `2026-11-21T23:32:15.123Z`, from milliseconds since the epoch.
pub(crate) fn utc_ms(ms: u64) -> String {
    format!("{:.3}", from_ms(ms))
}

/// `2026-11-21T23:32:15Z`, from seconds since the epoch.
pub(crate) fn utc(seconds: i64) -> String {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).unwrap_or_default().to_string()
}

/// xinetd's: `YY/M/D@HH:MM:SS`, month and day without leading zeros.
pub(crate) fn xinetd(ms: u64, zone: &TimeZone) -> String {
    let at = local(ms, zone);
    let (year, month, day) = (at.year().rem_euclid(100), at.month(), at.day());
    format!("{year:02}/{month}/{day}@{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// RFC 3164's and people's: `Nov  1 23:32:15`.
pub(crate) fn short(ms: u64, zone: &TimeZone) -> String {
    local(ms, zone).strftime("%b %e %H:%M:%S").to_string()
}

/// `2026-11-21 23:32:15`, for people.
pub(crate) fn long(ms: u64, zone: &TimeZone) -> String {
    local(ms, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Milliseconds since the epoch, of a time written by [`utc_ms`] or [`utc`].
pub(crate) fn read(text: &str) -> Option<u64> {
    text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok())
}

fn from_ms(ms: u64) -> Timestamp {
    // What does not fit is past the year 9999.
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}

fn local(ms: u64, zone: &TimeZone) -> Zoned {
    from_ms(ms).to_zoned(zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_their_readers_expect() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let at = 1_795_303_935_123; // 2026-11-21 23:32:15.123 UTC
        assert_eq!(utc_ms(at), "2026-11-21T23:32:15.123Z");
        assert_eq!(read("2026-11-21T23:32:15.123Z"), Some(at));
        assert_eq!(utc(1_795_303_935), "2026-11-21T23:32:15Z");
        assert_eq!(xinetd(at, &berlin), "26/11/22@00:32:15");
        assert_eq!(xinetd(1_767_575_105_000, &TimeZone::UTC), "26/1/5@01:05:05");
        assert_eq!(short(1_767_575_105_000, &TimeZone::UTC), "Jan  5 01:05:05");
        assert_eq!(short(at, &berlin), "Nov 22 00:32:15");
        assert_eq!(long(at, &berlin), "2026-11-22 00:32:15");
        assert_eq!(utc_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc_ms(u64::MAX), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(i64::MAX), utc(Timestamp::MAX.as_second()));
    }
}
