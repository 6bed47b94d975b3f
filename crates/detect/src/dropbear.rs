//! Dropbear's SSH server.
//!
//! `Bad password attempt for 'NAME' from A:P`, `Login attempt for nonexistent user from A:P`, `Exit before
//! auth …` and its like. Every sentence has the peer at its right end or, in angle brackets, behind its
//! first words; the port is what follows the last colon, also of IPv6, which has no brackets here.
//! What a connection has already been charged for, its end is not charged for again.

use std::net::IpAddr;

use crate::sessions::Sessions;
use crate::syslog::repeated;
use crate::{Detector, Finding, Kind, Named, Offence, Record, Success, address};

/// Its name in configurations.
pub(crate) const NAME: &str = "dropbear";

/// Processes that are remembered.
const SESSIONS: usize = 4096;

/// The detector.
#[derive(Debug)]
pub struct Dropbear {
    sessions: Sessions<Session>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Session {
    address: Option<IpAddr>,
    told: bool,
}

impl Default for Dropbear {
    fn default() -> Self {
        Self { sessions: Sessions::new(SESSIONS) }
    }
}

enum Deed {
    Began,
    Tried(Kind),
    Ended,
    Let,
}

struct Sentence<'m> {
    deed: Deed,
    /// `None`: no place for a peer.
    peer: Option<(Named, Option<u16>)>,
    user: Option<&'m [u8]>,
    why: &'static str,
}

impl Detector for Dropbear {
    fn name(&self) -> &str {
        NAME
    }

    fn wants(&self, program: &[u8]) -> bool {
        matches!(program, b"dropbear" | b"")
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        let (times, message) = repeated(record.message);
        let Some(sentence) = read(message) else {
            return Finding::Nothing("no sentence of dropbear's about a peer that failed");
        };
        let process = self.sessions.process(record, NAME);
        let known = process.and_then(|process| self.sessions.get(process)).copied();
        let mut session = match (&sentence.deed, known) {
            (Deed::Began, _) | (_, None) => Session::default(),
            (_, Some(known)) => known,
        };
        let (named, port) = match (&sentence.peer, session.address) {
            (Some((Named::Address(now), _)), Some(known)) if *now != known => {
                (Named::Ambiguous, None)
            }
            (Some((named, port)), _) => (named.clone(), *port),
            (None, Some(known)) => (Named::Address(known), None),
            (None, None) => (Named::Nobody, None),
        };
        let named = match named {
            Named::Address(_) | Named::Host(_) if record.cut || record.program.is_empty() => {
                Named::Ambiguous
            }
            Named::Address(_) | Named::Host(_) | Named::Nobody | Named::Ambiguous => named,
        };
        let told = session.told;
        let sure = named.address();
        session.address = session.address.or(sure);
        session.told |= sure.is_some() && !matches!(sentence.deed, Deed::Began);
        match process {
            Some(process) if named == Named::Ambiguous => drop(self.sessions.forget(process)),
            Some(process) => self.sessions.put(process, session),
            None => {}
        }
        let user = sentence.user.map(Into::into);
        let why = sentence.why;
        match sentence.deed {
            Deed::Began => Finding::Nothing("a connection"),
            Deed::Let => Finding::Success(Success { named, port, user, why: why.into() }),
            Deed::Ended if told => Finding::Nothing("its tries have been told"),
            Deed::Ended => Finding::Offence(Offence {
                port,
                user,
                times,
                ..Offence::new(Kind::NoAuth, named, why)
            }),
            Deed::Tried(kind) => {
                Finding::Offence(Offence { port, user, times, ..Offence::new(kind, named, why) })
            }
        }
    }
}

fn read(message: &[u8]) -> Option<Sentence<'_>> {
    let message = message.trim_ascii_end();
    let (first, rest) = message.split_first()?;
    match (first.to_ascii_lowercase(), rest) {
        (b'b', rest) => {
            let rest = rest.strip_prefix(b"ad ")?;
            let rest = rest
                .strip_prefix(b"PAM ")
                .unwrap_or(rest)
                .strip_prefix(b"password attempt for '")?;
            Some(named_at_end(Deed::Tried(Kind::AuthFailed), rest, "a failed password"))
        }
        (b'l', rest) => {
            let rest = rest.strip_prefix(b"ogin attempt for nonexistent user from")?;
            let peer = Some(host_port(rest.strip_prefix(b" ").unwrap_or_default()));
            let why = "an account that does not exist";
            Some(Sentence { deed: Deed::Tried(Kind::InvalidUser), peer, user: None, why })
        }
        (b'c', rest) => {
            let peer = Some(host_port(rest.strip_prefix(b"hild connection from ")?));
            Some(Sentence { deed: Deed::Began, peer, user: None, why: "a connection" })
        }
        (b'p', rest) => {
            let (how, rest) = split(rest, b"auth succeeded for '")?;
            matches!(how, b"assword " | b"AM password " | b"ubkey ")
                .then(|| named_at_end(Deed::Let, rest, "authenticated"))
        }
        (b'a', rest) => {
            let rest = rest.strip_prefix(b"uth succeeded with blank password for '")?;
            Some(named_at_end(Deed::Let, rest, "authenticated"))
        }
        (b'e', rest) => ended(rest.strip_prefix(b"xit before auth")?),
        _ => None,
    }
}

/// ` from <A:P>: …`, ` (user 'NAME', 3 fails): …[ from A:P]`, `: …`.
fn ended(rest: &[u8]) -> Option<Sentence<'_>> {
    let why = "left before authentication";
    if let Some(inner) = rest.strip_prefix(b" from <") {
        let (host, _) = split(inner, b">")?;
        return Some(Sentence { deed: Deed::Ended, peer: Some(host_port(host)), user: None, why });
    }
    if !(rest.starts_with(b": ") || rest.starts_with(b" (user '")) {
        return None;
    }
    let tries = memchr::memmem::find(rest, b": Max auth tries reached - user '").is_some();
    let peer = match memchr::memmem::rfind(rest, b"' from ") {
        Some(at) if tries => Some(host_port(rest.get(at.saturating_add(7)..)?)),
        _ => None,
    };
    Some(Sentence { deed: Deed::Ended, peer, user: None, why })
}

/// `NAME' from A:P`, `NAME' with KEY from A:P`: the right end counts.
fn named_at_end<'m>(deed: Deed, rest: &'m [u8], why: &'static str) -> Sentence<'m> {
    let parts = || {
        let at = memchr::memmem::rfind(rest, b" from ")?;
        let (head, tail) = (rest.get(..at)?, rest.get(at.saturating_add(6)..)?);
        let keyed = || head.get(..memchr::memmem::rfind(head, b"' with ")?);
        let key = matches!(deed, Deed::Let);
        let user = head.strip_suffix(b"'").or_else(|| if key { keyed() } else { None })?;
        Some((host_port(tail), user))
    };
    match parts() {
        Some((peer, user)) => Sentence { deed, peer: Some(peer), user: Some(user), why },
        None => Sentence { deed, peer: Some((Named::Nobody, None)), user: None, why },
    }
}

/// `A:P`.
fn host_port(text: &[u8]) -> (Named, Option<u16>) {
    let parts = || {
        let colon = memchr::memrchr(b':', text)?;
        Some((text.get(..colon)?, address::port(text.get(colon.checked_add(1)?..)?)?))
    };
    match parts() {
        Some((host, port)) => (address::named(host), Some(port)),
        None => (Named::Nobody, None),
    }
}

fn split<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let place = memchr::memmem::find(text, at)?;
    Some((text.get(..place)?, text.get(place.checked_add(at.len())?..)?))
}
