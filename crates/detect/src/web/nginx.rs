//! nginx's error log, as a file or through syslog.
//!
//! Sentences of 0.8 to 1.29: `[error] 7#8: *9 user "joe" was not found in "/etc/htpasswd", client: ADDRESS, server:
//! NAME, request: "GET / HTTP/1.1", host: "…", referrer: "…"`. The user stands before the address, the request,
//! host and referrer behind it, and none is escaped: **every reading must agree**. Refusals by a rule and
//! failed handshakes have nothing of the client's before the address: the first `, client: ` is its.

use crate::scan::{Peer, behind_each, common, cut, cut_last, holds, offence, own_text};
use crate::{Detector, Finding, Kind, Named, Record, address};

/// The detector. It remembers nothing.
#[derive(Debug)]
pub(crate) struct Nginx;

const UNKNOWN: &str = "no sentence of nginx's that names an offender";

/// What stands before the address.
const CLIENT: &[u8] = b", client: ";

impl Detector for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn wants(&self, program: &[u8]) -> bool {
        program.is_empty() || program == b"nginx"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        let text = own_text(record, &[b"nginx"]);
        // Through syslog nginx writes its own time as well.
        let text = crate::frame::time(text).map_or(text, |(_, rest)| rest);
        match behind_head(text) {
            Some(text) => said(text),
            None => Finding::Nothing(UNKNOWN),
        }
    }
}

/// `[error] 7#8: *9 `, and what is behind.
fn behind_head(text: &[u8]) -> Option<&[u8]> {
    let (level, rest) = cut(text.strip_prefix(b"[")?, b"] ")?;
    let (process, rest) = cut(rest, b": ")?;
    let (connection, rest) = cut(rest.strip_prefix(b"*")?, b" ")?;
    let number = |byte: &u8| byte.is_ascii_digit() || *byte == b'#';
    let plain = level.iter().all(u8::is_ascii_lowercase)
        && process.iter().all(number)
        && connection.iter().all(number);
    plain.then_some(rest)
}

/// Who stands behind `, client: `: an address, or nobody (a socket's path has none).
fn client(text: &[u8]) -> Peer {
    let (token, rest) = address::split_start(text);
    let ended = rest.is_empty() || rest.starts_with(b",");
    match address::parse(token).filter(|_| ended) {
        Some(address) => Peer { named: Named::Address(address), port: None },
        None => Peer::NOBODY,
    }
}

fn said(text: &[u8]) -> Finding {
    let every = || common(behind_each(text, CLIENT).map(client)).unwrap_or(Peer::NOBODY);
    if let Some(rest) = text.strip_prefix(b"user \"") {
        if let Some((user, _)) = cut_last(rest, b"\" was not found in \"") {
            return offence(Kind::InvalidUser, every(), Some(user), "unknown user");
        }
        if let Some((user, _)) = cut_last(rest, b"\": password mismatch") {
            return offence(Kind::AuthFailed, every(), Some(user), "wrong password");
        }
        return Finding::Nothing(UNKNOWN);
    }
    if text.starts_with(b"client login failed: \"") {
        return offence(Kind::AuthFailed, every(), None, "a mail proxy's login failed");
    }
    let Some((before, behind)) = cut(text, CLIENT) else { return Finding::Nothing(UNKNOWN) };
    let peer = client(behind);
    if before == b"access forbidden by rule" {
        return offence(Kind::Probe, peer, None, "what nobody may see");
    }
    if before.starts_with(b"SSL_do_handshake() failed (")
        && [b" too long)".as_slice(), b" too short)"].iter().any(|wrong| holds(before, wrong))
    {
        return offence(Kind::Protocol, peer, None, "no TLS");
    }
    Finding::Nothing(UNKNOWN)
}
