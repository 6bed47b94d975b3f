//! What this process was given at its start: an estate over an exec or out of the service manager's
//! store, and listening sockets.

use crate::sources::images::{self, Held};
use crate::succession::ESTATE;
use crate::succession::estate::{Estate, Kept, MAX, Read};
use portreeve_model::Config;
use portreeve_sys::file::Mapped;
use portreeve_sys::inheritance::Inheritance;
use portreeve_sys::{descriptor, file, socket};
use portreeve_wire::compile::MAX_IMAGES;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The first descriptor that a service manager passes (`sd_listen_fds(3)`).
const FIRST: i32 = 3;
/// So many it passes at most.
const MOST: i32 = 1 << 20;
/// Variables that are between us and whoever started us: services never see them.
const PRIVATE: [&str; 10] = [
    ESTATE,
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "FDSTORE",
    "MAINPID",
    "MANAGERPID",
];

/// Whether a variable is between us and whoever started us.
pub(crate) fn is_private(name: &OsStr) -> bool {
    PRIVATE.iter().any(|private| name == *private)
}

/// Which way an estate came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// There is none.
    #[default]
    None,
    /// This very process was the door before: its children are ours.
    Exec,
    /// Another process was.
    Another,
}

/// A listening socket that was given.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) place: socket::Place,
    pub(crate) fd: OwnedFd,
    /// Whether it came from somebody who keeps it open beside us, as a socket unit does.
    pub(crate) foreign: bool,
    /// The name under which a service manager keeps it for us.
    pub(crate) stored: Option<String>,
}

/// All that was given.
#[derive(Debug, Default)]
pub(crate) struct Legacy {
    pub(crate) way: Way,
    pub(crate) estate: Estate,
    /// What could not be taken over, in words.
    pub(crate) lost: Vec<String>,
    pub(crate) sockets: Vec<Given>,
    /// The names under which a service manager keeps what is ours now.
    pub(crate) stored: Vec<String>,
    /// Everything else, by name.
    named: BTreeMap<String, OwnedFd>,
}

impl Legacy {
    /// Looks at what this process was started with.
    pub(crate) fn find(mut all: Inheritance, environment: &[(OsString, OsString)]) -> Self {
        let value = |wanted: &str| {
            let found = environment.iter().find(|(name, _)| name == wanted);
            found.and_then(|(_, value)| value.to_str()).map(str::to_owned)
        };
        let own = std::process::id().to_string();
        let mut legacy = Self::default();
        if let Some(number) = value(ESTATE)
            .and_then(|place| place.strip_prefix(&own)?.strip_prefix(':')?.parse().ok())
        {
            legacy.way = Way::Exec;
            let memory = all.by_number(number);
            legacy.read(memory);
            for (name, number) in std::mem::take(&mut legacy.estate.head.descriptors) {
                if let Some(fd) = all.by_number(number) {
                    legacy.add(name, fd);
                }
            }
        } else if value("LISTEN_PID").as_ref() == Some(&own) {
            let count: i32 = value("LISTEN_FDS").and_then(|n| n.parse().ok()).unwrap_or(0);
            let names = value("LISTEN_FDNAMES").unwrap_or_default();
            let names = names.split(':').map(str::to_owned).chain(std::iter::repeat(String::new()));
            for (number, name) in (FIRST..FIRST.saturating_add(count.clamp(0, MOST))).zip(names) {
                match all.by_number(number) {
                    Some(fd) if name == "estate" => {
                        legacy.way = Way::Another;
                        legacy.stored.push(name);
                        legacy.read(Some(fd));
                    }
                    Some(fd) => legacy.add(name, fd),
                    None => {}
                }
            }
        }
        if legacy.way == Way::Exec {
            // of an estate that cannot be read the listening sockets are left at least
            all.rest().for_each(|fd| legacy.add(String::new(), fd));
        }
        legacy
    }

    /// What another process hands over: its estate and everything by name.
    pub(crate) fn handed(all: Vec<(String, OwnedFd)>) -> Self {
        let mut legacy = Self { way: Way::Another, ..Self::default() };
        let mut memory = None;
        for (name, fd) in all {
            match name.as_str() {
                "estate" => memory = Some(fd),
                _ => legacy.add(name, fd),
            }
        }
        legacy.read(memory);
        legacy.stored.clear(); // no manager keeps anything of this
        legacy.sockets.iter_mut().for_each(|given| given.stored = None);
        legacy
    }

    fn read(&mut self, memory: Option<OwnedFd>) {
        let bytes = memory
            .ok_or_else(|| "it did not come".to_owned())
            .and_then(|fd| file::read_memfd(fd, MAX).map_err(|e| e.to_string()));
        match bytes.and_then(|bytes| Estate::read(&bytes)) {
            Ok(Read { estate, lost }) => {
                self.estate = estate;
                self.lost.extend(lost);
            }
            Err(why) => self.lost.push(format!("everything but the listening sockets: {why}")),
        }
    }

    fn add(&mut self, name: String, fd: OwnedFd) {
        let fd = match descriptor::raise(fd) {
            Ok(fd) => fd,
            Err(error) => return self.lost.push(format!("the descriptor `{name}`: {error}")),
        };
        match socket::place(&fd) {
            Ok(place) => {
                let nameless = self.way == Way::Exec && name.is_empty();
                let ours = nameless || name.starts_with("listener-");
                let stored = ours && self.way != Way::Exec;
                let stored = stored.then_some(name).filter(|name| !name.is_empty());
                self.sockets.push(Given { place, fd, foreign: !ours, stored });
            }
            Err(_) => {
                if self.way != Way::Exec {
                    self.stored.push(name.clone());
                }
                self.named.insert(name, fd);
            }
        }
    }

    /// The images of a predecessor's configuration. Whoever needs one that did not come is refused
    /// until it has been read again.
    pub(crate) fn held(&mut self, config: &Config) -> Vec<Held> {
        let mut kept = std::mem::take(&mut self.estate.images);
        kept.resize_with(config.sources.len(), Kept::default);
        let files = kept.iter().filter_map(|one| one.image).map(|image| image.file);
        let files: BTreeSet<u32> = files.collect();
        let mut map = |file: u32| {
            let fd = self.named.remove(&images::name(usize::try_from(file).ok()?))?;
            Some((file, Arc::new(Mapped::new(fd, MAX_IMAGES).ok()?)))
        };
        let files: BTreeMap<u32, Arc<Mapped>> = files.into_iter().filter_map(&mut map).collect();
        let held: Vec<Held> = kept.into_iter().map(|one| images::held(one, &files)).collect();
        let missing = held.iter().filter(|one| one.image.is_none()).count();
        if missing > 0 {
            self.lost.push(format!("{missing} of the lists that had been read"));
        }
        held
    }

    /// A descriptor by its name, once.
    pub(crate) fn take(&mut self, name: &str) -> Option<OwnedFd> {
        self.named.remove(name)
    }
}
