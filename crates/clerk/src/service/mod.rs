//! What the clerk knows of the services: their own logs, and what to watch for.

mod file;
pub(crate) mod records;

use crate::alarms::Alarms;
use crate::record::xinetd::{self, Named};
use file::FileLog;
use jiff::tz::TimeZone;
use portreeve_model::LogTarget;
use portreeve_wire::SessionId;
use portreeve_wire::clerk::ServiceEntry;
use portreeve_wire::event::{Event, What};
use records::RecordsPost;
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// Sessions whose service is remembered: as many as there can be, should the news of an end ever
/// be lost.
const MOST_SESSIONS: usize = 1_000_000;

/// One service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) entry: ServiceEntry,
    file: Option<Rc<FileLog>>,
}

/// The services of the configuration in force, and those of sessions that began before it.
#[derive(Debug, Default)]
pub(crate) struct Services {
    current: HashMap<String, Rc<Service>>,
    /// A configuration that has not come whole.
    coming: Vec<Rc<Service>>,
    missing: u32,
    /// Of each session, the service as it was when the session began.
    sessions: HashMap<SessionId, Rc<Service>>,
}

/// A service was told of that nobody announced, or with a descriptor too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unexpected;

impl Services {
    /// A configuration of so many services follows.
    pub(crate) fn announce(&mut self, services: u32, alarms: &Alarms) {
        self.coming.clear();
        self.missing = services;
        self.swap_if_whole(alarms);
    }

    /// One of them.
    pub(crate) fn add(
        &mut self,
        entry: ServiceEntry,
        fds: Vec<OwnedFd>,
        alarms: &Alarms,
    ) -> Result<(), Unexpected> {
        self.missing = self.missing.checked_sub(1).ok_or(Unexpected)?;
        let mut fds = fds.into_iter();
        let (first, second) = (fds.next(), fds.next());
        let file = match (&entry.log.target, first, second) {
            (LogTarget::File { path, soft, hard }, Some(fd), None) => {
                let log = FileLog::new(File::from(fd), path, *soft, *hard);
                let same = self.coming.iter().filter_map(|other| other.file.as_ref());
                Some(
                    same.clone().find(|other| other.same_as(&log)).cloned().unwrap_or(Rc::new(log)),
                )
            }
            // The monitor has told the owner why it could not open the file.
            (_, None, None) => None,
            (_, Some(_), _) | (_, _, Some(_)) => return Err(Unexpected),
        };
        self.coming.push(Rc::new(Service { entry, file }));
        self.swap_if_whole(alarms);
        Ok(())
    }

    fn swap_if_whole(&mut self, alarms: &Alarms) {
        if self.missing > 0 {
            return;
        }
        for file in self.current.values().filter_map(|service| service.file.as_ref()) {
            file.retire(alarms);
        }
        let keyed = |service: Rc<Service>| (service.entry.key.clone(), service);
        self.current = self.coming.drain(..).map(keyed).collect();
    }

    /// The service of this key, if it is in force.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Service>> {
        self.current.get(key)
    }

    /// Writes the record of an event to the log of its service, if it has one for it.
    pub(crate) fn record(&mut self, event: &Event, to: &Outlets<'_>) {
        let service = self.of(&event.what);
        if let Some(service) = service {
            let log = &service.entry.log;
            let named = Named { name: &service.entry.name, log };
            if let Some(text) = xinetd::record(named, &event.what) {
                match &log.target {
                    LogTarget::None => {}
                    LogTarget::File { .. } => {
                        let stamp = crate::entry::stamp::xinetd(event.at, to.zone);
                        let line = format!("{stamp}: {text}\n");
                        service.file.iter().for_each(|file| file.write(&line, to.alarms));
                    }
                    LogTarget::Syslog { facility, severity } => {
                        to.records.write((*facility, *severity), event.at, &text);
                    }
                }
            }
        }
    }

    /// Whose event it is; takes note of sessions that begin and end.
    fn of(&mut self, what: &What) -> Option<Rc<Service>> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other event is about a service")]
        match what {
            What::SessionStarted(session) => {
                let service = self.current.get(&session.key).cloned()?;
                let has_log = service.entry.log.target != LogTarget::None;
                if has_log && self.sessions.len() < MOST_SESSIONS {
                    self.sessions.insert(session.session, Rc::clone(&service));
                }
                Some(service)
            }
            What::SessionEnded { session, .. } => {
                let began_with = self.sessions.remove(&session.session);
                self.current.get(&session.key).cloned().or(began_with)
            }
            What::StartFailed { session, .. } | What::Identified { session, .. } => {
                let began_with = self.sessions.get(&session.session);
                self.current.get(&session.key).or(began_with).cloned()
            }
            What::Refused(refused) => self.current.get(&refused.key).cloned(),
            What::TrapTouched { key, .. } => self.current.get(key).cloned(),
            _ => None,
        }
    }
}

/// Where records go, and by whose clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlets<'a> {
    pub(crate) alarms: &'a Alarms,
    pub(crate) records: &'a RecordsPost,
    pub(crate) zone: &'a TimeZone,
}
