//! sshd's sentences.
//!
//! The words are those of `auth.c`, `auth2.c`, `auth-pam.c`, `packet.c`, `sshd.c` and their like, from
//! OpenSSH 5 to 10 and of the older ones where they differ. A sentence is recognised by how it begins:
//! what it begins with is always sshd's own.

use super::peer::{self, Introduction, Parts, Peer, introduction};
use crate::{Kind, Named, address};

/// What a sentence tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A peer connected.
    Began,
    /// Something went wrong before authentication; a sentence that names the peer follows.
    Sign,
    /// An account was named that may not log in; the peer is not said.
    Locked,
    /// An account was named that cannot be logged in to.
    Named(Kind),
    /// PAM refused; sshd's own sentence may follow.
    Pam(Kind),
    /// A try failed.
    Failed(Method, Kind),
    /// The connection is over, before anybody authenticated.
    Ended(Kind),
    /// The connection is over; whether before or after authentication, only its other lines tell.
    Closed(Kind),
    /// The time to authenticate is over, for the process of this number.
    Late(u32),
    /// Who it is has been shown.
    Accepted,
    /// Nothing that counts; why.
    Silent(&'static str),
}

/// How somebody tried to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// `none`: asks which methods there are.
    Asking,
    /// With a key, of which a client offers all it has.
    Key,
    /// By questions and answers.
    Questions,
    /// A password, or what else there is.
    Secret,
}

/// A sentence.
#[derive(Clone, Debug)]
pub(super) struct Sentence<'m> {
    pub(super) deed: Deed,
    pub(super) peer: Peer,
    pub(super) port: Option<u16>,
    pub(super) user: Option<&'m [u8]>,
    pub(super) why: &'static str,
}

impl<'m> Sentence<'m> {
    fn new(deed: Deed, (peer, port, user): Parts<'m>, why: &'static str) -> Self {
        Self { deed, peer, port, user, why }
    }

    fn unsaid(deed: Deed, why: &'static str) -> Self {
        Self::new(deed, (Peer::Unsaid, None, None), why)
    }

    fn silent(why: &'static str) -> Self {
        Self::unsaid(Deed::Silent(why), why)
    }
}

/// The sentence of a message, if it is one of those that tell of a peer.
pub(super) fn read(message: &[u8]) -> Option<Sentence<'_>> {
    let message = message.trim_ascii_end();
    let (message, preauth) = match message.strip_suffix(b" [preauth]") {
        Some(message) => (message.trim_ascii_end(), true),
        None => (message, false),
    };
    let text = message
        .strip_prefix(b"error: ")
        .or_else(|| message.strip_prefix(b"fatal: "))
        .unwrap_or(message);
    // Its first letter is nearly its own.
    let sentence = match text.first()? {
        b'A' => accepted(text).or_else(|| refused_key(text)),
        b'B' => bad_version(text),
        b'C' => connection(text, preauth).or_else(|| corrupt(text)),
        b'D' => disconnecting(text, preauth).or_else(|| no_version(text)),
        b'F' => failed(text),
        b'I' => invalid(text),
        b'M' | b'm' => too_many(text),
        b'P' => pam(text).or_else(|| versions_differ(text)).or_else(|| corrupt(text)),
        b'R' => received_disconnect(text, preauth)
            .or_else(|| root_refused(text))
            .or_else(|| broken(text)),
        b'T' => late(text),
        b'U' => not_allowed(text).or_else(|| no_common(text)).or_else(|| no_common_old(text)),
        b'a' => prohibited(text),
        b'b' | b's' | b'k' => before_packets(text).or_else(|| scanned(text)),
        b'd' => text
            .starts_with(b"drop connection ")
            .then(|| Sentence::silent("already punished by sshd")),
        b'i' => echo(text),
        b'n' => no_common_old(text),
        b'p' => pam_module(text).or_else(|| scanned(text)).or_else(|| corrupt(text)),
        b'r' => refused_connect(text),
        b'W' => broken(text),
        _ => None,
    };
    sentence.or_else(|| connection_error(text, preauth))
}

/// `Accepted METHOD for NAME from A port P ssh2: MORE`.
fn accepted(text: &[u8]) -> Option<Sentence<'_>> {
    let (_, rest) = method(text.strip_prefix(b"Accepted ")?)?;
    Some(Sentence::new(Deed::Accepted, peer::from_between(rest), "authenticated"))
}

/// `Authentication tried for …`, `Authentication refused: …`: about a key or a file; the try is told
/// in another line.
fn refused_key(text: &[u8]) -> Option<Sentence<'_>> {
    text.starts_with(b"Authentication ")
        .then(|| Sentence::silent("the try is told in another line"))
}

/// One word, and what is behind ` for `.
fn method(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = text.split_at_checked(memchr::memchr(b' ', text)?)?;
    Some((word, rest.strip_prefix(b" for ")?)).filter(|(word, _)| is_method(word))
}

/// A method's name, and its submethod's behind a slash.
pub(super) fn is_method(word: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_/@.".contains(byte);
    !word.is_empty() && word.iter().all(allowed)
}

/// `Failed METHOD for [invalid user] NAME from A port P ssh2: MORE`.
fn failed(text: &[u8]) -> Option<Sentence<'_>> {
    let (word, rest) = method(text.strip_prefix(b"Failed ")?)?;
    let how = match word {
        b"none" => Method::Asking,
        b"publickey" | b"hostbased" | b"gssapi-with-mic" | b"gssapi-keyex" => Method::Key,
        _ if word.starts_with(b"keyboard-interactive") => Method::Questions,
        _ => Method::Secret,
    };
    let (kind, rest) = account(rest);
    Some(Sentence::new(Deed::Failed(how, kind), peer::from_between(rest), "a failed try"))
}

/// `invalid user NAME` or `illegal user NAME`.
fn account(text: &[u8]) -> (Kind, &[u8]) {
    let unknown =
        text.strip_prefix(b"invalid user ").or_else(|| text.strip_prefix(b"illegal user "));
    // The name itself, rather than none: behind none there are two blanks.
    let whole = |rest: &&[u8]| {
        !rest.starts_with(b"from ") || memchr::memmem::find(rest, b" from ").is_some()
    };
    match unknown.filter(whole) {
        Some(rest) => (Kind::InvalidUser, rest),
        None => (Kind::AuthFailed, text),
    }
}

/// `Invalid user NAME from A port P`; `Illegal user` in the oldest.
fn invalid(text: &[u8]) -> Option<Sentence<'_>> {
    let rest =
        text.strip_prefix(b"Invalid user ").or_else(|| text.strip_prefix(b"Illegal user "))?;
    Some(Sentence::new(
        Deed::Named(Kind::InvalidUser),
        peer::from_right(rest),
        "an account that does not exist",
    ))
}

/// Why a user is not allowed, where sshd says from where.
const REASONS: [&[u8]; 5] = [
    b"not listed in AllowUsers",
    b"listed in DenyUsers",
    b"none of user's groups are listed in AllowGroups",
    b"a group is listed in DenyGroups",
    b"not in any group",
];

/// `User NAME from H not allowed because WHY`; without ` from H` where the account is locked or its
/// shell is missing.
fn not_allowed(text: &[u8]) -> Option<Sentence<'_>> {
    const WHY: &[u8] = b" not allowed because ";
    let rest = text.strip_prefix(b"User ")?;
    let at = memchr::memmem::rfind(rest, WHY)?;
    let reason = rest.get(at.checked_add(WHY.len())?..)?;
    let head = rest.get(..at)?;
    let why = "an account that may not log in";
    if reason.starts_with(b"account is locked") || reason.starts_with(b"shell ") {
        return Some(Sentence { user: Some(head), ..Sentence::unsaid(Deed::Locked, why) });
    }
    let (peer, port, user) = peer::from_right(head);
    // What ends a line has to be sshd's own to be read from there.
    let peer = if REASONS.contains(&reason) { peer } else { Peer::One(Named::Nobody) };
    Some(Sentence::new(Deed::Named(Kind::NotAllowed), (peer, port, user), why))
}

/// `administratively prohibited connection for [invalid user] NAME from A port P`.
fn prohibited(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"administratively prohibited connection for ")?;
    let parts = peer::from_right(account(rest).1);
    Some(Sentence::new(Deed::Ended(Kind::NotAllowed), parts, "refused by the configuration"))
}

/// `ROOT LOGIN REFUSED FROM A port P`: the try itself is told in another line.
fn root_refused(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"ROOT LOGIN REFUSED FROM ")?;
    let (named, port) = peer::whole(rest).unwrap_or((Named::Nobody, None));
    let parts = (Peer::One(named), port, Some(&b"root"[..]));
    Some(Sentence::new(Deed::Named(Kind::NotAllowed), parts, "root may not log in"))
}

/// `PAM: WHY for [illegal user] NAME from H [via L]`, and the summary of PAM's own.
fn pam(text: &[u8]) -> Option<Sentence<'_>> {
    if text.starts_with(b"Postponed ") || text.starts_with(b"Partial ") {
        return Some(Sentence::silent("the try is not over"));
    }
    let Some(rest) = text.strip_prefix(b"PAM: ") else {
        let summary = text.starts_with(b"PAM ");
        return summary.then(|| Sentence::silent("a summary of tries told before"));
    };
    let at = memchr::memmem::find(rest, b" for ")?;
    let (kind, rest) = account(rest.get(at.checked_add(5)?..)?);
    let rest = match memchr::memmem::rfind(rest, b" via ") {
        Some(via) if address::parse(peer::slice(rest, via + 5, rest.len())).is_some() => {
            peer::slice(rest, 0, via)
        }
        _ => rest,
    };
    Some(Sentence::new(Deed::Pam(kind), peer::from_right(rest), "refused by PAM"))
}

/// `pam_unix(sshd:auth): …`: sshd tells of the same try in a sentence of its own.
fn pam_module(text: &[u8]) -> Option<Sentence<'_>> {
    text.starts_with(b"pam_").then(|| Sentence::silent("sshd tells of this try itself"))
}

/// `maximum authentication attempts exceeded for [invalid user] NAME from A port P ssh2`.
fn too_many(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.get(1..)?.strip_prefix(b"aximum authentication attempts exceeded for ")?;
    let parts = peer::from_between(account(rest).1);
    Some(Sentence::new(Deed::Ended(Kind::TooManyTries), parts, "too many tries"))
}

/// `Connection from A port P on …`, `Connection closed by …`, `Connection reset by …`.
fn connection(text: &[u8], preauth: bool) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"Connection ")?;
    let end = rest.strip_prefix(b"closed by ").or_else(|| rest.strip_prefix(b"reset by "));
    if let Some(rest) = end {
        return Some(over(rest, peer::introduced(rest), preauth, "closed before authentication"));
    }
    let rest = rest.strip_prefix(b"from ")?;
    if rest.windows(4).any(|four| four == b" on ") && introduction(rest).is_none() {
        let parts = peer::leading(rest, b" on ");
        return Some(Sentence::new(Deed::Began, parts, "a connection"));
    }
    None
}

/// An end: before authentication where sshd says so, or introduces somebody who has not.
fn over<'m>(rest: &[u8], parts: Parts<'m>, preauth: bool, why: &'static str) -> Sentence<'m> {
    let deed = match introduction(rest) {
        Some((Introduction::Authenticated, _)) => return Sentence::silent("had authenticated"),
        Some((Introduction::Invalid, _)) => Deed::Ended(Kind::InvalidUser),
        Some((Introduction::Authenticating, _)) => Deed::Ended(Kind::AuthFailed),
        None if preauth => Deed::Ended(Kind::NoAuth),
        None => Deed::Closed(Kind::NoAuth),
    };
    Sentence::new(deed, parts, why)
}

/// `WHAT: Connection from [invalid user NAME] A port P: WHY`, or without `WHAT: `.
fn connection_error(text: &[u8], preauth: bool) -> Option<Sentence<'_>> {
    const FROM: &[u8] = b"Connection from ";
    let at = memchr::memmem::find(text, FROM)?;
    let what = text.get(..at)?;
    let what = if what.is_empty() { what } else { what.strip_suffix(b": ")? };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !(what == b"banner exchange" || what.iter().all(word)) || text.starts_with(b": ") {
        return None;
    }
    let rest = text.get(at.checked_add(FROM.len())?..)?;
    if matches!(introduction(rest), Some((Introduction::Authenticated, _))) {
        return Some(Sentence::silent("had authenticated"));
    }
    let why = "not the protocol";
    let deed = if preauth || what == b"banner exchange" || introduction(rest).is_some() {
        Deed::Ended(Kind::Protocol)
    } else {
        Deed::Closed(Kind::Protocol)
    };
    Some(Sentence::new(deed, peer::introduced_then(rest), why))
}

/// `Disconnected from …`, `Disconnecting …: WHY`.
fn disconnecting(text: &[u8], preauth: bool) -> Option<Sentence<'_>> {
    if let Some(rest) = text.strip_prefix(b"Disconnected from ") {
        return Some(over(rest, peer::introduced(rest), preauth, "left before authentication"));
    }
    let rest = text.strip_prefix(b"Disconnecting")?;
    if let Some(reason) = rest.strip_prefix(b": ") {
        let kind = if reason.starts_with(b"Too many authentication failures") {
            Kind::TooManyTries
        } else {
            Kind::Protocol
        };
        let deed = if preauth || kind == Kind::TooManyTries {
            Deed::Ended(kind)
        } else {
            Deed::Closed(kind)
        };
        return Some(Sentence::unsaid(deed, "disconnected"));
    }
    let rest = rest.strip_prefix(b" ")?;
    Some(over(rest, peer::introduced_then(rest), preauth, "disconnected"))
}

/// `Received disconnect from A port P:11: TEXT`, `… from A: 11: TEXT`. The text is the peer's.
fn received_disconnect(text: &[u8], preauth: bool) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"Received disconnect from ")?;
    let deed = if preauth { Deed::Ended(Kind::NoAuth) } else { Deed::Closed(Kind::NoAuth) };
    Some(Sentence::new(deed, peer::leading(rest, b":"), "left before authentication"))
}

/// `Unable to negotiate with [invalid user NAME] A port P: WHY. Their offer: TEXT`.
fn no_common(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"Unable to negotiate with ")?;
    let parts = peer::introduced_then(rest);
    Some(Sentence::new(Deed::Ended(Kind::Protocol), parts, "no algorithm in common"))
}

/// The same of older versions, which name nobody.
fn no_common_old(text: &[u8]) -> Option<Sentence<'_>> {
    let known = text.starts_with(b"Unable to negotiate a key exchange")
        || (text.starts_with(b"no matching ") && memchr::memmem::find(text, b" found").is_some())
        || text.starts_with(b"no hostkey alg");
    known.then(|| Sentence::unsaid(Deed::Ended(Kind::Protocol), "no algorithm in common"))
}

/// `Bad protocol version identification 'TEXT' from A port P`; `Bad packet length N.`
fn bad_version(text: &[u8]) -> Option<Sentence<'_>> {
    if let Some(rest) = text.strip_prefix(b"Bad protocol version identification ") {
        let (peer, port, _) = peer::from_right(rest);
        return Some(Sentence::new(
            Deed::Ended(Kind::Protocol),
            (peer, port, None),
            "not the protocol",
        ));
    }
    corrupt(text)
}

/// About packets, without a peer; a sentence with one follows in newer versions.
fn corrupt(text: &[u8]) -> Option<Sentence<'_>> {
    let known = [&b"Bad packet length "[..], b"Corrupted MAC on input", b"padding error: "]
        .iter()
        .any(|start| text.starts_with(start));
    known.then(|| Sentence::unsaid(Deed::Sign, "not the protocol"))
}

/// `Read from socket failed: …`, `Write failed: …`: older versions' ends.
fn broken(text: &[u8]) -> Option<Sentence<'_>> {
    let known = text.starts_with(b"Read from socket failed") || text.starts_with(b"Write failed");
    known.then(|| Sentence::unsaid(Deed::Closed(Kind::NoAuth), "broken off"))
}

/// `Did not receive identification string from A port P`.
fn no_version(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"Did not receive identification string from")?;
    let (named, port) = peer::whole(rest.trim_ascii()).unwrap_or((Named::Nobody, None));
    let parts = peer::alone(named, port);
    Some(Sentence::new(Deed::Ended(Kind::NoAuth), parts, "said nothing"))
}

/// `Protocol major versions differ for A port P: …`.
fn versions_differ(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"Protocol major versions differ for ")?;
    let parts = peer::leading(rest, b": ");
    Some(Sentence::new(Deed::Ended(Kind::Protocol), parts, "not the protocol"))
}

/// `scanned from A with TEXT`, `probed from A port P with TEXT`.
fn scanned(text: &[u8]) -> Option<Sentence<'_>> {
    let rest =
        text.strip_prefix(b"scanned from ").or_else(|| text.strip_prefix(b"probed from "))?;
    Some(Sentence::new(Deed::Ended(Kind::Probe), peer::leading(rest, b" with "), "a scanner"))
}

/// `kex_exchange_identification: WHY`, `ssh_dispatch_run_fatal: …`, `beginning MaxStartups …`.
fn before_packets(text: &[u8]) -> Option<Sentence<'_>> {
    if text.starts_with(b"kex_exchange_identification: ")
        || text.starts_with(b"kex_protocol_error: ")
    {
        return Some(Sentence::unsaid(Deed::Sign, "said no version"));
    }
    let punished = text.starts_with(b"srclimit_") || text.starts_with(b"beginning MaxStartups");
    punished.then(|| Sentence::silent("already punished by sshd"))
}

/// `Timeout before authentication for A port P`, `… for connection from A to L, pid = N`.
fn late(text: &[u8]) -> Option<Sentence<'_>> {
    const WHY: &str = "the time to authenticate is over";
    let rest = text.strip_prefix(b"Timeout before authentication for ")?;
    let Some(two) = rest.strip_prefix(b"connection from ") else {
        let (named, port) =
            peer::whole(rest.strip_suffix(b".").unwrap_or(rest)).unwrap_or((Named::Nobody, None));
        return Some(Sentence::new(Deed::Ended(Kind::Grace), peer::alone(named, port), WHY));
    };
    let (peer, behind) = address::split_start(two);
    let (local, behind) = address::split_start(behind.strip_prefix(b" to ")?);
    let pid = std::str::from_utf8(behind.strip_prefix(b", pid = ")?).ok()?.parse().ok()?;
    // 9.8p1 writes its own address first, and nothing in the line tells which version wrote it.
    let both: Vec<_> = [peer, local].into_iter().filter_map(address::parse).collect();
    Some(Sentence::new(Deed::Late(pid), (Peer::Several(both), None, None), WHY))
}

/// `refused connect from H (A)`: TCP Wrappers inside old versions. What stands before an at sign is
/// what the peer's own ident service answered.
fn refused_connect(text: &[u8]) -> Option<Sentence<'_>> {
    let rest = text.strip_prefix(b"refused connect from ")?;
    let inside = rest.strip_suffix(b")").and_then(|rest| {
        let open = memchr::memrchr(b'(', rest)?;
        rest.get(open.checked_add(1)?..)
    });
    let host =
        inside.unwrap_or_else(|| rest.rsplit(|byte| *byte == b'@').next().unwrap_or_default());
    let parts = peer::alone(address::named(host), None);
    Some(Sentence::new(Deed::Ended(Kind::NotAllowed), parts, "refused by an access list"))
}

/// `input_userauth_request: invalid user NAME`: `Invalid user` has told it, with the address.
fn echo(text: &[u8]) -> Option<Sentence<'_>> {
    text.starts_with(b"input_userauth_request: ").then(|| Sentence::silent("told in another line"))
}
