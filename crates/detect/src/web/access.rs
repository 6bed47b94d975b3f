//! The access log of web servers: logins that were refused.
//!
//! The common and the combined format of Apache, nginx, lighttpd, Caddy's and others' imitations:
//! `ADDRESS - USER [TIME] "GET / HTTP/1.1" 401 …`, and Apache's with a virtual host before the address. The address
//! is the first thing in the line: **read from the left**. A 401 without a user is how a server asks for a
//! login, so it is no offence. In the request a quote is escaped (`\"`, `\x22`), so that its end is certain.

use crate::scan::{Peer, cut, offence, word};
use crate::{Detector, Finding, Kind, Named, Record, address};

/// The detector. It remembers nothing.
#[derive(Debug)]
pub(crate) struct Access;

const UNKNOWN: &str = "no line of an access log";

impl Detector for Access {
    fn name(&self) -> &'static str {
        "web-access"
    }

    fn wants(&self, program: &[u8]) -> bool {
        // A request's text may be taken for a tag: these lines have no program.
        let _ = program;
        true
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        read(record.line).unwrap_or(Finding::Nothing(UNKNOWN))
    }
}

fn read(line: &[u8]) -> Option<Finding> {
    let (first, rest) = word(line)?;
    let (named, rest) = match (address::parse(first), address::parse(word(rest)?.0)) {
        (None, Some(address)) => (Named::Address(address), word(rest)?.1),
        (Some(address), _) => (Named::Address(address), rest),
        (None, None) => (address::named(first), rest),
    };
    let (_, rest) = word(rest)?;
    let (user, rest) = cut(rest, b" [")?;
    let (_, rest) = cut(rest, b"] \"")?;
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let plain = !std::mem::take(&mut escaped);
        escaped = plain && *byte == b'\\';
        plain && *byte == b'"'
    })?;
    let status = rest.get(end..)?.strip_prefix(b"\" ")?.get(..4)?;
    if status != b"401 " {
        return Some(Finding::Nothing("no login was refused"));
    }
    if matches!(user, b"-" | b"" | b"\"\"") {
        return Some(Finding::Nothing("a login was asked for"));
    }
    let peer = Peer { named, port: None };
    Some(offence(Kind::AuthFailed, peer, Some(user), "a login was refused"))
}
