//! ProFTPD: its own log and the same through syslog.
//!
//! Sentences of 1.2.10 to 1.3.9: `SERVER (NAME[ADDRESS]): USER joe (Login failed): Incorrect password`. The
//! address stands before all that the client chooses, so it is **read from the left**; the name is what
//! DNS says, with every character replaced that no name has. The addresses behind the user (`no such
//! user found from NAME [ADDRESS] to …`) are not looked at.

use crate::scan::{bracketed, cut, cut_last, holds, offence, own_text, repeated, success, word};
use crate::{Detector, Finding, Kind, Record, address};

/// The detector. It remembers nothing.
#[derive(Debug)]
pub(crate) struct Proftpd;

const UNKNOWN: &str = "no sentence of ProFTPD's that names an offender";

/// What follows `USER joe (Login failed): `.
const FAILURES: [(&[u8], Kind, &str); 4] = [
    (b"No such user found", Kind::InvalidUser, "unknown user"),
    (b"no such user found", Kind::InvalidUser, "unknown user"),
    (b"Incorrect password", Kind::AuthFailed, "wrong password"),
    (b"incorrect password", Kind::AuthFailed, "wrong password"),
];

/// What is the server's own trouble.
const OURS: [&[u8]; 3] =
    [b"Unavailable authentication service", b"Failed initializing", b"Failure setting"];

impl Detector for Proftpd {
    fn name(&self) -> &'static str {
        "proftpd"
    }

    /// Its own log has no colon behind the process, so that syslog's tag is not seen there.
    fn wants(&self, program: &[u8]) -> bool {
        program.is_empty() || program == b"proftpd"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl Proftpd {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let text = own_text(record, &[b"proftpd"]);
        let text = if record.program.is_empty() { own(text) } else { Some(text) };
        match text.and_then(client) {
            Some((peer, text)) => said(peer, text),
            None => Finding::Nothing(UNKNOWN),
        }
    }
}

/// `HOST proftpd[PID] text`, of its own log.
fn own(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = word(text)?;
    let (pid, rest) = cut(rest.strip_prefix(b"proftpd[")?, b"]")?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    pid.iter().all(u8::is_ascii_digit).then_some(rest)
}

/// `SERVER (NAME[ADDRESS]): text` or `… - text`.
fn client(text: &[u8]) -> Option<(crate::scan::Peer, &[u8])> {
    let (_, rest) = cut(text, b" (")?;
    let name = rest.iter().take_while(|byte| address::is_name(**byte)).count();
    let (peer, rest) = bracketed(rest.get(name..)?)?;
    let rest = rest.strip_prefix(b")")?;
    let lead = rest.iter().take_while(|byte| matches!(byte, b':' | b' ' | b'-')).count();
    Some((peer, rest.get(lead..)?))
}

fn said(peer: crate::scan::Peer, text: &[u8]) -> Finding {
    if text.starts_with(b"SECURITY VIOLATION: ") && holds(text, b" login attempted") {
        return offence(Kind::NotAllowed, peer, Some(b"root"), "root may not log in");
    }
    if text.starts_with(b"Maximum login attempts (") {
        return offence(Kind::TooManyTries, peer, None, "too many tries");
    }
    let rest = text.strip_prefix(b"USER ").or_else(|| text.strip_prefix(b"ANON "));
    let Some(rest) = rest else { return Finding::Nothing(UNKNOWN) };
    let plain = rest.strip_suffix(b".").unwrap_or(rest);
    if let Some(user) = plain.strip_suffix(b": Login successful") {
        return match text.starts_with(b"USER ") {
            true => success(peer, Some(user), "login"),
            false => Finding::Nothing("an anonymous login"),
        };
    }
    if let Some((user, why)) = cut_last(rest, b" (Login failed): ") {
        if OURS.iter().any(|ours| why.starts_with(ours)) {
            return Finding::Nothing("the authentication failed by itself");
        }
        let known = FAILURES.iter().find(|(start, ..)| why.starts_with(start));
        return match known {
            Some((_, kind, why)) => offence(*kind, peer, Some(user), why),
            None => offence(Kind::NotAllowed, peer, Some(user), "may not log in"),
        };
    }
    if let Some((user, _)) = cut_last(rest, b": no such user found from ") {
        return offence(Kind::InvalidUser, peer, Some(user), "unknown user");
    }
    let denied = [
        b": user is not a UserAlias".as_slice(),
        b": Limit access denies login",
        b": Limit configuration denies login",
        b": AnonRejectPasswords denies login",
    ];
    match denied.iter().find_map(|why| cut_last(rest, why)) {
        Some((user, _)) => offence(Kind::NotAllowed, peer, Some(user), "may not log in"),
        None => Finding::Nothing(UNKNOWN),
    }
}
