//! PAM's modules, inside whatever program.
//!
//! `pam_unix(SERVICE:auth): authentication failure; logname= uid=0 euid=0 tty=T ruser=R rhost=H  user=U`,
//! and what `pam_sss` and others write in the same form; the old form with `(pam_unix)` in front or in
//! the tag; the summary of several failures; and `pam_access`. The program decides what it puts in
//! each field, and both `ruser` and `user` may be a stranger's: every place where `rhost=` can be read
//! is, and all have to agree. A failure without a remote host is nobody's at the other end.
//!
//! This detector is general: where another reads the lines of a program, it is not asked, since such
//! a program tells of the same try in its own words.

use std::net::IpAddr;

use memchr::memmem;

use crate::sessions::Sessions;
use crate::syslog::repeated;
use crate::{Detector, Finding, Kind, Named, Offence, Record, Success, address};

/// Its name in configurations.
pub(crate) const NAME: &str = "pam";

/// Processes that are remembered.
const SESSIONS: usize = 4096;

/// More places than that are no honest line.
const READINGS: usize = 16;

/// The detector.
#[derive(Debug)]
pub struct Pam {
    /// Whose failure was told last in a process, and by which module: where several are stacked,
    /// each tells of the same try.
    told: Sessions<(Box<[u8]>, Option<IpAddr>)>,
}

impl Default for Pam {
    fn default() -> Self {
        Self { told: Sessions::new(SESSIONS) }
    }
}

/// What a line says of itself in front.
struct Head<'m> {
    module: &'m [u8],
    says: Says,
    /// The fields.
    rest: &'m [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Failure(u32),
    Success,
    Denied,
}

impl Detector for Pam {
    fn name(&self) -> &str {
        NAME
    }

    fn general(&self) -> bool {
        true
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        let (times, message) = repeated(record.message);
        let Some(head) = head(record.program, message) else {
            return Finding::Nothing("not what PAM says of a peer");
        };
        let (said, user) = match head.says {
            Says::Denied => quoted(head.rest),
            Says::Failure(_) | Says::Success => fields(head.rest),
        };
        let Some(said) = said else { return Finding::Nothing("no remote host") };
        let doubted = record.cut || record.program.is_empty();
        let named = if doubted && said != Named::Nobody { Named::Ambiguous } else { said };
        if let (Some(process), Says::Failure(_)) = (self.told.process(record, NAME), head.says) {
            let address = named.address();
            match self.told.get(process) {
                Some((module, told)) if **module != *head.module && *told == address => {
                    return Finding::Nothing("another module has told of this try");
                }
                Some(_) | None => self.told.put(process, (head.module.into(), address)),
            }
        }
        let user = user.filter(|user| !user.is_empty()).map(Into::into);
        let (kind, more, why) = match head.says {
            Says::Success => {
                return Finding::Success(Success {
                    named,
                    port: None,
                    user,
                    why: "let in by PAM".into(),
                });
            }
            Says::Failure(more) => (Kind::AuthFailed, more, "refused by PAM"),
            Says::Denied => (Kind::NotAllowed, 1, "refused by PAM's access list"),
        };
        let times = times.saturating_mul(more);
        Finding::Offence(Offence { user, times, ..Offence::new(kind, named, why) })
    }
}

fn head<'m>(program: &'m [u8], message: &'m [u8]) -> Option<Head<'m>> {
    let (module, rest) = module(program, message)?;
    let of = |says, rest| Some(Head { module, says, rest });
    if let Some(rest) = rest.strip_prefix(b"authentication failure; ") {
        return of(Says::Failure(1), rest);
    }
    if let Some(rest) = rest.strip_prefix(b"authentication success; ") {
        return of(Says::Success, rest);
    }
    if let Some(rest) = rest.strip_prefix(b"access denied for user ") {
        return of(Says::Denied, rest);
    }
    let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let more = std::str::from_utf8(number).ok()?.parse().ok().filter(|more| *more > 0)?;
    let rest = rest.strip_prefix(b" more authentication failure")?;
    of(Says::Failure(more), rest.strip_prefix(b"s").unwrap_or(rest).strip_prefix(b"; ")?)
}

/// The module that speaks, and what it says.
fn module<'m>(program: &'m [u8], message: &'m [u8]) -> Option<(&'m [u8], &'m [u8])> {
    // The summary, which libpam's own words introduce.
    if let Some(rest) = message.strip_prefix(b"PAM ") {
        return Some((b"pam_unix", rest));
    }
    if let Some(rest) = message.strip_prefix(b"(pam_unix) ") {
        return Some((b"pam_unix", rest));
    }
    if program.ends_with(b"(pam_unix)") {
        return Some((b"pam_unix", message));
    }
    let word =
        message.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let (module, rest) = message.split_at_checked(word)?;
    if !module.starts_with(b"pam_") || module == b"pam_" {
        return None;
    }
    let Some(inner) = rest.strip_prefix(b"(") else {
        return Some((module, rest.strip_prefix(b": ")?));
    };
    let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(byte);
    let service = inner.iter().take(80).take_while(plain).count();
    let (service, rest) = inner.split_at_checked(service)?;
    let about = service.rsplit(|byte| *byte == b':').next()?;
    let rest = rest.strip_prefix(b"): ")?;
    matches!(about, b"auth" | b"account").then_some((module, rest))
}

/// `… ruser=R rhost=H  user=U`: whom all readings name, if one of them names somebody, and the account.
fn fields(rest: &[u8]) -> (Option<Named>, Option<&[u8]>) {
    let mut hosts: Vec<&[u8]> = Vec::new();
    let mut user = None;
    for at in memmem::find_iter(rest, b"rhost=") {
        let before = rest.get(..at).unwrap_or_default();
        if !(before.is_empty() || before.ends_with(b" ")) {
            continue;
        }
        let behind = rest.get(at.saturating_add(6)..).unwrap_or_default();
        let end = memchr::memchr(b' ', behind).unwrap_or(behind.len());
        let (host, behind) = behind.split_at(end);
        let account = behind.trim_ascii_start().strip_prefix(b"user=");
        if account.is_none() && !behind.trim_ascii().is_empty() {
            continue;
        }
        user =
            account.map(<[u8]>::trim_ascii_end).filter(|u| !u.is_empty()).or_else(|| ruser(before));
        if !hosts.contains(&host) {
            if hosts.len() >= READINGS {
                return (Some(Named::Ambiguous), user);
            }
            hosts.push(host);
        }
    }
    // A reading without a host is a reading too.
    let named = match hosts.as_slice() {
        [] | [b""] => None,
        [host] => Some(address::named(host)),
        [first, others @ ..] => {
            let named = address::named(first);
            let same = others.iter().all(|host| address::named(host) == named);
            Some(if same { named } else { Named::Ambiguous })
        }
    };
    (named, user)
}

/// What is behind `ruser=`, up to the field behind it.
fn ruser(before: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(before, b"ruser=")?;
    Some(before.get(at.saturating_add(6)..)?.trim_ascii_end())
}

/// ``  `NAME' from `H'  ``: the right end counts.
fn quoted(rest: &[u8]) -> (Option<Named>, Option<&[u8]>) {
    const FROM: &[u8] = b"' from `";
    let parts = || {
        let inner = rest.trim_ascii_end().strip_suffix(b"'")?;
        let at = memmem::rfind(inner, FROM)?;
        Some((inner.get(..at)?.strip_prefix(b"`")?, inner.get(at.saturating_add(FROM.len())..)?))
    };
    match parts() {
        Some((user, host)) if !host.is_empty() => (Some(address::named(host)), Some(user)),
        _ => (None, None),
    }
}
