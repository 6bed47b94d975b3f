//! A message for the system log, as libc's syslog(3) hands it to `/dev/log` (RFC 3164 without the
//! host, which the receiver adds).

use crate::entry::stamp;
use jiff::tz::TimeZone;
use portreeve_model::{Facility, Severity};

/// Who speaks.
pub(crate) const TAG: &str = "portreeve";

/// `<PRI>Nov 21 23:32:15 portreeve[812]: TEXT`.
pub(crate) fn message(
    priority: (Facility, Severity),
    ms: u64,
    zone: &TimeZone,
    pid: u32,
    text: &str,
) -> String {
    let number = u32::from(priority.0.0) * 8 + u32::from(priority.1.0 & 7);
    format!("<{number}>{} {TAG}[{pid}]: {text}", stamp::short(ms, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_priority_time_tag_and_process() {
        let priority = (Facility::by_name("daemon").unwrap(), Severity::by_name("info").unwrap());
        assert_eq!(
            message(priority, 1_795_303_935_123, &TimeZone::UTC, 812, "START: ssh"),
            "<30>Nov 21 23:32:15 portreeve[812]: START: ssh"
        );
    }
}
