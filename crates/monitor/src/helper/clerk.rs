//! What passes between monitor and clerk.

use crate::door::current::Current;
use crate::door::{Door, WITHOUT_BANS};
use crate::helper::outbox::Outgoing;
use portreeve_model::{LogTarget, Offer, Stderr, Syslog};
use portreeve_sys::file;
use portreeve_wire::clerk::{FromClerk, ServiceEntry, ToClerk};
use portreeve_wire::compile::MAX_ANSWER;
use portreeve_wire::event::{Helper, What};
use portreeve_wire::{Phase, decode, frame};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

/// Messages taken from a helper before the others have their turn.
pub(crate) const TURN: usize = 64;
/// Alarms of the clerk at a time.
const MOST_ALARMS: usize = 64;
/// Bytes of a helper's text that are kept.
const MOST_TEXT: usize = 512;

/// How alarms about services' own logs begin: a configuration raises its own.
const LOG_ALARM: &str = "a service's log is not written: ";

/// Cuts a helper's text to what is kept.
pub(crate) fn cut(text: &mut String) {
    if text.len() > MOST_TEXT {
        let end = (0..=MOST_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

impl Door {
    pub(crate) fn on_clerk(&mut self) {
        self.with_packet(Self::hear_clerk);
    }

    fn hear_clerk(&mut self, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let Some(running) = self.clerk.running.as_ref() else { return };
            let phase = running.phase;
            let message = match running.channel.recv(buffer) {
                Ok(Some((bytes, _))) => {
                    decode::<FromClerk>(buffer.get(..bytes).unwrap_or_default())
                }
                Ok(None) => return self.misbehaved(Helper::Clerk, "closed its channel"),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(e) => return self.misbehaved(Helper::Clerk, &e.to_string()),
            };
            match message {
                Ok(message) if message.permitted(phase) => self.heard_from_clerk(message),
                Ok(_) => return self.misbehaved(Helper::Clerk, "spoke out of turn"),
                Err(error) => return self.misbehaved(Helper::Clerk, &error.to_string()),
            }
        }
        self.flush_clerk();
    }

    fn heard_from_clerk(&mut self, message: FromClerk) {
        match message {
            // what is wrong with the ledger comes as an alarm of its own, and ends as one
            FromClerk::Ready { landlock, ledger: _ } => {
                let started = self.clerk.ready();
                self.clerk.trouble =
                    landlock.is_none().then(|| "no Landlock on this kernel".to_owned());
                self.brief_clerk();
                started.into_iter().for_each(|what| self.event(what));
            }
            FromClerk::Bans { bans, last } => {
                // once all have come, a later clerk knows no more than we do
                if !self.bans_known {
                    self.restore(bans);
                    self.bans_known = last;
                }
                if last {
                    self.alarms.remove(WITHOUT_BANS);
                    self.bans_are_known();
                    self.open();
                }
            }
            FromClerk::Stored(serial) => self.ban_stored(serial),
            FromClerk::Pong(number) => self.pings.answer(number),
            FromClerk::Authenticated { session } => self.authenticated(session.0),
            FromClerk::Alarm(mut text) => {
                cut(&mut text);
                let room = self.clerk_alarms.len() < MOST_ALARMS;
                if room && self.clerk_alarms.insert(text.clone()) {
                    self.cry(&text);
                    self.event(What::Alarm { text });
                }
            }
            FromClerk::Left(number) => self.left_by_clerk(number),
            FromClerk::AskBeside(number) => self.beside_wanted(number),
            FromClerk::ReadJournal { watch, cursor } => self.journal_wanted(watch, cursor),
            FromClerk::Source(report) => self.source_reported(report),
            FromClerk::Booked(counts) => self.booked.add(&counts),
            FromClerk::Report(letter) => self.report_written(letter),
            FromClerk::Propose(proposal) => self.proposed(*proposal),
            FromClerk::KnownGood(told) => self.good_ones_told(&told),
            FromClerk::AlarmOver(mut text) => {
                cut(&mut text);
                self.clerk_alarms.remove(&text);
            }
        }
    }

    /// Tells a clerk at work everything it must know: the configuration, the live sessions' pipes,
    /// and bans that are not on disk. It comes before the events that wait.
    fn brief_clerk(&mut self) {
        let message = |(message, fd)| Outgoing::Message(message, fd);
        let mut lead: Vec<_> = self.configuration_for_clerk().into_iter().map(message).collect();
        lead.extend(self.watches_for_clerk());
        lead.extend(self.all_pipes());
        lead.extend(self.unstored.messages().map(|message| Outgoing::Message(message, None)));
        self.outbox.lead(lead);
        self.flush_clerk();
    }

    /// A clerk at work learns of another configuration.
    pub(crate) fn configure_clerk(&mut self) {
        if self.clerk.is_working() {
            for (message, fd) in self.configuration_for_clerk() {
                self.outbox.message(message, fd);
            }
        }
    }

    fn configuration_for_clerk(&mut self) -> Vec<(ToClerk, Option<OwnedFd>)> {
        let current = Arc::clone(&self.current);
        let settings = &current.config.settings;
        let mut messages = vec![(
            ToClerk::Configure {
                generation: current.generation,
                services: u32::try_from(current.config.services.len()).unwrap_or(u32::MAX),
                log: settings.log,
                evidence: settings.evidence,
            },
            None,
        )];
        messages.extend(self.judges_for_clerk(&current));
        messages.push((ToClerk::Mail(self.enforcers.post.header()), None));
        let mut opened = BTreeMap::new();
        self.alarms.retain(|alarm| !alarm.starts_with(LOG_ALARM));
        for (index, service, facts) in current.indexed() {
            let fd = match &service.log.target {
                LogTarget::File { path, .. } => self.log_file(path, &mut opened),
                LogTarget::None | LogTarget::Syslog { .. } => None,
            };
            let watch = match (&service.offer, service.admission.authentication) {
                (Offer::Program(program), portreeve_model::Authentication::Watch(watcher))
                    if program.stderr == Stderr::Evidence || program.syslog == Syslog::Private =>
                {
                    Some(watcher)
                }
                _ => None,
            };
            let entry = ServiceEntry {
                index,
                key: service.key.to_string(),
                name: service.name.to_string(),
                log: service.log.clone(),
                watch,
                uid: facts.ids.as_ref().map(|ids| ids.uid),
            };
            messages.push((ToClerk::Service(entry), fd));
        }
        messages
    }

    /// Who judges. A clerk that cannot be told goes on with those of before.
    fn judges_for_clerk(&mut self, current: &Current) -> Option<(ToClerk, Option<OwnedFd>)> {
        let bytes = frame(&current.config.judges, MAX_ANSWER).map_err(|e| e.to_string());
        match bytes.and_then(|b| file::memfd("judges", &b).map_err(|e| e.to_string())) {
            Ok(memory) => Some((ToClerk::Judges, Some(memory))),
            Err(why) => {
                self.alarm(&format!("the clerk cannot be told who judges: {why}"));
                None
            }
        }
    }

    /// Opens a service's own log for the clerk: it has no right to, and may not name paths.
    fn log_file(
        &mut self,
        path: &str,
        opened: &mut BTreeMap<String, Option<OwnedFd>>,
    ) -> Option<OwnedFd> {
        match opened.get(path) {
            Some(fd) => fd.as_ref()?.try_clone().ok(),
            None => match file::open_log(Path::new(path)) {
                Ok(fd) => {
                    let copy = fd.try_clone().ok();
                    opened.insert(path.to_owned(), Some(fd));
                    copy
                }
                Err(why) => {
                    self.alarm(&format!("{LOG_ALARM}`{path}`: {why}"));
                    opened.insert(path.to_owned(), None);
                    None
                }
            },
        }
    }

    /// Sends what the clerk takes.
    pub(crate) fn flush_clerk(&mut self) {
        let Some(running) = self.clerk.running.as_ref().filter(|r| r.phase == Phase::Working)
        else {
            return;
        };
        if self.outbox.is_empty() {
            return self.clerk.wait_to_write(&self.poller, false);
        }
        if !self.outbox.is_due(self.now.mono) {
            return;
        }
        let before = self.outbox.len();
        let flushed = self.outbox.flush(&running.channel);
        if flushed.is_err() {
            self.outbox.put_off(self.now.mono);
        }
        // an error means that it is dying; SIGCHLD tells the rest
        self.clerk.wait_to_write(&self.poller, matches!(flushed, Ok(false)));
        self.clerk_took(self.outbox.len() < before);
    }
}
