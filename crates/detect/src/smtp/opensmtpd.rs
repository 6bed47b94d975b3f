//! OpenSMTPD: what its `smtpd` says of incoming sessions.
//!
//! Sentences of 5.4 to 7.8. A session has an identifier, sixteen hexadecimal digits that smtpd draws, at
//! the start of each line (or behind `session`); the address stands in the line of its beginning,
//! behind words of smtpd's own: **from the left**. Later lines are bound to it by the identifier, so no
//! text in them is searched. In 6.0 and 6.1 each line has the address too: behind the user's name in
//! `event=authentication user=U address=A host=H result=R`, **read from the right**, and where the
//! session is known the address must be the same.
//!
//! A refused login is told twice, by `authentication … result=permfail` and by `failed-command … "535 …"`:
//! it is charged once.

use std::collections::HashMap;

use crate::scan::{Peer, bracketed, common, cut, cut_last, offence, repeated, success, word};
use crate::{Detector, Finding, Kind, Record};

/// Sessions that are remembered; the oldest go.
const SESSIONS: usize = 4096;

/// The detector. It remembers sessions.
#[derive(Debug, Default)]
pub(crate) struct OpenSmtpd {
    young: HashMap<u64, Session>,
    old: HashMap<u64, Session>,
}

#[derive(Clone, Debug)]
struct Session {
    peer: Peer,
    /// A failed login was told, and the reply to it was not seen.
    told: bool,
}

const UNKNOWN: &str = "no sentence of OpenSMTPD's that names an offender";

impl Detector for OpenSmtpd {
    fn name(&self) -> &'static str {
        "opensmtpd"
    }

    fn wants(&self, program: &[u8]) -> bool {
        program == b"smtpd"
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        repeated(record, |record| self.read(record))
    }
}

impl OpenSmtpd {
    /// What one line says, of however many it stands for.
    fn read(&mut self, record: &Record<'_>) -> Finding {
        let text = record.message;
        if let Some(text) = text.strip_prefix(b"smtp-in: ") {
            return self.old_style(text);
        }
        let read = || {
            let (id, rest) = text.split_at_checked(16)?;
            Some((identifier(id)?, rest.strip_prefix(b" smtp ")?))
        };
        match read() {
            Some((id, said)) => self.said(record, id, said),
            None => Finding::Nothing(UNKNOWN),
        }
    }
}

fn identifier(digits: &[u8]) -> Option<u64> {
    let plain = digits.len() == 16 && digits.iter().all(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| plain)?, 16).ok()
}

/// An address as smtpd writes it: bare, in brackets, or with its family before it.
fn address_of(text: &[u8]) -> Peer {
    match text.starts_with(b"[") {
        true => {
            bracketed(text).filter(|(_, rest)| rest.is_empty()).map_or(Peer::NOBODY, |(p, _)| p)
        }
        false => Peer::of(text),
    }
}

impl OpenSmtpd {
    /// 6.0 and later.
    fn said(&mut self, record: &Record<'_>, id: u64, said: &[u8]) -> Finding {
        let (event, inline) = match said.strip_prefix(b"event=") {
            Some(said) => (said, true),
            None => (said, false),
        };
        let Some((event, rest)) = word(event) else { return Finding::Nothing(UNKNOWN) };
        if event == b"connected" {
            let address = rest.strip_prefix(b"address=").and_then(word);
            let peer = address.map_or(Peer::NOBODY, |(address, _)| address_of(address));
            self.put(id, Session { peer, told: false });
            return Finding::Nothing("a connection");
        }
        match event {
            b"authentication" => {
                let Some((rest, result)) = cut_last(rest, b" result=") else {
                    return Finding::Nothing(UNKNOWN);
                };
                let Some(user) = rest.strip_prefix(b"user=") else {
                    return Finding::Nothing(UNKNOWN);
                };
                let place = cut_last(user, b" address=").filter(|_| inline);
                let (user, shown) = match place {
                    Some((user, place)) => (user, word(place).map(|(address, _)| address)),
                    None => (user, None),
                };
                let peer = self.peer(id, shown).unless_cut(record);
                self.login(id, peer, user, result)
            }
            b"failed-command" | b"bad-input" => {
                let shown =
                    rest.strip_prefix(b"address=").and_then(word).map(|(address, _)| address);
                let peer = self.peer(id, shown);
                let Some((command, result)) = cut_last(rest, b"result=\"") else {
                    return Finding::Nothing(UNKNOWN);
                };
                let login =
                    cut(command, b"command=\"").is_some_and(|(_, c)| c.starts_with(b"AUTH "));
                self.refused(id, peer, result, login)
            }
            b"disconnected" | b"closed" => {
                self.forget(id);
                Finding::Nothing("an end like any other")
            }
            _ => Finding::Nothing(UNKNOWN),
        }
    }

    /// 5.4: `New session ID from host H [A]`; 5.7: `session ID: connection from host H [A] established`.
    fn old_style(&mut self, text: &[u8]) -> Finding {
        let begun = |rest: &[u8]| {
            let (host, rest) = word(rest.strip_prefix(b" from host ")?)?;
            let plain = host.iter().all(|byte| crate::address::is_name(*byte));
            bracketed(rest).filter(|_| plain).map(|(peer, _)| peer)
        };
        let at = |text: &'_ [u8], skip: usize| text.get(skip..skip + 16).and_then(identifier);
        if text.starts_with(b"New session ") {
            if let (Some(id), Some(peer)) = (at(text, 12), text.get(28..).and_then(begun)) {
                self.put(id, Session { peer, told: false });
            }
            return Finding::Nothing("a connection");
        }
        if text.starts_with(b"Failed command on session ") {
            let Some(id) = at(text, 26) else { return Finding::Nothing(UNKNOWN) };
            let Some((command, result)) = cut_last(text, b"\" => ") else {
                return Finding::Nothing(UNKNOWN);
            };
            let login = command.get(42..).is_some_and(|rest| rest.starts_with(b": \"AUTH "));
            let peer = self.peer(id, None);
            return self.refused(id, peer, result, login);
        }
        let Some(id) = at(text, 8).filter(|_| text.starts_with(b"session ")) else {
            return Finding::Nothing(UNKNOWN);
        };
        let Some(said) = text.get(24..).and_then(|rest| rest.strip_prefix(b": ")) else {
            return Finding::Nothing(UNKNOWN);
        };
        if let Some(rest) = said.strip_prefix(b"connection") {
            match (begun(rest), rest.ends_with(b" established")) {
                (Some(peer), true) => self.put(id, Session { peer, told: false }),
                _ => drop(self.forget(id)),
            }
            return Finding::Nothing("a connection");
        }
        let peer = self.peer(id, None);
        if let Some(user) = said.strip_prefix(b"authentication failure for user ") {
            return self.login(id, peer, user, b"permfail");
        }
        if let Some(user) = said.strip_prefix(b"authentication successful for user ") {
            return self.login(id, peer, user.trim_ascii_end(), b"ok");
        }
        Finding::Nothing(UNKNOWN)
    }

    fn login(&mut self, id: u64, peer: Peer, user: &[u8], result: &[u8]) -> Finding {
        match result {
            b"ok" => success(peer, Some(user), "authentication"),
            b"permfail" => {
                if let Some(mut session) = self.forget(id) {
                    session.told = true;
                    self.put(id, session);
                }
                offence(Kind::AuthFailed, peer, Some(user), "authentication failed")
            }
            _ => Finding::Nothing("the authentication failed by itself"),
        }
    }

    /// What a reply of an error's code says.
    fn refused(&mut self, id: u64, peer: Peer, result: &[u8], login: bool) -> Finding {
        match result.get(..3) {
            Some(b"535") if login => {
                if let Some(mut session) = self.forget(id) {
                    let told = std::mem::take(&mut session.told);
                    self.put(id, session);
                    if told {
                        return Finding::Nothing("the line before has told it");
                    }
                }
                offence(Kind::AuthFailed, peer, None, "authentication failed")
            }
            Some(b"500" | b"501" | b"502" | b"503" | b"504" | b"530") => {
                offence(Kind::Protocol, peer, None, "a command that is wrong here")
            }
            Some([b'5', ..]) => offence(Kind::Rejected, peer, None, "refused"),
            _ => Finding::Nothing("put off, not refused"),
        }
    }

    /// Whose session it is: as its beginning said, and as this line shows.
    fn peer(&mut self, id: u64, shown: Option<&[u8]>) -> Peer {
        let known = self.get(id).map(|session| session.peer.clone());
        common(known.into_iter().chain(shown.map(address_of))).unwrap_or(Peer::NOBODY)
    }

    fn get(&mut self, id: u64) -> Option<&Session> {
        if !self.young.contains_key(&id) {
            let session = self.old.remove(&id)?;
            self.put(id, session);
        }
        self.young.get(&id)
    }

    fn put(&mut self, id: u64, session: Session) {
        if self.young.len() >= SESSIONS / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, session);
    }

    fn forget(&mut self, id: u64) -> Option<Session> {
        let old = self.old.remove(&id);
        self.young.remove(&id).or(old)
    }
}
