//! What a session's own words are found to say.
//!
//! Each session has a detector of its own, which knows nothing of others. On a pipe, what a peer has
//! put a newline into looks like lines of the service's: so of sshd, whose every sentence is one
//! write, only what begins a write is listened to. (Of any other program's lines all are; whatever
//! they say, the peer that the kernel named is charged.)

use crate::evidence::{Listener, Source};
use crate::text::lines::{Line, Start};
use crate::text::sshd;
use portreeve_detect::{Finding, Panel, Record, frame, named};
use portreeve_judge::{Heard, Voice};
use portreeve_model::Watcher;
use portreeve_sys::channel::Credentials;
use portreeve_sys::clock;

/// Accounts below this number are the system's own (`SYS_UID_MAX` of login.defs is 999).
const FIRST_USER: u32 = 1000;

/// The detector of one session.
#[derive(Debug)]
pub(crate) struct Ears {
    panel: Panel,
    sshd: bool,
    /// It has said that it has authenticated; told once.
    authenticated: bool,
}

impl Ears {
    /// Those that the service asks for.
    pub(crate) fn new(watch: Option<Watcher>) -> Self {
        let detector = watch.and_then(|watcher| named(watcher.word()));
        Self {
            panel: Panel::new(detector.into_iter().collect()),
            sshd: watch == Some(Watcher::Sshd),
            authenticated: false,
        }
    }

    /// A line of its standard error.
    pub(crate) fn line(&mut self, line: Line<'_>, source: &Source, to: &impl Listener) {
        if self.panel.is_empty() || (self.sshd && line.start != Start::Write) {
            return;
        }
        // All of it is one process's as far as the detector is concerned.
        let pid = source.session.pid.or(Some(1));
        let record = Record { pid, cut: line.cut, ..Record::plain(line.bytes) };
        let sure = line.start == Start::Write && !line.cut;
        let sure = sure && (!self.sshd || sshd::authenticated(line));
        self.look(&record, sure, Voice::Pipe(&source.session), to);
    }

    /// A message that came through its log socket, of a sender who may be believed or not.
    pub(crate) fn message(
        &mut self,
        message: (&[u8], bool),
        sender: Option<Credentials>,
        source: &Source,
        to: &impl Listener,
    ) {
        let (bytes, cut) = message;
        let Some(sender) = sender.filter(|sender| is_services(sender.uid, source.uid)) else {
            return;
        };
        if self.panel.is_empty() {
            return;
        }
        let record = Record { cut, ..frame::read(bytes) };
        let sentence = || portreeve_detect::sshd::authenticated(record.message);
        let sure = !cut && (!self.sshd || sentence());
        let pid = record.pid.or(u32::try_from(sender.pid).ok());
        let record = Record { pid, ..record };
        self.look(&record, sure, Voice::Socket(&source.session), to);
    }

    /// `sure`: the service itself has put it so, should it be a success.
    fn look(&mut self, record: &Record<'_>, sure: bool, voice: Voice<'_>, to: &impl Listener) {
        let Some(seen) = self.panel.look(record) else { return };
        match &seen.finding {
            Finding::Nothing(_) => return,
            Finding::Success(_) if !sure || self.authenticated => return,
            Finding::Success(_) => self.authenticated = true,
            Finding::Offence(_) => {}
        }
        to.heard(&Heard {
            at: u64::try_from(clock::wall().as_millis()).unwrap_or(u64::MAX),
            voice,
            service: voice.session().map_or("", |session| &session.key),
            detector: self.panel.name(seen.by).unwrap_or_default(),
            host: b"",
            pid: record.pid,
            text: record.message,
            finding: &seen.finding,
        });
    }
}

/// Whether a message's sender is the service's own: root, its user, or an account of the system's
/// that it changes to (sshd's, Exim's). Whoever has logged in is none of them, as a rule, and could
/// only charge himself.
fn is_services(sender: u32, service: Option<u32>) -> bool {
    sender < FIRST_USER || Some(sender) == service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_are_root_its_user_and_the_systems_accounts() {
        let own = [0, 100, 999, 1000, 5000].map(|uid| is_services(uid, Some(5000)));
        assert_eq!(own, [true, true, true, false, true]);
        assert!(!is_services(1000, None));
    }
}
