//! Exim: its main log, its reject log's first lines, and the same through syslog.
//!
//! Sentences of 4.50 to 4.99. Who is at the other end is written `NAME (HELO) [ADDRESS]:port`, of which only
//! the address is always there, behind `H=` or a `from` or `for`: see [`host`] for how it is read.
//! With `helo_accept_junk_hosts` the HELO holds anything, also `) [192.0.2.1]`; without, letters, digits, dots,
//! hyphens, or an address literal. A line does not say which, so **both readings must agree**
//! wherever a HELO is shown: what is behind the first `) [` and behind any other that an address follows.
//!
//! | sentence | where the host stands |
//! |---|---|
//! | `H=… F=<…> rejected RCPT …`, `… authenticator failed for …: 535 …`, `SMTP call from … dropped: …`, `no MAIL in SMTP connection from …` | behind words of Exim's own: from the left |
//! | `SMTP protocol error in "…" H=… AUTH command used when not advertised`, `rejected "EHLO x" from …` | behind the client's command, before words of Exim's own or the end: from the right |
//! | `rejected "…" H=… next input="…"`, `F=… H=… rejected by local_scan(): …`, `<= … H=… A=…`, SA-Exim's | between texts of strangers: every reading must agree |

mod host;
mod rejects;
mod spam;

use crate::scan::{self, Peer, cut, holds, offence, own_text, success, word};
use crate::told::Told;
use crate::{Detector, Finding, Kind, Offence, Record, syslog};
use host::{at_end, host};
use std::hash::{DefaultHasher, Hash, Hasher};

pub(super) use spam::{is_sa, sa_exim};

/// The detector. It remembers of whom a failure was told, so that the line about the end of the same
/// session does not tell it again.
#[derive(Debug)]
pub(crate) struct Exim {
    told: Told,
    /// What the last refusal hashes to, until its copy has come.
    last: Option<u64>,
}

/// Addresses of whom a failure is remembered.
const TOLD: usize = 4096;

impl Exim {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { told: Told::new(TOLD), last: None }
    }
}

/// Whether Exim's lines may come under this program's name. Lines of its own files name none, and
/// `SA` stands in them where syslog's tag would.
pub(super) fn wants(program: &[u8]) -> bool {
    program.is_empty() || program == b"SA" || PROGRAMS.contains(&program)
}

/// How syslog daemons name it, and nothing.
const PROGRAMS: [&[u8]; 3] = [b"exim", b"exim4", b"exim_daemon"];

const UNKNOWN: &str = "no sentence of Exim's that names an offender";

impl Detector for Exim {
    fn name(&self) -> &'static str {
        "exim"
    }

    fn wants(&self, program: &[u8]) -> bool {
        wants(program)
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        let (lines, message) = syslog::repeated(record.message);
        let record = Record { message, ..record.clone() };
        let Some(times) = self.told_by(&record, lines) else {
            return Finding::Nothing("the line before, once more for the log of refusals");
        };
        match self.read(&record) {
            Finding::Offence(found) => Finding::Offence(Offence { times, ..found }),
            found @ (Finding::Success(_) | Finding::Nothing(_)) => found,
        }
    }
}

impl Exim {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let found = look(record);
        let Finding::Offence(offence) = &found else { return found };
        if offence.kind != Kind::NoAuth {
            self.told.add(&offence.named, 1);
        } else if self.told.rest(&offence.named, u32::MAX) < u32::MAX {
            return Finding::Nothing("the session's failure was told before");
        }
        found
    }
}

impl Exim {
    /// Of how many things so many lines of the same words tell, if of any: Exim sends what it refuses to
    /// syslog twice, for its main log and for that of refusals, with nothing but another priority,
    /// which a file does not show. Lines that do not come through syslog, where the two logs are files
    /// of their own, have no program.
    fn told_by(&mut self, record: &Record<'_>, lines: u32) -> Option<u32> {
        let both = |text| holds(record.message, text);
        if record.program.is_empty() || !(both(b"rejected ") || both(b"authenticator failed for "))
        {
            self.last = None;
            return Some(lines);
        }
        let mut hasher = DefaultHasher::new();
        (record.host, record.program, record.pid, record.message).hash(&mut hasher);
        let hash = hasher.finish();
        // Only one copy is one: what comes behind it is another refusal, though it be the same.
        let copy_is_due = self.last.take() == Some(hash);
        let rest = lines.saturating_sub(u32::from(copy_is_due));
        if rest % 2 == 1 {
            self.last = Some(hash);
        }
        let things = rest.div_ceil(2);
        (things > 0).then_some(things)
    }
}

/// What a line of Exim's says.
pub(super) fn look(record: &Record<'_>) -> Finding {
    let text = body(own_text(record, &PROGRAMS));
    match text.first() {
        Some(b'H') if text.starts_with(b"H=") => rejects::refused(text),
        Some(b'<') if text.starts_with(b"<= ") => arrived(text),
        Some(b'F') if text.starts_with(b"F=") => spam::local_scan(text),
        Some(b'S') if is_sa(text) => sa_exim(text),
        Some(b'S') => session(record, text),
        Some(b'n') => silent(text),
        Some(b'r') => command(record, text),
        Some(b'u') if text.starts_with(b"unqualified ") => unqualified(record, text),
        Some(b'u') => broken(text),
        _ => authenticator(text),
    }
}

/// What is behind syslog's second time, the zone, the process and the message's identifier, as far as
/// there are any.
fn body(text: &[u8]) -> &[u8] {
    let mut text = crate::frame::time(text).map_or(text, |(_, rest)| rest);
    for _ in 0..4 {
        let Some((first, rest)) = word(text) else { break };
        let inside = first.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]"));
        let pid = inside.is_some_and(|inside| inside.iter().all(u8::is_ascii_digit));
        let zone = first.len() == 5
            && matches!(first.first(), Some(b'+' | b'-'))
            && first.iter().skip(1).all(u8::is_ascii_digit);
        if !pid && !zone && !is_id(first) {
            break;
        }
        text = rest;
    }
    text
}

/// `1ahr79-0006jK-G9`, and since 4.97 `1rQmWZ-0000000AbCd-1a2B`.
fn is_id(word: &[u8]) -> bool {
    let mut parts = word.split(|byte| *byte == b'-').map(<[u8]>::len);
    let lengths = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(lengths, (Some(6), Some(6), Some(2), None) | (Some(6), Some(11), Some(4), None))
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// `SMTP …`.
fn session(record: &Record<'_>, text: &[u8]) -> Finding {
    if let Some(rest) = text.strip_prefix(b"SMTP call from ") {
        let Some((peer, rest)) = host(rest) else { return Finding::Nothing(UNKNOWN) };
        if !holds(rest, b" dropped: too many ") {
            return Finding::Nothing(UNKNOWN);
        }
        return offence(Kind::TooManyTries, peer, None, "too many errors or useless commands");
    }
    if let Some(rest) = text.strip_prefix(b"SMTP protocol synchronization error (") {
        let Some((_, rest)) = cut(rest, b"): rejected ") else { return Finding::Nothing(UNKNOWN) };
        let peer = match rest.strip_prefix(b"connection from ") {
            Some(rest) => host(rest.strip_prefix(b"H=").unwrap_or(rest)).map(|(peer, _)| peer),
            None => scan::common(scan::behind_each(rest, b" H=").filter_map(host).map(|(p, _)| p)),
        };
        return offence(Kind::Protocol, peer.unwrap_or(Peer::NOBODY), None, "spoke out of turn");
    }
    let wrong = text.strip_prefix(b"SMTP protocol error in ");
    if wrong.is_some() || text.starts_with(b"SMTP syntax error in ") {
        return command_error(record, text);
    }
    if text.starts_with(b"SMTP connection from ") && text.ends_with(b" closed by DROP in ACL") {
        return Finding::Nothing("the line that refused has told it");
    }
    Finding::Nothing(UNKNOWN)
}

/// The ends of what is said of a wrong command. The command is the client's text, and what is before
/// these ends is the host.
const WRONG: [&[u8]; 14] = [
    b" AUTH command used when not advertised",
    b" already authenticated",
    b" not permitted in mail transaction",
    b" invalid character in authentication mechanism name",
    b" unrecognized command",
    b" unexpected argument data",
    b" NUL character(s) present (shown as '?')",
    b" STARTTLS command used when not advertised",
    b" BDAT command used when CHUNKING not advertised",
    b" sender not yet given",
    b" sender already given",
    b" HELO or EHLO required",
    b" valid RCPT command must precede DATA",
    b" SMTP synchronization error",
];

fn command_error(record: &Record<'_>, text: &[u8]) -> Finding {
    let text = text.trim_ascii_end();
    let head = WRONG.iter().find_map(|end| text.strip_suffix(*end)).or_else(|| {
        let head = text.strip_suffix(b" authentication mechanism not supported")?;
        Some(scan::cut_last(head, b" ")?.0)
    });
    let Some(head) = head else { return Finding::Nothing("a slip of the pen") };
    let peer = at_end(head).unwrap_or(Peer::NOBODY).unless_cut(record);
    offence(Kind::Protocol, peer, None, "a command that is wrong here")
}

/// `no MAIL in SMTP connection from …`, without a login before.
fn silent(text: &[u8]) -> Finding {
    let read = || {
        let rest = text.strip_prefix(b"no MAIL in ")?;
        let rest =
            rest.strip_prefix(b"TFO* ").or_else(|| rest.strip_prefix(b"TFO ")).unwrap_or(rest);
        host(rest.strip_prefix(b"SMTP connection from ")?)
    };
    match read() {
        Some((_, rest)) if holds(rest, b" A=") => Finding::Nothing("a session with a login"),
        Some((peer, _)) => offence(Kind::NoAuth, peer, None, "a session without mail"),
        None => Finding::Nothing("a name that is missing is no offence"),
    }
}

/// `rejected EHLO from …: syntactically invalid argument(s): …`, `rejected "EHLO x" from …`, and
/// `refused connection from …`.
fn command(record: &Record<'_>, text: &[u8]) -> Finding {
    if let Some(rest) = text.strip_prefix(b"refused connection from ") {
        let peer = host(rest).map_or(Peer::NOBODY, |(peer, _)| peer);
        return offence(Kind::Spam, peer, None, "on the list of those to refuse");
    }
    if text.starts_with(b"rejected \"") {
        let from = scan::holds(text, b" from ");
        let peer = at_end(text.trim_ascii_end()).filter(|_| from);
        let Some(peer) = peer else { return Finding::Nothing(UNKNOWN) };
        return offence(
            Kind::Protocol,
            peer.unless_cut(record),
            None,
            "a HELO that is not its own",
        );
    }
    for start in [b"rejected HELO from ".as_slice(), b"rejected EHLO from ", b"rejected MAIL from "]
    {
        if let Some((peer, _)) = text.strip_prefix(start).and_then(host) {
            return offence(Kind::Protocol, peer, None, "no HELO, or no name in it");
        }
    }
    Finding::Nothing(UNKNOWN)
}

/// `unqualified verify rejected: <root> H=…`.
fn unqualified(record: &Record<'_>, text: &[u8]) -> Finding {
    let Some(peer) = at_end(text).filter(|_| holds(text, b" rejected: <")) else {
        return Finding::Nothing(UNKNOWN);
    };
    let peer = peer.unless_cut(record);
    match text.starts_with(b"unqualified verify ") {
        true => offence(Kind::Probe, peer, None, "a question that only a scanner asks"),
        false => offence(Kind::Protocol, peer, None, "an address without a domain"),
    }
}

/// `unexpected disconnection while reading SMTP command from …`.
fn broken(text: &[u8]) -> Finding {
    let read = || {
        let rest =
            text.strip_prefix(b"unexpected disconnection while reading SMTP command from ")?;
        let rest =
            rest.strip_prefix(b"TFO* ").or_else(|| rest.strip_prefix(b"TFO ")).unwrap_or(rest);
        host(rest)
    };
    match read() {
        Some((peer, _)) => offence(Kind::NoAuth, peer, None, "connection broken off"),
        None => Finding::Nothing(UNKNOWN),
    }
}

/// `login authenticator failed for …: 535 Incorrect authentication data (set_id=joe)`.
fn authenticator(text: &[u8]) -> Finding {
    let read = || {
        let (driver, rest) = word(text)?;
        let rest = rest.strip_prefix(b"authenticator failed for ")?;
        if !driver.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)) {
            return None;
        }
        host(rest.strip_prefix(b"H=").unwrap_or(rest))
    };
    let Some((peer, rest)) = read() else { return Finding::Nothing(UNKNOWN) };
    let user = scan::cut_last(rest, b" (set_id=").map(|(_, user)| user);
    let user = user.map(|user| cut(user, b")").map_or(user, |(user, _)| user));
    if holds(rest, b": 535 ") {
        return offence(Kind::AuthFailed, peer, user, "authentication failed");
    }
    if holds(rest, b": 501 ") {
        return offence(Kind::Protocol, peer, user, "no valid authentication data");
    }
    Finding::Nothing("the authentication server failed")
}

/// `<= joe@x.example H=… P=esmtpsa A=plain:joe S=…`: the sender before and the subject behind are the
/// client's, and so may be what stands for a login. Only the one host there is, and the protocol that
/// stands next, say that there was one.
fn arrived(text: &[u8]) -> Finding {
    let mut hosts = scan::behind_each(text, b" H=").filter_map(host);
    let (first, second) = (hosts.next(), hosts.next());
    let Some((peer, rest)) = first else { return Finding::Nothing("mail of this host's own") };
    if second.is_some() {
        return Finding::Nothing("more than one host that could have sent it");
    }
    let login = || {
        let (before, rest) = cut(rest, b" P=")?;
        let (protocol, rest) = word(rest)?;
        let asked = protocol.starts_with(b"esmtp") && protocol.ends_with(b"a");
        if holds(before, b" U=") || !(asked || protocol.starts_with(b"asmtp")) {
            return None;
        }
        // With A= at its start the rest has no blank before it.
        let (_, login) = cut(rest, b"A=")?;
        Some(cut(login.split(|byte| *byte == b' ').next()?, b":").map(|(_, user)| user))
    };
    match login() {
        Some(user) => success(peer, user, "mail sent after a login"),
        None => Finding::Nothing("mail without a login"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Named;

    #[test]
    fn a_refusal_that_syslog_was_sent_twice_is_one() {
        let mut exim = Exim::new();
        let mut charged = |program: &[u8], pid, message: &[u8]| {
            let record = Record { program, pid, ..Record::plain(message) };
            matches!(exim.look(&record), Finding::Offence(_))
        };
        let refused = b"H=(a) [192.0.2.1] F=<> rejected RCPT <b@c>: relay not permitted".as_slice();
        let other = b"H=(a) [192.0.2.1] F=<> rejected RCPT <d@c>: relay not permitted".as_slice();
        let (exim4, pid) = (b"exim".as_slice(), Some(7));
        let told = [refused, refused, refused, refused, other, refused, refused, other];
        let told = told.map(|message| charged(exim4, pid, message));
        assert_eq!(told, [true, false, true, false, true, true, false, true]);
        // rsyslog may count the same lines in a row: two a refusal, whichever of them it wrote out
        let mut times = |pid, message: &[u8]| {
            let record = Record { program: exim4, pid, ..Record::plain(message) };
            match exim.look(&record) {
                Finding::Offence(offence) => offence.times,
                Finding::Success(_) | Finding::Nothing(_) => 0,
            }
        };
        let again = |n: u32| {
            let text = std::str::from_utf8(refused).unwrap();
            format!("message repeated {n} times: [ {text}]").into_bytes()
        };
        for (n, want) in [(1, [1, 0]), (2, [1, 1]), (3, [1, 1]), (4, [1, 2]), (5, [1, 2])] {
            let got = [times(Some(n), refused), times(Some(n), &again(n))];
            assert_eq!(got, want, "{n}");
        }
        assert_eq!([times(Some(9), &again(3)), times(Some(9), refused)], [2, 0]);
        let mut charged = |program: &[u8], pid, message: &[u8]| {
            let record = Record { program, pid, ..Record::plain(message) };
            matches!(exim.look(&record), Finding::Offence(_))
        };
        // Another process's is another's; and files of Exim's own hold each line once.
        assert!(charged(exim4, Some(7), refused) && charged(exim4, Some(8), refused));
        assert!(charged(b"", None, refused) && charged(b"", None, refused));
    }

    #[test]
    fn a_line_that_was_cut_off_is_not_read_from_its_end() {
        let named = |record: &Record<'_>| match Exim::new().look(record) {
            Finding::Offence(offence) => offence.named,
            other @ (Finding::Success(_) | Finding::Nothing(_)) => panic!("{other:?}"),
        };
        let whole = Record::plain(
            b"SMTP protocol error in \"x\" H=(a) [192.0.2.1] AUTH command used when not advertised",
        );
        assert_eq!(named(&whole), Named::Address([192, 0, 2, 1].into()));
        assert_eq!(named(&Record { cut: true, ..whole }), Named::Ambiguous);
    }
}
