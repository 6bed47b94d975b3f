//! Apache's error log, as a file or through syslog.
//!
//! Sentences of 2.0 to 2.5: `[TIME] [auth_basic:error] [pid N:tid M] [client ADDRESS:port] AH01618: user joe not
//! found: /path`, and without the module and the port before 2.4. The address stands before all that the
//! client chooses, so it is **read from the left**; paths, names and referers behind it are not searched
//! for one. Behind a proxy it is what `mod_remoteip` makes of the proxies that the configuration trusts.

use crate::scan::{Peer, cut, holds, offence, own_text};
use crate::{Detector, Finding, Kind, Named, Record, address};

/// The detector. It remembers nothing.
#[derive(Debug)]
pub(crate) struct Apache;

const UNKNOWN: &str = "no sentence of Apache's that names an offender";

/// What syslog's tag may be.
const PROGRAMS: [&[u8]; 3] = [b"apache2", b"apache", b"httpd"];

/// How a sentence that needs no user begins.
const STARTS: [(&[u8], Kind, &str); 13] = [
    (b"client denied by server configuration", Kind::Probe, "what nobody may see"),
    (b"client used wrong authentication scheme", Kind::Protocol, "wrong authentication scheme"),
    (b"authorization failure (no authenticated user)", Kind::NotAllowed, "nobody has logged in"),
    (b"realm mismatch - got `", Kind::Protocol, "wrong realm"),
    (b"unknown algorithm `", Kind::Protocol, "unknown algorithm"),
    (b"invalid qop `", Kind::Protocol, "unknown quality of protection"),
    (b"received invalid opaque - got `", Kind::Protocol, "wrong opaque"),
    (b"invalid uri <", Kind::Protocol, "wrong URI"),
    (b"uri mismatch - <", Kind::Protocol, "wrong URI"),
    (b"Warning, possible replay attack: nonce-count check failed", Kind::Protocol, "a replay"),
    (b"Hostname ", Kind::Protocol, "names that do not agree"),
    (b"No hostname was provided via SNI", Kind::Protocol, "no name of a host"),
    (b"invalid nonce ", Kind::Protocol, "a nonce that none was"),
];

/// What follows a user's name.
const ENDS: [(&[u8], Kind, &str); 8] = [
    (b": authentication failure for \"", Kind::AuthFailed, "wrong password"),
    (b": password mismatch", Kind::AuthFailed, "wrong password"),
    (b" authentication failure", Kind::AuthFailed, "wrong password"),
    (b": authorization failure for \"", Kind::NotAllowed, "not authorized"),
    (b" authorization failure", Kind::NotAllowed, "not authorized"),
    (b" denied by provider", Kind::NotAllowed, "denied by the provider"),
    (b" not found", Kind::InvalidUser, "unknown user"),
    (b"' not found", Kind::InvalidUser, "unknown user"),
];

impl Detector for Apache {
    fn name(&self) -> &'static str {
        "apache"
    }

    fn wants(&self, program: &[u8]) -> bool {
        let name = program.split(|byte| *byte == b'/').next().unwrap_or_default();
        program.is_empty() || PROGRAMS.contains(&name)
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        let text = match record.program {
            b"" => own_text(record, &[]),
            _ => record.message,
        };
        match head(text) {
            Some((peer, text)) => said(peer, text),
            None => Finding::Nothing(UNKNOWN),
        }
    }
}

/// `[module:level] [pid N:tid M] [client ADDRESS:port] AH01618: `, and what is behind.
fn head(text: &[u8]) -> Option<(Peer, &[u8])> {
    let mut text = text;
    let mut modern = false;
    for place in 0..4 {
        let (inside, rest) = cut(text.strip_prefix(b"[")?, b"] ")?;
        if let Some(client) = inside.strip_prefix(b"client ") {
            let peer = client_of(client, modern);
            let coded = rest.strip_prefix(b"AH").and_then(|code| cut(code, b": "));
            let rest = match coded {
                Some((code, said)) if code.iter().all(u8::is_ascii_digit) => said,
                _ => rest,
            };
            return Some((peer, rest));
        }
        // Who evades a module that guards against floods has been refused by it, not by a rule.
        if inside.starts_with(b"evasive") {
            return None;
        }
        modern |= place < 2 && inside.contains(&b':') && inside.ends_with(b"error");
        text = rest;
    }
    None
}

/// An address, since 2.4 always with a port: also behind IPv6, without brackets.
fn client_of(text: &[u8], modern: bool) -> Peer {
    if text.starts_with(b"[") || !modern {
        let (named, port) = match address::parse_with_port(text) {
            Some((address, port)) => (Named::Address(address), port),
            None => (address::named(text), None),
        };
        return Peer { named, port };
    }
    let ported = || {
        let colon = memchr::memrchr(b':', text)?;
        let (address, port) = text.split_at_checked(colon)?;
        Some((address::parse(address)?, address::port(port.get(1..)?)?))
    };
    match ported() {
        Some((address, port)) => Peer { named: Named::Address(address), port: Some(port) },
        None => Peer::of(text),
    }
}

fn said(peer: Peer, text: &[u8]) -> Finding {
    let text = text.strip_prefix(b"Digest: ").unwrap_or(text);
    if let Some(rest) = text.strip_prefix(b"invalid nonce ")
        && holds(rest, b" received - hash is not ")
    {
        return Finding::Nothing("a nonce of before the server's start");
    }
    if let Some((_, kind, why)) = STARTS.iter().find(|(start, ..)| text.starts_with(start)) {
        return offence(*kind, peer, None, why);
    }
    let owner = text.strip_prefix(b"Authorization of user ");
    if let Some((user, _)) = owner.and_then(|rest| cut(rest, b" to access ")) {
        return offence(Kind::NotAllowed, peer, Some(user), "not the owner");
    }
    let Some(rest) = text.strip_prefix(b"user ") else { return Finding::Nothing(UNKNOWN) };
    let end = ENDS.iter().filter_map(|end| Some((memchr::memmem::find(rest, end.0)?, end)));
    // What stands first decides: behind it come paths and referers.
    let Some((place, (_, kind, why))) = end.min_by_key(|(place, _)| *place) else {
        return Finding::Nothing(UNKNOWN);
    };
    let user = rest.get(..place).unwrap_or_default();
    let digest = user.strip_prefix(b"`").and_then(|user| cut(user, b"' in realm `"));
    let user = digest.map_or(user, |(user, _)| user);
    let form = user.strip_prefix(b"'").and_then(|user| user.strip_suffix(b"'"));
    offence(*kind, peer, Some(form.unwrap_or(user)), why)
}
