//! vsftpd: its own log, the same through syslog, and what PAM says of it.
//!
//! Sentences of 2.0 to 3.0: `[pid N] [USER] FAIL LOGIN: Client "ADDRESS"`, `… OK LOGIN: …`. The user stands before
//! the address and is any text. Behind a login's address there is nothing, so it is **read from the
//! right** – unless the line has a place for another text of the client's: an anonymous password, or
//! with `log_ftp_protocol` a command. Then **every reading must agree**.
//!
//! PAM tells of the same try in another line and process: it is charged once.

use crate::pam::Pam;
use crate::scan::{Peer, common, cut, holds, offence, own_text, quoted, repeated, success};
use crate::told::Told;
use crate::{Detector, Finding, Kind, Record, scan};

/// The detector. It remembers of whom PAM has told a failure.
#[derive(Debug)]
pub(crate) struct Vsftpd {
    pam: Pam,
    told: Told,
}

/// Addresses of whom a failure is remembered.
const TOLD: usize = 1024;

impl Vsftpd {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { pam: Pam::default(), told: Told::new(TOLD) }
    }
}

const UNKNOWN: &str = "no sentence of vsftpd's that names an offender";

/// What stands before the address in every line.
const CLIENT: &[u8] = b": Client \"";

impl Detector for Vsftpd {
    fn name(&self) -> &'static str {
        "vsftpd"
    }

    fn wants(&self, program: &[u8]) -> bool {
        program.is_empty() || program == b"vsftpd"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl Vsftpd {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let text = own_text(record, &[b"vsftpd"]);
        if let Some(found) = scan::pam(&mut self.pam, record, b"vsftpd", text) {
            if let Finding::Offence(offence) = &found {
                self.told.add(&offence.named, offence.times);
            }
            return found;
        }
        let numbered = text.strip_prefix(b"[pid ").and_then(|rest| cut(rest, b"] "));
        let text = match numbered {
            Some((pid, rest)) if pid.iter().all(u8::is_ascii_digit) => rest,
            _ => text,
        };
        let found = login(record, text);
        if let Finding::Offence(offence) = &found
            && self.told.rest(&offence.named, 1) == 0
        {
            return Finding::Nothing("PAM has told of it");
        }
        found
    }
}

/// `[USER] FAIL LOGIN: Client "ADDRESS"`.
fn login(record: &Record<'_>, text: &[u8]) -> Finding {
    let places: Vec<_> = memchr::memmem::find_iter(text, CLIENT).collect();
    let read = |place: &usize| {
        let before = text.get(..*place)?;
        Some((before, quoted(text.get(place.checked_add(CLIENT.len())?..)?)?))
    };
    let Some((before, (last, tail))) = places.last().and_then(read) else {
        return Finding::Nothing(UNKNOWN);
    };
    let (ok, fail) = (b"OK LOGIN".as_slice(), b"FAIL LOGIN".as_slice());
    let is_login = |before: &[u8]| before.ends_with(ok) || before.ends_with(fail);
    let befores = || places.iter().filter_map(|place| text.get(..*place));
    // Only a login's line has nothing else of the client's.
    let anonymous = holds(text, b"\", anon password \"");
    let sure = befores().all(is_login) && !anonymous && closed(tail);
    let peer = match sure {
        true => last.unless_cut(record),
        false => common(places.iter().filter_map(read).map(|(_, (peer, _))| peer))
            .unwrap_or(Peer::NOBODY),
    };
    if !befores().any(is_login) {
        return Finding::Nothing("no login");
    }
    let user = |action: &[u8]| {
        let user = before.strip_suffix(action)?.strip_prefix(b"[")?;
        user.strip_suffix(b"] ")
    };
    if before.ends_with(ok) {
        return match sure {
            true => success(peer, user(ok), "login"),
            false => Finding::Nothing("a login that another text may only claim"),
        };
    }
    // A line that begins with another action has no user before it: its text is the client's.
    let other = [b"FTP command: ".as_slice(), b"FTP response: ", b"CONNECT: ", b"DEBUG: "];
    if other.iter().any(|start| text.starts_with(start)) {
        return Finding::Nothing("no login");
    }
    offence(Kind::AuthFailed, peer, user(fail), "login failed")
}

/// Nothing, or a remark of the server's (some builds have one: why a name is not let in).
fn closed(tail: &[u8]) -> bool {
    let tail = tail.trim_ascii_end();
    tail.is_empty() || tail == b", \"User is not in the allow user list.\""
}
