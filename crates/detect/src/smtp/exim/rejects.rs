//! `H=…`: what was refused, and to whom.

use super::host::host;
use super::{Finding, Kind, UNKNOWN};
use crate::scan::{cut, cut_last, holds, offence};

/// What a message says, the surest first. An access list's words are the administrator's.
const MESSAGES: [(&[u8], Kind, &str); 18] = [
    (b"relay not permitted", Kind::Relay, "relay not permitted"),
    (b"elaying denied", Kind::Relay, "relay not permitted"),
    (b"elay access denied", Kind::Relay, "relay not permitted"),
    (b"nrouteable address", Kind::Rejected, "no route to the address"),
    (b"nroutable address", Kind::Rejected, "no route to the address"),
    (b"nknown user", Kind::Rejected, "no such user"),
    (b"ser unknown", Kind::Rejected, "no such user"),
    (b"ender verify failed", Kind::Rejected, "no such sender"),
    (b"dnsbl", Kind::Spam, "listed"),
    (b"DNSBL", Kind::Spam, "listed"),
    (b"black list", Kind::Spam, "listed"),
    (b"lacklist", Kind::Spam, "listed"),
    (b"locklist", Kind::Spam, "listed"),
    (b"listed ", Kind::Spam, "listed"),
    (b"spam", Kind::Spam, "spam"),
    (b"Spam", Kind::Spam, "spam"),
    (b"virus", Kind::Spam, "a virus"),
    (b"malware", Kind::Spam, "a virus"),
];

/// A line that begins with its host.
pub(super) fn refused(text: &[u8]) -> Finding {
    let Some((peer, rest)) = text.strip_prefix(b"H=").and_then(host) else {
        return Finding::Nothing(UNKNOWN);
    };
    if holds(rest, b" sender verify fail for <") {
        return offence(Kind::Rejected, peer, None, "no such sender");
    }
    // An address may hold the word, so the last is asked for too.
    let Some((before, what)) = cut(rest, b" rejected ") else {
        return Finding::Nothing("nothing was refused");
    };
    let last = cut_last(rest, b" rejected ").map_or(before, |(before, _)| before);
    if before.ends_with(b" temporarily") && last.ends_with(b" temporarily") {
        return Finding::Nothing("put off, not refused");
    }
    if holds(before, b" incomplete transaction ") {
        return Finding::Nothing("nothing was refused");
    }
    let (kind, why) = verdict(what);
    offence(kind, peer, None, why)
}

/// `RCPT <…>: message`, `after DATA: message`, `EHLO or HELO x: message`, `connection in "connect" ACL: …`.
fn verdict(what: &[u8]) -> (Kind, &'static str) {
    let message =
        cut_last(what, b">: ").or_else(|| cut(what, b": ")).map_or(b"".as_slice(), |(_, m)| m);
    let said = MESSAGES.iter().find(|(piece, ..)| holds(message, piece));
    if let Some((_, kind, why)) = said {
        return (*kind, why);
    }
    let first = what.split(|byte| *byte == b' ' || *byte == b':').next().unwrap_or_default();
    match first {
        b"after" | b"during" => (Kind::Spam, "content refused"),
        b"EHLO" | b"HELO" => (Kind::Protocol, "HELO refused"),
        b"VRFY" | b"EXPN" | b"ETRN" | b"ATRN" => {
            (Kind::Probe, "a question that only a scanner asks")
        }
        b"AUTH" => (Kind::NotAllowed, "login refused"),
        b"connection" => (Kind::Spam, "connection refused"),
        b"DATA" | b"PREDATA" => (Kind::Rejected, "mail refused"),
        _ => (Kind::Rejected, "address refused"),
    }
}
