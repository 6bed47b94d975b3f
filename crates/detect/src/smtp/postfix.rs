//! Postfix: what its SMTP server, `postscreen` and `cleanup` say.
//!
//! Sentences of 2.3 to 3.11. The client is written `name[address]` (`name[address]:port` with
//! `smtpd_client_port_logging`, `[address]:port` by postscreen), always before anything that the client
//! chose: the name is a checked host name or `unknown`, and what stands before it are words of
//! Postfix's own. So everything is **read from the left**. Behind it come the reply, which quotes mail
//! addresses and the HELO name, and `from=<…> to=<…> helo=<…>`: they decide what was done, never by
//! whom. The exceptions are `cleanup`'s verdicts about a header or a body, which quote it before the
//! client and mail addresses behind: **every reading must agree**.
//!
//! A session's failure is told once: what `lost connection after AUTH` and `disconnect … auth=0/1` say
//! of a session whose failure was logged before is not charged again.

use crate::scan::{self, Peer, bracketed_port, cut, holds, offence, repeated, success, word};
use crate::sessions::Sessions;
use crate::{Detector, Finding, Kind, Record, address};

/// Processes whose session is remembered: more than Postfix runs (`default_process_limit` is 100).
const SESSIONS: usize = 4096;

/// The detector. It remembers of which sessions it has told a failure.
#[derive(Debug)]
pub(crate) struct Postfix {
    told: Sessions<bool>,
}

impl Postfix {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { told: Sessions::new(SESSIONS) }
    }
}

/// Starts of messages that name the client next, behind nothing or one word of Postfix's own.
const SENTENCES: [(&[u8], Kind, &str); 13] = [
    (b"improper command pipelining after ", Kind::Protocol, "commands before their turn"),
    (b"too many errors after ", Kind::TooManyTries, "too many errors"),
    (b"PREGREET ", Kind::Protocol, "spoke before the greeting"),
    (b"HANGUP after ", Kind::NoAuth, "hung up in postscreen's tests"),
    (b"COMMAND TIME LIMIT from ", Kind::Grace, "too slow for postscreen"),
    (b"COMMAND COUNT LIMIT from ", Kind::TooManyTries, "too many commands for postscreen"),
    (b"COMMAND LENGTH LIMIT from ", Kind::Protocol, "command too long for postscreen"),
    (b"COMMAND PIPELINING from ", Kind::Protocol, "commands before their turn"),
    (b"BARE NEWLINE from ", Kind::Protocol, "bare line ends"),
    (b"NON-SMTP COMMAND from ", Kind::Protocol, "another protocol's command"),
    (b"DNSBL rank ", Kind::Spam, "listed"),
    (b"DENYLISTED ", Kind::Spam, "on the list of those to refuse"),
    (b"BLACKLISTED ", Kind::Spam, "on the list of those to refuse"),
];

/// The same among the warnings.
const WARNINGS: [(&[u8], Kind, &str); 7] = [
    (b"Illegal address syntax from ", Kind::Protocol, "not a mail address"),
    (b"non-SMTP command from ", Kind::Protocol, "another protocol's command"),
    (b"AUTH command rate limit exceeded: ", Kind::TooManyTries, "too many logins"),
    (b"Connection rate limit exceeded: ", Kind::TooManyTries, "too many connections"),
    (b"Connection concurrency limit exceeded: ", Kind::TooManyTries, "too many connections"),
    (b"Message delivery request rate limit exceeded: ", Kind::TooManyTries, "too many messages"),
    (b"Recipient address rate limit exceeded: ", Kind::TooManyTries, "too many recipients"),
];

/// What a reply says, the surest first.
const REPLIES: [(&[u8], Kind, &str); 15] = [
    (b"Relay access denied", Kind::Relay, "relay access denied"),
    (b"blocked using ", Kind::Spam, "listed"),
    (b"User unknown", Kind::Rejected, "no such user"),
    (b"ndeliverable address", Kind::Rejected, "undeliverable address"),
    (b"unverified address", Kind::Rejected, "unverified address"),
    (b"Domain not found", Kind::Rejected, "no such domain"),
    (b"Host not found", Kind::Rejected, "no such host"),
    (b"need fully-qualified ", Kind::Rejected, "not a full name"),
    (b"cannot find your ", Kind::Rejected, "no name for the address"),
    (b"Improper use of SMTP command pipelining", Kind::Protocol, "commands before their turn"),
    (b"Multi-recipient bounce", Kind::Protocol, "bounce to many"),
    (b"Invalid name", Kind::Protocol, "no name of a host"),
    (b"invalid ip address", Kind::Protocol, "no address literal"),
    (b"not logged in", Kind::Rejected, "sender needs a login"),
    (b"not owned by user", Kind::Rejected, "another's sender address"),
];

/// Why the server itself could not do better: nobody's offence.
const OURS: [&[u8]; 8] = [
    b"reylist",
    b"ry again",
    b"emporar",
    b"onfiguration",
    b"local data error",
    b"nsufficient system storage",
    b"oo many connections",
    b"ports busy",
];

/// SASL's reasons that are the server's trouble.
const SASL_OURS: [&[u8]; 3] =
    [b"Connection lost to authentication server", b"Temporary authentication", b"generic failure"];

impl Detector for Postfix {
    fn name(&self) -> &'static str {
        "postfix"
    }

    fn wants(&self, program: &[u8]) -> bool {
        let mut parts = program.split(|byte| *byte == b'/');
        let first = parts.next().unwrap_or_default();
        let daemon = parts.next_back().unwrap_or_default();
        let instance = first.strip_prefix(b"postfix").is_some_and(|more| {
            more.is_empty() || more.strip_prefix(b"-").is_some_and(|name| !name.is_empty())
        });
        instance && matches!(daemon, b"smtpd" | b"smtps" | b"postscreen" | b"cleanup")
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl Postfix {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let text = record.message;
        if let Some(warning) = text.strip_prefix(b"warning: ") {
            return self.warning(record, warning);
        }
        if text.starts_with(b"connect from ") {
            self.begin(record);
            return Finding::Nothing("a connection");
        }
        if let Some(rest) = text.strip_prefix(b"disconnect from ") {
            return self.disconnect(record, rest);
        }
        if let Some(rest) = text.strip_prefix(b"lost connection after ") {
            return self.lost(record, rest);
        }
        if let Some(found) = sentence(&SENTENCES, text) {
            return found;
        }
        // The rest begins with a queue's identifier or NOQUEUE.
        let Some((id, rest)) = cut(text, b": ") else { return Finding::Nothing(UNKNOWN) };
        if id.is_empty() || !id.iter().all(u8::is_ascii_alphanumeric) {
            return Finding::Nothing(UNKNOWN);
        }
        if let Some(rest) = rest.strip_prefix(b"client=") {
            return authenticated(rest);
        }
        if let Some(rest) = rest.strip_prefix(b"lost connection after ") {
            return self.lost(record, rest);
        }
        let reject = rest.strip_prefix(b"milter-").unwrap_or(rest);
        if let Some(reject) = reject.strip_prefix(b"reject: ") {
            let milter = rest.starts_with(b"milter-");
            return rejected(reject, milter);
        }
        sentence(&SENTENCES, rest).unwrap_or(Finding::Nothing(UNKNOWN))
    }
}

const UNKNOWN: &str = "no sentence of Postfix's that names an offender";

impl Postfix {
    fn begin(&mut self, record: &Record<'_>) {
        if let Some(process) = self.told.process(record, "postfix") {
            self.told.put(process, false);
        }
    }

    /// Marks the session as one whose failure is told; whether it was already.
    fn tell(&mut self, record: &Record<'_>) -> bool {
        let Some(process) = self.told.process(record, "postfix") else { return false };
        let before = self.told.get(process).copied().unwrap_or(false);
        self.told.put(process, true);
        before
    }

    /// `name[address]: SASL LOGIN authentication failed: reason`. The mechanism is the client's word
    /// and the reason may quote it; both come behind.
    fn warning(&mut self, record: &Record<'_>, text: &[u8]) -> Finding {
        if let Some(found) = sentence(&WARNINGS, text) {
            return found;
        }
        let sasl = || {
            let (peer, rest) = client(text)?;
            let (_, rest) = word(rest.strip_prefix(b": SASL ")?)?;
            Some((peer, rest.strip_prefix(b"authentication ")?))
        };
        let Some((peer, said)) = sasl() else { return Finding::Nothing(UNKNOWN) };
        let Some(reason) = said.strip_prefix(b"failed") else {
            return Finding::Nothing("a login given up");
        };
        if SASL_OURS.iter().any(|ours| holds(reason, ours)) {
            return Finding::Nothing("the authentication server failed");
        }
        self.tell(record);
        let user = cut(reason, b", sasl_username=").map(|(_, user)| user);
        let user = user.filter(|user| *user != b"(unavailable)");
        if reason.starts_with(b": Invalid authentication mechanism") {
            return offence(Kind::Protocol, peer, user, "a mechanism that is not spoken here");
        }
        offence(Kind::AuthFailed, peer, user, "SASL authentication failed")
    }

    fn disconnect(&mut self, record: &Record<'_>, text: &[u8]) -> Finding {
        let told = self.tell(record);
        self.begin(record);
        let Some((peer, counts)) = client(text) else { return Finding::Nothing(UNKNOWN) };
        let Some((_, tries)) = cut(counts, b" auth=0/") else {
            return Finding::Nothing("an end like any other");
        };
        match tries.first() {
            Some(b'1'..=b'9') if told => Finding::Nothing(TOLD),
            Some(b'1'..=b'9') => offence(Kind::NoAuth, peer, None, "no login that succeeded"),
            _ => Finding::Nothing("an end like any other"),
        }
    }

    fn lost(&mut self, record: &Record<'_>, text: &[u8]) -> Finding {
        let Some((after, rest)) = word(text) else { return Finding::Nothing(UNKNOWN) };
        if matches!(after, b"DATA" | b"BDAT" | b"END-OF-MESSAGE") {
            return Finding::Nothing("a connection that broke while mail was sent");
        }
        let Some((peer, _)) = rest.strip_prefix(b"from ").and_then(client) else {
            return Finding::Nothing(UNKNOWN);
        };
        if self.tell(record) {
            return Finding::Nothing(TOLD);
        }
        offence(Kind::NoAuth, peer, None, "connection lost before any mail")
    }
}

const TOLD: &str = "the session's failure was told before";

/// One of the sentences, where it stands at the start.
fn sentence(table: &[(&[u8], Kind, &str)], text: &[u8]) -> Option<Finding> {
    let (rest, kind, why) = table
        .iter()
        .find_map(|(start, kind, why)| Some((text.strip_prefix(*start)?, kind, why)))?;
    // A command's name or a number and `after 0.08` may stand before the client, all without brackets.
    let direct = client(rest).map(|(peer, _)| peer);
    let peer = direct.or_else(|| {
        let (before, behind) = cut(rest, b"from ").or_else(|| cut(rest, b"for "))?;
        (!before.contains(&b'[')).then(|| client(behind)).flatten().map(|(peer, _)| peer)
    });
    Some(offence(*kind, peer.unwrap_or(Peer::NOBODY), None, why))
}

/// `name[address]`, `name[address]:port` or `[address]:port` at the start, and what is behind it.
fn client(text: &[u8]) -> Option<(Peer, &[u8])> {
    let name = text.iter().take_while(|byte| address::is_name(**byte)).count();
    bracketed_port(text.get(name..)?)
}

/// `RCPT from name[address]: 554 5.7.1 <…>: text; from=<…> …`.
fn rejected(text: &[u8], milter: bool) -> Finding {
    let Some((what, rest)) = word(text) else { return Finding::Nothing(UNKNOWN) };
    if matches!(what, b"header" | b"body" | b"content") {
        let clients = scan::behind_each(rest, b" from ")
            .filter_map(|behind| client(behind).filter(|(_, rest)| rest.starts_with(b";")));
        return match scan::common(clients.map(|(peer, _)| peer)) {
            Some(peer) => offence(Kind::Spam, peer, None, "a header or body that is refused"),
            None => Finding::Nothing("mail of this host's own"),
        };
    }
    let read = || {
        let (peer, rest) = client(rest.strip_prefix(b"from ")?)?;
        Some((peer, rest.strip_prefix(b": ")?))
    };
    let Some((peer, reply)) = read() else { return Finding::Nothing(UNKNOWN) };
    if let Some((_, kind, why)) = REPLIES.iter().find(|(piece, ..)| holds(reply, piece)) {
        return offence(*kind, peer, None, why);
    }
    let later = !reply.starts_with(b"5");
    if later && OURS.iter().any(|ours| holds(reply, ours)) {
        return Finding::Nothing("put off, not refused");
    }
    match (milter, later, holds(reply, b" rejected")) {
        (true, false, _) => offence(Kind::Spam, peer, None, "a filter's verdict"),
        (true, true, _) | (false, true, false) => Finding::Nothing("put off, not refused"),
        (false, _, true) => offence(Kind::Spam, peer, None, "refused by a rule"),
        (false, false, false) => offence(Kind::Rejected, peer, None, "refused"),
    }
}

/// `name[address], sasl_method=LOGIN, sasl_username=joe`.
fn authenticated(text: &[u8]) -> Finding {
    let read = || {
        let (peer, rest) = client(text)?;
        let (_, user) = cut(rest.strip_prefix(b", sasl_method=")?, b", sasl_username=")?;
        Some((peer, cut(user, b", sasl_sender=").map_or(user, |(user, _)| user)))
    };
    match read() {
        Some((peer, user)) => success(peer, Some(user), "SASL authentication"),
        None => Finding::Nothing("mail without a login"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_a_whole_name() {
        for (program, want) in [
            ("postfix/smtpd", true),
            ("postfix/submission/smtpd", true),
            ("postfix-incoming/smtpd", true),
            ("postfix-smo/submission/smtpd", true),
            ("postfix/postscreen", true),
            ("postfix/smtp", false),
            ("postfix", false),
            ("postfixx/smtpd", false),
            ("smtpd", false),
            ("", false),
        ] {
            assert_eq!(Postfix::new().wants(program.as_bytes()), want, "{program}");
        }
    }
}
