//! A message for the system log, as libc's syslog(3) hands it to `/dev/log` (RFC 3164 without the
//! host, which the receiver adds).

use crate::entry::stamp;
use jiff::tz::TimeZone;
use portreeve_model::{Facility, Severity};

/// Who speaks in services' own records.
pub(crate) const RECORDS: &str = "portreeve";

/// Who speaks in the event log.
pub(crate) const EVENTS: &str = "portreeved";

/// Bytes of a message: receivers cut longer ones, or take none of them.
const LONGEST: usize = 8192;

/// `<PRI>Nov 21 23:32:15 TAG[812]: TEXT`. A text that is too long ends in `…`.
pub(crate) fn message(
    priority: (Facility, Severity),
    ms: u64,
    zone: &TimeZone,
    (tag, pid): (&str, u32),
    text: &str,
) -> String {
    const CUT: &str = "…";
    let number = u32::from(priority.0.0) * 8 + u32::from(priority.1.0 & 7);
    let mut message = format!("<{number}>{} {tag}[{pid}]: {text}", stamp::short(ms, zone));
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST - CUT.len()));
        message.push_str(CUT);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_priority_time_tag_and_process() {
        let priority = (Facility::by_name("daemon").unwrap(), Severity::by_name("info").unwrap());
        assert_eq!(
            message(priority, 1_795_303_935_123, &TimeZone::UTC, (RECORDS, 812), "START: ssh"),
            "<30>Nov 21 23:32:15 portreeve[812]: START: ssh"
        );
        let long = message(priority, 0, &TimeZone::UTC, (EVENTS, 812), &"ä".repeat(LONGEST));
        assert!(long.len() <= LONGEST && long.len() > LONGEST - 4 && long.ends_with('…'));
    }
}
