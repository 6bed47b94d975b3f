//! The letter itself (RFC 5322): a header in which nothing of a stranger's stands, and a body of short
//! lines in US-ASCII.

use super::Section;
use jiff::fmt::rfc2822;
use jiff::{Timestamp, tz::TimeZone};
use portreeve_wire::clerk::MailHeader;
use std::fmt::Write as _;

/// Bytes of a letter, at most.
pub(super) const MOST: usize = 48 << 10;

/// Writes one; what does not fit is counted.
pub(super) fn write(
    header: &MailHeader,
    sections: &[(&str, &Section)],
    now: u64,
    number: u64,
) -> Vec<u8> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String =
        host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let at = Timestamp::from_millisecond(i64::try_from(now).unwrap_or(0)).unwrap_or_default();
    let date = rfc2822::to_string(&at.to_zoned(TimeZone::system())).unwrap_or_default();
    let mut out = String::new();
    let to: Vec<String> = header.to.iter().map(|to| plain(to)).collect();
    for (name, value) in [
        ("From", plain(&header.from)),
        ("To", to.join(",\r\n ")),
        ("Subject", plain(&header.subject)),
        ("Date", date),
        (
            "Message-ID",
            format!("<{now}.{number}@{}>", if host.is_empty() { "localhost" } else { &host }),
        ),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=us-ascii".to_owned()),
        ("Content-Transfer-Encoding", "7bit".to_owned()),
        ("Auto-Submitted", "auto-generated".to_owned()),
    ] {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    let _ = write!(out, "\r\nThis is portreeve on {host}.\r\n");
    for (title, section) in sections.iter().filter(|(_, section)| !section.lines.is_empty()) {
        let _ = write!(out, "\r\n{title}:\r\n\r\n");
        let mut left = section.more;
        for line in &section.lines {
            let line = plain(line);
            if out.len().saturating_add(line.len()) > MOST {
                left = left.saturating_add(1);
                continue;
            }
            let _ = write!(out, "{line}\r\n");
        }
        if left > 0 {
            let _ = write!(out, "... and {left} more lines\r\n");
        }
        let _ = write!(out, "\r\n{}\r\n", "-".repeat(70));
    }
    out.into_bytes()
}

/// Printable US-ASCII alone: no line ends, nothing that could begin another field.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            other => out.extend(other.escape_unicode()),
        }
    }
    out
}
