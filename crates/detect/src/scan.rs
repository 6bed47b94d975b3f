//! Small readers that the detectors share: pieces of a line, an address in brackets, two readings
//! that must agree.

use memchr::memmem;

use crate::pam::Pam;
use crate::{Detector, Finding, Kind, Named, Offence, Record, Success, address, frame, syslog};

/// Who is at the other end, as one reading of a line has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) named: Named,
    pub(crate) port: Option<u16>,
}

impl Peer {
    pub(crate) const AMBIGUOUS: Self = Self { named: Named::Ambiguous, port: None };
    pub(crate) const NOBODY: Self = Self { named: Named::Nobody, port: None };

    /// All of this text, without a port.
    pub(crate) fn of(text: &[u8]) -> Self {
        Self { named: address::named(family(text)), port: None }
    }

    /// What two readings have in common: the same address, or nobody can tell.
    pub(crate) fn and(self, other: &Self) -> Self {
        match (self.named == other.named, self.port == other.port) {
            (true, true) => self,
            (true, false) => Self { port: None, ..self },
            (false, _) => Self::AMBIGUOUS,
        }
    }

    /// For a reading from the right end: of a line that was cut off there, nobody can tell.
    pub(crate) fn unless_cut(self, record: &Record<'_>) -> Self {
        if record.cut { Self::AMBIGUOUS } else { self }
    }
}

/// What all readings have in common. `None` if there is none at all.
pub(crate) fn common(readings: impl IntoIterator<Item = Peer>) -> Option<Peer> {
    readings.into_iter().reduce(|first, other| first.and(&other))
}

/// What PAM's modules say of a program's users, where this is one of their lines.
pub(crate) fn pam(
    pam: &mut Pam,
    record: &Record<'_>,
    program: &[u8],
    text: &[u8],
) -> Option<Finding> {
    if !text.starts_with(b"pam_") && !text.starts_with(b"(pam_") {
        return None;
    }
    // The program is known to us, whether syslog's tag says it or the line itself.
    let found = pam.look(&Record { program, message: text, ..record.clone() });
    (!matches!(found, Finding::Nothing(_))).then_some(found)
}

/// An offence. An empty user is none.
pub(crate) fn offence(kind: Kind, peer: Peer, user: Option<&[u8]>, why: &str) -> Finding {
    let Peer { named, port } = peer;
    let user = user.filter(|user| !user.is_empty()).map(Box::from);
    Finding::Offence(Offence { kind, named, port, user, times: 1, why: why.into() })
}

/// A login. An empty user is none.
pub(crate) fn success(peer: Peer, user: Option<&[u8]>, why: &str) -> Finding {
    let Peer { named, port } = peer;
    let user = user.filter(|user| !user.is_empty()).map(Box::from);
    Finding::Success(Success { named, port, user, why: why.into() })
}

/// What is said of a line, or of the one that the syslog daemon says was repeated.
pub(crate) fn repeated<'l>(
    record: &Record<'l>,
    read: impl FnOnce(&Record<'l>) -> Finding,
) -> Finding {
    let (times, message) = syslog::repeated(record.message);
    if message.len() == record.message.len() {
        return read(record);
    }
    match read(&Record { message, ..record.clone() }) {
        Finding::Offence(offence) => Finding::Offence(Offence { times, ..offence }),
        found @ (Finding::Success(_) | Finding::Nothing(_)) => found,
    }
}

/// What is before and behind the first place where `at` stands.
pub(crate) fn cut<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let place = memmem::find(text, at)?;
    Some((text.get(..place)?, text.get(place.checked_add(at.len())?..)?))
}

/// What is before and behind the last place where `at` stands.
pub(crate) fn cut_last<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let place = memmem::rfind(text, at)?;
    Some((text.get(..place)?, text.get(place.checked_add(at.len())?..)?))
}

/// Whether `piece` stands somewhere in the text.
pub(crate) fn holds(text: &[u8], piece: &[u8]) -> bool {
    memmem::find(text, piece).is_some()
}

/// What is behind each place where `at` stands, from the left.
pub(crate) fn behind_each<'t>(text: &'t [u8], at: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
    memmem::find_iter(text, at).filter_map(move |place| text.get(place.checked_add(at.len())?..))
}

/// The bytes before the first blank, if there are any, and what is behind it.
pub(crate) fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = cut(text, b" ")?;
    (!word.is_empty()).then_some((word, rest))
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` at the start, and what is behind it.
pub(crate) fn bracketed(text: &[u8]) -> Option<(Peer, &[u8])> {
    let (inside, rest) = cut(text.strip_prefix(b"[")?, b"]")?;
    Some((Peer::of(inside), rest))
}

/// `192.0.2.1"` at the start, and what is behind the quote.
pub(crate) fn quoted(text: &[u8]) -> Option<(Peer, &[u8])> {
    let (inside, rest) = cut(text, b"\"")?;
    Some((Peer::of(inside), rest))
}

/// [`bracketed`], and the port where `:25` is behind it.
pub(crate) fn bracketed_port(text: &[u8]) -> Option<(Peer, &[u8])> {
    let (peer, rest) = bracketed(text)?;
    let (port, rest) = colon_port(rest);
    Some((Peer { port, ..peer }, rest))
}

/// A port behind a colon at the start, and what is behind it.
pub(crate) fn colon_port(text: &[u8]) -> (Option<u16>, &[u8]) {
    let read = || {
        let digits = text.strip_prefix(b":")?;
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (port, rest) = digits.split_at_checked(count)?;
        Some((Some(address::port(port)?), rest))
    };
    read().unwrap_or((None, text))
}

/// Mail servers write an IPv6 address as RFC 5321 has it, with the family before it.
fn family(text: &[u8]) -> &[u8] {
    match text.split_at_checked(5) {
        Some((family, address)) if family.eq_ignore_ascii_case(b"ipv6:") => address,
        _ => text,
    }
}

/// What a program wrote that may keep a log file of its own: where the line was a syslog daemon's, the
/// message; else all that is behind the time, where nothing is a host or a program.
pub(crate) fn own_text<'l>(record: &Record<'l>, programs: &[&[u8]]) -> &'l [u8] {
    if programs.contains(&record.program) || record.line.is_empty() {
        return record.message;
    }
    frame::time(record.line).map_or(record.line, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn at(text: &str) -> Peer {
        Peer { named: Named::Address(text.parse::<IpAddr>().unwrap()), port: None }
    }

    #[test]
    fn what_is_in_brackets_is_read_strictly() {
        for (text, want) in [
            ("[192.0.2.1] x", Some((at("192.0.2.1"), " x"))),
            ("[IPv6:2001:db8::1]", Some((at("2001:db8::1"), ""))),
            ("[ipv6:2001:db8::1]", Some((at("2001:db8::1"), ""))),
            ("[192.0.2.01]", Some((Peer::NOBODY, ""))),
            ("[unknown]", Some((Peer::NOBODY, ""))),
            ("[]", Some((Peer::NOBODY, ""))),
            ("[192.0.2.1", None),
            ("192.0.2.1]", None),
        ] {
            let want = want.map(|(peer, rest)| (peer, rest.as_bytes()));
            assert_eq!(bracketed(text.as_bytes()), want, "{text}");
        }
        let (peer, rest) = bracketed_port(b"[192.0.2.1]:25: x").unwrap();
        assert_eq!((peer.port, rest), (Some(25), b": x".as_slice()));
        let (peer, rest) = bracketed_port(b"[192.0.2.1]:99999").unwrap();
        assert_eq!((peer.port, rest), (None, b":99999".as_slice()));
    }

    #[test]
    fn readings_that_differ_name_nobody() {
        assert_eq!(at("192.0.2.1").and(&at("192.0.2.1")), at("192.0.2.1"));
        assert_eq!(at("192.0.2.1").and(&at("198.51.100.7")), Peer::AMBIGUOUS);
        assert_eq!(at("192.0.2.1").and(&Peer::NOBODY), Peer::AMBIGUOUS);
        assert_eq!(common([]), None);
    }
}
