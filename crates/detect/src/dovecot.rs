//! Dovecot: what its login processes and its authentication say.
//!
//! Sentences of 1.1 to 2.4, through syslog (`dovecot: imap-login: …`) or in a file of its own
//! (`imap-login: Info: …`).
//!
//! `imap-login: Aborted login (auth failed, 1 attempts in 2 secs): user=<U>, method=M, rip=A, lip=B, TLS,
//! session=<S>` and `imap-login: Login aborted: Connection closed (auth failed, …) (auth_failed): …`
//! (2.4): the user is a stranger's text where `auth_username_chars` is empty, and stands before the
//! address, so the line is **read from the right**: the last `rip=`, behind which there are only
//! fields that the program fills. With a `login_log_format_elements` that has the user behind the
//! address (a `>` there that ends no session) both readings must agree.
//!
//! `auth: sql(U,A,<S>): unknown user`, `auth-worker(7): conn …: auth-worker<3>: pam(U,A): …`, `auth(U,A,sasl:plain)<S>:
//! pam: Password mismatch` (2.4): the user stands before the address and, with `auth_verbose_passwords`,
//! the password behind it: **every reading must agree**. So also for the lines of PAM modules.
//!
//! A try of which the authentication has told (PAM, or with `auth_verbose`) is told again by the login
//! process, once for all of a connection's: these are charged once, as often as there were tries.

use crate::pam::Pam;
use crate::scan::{Peer, common, cut, cut_last, holds, offence, repeated, success};
use crate::told::Told;
use crate::{Detector, Finding, Kind, Offence, Record, address, scan};

/// The detector. It remembers of whom the authentication has told a failure.
#[derive(Debug)]
pub(crate) struct Dovecot {
    pam: Pam,
    told: Told,
}

/// Addresses of whom a failure is remembered.
const TOLD: usize = 4096;

impl Dovecot {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { pam: Pam::default(), told: Told::new(TOLD) }
    }
}

/// The end of a process that speaks with those who have not logged in.
const LOGIN: &[u8] = b"-login";

/// Why a connection ended, as it stands in parentheses.
const REASONS: [(&[u8], Kind, &str); 21] = [
    (b"auth failed", Kind::AuthFailed, "authentication failed"),
    (b"proxy dest auth failed", Kind::AuthFailed, "authentication failed behind a proxy"),
    (b"authorization failed", Kind::NotAllowed, "not authorized"),
    (b"user disabled", Kind::NotAllowed, "account disabled"),
    (b"user is disabled", Kind::NotAllowed, "account disabled"),
    (b"password expired", Kind::NotAllowed, "password expired"),
    (b"pass expired", Kind::NotAllowed, "password expired"),
    (b"login disabled", Kind::NotAllowed, "login disabled"),
    (b"tried to use disabled ", Kind::Protocol, "plaintext where it is not allowed"),
    (b"tried to use disallowed ", Kind::Protocol, "plaintext where it is not allowed"),
    (b"cleartext authentication disabled", Kind::Protocol, "plaintext where it is not allowed"),
    (b"tried to use unsupported ", Kind::Protocol, "a mechanism that is not spoken here"),
    (b"sent invalid base64", Kind::Protocol, "not base64"),
    (b"cert required", Kind::Protocol, "no certificate"),
    (b"client sent an ", Kind::Protocol, "no valid certificate"),
    (b"client didn't send a cert", Kind::Protocol, "no certificate"),
    (b"no auth attempts", Kind::NoAuth, "no login was tried"),
    (b"disconnected before auth was ready", Kind::NoAuth, "no login was tried"),
    (b"disconnected during TLS handshake", Kind::NoAuth, "no login was tried"),
    (b"client didn't finish SASL auth", Kind::NoAuth, "a login left unfinished"),
    (b"disconnected while authenticating", Kind::NoAuth, "a login left unfinished"),
];

/// What the authentication says, behind the address.
const VERDICTS: [(&[u8], Kind, &str); 11] = [
    (b"unknown user", Kind::InvalidUser, "unknown user"),
    (b"Unknown user", Kind::InvalidUser, "unknown user"),
    (b"pam_authenticate() failed: User not known", Kind::InvalidUser, "unknown user"),
    (b"Password mismatch", Kind::AuthFailed, "password mismatch"),
    (b"password mismatch", Kind::AuthFailed, "password mismatch"),
    (b"invalid credentials", Kind::AuthFailed, "invalid credentials"),
    (b"Invalid credentials", Kind::AuthFailed, "invalid credentials"),
    (b"pam_authenticate() failed: Authentication failure", Kind::AuthFailed, "PAM has refused"),
    (b"pam_authenticate() failed: Permission denied", Kind::AuthFailed, "PAM has refused"),
    (b"pam_acct_mgmt() failed: ", Kind::NotAllowed, "PAM does not allow the account"),
    (b"User found from deny passdb", Kind::NotAllowed, "account denied"),
];

const UNKNOWN: &str = "no sentence of Dovecot's that names an offender";

impl Detector for Dovecot {
    fn name(&self) -> &'static str {
        "dovecot"
    }

    fn wants(&self, program: &[u8]) -> bool {
        // Under multilog's label its lines have no tag.
        program.is_empty() || is_service(before(program, b'('))
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl Dovecot {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let mut service = before(record.program, b'(');
        let mut text = record.message;
        // `dovecot: auth(default): Info: …`: at most so many names stand before the text.
        for _ in 0..4 {
            let Some((head, rest)) = cut(text, b": ") else { break };
            let name = before(head, b'(');
            // 2.4 has the user in parentheses here: that is not a process's number or name.
            let plain =
                head.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-()".contains(byte));
            match name {
                _ if plain && is_service(name) => service = name,
                b"Info" | b"Warning" | b"Error" if head == name => {}
                _ => break,
            }
            text = rest;
        }
        match service {
            b"" => Finding::Nothing(UNKNOWN),
            _ if service.ends_with(LOGIN) => self.login(record, text),
            _ => self.verdict(record, service, text),
        }
    }
}

fn before(text: &[u8], end: u8) -> &[u8] {
    text.split(|byte| *byte == end).next().unwrap_or_default()
}

fn is_service(name: &[u8]) -> bool {
    matches!(name, b"dovecot" | b"dovecot-auth" | b"auth" | b"auth-worker")
        || name.strip_suffix(LOGIN).is_some_and(|protocol| {
            !protocol.is_empty() && protocol.iter().all(u8::is_ascii_alphanumeric)
        })
}

impl Dovecot {
    /// How a login process says that a connection has ended: as often as it says that a login was
    /// tried, without those of which the authentication has told already.
    fn login(&mut self, record: &Record<'_>, text: &[u8]) -> Finding {
        let found = login(record, text);
        let Finding::Offence(offence) = found else { return found };
        if offence.kind != Kind::AuthFailed {
            return Finding::Offence(offence);
        }
        let times = self.told.rest(&offence.named, tries(text));
        match times {
            0 => Finding::Nothing("the authentication has told of it"),
            _ => Finding::Offence(Offence { times, ..offence }),
        }
    }

    /// What the authentication says of one try.
    fn verdict(&mut self, record: &Record<'_>, service: &[u8], text: &[u8]) -> Finding {
        let found =
            scan::pam(&mut self.pam, record, service, text).unwrap_or_else(|| verdict(text));
        if let Finding::Offence(offence) = &found {
            self.told.add(&offence.named, offence.times);
        }
        found
    }
}

/// The number in `(auth failed, 3 attempts in 9 secs)`; 1 where there is none.
fn tries(text: &[u8]) -> u32 {
    let read = || {
        let (_, rest) = cut(text, b"(auth failed, ")?;
        let (number, _) = cut(rest, b" attempts")?;
        std::str::from_utf8(number).ok()?.parse().ok().filter(|tries| (1..=100).contains(tries))
    };
    read().unwrap_or(1)
}

/// `Aborted login (auth failed, …): user=<U>, …, rip=A, …`.
fn login(record: &Record<'_>, text: &[u8]) -> Finding {
    // Before the fields nothing is a stranger's.
    let starts = [b": user=<".as_slice(), b": method=", b": rip="];
    let start = starts.iter().filter_map(|start| memchr::memmem::find(text, start)).min();
    let split = start.and_then(|start| text.split_at_checked(start));
    let Some((said, fields)) = split else { return Finding::Nothing(UNKNOWN) };
    let fields = fields.strip_prefix(b": ").unwrap_or(fields);
    if matches!(said, b"Login" | b"Logged in") {
        let (peer, user) = field(record, fields);
        return success(peer, user, "login");
    }
    let Some((kind, why)) = reason(said) else {
        return Finding::Nothing("an end that is nobody's offence");
    };
    let (peer, user) = field(record, fields);
    offence(kind, peer, user, why)
}

/// What the last of the parentheses that is known says.
fn reason(said: &[u8]) -> Option<(Kind, &'static str)> {
    let mut said = said;
    for _ in 0..3 {
        let (before, inside) = cut_last(said, b" (")?;
        if inside.ends_with(b")") {
            let known = REASONS.iter().find(|(start, ..)| inside.starts_with(start));
            if let Some((_, kind, why)) = known {
                return Some((*kind, why));
            }
        }
        said = before;
    }
    None
}

/// The address and the user of the fields.
fn field<'t>(record: &Record<'_>, fields: &'t [u8]) -> (Peer, Option<&'t [u8]>) {
    let read = |fields: &'t [u8]| {
        let (before, behind) = match fields.strip_prefix(b"rip=") {
            Some(behind) if !holds(fields, b", rip=") => (b"".as_slice(), behind),
            _ => cut_last(fields, b", rip=")?,
        };
        let (whom, rest) = address::named_start(behind);
        let end = rest.is_empty() || rest.starts_with(b", ");
        let rest = cut_last(rest, b", session=<").map_or(rest, |(rest, _)| rest);
        let peer = Peer { named: whom, port: None };
        let peer = match (end, holds(rest, b">") && holds(before, b"rip=")) {
            (true, false) => peer,
            _ => Peer::AMBIGUOUS,
        };
        let user = before.strip_prefix(b"user=<").and_then(|user| cut_last(user, b">"));
        Some((peer, user.map(|(user, _)| user)))
    };
    let (peer, user) = read(fields).unwrap_or((Peer::NOBODY, None));
    (peer.unless_cut(record), user)
}

/// `sql(U,A,<S>): unknown user`, or nothing.
fn verdict(text: &[u8]) -> Finding {
    let text = match text.strip_prefix(b"conn unix:auth-worker ") {
        Some(rest) => cut(rest, b">: ").map_or(rest, |(_, rest)| rest),
        None => text,
    };
    let database =
        text.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'-').count();
    let Some(inside) = text.get(database..).and_then(|rest| rest.strip_prefix(b"(")) else {
        return Finding::Nothing(UNKNOWN);
    };
    if !(2..=24).contains(&database) {
        return Finding::Nothing(UNKNOWN);
    }
    // Every place where an address ends the user and is followed by what follows it.
    let places = memchr::memchr_iter(b',', inside).filter_map(|comma| {
        let (token, rest) = address::split_start(inside.get(comma.checked_add(1)?..)?);
        let named = rest.starts_with(b")") || rest.starts_with(b",");
        Some((address::parse(token).filter(|_| named)?, comma, rest))
    });
    let known: Vec<_> = places.collect();
    let peer = |named: &std::net::IpAddr| Peer { named: crate::Named::Address(*named), port: None };
    let Some(whom) = common(known.iter().map(|(named, ..)| peer(named))) else {
        return match cut(inside, b"): ").and_then(|(_, said)| said_of(said)) {
            Some((kind, why)) => offence(kind, Peer::NOBODY, None, why),
            None => Finding::Nothing(UNKNOWN),
        };
    };
    let said = known.iter().find_map(|(_, comma, rest)| {
        let (_, said) = cut(rest, b": ")?;
        Some((inside.get(..*comma)?, said_of(said)?))
    });
    match said {
        Some((user, (kind, why))) => offence(kind, whom, Some(user).filter(|u| *u != b"?"), why),
        None => Finding::Nothing(UNKNOWN),
    }
}

/// What is said behind the parentheses: 2.4 has `request [1]: ` and the database's name before it.
fn said_of(said: &[u8]) -> Option<(Kind, &'static str)> {
    let mut said = said;
    for _ in 0..3 {
        if let Some((_, kind, why)) = VERDICTS.iter().find(|(start, ..)| said.starts_with(start)) {
            return Some((*kind, why));
        }
        let (head, rest) = cut(said, b": ")?;
        if !head.starts_with(b"request [")
            && !head.iter().all(|b| b.is_ascii_lowercase() || *b == b'-')
        {
            return None;
        }
        said = rest;
    }
    None
}
