//! Sendmail: what its daemon says.
//!
//! Sentences of 8.11 to 8.18. The client is `NAME [ADDRESS]`, perhaps with `(may be forged)` behind and, where
//! ident is asked, the peer's answer and `@` before the name: of that sendmail keeps only letters, digits
//! and marks, no blank and no bracket. So the first brackets of a client are its address.
//!
//! | sentence | read |
//! |---|---|
//! | `C: possible SMTP attack: …`, `C: VRFY x [rejected]`, `C: probable open proxy: …`, `C did not issue …`, `lost input channel from C to …`, `AUTH=server, relay=C, authid=U, …`, `rejecting commands from C due to …` | from the left: before C is nothing or words of sendmail's own |
//! | `AUTH failure (…): …, user=U, relay=C`, `from=<…>, …, relay=C` | from the right: behind C is nothing |
//! | `ruleset=…, arg1=…, relay=C, reject=…` | strangers' texts on both sides: every reading must agree |
//!
//! `<x>... User unknown` names nobody: the `from=` line of the same queue identifier and process does.

use crate::scan::{Peer, bracketed, common, cut, cut_last, holds, offence, repeated, success};
use crate::sessions::Sessions;
use crate::{Detector, Finding, Kind, Record};

/// Processes of which a refusal is remembered.
const SESSIONS: usize = 1024;

/// The detector. It remembers which mail was for nobody.
#[derive(Debug)]
pub(crate) struct Sendmail {
    refused: Sessions<Box<[u8]>>,
}

impl Sendmail {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { refused: Sessions::new(SESSIONS) }
    }
}

/// What a rule set's refusal says, the surest first.
const REPLIES: [(&[u8], Kind, &str); 12] = [
    (b"Connection rate limit exceeded", Kind::TooManyTries, "too many connections"),
    (b"Too many open connections", Kind::TooManyTries, "too many connections"),
    (b"Relaying denied", Kind::Relay, "relaying denied"),
    (b"User unknown", Kind::Rejected, "no such user"),
    (b" does not exist", Kind::Rejected, "no such domain"),
    (b"Fix reverse DNS", Kind::Rejected, "no name for the address"),
    (b" listed ", Kind::Spam, "listed"),
    (b"blacklist", Kind::Spam, "listed"),
    (b"blocklist", Kind::Spam, "listed"),
    (b"RBL", Kind::Spam, "listed"),
    (b"Rejected: ", Kind::Spam, "listed"),
    (b"pam", Kind::Spam, "spam"),
];

const UNKNOWN: &str = "no sentence of sendmail's that names an offender";

impl Detector for Sendmail {
    fn name(&self) -> &'static str {
        "sendmail"
    }

    fn wants(&self, program: &[u8]) -> bool {
        matches!(program, b"sendmail" | b"sm-mta" | b"sm-acceptingconnections")
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl Sendmail {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let (id, text) = queued(record.message);
        match text.first() {
            Some(b'A') if text.starts_with(b"AUTH failure (") => auth_failure(record, text),
            Some(b'A') if text.starts_with(b"AUTH=server, relay=") => authenticated(text),
            Some(b'<') => self.nobody_here(record, id, text),
            Some(b'f') if text.starts_with(b"from=<") => self.sender(record, id, text),
            Some(b'r') if text.starts_with(b"ruleset=") => ruleset(text),
            Some(b'r') if text.starts_with(b"rejecting commands from ") => pregreet(text),
            _ => client_first(text),
        }
    }
}

/// The queue's identifier, if the text begins with one, and what is behind it.
fn queued(text: &[u8]) -> (&[u8], &[u8]) {
    match cut(text.get(..32).unwrap_or(text), b": ") {
        Some((id, _)) if id.len() >= 7 && id.iter().all(u8::is_ascii_alphanumeric) => {
            (id, text.get(id.len().saturating_add(2)..).unwrap_or_default())
        }
        _ => (b"", text),
    }
}

/// The client at the end of this text, behind whatever its name is.
fn client_at_end(text: &[u8]) -> Option<Peer> {
    let text = text.strip_suffix(b" (may be forged)").unwrap_or(text);
    let (before, _) = cut_last(text, b"[")?;
    let (peer, rest) = bracketed(text.get(before.len()..)?)?;
    let placed = before.is_empty() || before.ends_with(b" ") || before.ends_with(b"=");
    (placed && rest.is_empty()).then_some(peer)
}

/// The client at the start of this text, and what is behind it.
fn client_at_start(text: &[u8]) -> Option<(Peer, &[u8])> {
    let name = text.iter().take_while(|byte| !b" [".contains(byte)).count();
    let rest = text.get(name..)?;
    let rest = if name == 0 { rest } else { rest.strip_prefix(b" ")? };
    let (peer, rest) = bracketed(rest)?;
    Some((peer, rest.strip_prefix(b" (may be forged)").unwrap_or(rest)))
}

/// Every client that stands before one of the places where `at` stands.
fn clients_before(text: &[u8], at: &[u8]) -> Option<Peer> {
    let places = memchr::memmem::find_iter(text, at);
    common(places.filter_map(|place| client_at_end(text.get(..place)?)))
}

fn auth_failure(record: &Record<'_>, text: &[u8]) -> Finding {
    let Some((before, relay)) = cut_last(text, b", relay=") else {
        return Finding::Nothing(UNKNOWN);
    };
    let peer = client_at_end(relay).unwrap_or(Peer::NOBODY).unless_cut(record);
    let user = cut_last(before, b", user=").map(|(_, user)| user);
    if holds(before, b"user not found") {
        return offence(Kind::InvalidUser, peer, user, "unknown user");
    }
    offence(Kind::AuthFailed, peer, user, "authentication failed")
}

fn authenticated(text: &[u8]) -> Finding {
    let read = || {
        let (peer, rest) = client_at_start(text.strip_prefix(b"AUTH=server, relay=")?)?;
        let (user, _) = cut_last(rest.strip_prefix(b", authid=")?, b", mech=")?;
        Some((peer, user))
    };
    match read() {
        Some((peer, user)) => success(peer, Some(user), "authentication"),
        None => Finding::Nothing(UNKNOWN),
    }
}

fn ruleset(text: &[u8]) -> Finding {
    let Some((_, reply)) = cut(text, b", reject=") else {
        return Finding::Nothing("nothing was refused");
    };
    let peer = clients_before(text, b", reject=").unwrap_or(Peer::NOBODY);
    if let Some((_, kind, why)) = REPLIES.iter().find(|(piece, ..)| holds(reply, piece)) {
        return offence(*kind, peer, None, why);
    }
    if reply.starts_with(b"4") {
        return Finding::Nothing("put off, not refused");
    }
    if text.starts_with(b"ruleset=check_relay") || holds(reply, b"Access denied") {
        return offence(Kind::Spam, peer, None, "refused by a rule");
    }
    offence(Kind::Rejected, peer, None, "refused")
}

fn pregreet(text: &[u8]) -> Finding {
    let read = || {
        // Where there is no name there are two blanks.
        let rest = text.strip_prefix(b"rejecting commands from ")?.trim_ascii_start();
        let (peer, rest) = client_at_start(rest)?;
        rest.starts_with(b" due to pre-greeting traffic").then_some(peer)
    };
    match read() {
        Some(peer) => offence(Kind::Protocol, peer, None, "spoke before the greeting"),
        None => Finding::Nothing(UNKNOWN),
    }
}

/// What follows the client, and what that means.
const SENTENCES: [(&[u8], Kind, &str); 5] = [
    (b": possible SMTP attack: command=", Kind::TooManyTries, "too many commands"),
    (b": Possible SMTP RCPT flood, throttling.", Kind::Rejected, "many wrong recipients"),
    (b": probable open proxy: command=", Kind::Protocol, "another protocol's command"),
    (b": SMTP violation, input too long: ", Kind::Protocol, "a line that is too long"),
    (b" did not issue MAIL/EXPN/VRFY/ETRN during ", Kind::NoAuth, "a session without mail"),
];

/// Sentences that begin with the client, or with a few words before it.
fn client_first(text: &[u8]) -> Finding {
    if let Some(rest) = text.strip_prefix(b"lost input channel from ") {
        let late = [b" after data".as_slice(), b" after mail", b" after rcpt", b" after quit"];
        return match client_at_start(rest) {
            Some((peer, rest)) if !late.iter().any(|after| rest.ends_with(after)) => {
                offence(Kind::NoAuth, peer, None, "connection lost before any mail")
            }
            _ => Finding::Nothing("a connection that broke while mail was sent"),
        };
    }
    let Some((peer, rest)) = client_at_start(text) else { return Finding::Nothing(UNKNOWN) };
    if let Some((_, kind, why)) = SENTENCES.iter().find(|(start, ..)| rest.starts_with(start)) {
        return offence(*kind, peer, None, why);
    }
    let asked = rest.strip_prefix(b": ").and_then(|rest| rest.get(..4)).is_some_and(|verb| {
        verb.eq_ignore_ascii_case(b"expn") || verb.eq_ignore_ascii_case(b"vrfy")
    });
    if asked && rest.ends_with(b" [rejected]") {
        return offence(Kind::Probe, peer, None, "a question that only a scanner asks");
    }
    Finding::Nothing(UNKNOWN)
}

impl Sendmail {
    /// `<x@y>... User unknown`: who sent it, a later line says.
    fn nobody_here(&mut self, record: &Record<'_>, id: &[u8], text: &[u8]) -> Finding {
        let unknown = cut_last(text, b">... ")
            .is_some_and(|(_, said)| matches!(said, b"User unknown" | b"No such user here"));
        if !unknown || id.is_empty() {
            return Finding::Nothing(UNKNOWN);
        }
        if let Some(process) = self.refused.process(record, "sendmail") {
            self.refused.put(process, id.into());
        }
        Finding::Nothing("who sent to nobody, another line says")
    }

    fn sender(&mut self, record: &Record<'_>, id: &[u8], text: &[u8]) -> Finding {
        let process = self.refused.process(record, "sendmail");
        let known = process.and_then(|process| {
            let same = self.refused.get(process).is_some_and(|known| **known == *id);
            same.then(|| self.refused.forget(process)).flatten()
        });
        if known.is_none() {
            return Finding::Nothing("mail like any other");
        }
        let relay = cut_last(text, b", relay=").and_then(|(_, relay)| client_at_end(relay));
        let peer = relay.unwrap_or(Peer::NOBODY).unless_cut(record);
        offence(Kind::Rejected, peer, None, "no such user")
    }
}
