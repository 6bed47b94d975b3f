//! The moment a decision is asked for.

use crate::exit::{Exit, Failure};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The moment that is now.
pub(crate) fn now() -> Timestamp {
    SignedDuration::try_from(portreeve_sys::clock::wall())
        .ok()
        .and_then(|since| Timestamp::from_duration(since).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads a moment: RFC 3339, a date and time, or a time today, the last two by the zone's clock.
///
/// # Errors
/// When the text is none of these.
pub(crate) fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let today = || {
        text.parse::<Time>().ok().map(|time| now.to_zoned(zone.clone()).date().to_datetime(time))
    };
    let local = text.parse::<DateTime>().ok().filter(|_| has_time(text)).or_else(today);
    local.and_then(|local| local.to_zoned(zone.clone()).ok()).map(|z| z.timestamp()).ok_or_else(
        || {
            Failure::new(Exit::Usage, format!("`{}` is no time", text.escape_debug()))
                .help("write 2026-11-21T14:00:00+01:00, \"2026-11-21 14:00\" or 14:00")
        },
    )
}

/// A date alone would mean midnight, which nobody means who forgets the time.
fn has_time(text: &str) -> bool {
    text.contains(':')
}

/// The moment by the zone's clock, with its offset.
pub(crate) fn show(moment: Timestamp, zone: &TimeZone) -> String {
    moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// The moment as RFC 3339 has it.
pub(crate) fn rfc3339(moment: Timestamp, zone: &TimeZone) -> String {
    moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::{self, Offset};

    fn zone() -> TimeZone {
        Offset::constant(1).to_time_zone()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-20T23:30:00Z".parse().unwrap(); // the 21st, 00:30 there
        for (text, want) in [
            ("2026-11-21T14:00:00+02:00", Some("2026-11-21T12:00:00Z")),
            ("2026-11-21 14:00", Some("2026-11-21T13:00:00Z")),
            ("2026-11-21T14:00:05", Some("2026-11-21T13:00:05Z")),
            ("14:00", Some("2026-11-21T13:00:00Z")),
            (" 00:05:09 ", Some("2026-11-20T23:05:09Z")),
            ("2026-11-21", None),
            ("25:00", None),
            ("2pm", None),
            ("", None),
        ] {
            let got = parse(text, now, &zone());
            match want {
                Some(want) => assert_eq!(got.unwrap(), want.parse().unwrap(), "{text}"),
                None => assert_eq!(got.unwrap_err().exit, Exit::Usage, "{text}"),
            }
        }
    }

    #[test]
    fn a_moment_is_shown_by_the_zones_clock() {
        let moment: Timestamp = "2026-11-21T13:00:00Z".parse().unwrap();
        assert_eq!(show(moment, &zone()), "2026-11-21 14:00:00 +01:00");
        assert_eq!(rfc3339(moment, &zone()), "2026-11-21T14:00:00+01:00");
        assert_eq!(show(moment, &tz::TimeZone::UTC), "2026-11-21 13:00:00 +00:00");
        assert!(now() > moment.checked_sub(SignedDuration::from_hours(24 * 365 * 6)).unwrap());
    }
}
