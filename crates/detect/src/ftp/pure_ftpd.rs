//! Pure-FTPd, through syslog.
//!
//! Sentences of 1.0.20 to 1.0.53: `(ACCOUNT@HOST) [WARNING] Authentication failed for user [joe]`, in each of its
//! languages. ACCOUNT is `?` before a login; HOST has no `@`, and is a name unless names are not asked for
//! (`-H`), so with names nobody can be charged by the line alone. Both stand before all that the client
//! chooses: **read from the left**, HOST from the last `@` before the first `) [`.

use crate::scan::{Peer, cut, cut_last, holds, offence, repeated, success};
use crate::{Detector, Finding, Kind, Record};

/// The detector. It remembers nothing.
#[derive(Debug)]
pub(crate) struct PureFtpd;

const UNKNOWN: &str = "no sentence of Pure-FTPd's that names an offender";

/// How its languages begin to say that a login failed. Those that begin with other letters than these
/// have or with the name in brackets are known by what they are not.
const FAILED: [&[u8]; 18] = [
    b"Authentication failed for user [",
    b"Authentifizierung fehlgeschlagen f",
    b"Autenticazione falita per ",
    b"Autenticazione fallita per ",
    b"Autentica",
    b"Autentificaci",
    b"Autentificare esuata ",
    b"Autentifikace ",
    b"Autentifikacia ",
    b"Autentikimi nuk ",
    b"Autentyfikacja nie ",
    b"Autorisatie faalde ",
    b"Azonos",
    b"Beh",
    b"Erreur d'authentification ",
    b"Godkendelse mislykkedes for ",
    b"Godkjennelse mislyktes for ",
    b"[",
];

impl Detector for PureFtpd {
    fn name(&self) -> &'static str {
        "pure-ftpd"
    }

    fn wants(&self, program: &[u8]) -> bool {
        program == b"pure-ftpd"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl PureFtpd {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let read = || {
            let (inside, rest) = cut(record.message.strip_prefix(b"(")?, b") [")?;
            let (_, host) = cut_last(inside, b"@")?;
            let (level, said) = cut(rest, b"] ")?;
            Some((Peer::of(host), level, said))
        };
        let Some((peer, level, said)) = read() else { return Finding::Nothing(UNKNOWN) };
        match level {
            b"WARNING" => failed(peer, said),
            b"ERROR" if said.starts_with(b"Too many authentication failures") => {
                offence(Kind::TooManyTries, peer, None, "too many tries")
            }
            b"INFO" => match said.strip_suffix(b" is now logged in") {
                Some(user) => success(peer, Some(user), "login"),
                None => Finding::Nothing(UNKNOWN),
            },
            _ => Finding::Nothing(UNKNOWN),
        }
    }
}

/// `… [joe]…`. Other warnings with brackets have a colon before them or a user's number behind.
fn failed(peer: Peer, said: &[u8]) -> Finding {
    let foreign = said.first().is_some_and(|byte| !byte.is_ascii());
    let known = foreign || FAILED.iter().any(|start| said.starts_with(start));
    let user = cut(said, b"[").and_then(|(before, rest)| {
        let own = before.ends_with(b": ") || holds(said, b" (uid < ");
        cut_last(rest, b"]").filter(|_| !own)
    });
    match user {
        Some((user, _)) if known => {
            offence(Kind::AuthFailed, peer, Some(user), "authentication failed")
        }
        _ => Finding::Nothing(UNKNOWN),
    }
}
