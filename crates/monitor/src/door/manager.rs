//! The service manager, where there is one: told how the door is, and given what must outlive it
//! (`sd_notify(3)`: readiness, watchdog, descriptor store).

use crate::door::{Door, Stage};
use crate::succession::Heir;
use portreeve_sys::notify::Notifier;
use portreeve_sys::socket;
use portreeve_sys::{clock, file};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Messages that wait while the manager is behind; more than that and it is no manager.
const MOST: usize = 65_536;
/// While it is behind, it is tried again so often.
const AGAIN: Duration = Duration::from_millis(20);
/// The last messages have so long to be taken.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is told to the manager, and what it keeps for us.
#[derive(Debug, Default)]
pub(crate) struct Manager {
    notifier: Option<Notifier>,
    queue: VecDeque<(String, Option<OwnedFd>)>,
    again: Option<Duration>,
    /// How often it wants a sign of life, and when the next is due.
    watchdog: Option<(Duration, Duration)>,
    /// The listening sockets it keeps: names with the kernel's numbers of the sockets.
    stored: BTreeMap<String, u64>,
    ready: bool,
}

impl Manager {
    /// The one that started this process, if its environment names one.
    pub(crate) fn new(
        environment: &[(OsString, OsString)],
        now: Duration,
    ) -> (Self, Option<String>) {
        let value = |wanted: &str| {
            let found = environment.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_os_str())
        };
        let Some(place) = value("NOTIFY_SOCKET") else { return (Self::default(), None) };
        let notifier = match Notifier::new(place) {
            Ok(notifier) => notifier,
            Err(why) => {
                let place = place.display();
                let alarm =
                    format!("the service manager at `{place}` cannot be told anything: {why}");
                return (Self::default(), Some(alarm));
            }
        };
        let number = |text: &OsStr| text.to_str().and_then(|text| text.parse::<u64>().ok());
        let ours = value("WATCHDOG_PID")
            .is_none_or(|pid| number(pid) == Some(u64::from(std::process::id())));
        let watchdog = value("WATCHDOG_USEC").and_then(number).filter(|time| ours && *time > 0);
        // twice as often as it asks for, as sd_watchdog_enabled(3) recommends
        let watchdog = watchdog.map(|time| (Duration::from_micros(time.div_ceil(2)), now));
        (Self { notifier: Some(notifier), watchdog, ..Self::default() }, None)
    }

    pub(crate) fn is_there(&self) -> bool {
        self.notifier.is_some()
    }

    /// It keeps this already: it gave it to us.
    pub(crate) fn keeps(&mut self, name: String, socket: u64) {
        self.stored.insert(name, socket);
    }

    fn say(&mut self, text: String, fd: Option<OwnedFd>) {
        if self.is_there() && self.queue.len() < MOST {
            self.queue.push_back((text, fd));
        }
    }

    /// Has it keep a descriptor under a name until told otherwise.
    fn store(&mut self, name: &str, fd: OwnedFd) {
        self.say(format!("FDSTORE=1\nFDPOLL=0\nFDNAME={name}"), Some(fd));
    }

    /// Has it let go of what it keeps under a name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.say(format!("FDSTOREREMOVE=1\nFDNAME={name}"), None);
    }

    /// The door closes.
    pub(crate) fn stopping(&mut self) {
        self.say("STOPPING=1".to_owned(), None);
    }

    /// A reload begins.
    pub(crate) fn reloading(&mut self, now: Duration) {
        self.ready = false;
        self.say(format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros()), None);
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        let watchdog = self.watchdog.map(|(_, at)| at);
        let again = if self.queue.is_empty() { None } else { self.again };
        watchdog.into_iter().chain(again).min()
    }

    /// Sends what it takes.
    fn flush(&mut self, now: Duration) {
        let Some(notifier) = &self.notifier else { return };
        while let Some((text, fd)) = self.queue.front() {
            match notifier.send(text, fd.as_ref().map(AsFd::as_fd)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.again = Some(now.saturating_add(AGAIN));
                    return;
                }
                // one that does not listen any more misses this message; the next may reach it
                Ok(()) | Err(_) => drop(self.queue.pop_front()),
            }
        }
        self.again = None;
    }

    /// Sends everything and waits until it is read, so long at most: this process ends next.
    fn last_words(&mut self) {
        let until = clock::monotonic().saturating_add(LAST_WORDS);
        loop {
            let now = clock::monotonic();
            self.flush(now);
            if self.queue.is_empty() || now >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(notifier) = &self.notifier {
            // without the barrier the manager may read them when the sender is nobody any more
            let _ = notifier.barrier(until.saturating_sub(clock::monotonic()));
        }
    }
}

impl Door {
    /// Once a turn: the manager learns what has changed.
    pub(crate) fn tick_manager(&mut self) {
        if !self.manager.is_there() {
            return;
        }
        let now = self.now.mono;
        if self.listeners.take_changed() && self.stage != Stage::Closing {
            self.store_listeners();
        }
        if let Some((every, at)) = self.manager.watchdog
            && at <= now
        {
            self.manager.watchdog = Some((every, now.saturating_add(every)));
            self.manager.say("WATCHDOG=1".to_owned(), None);
        }
        let reloads = matches!(&self.compile, Some((_, asked)) if asked.is_reload());
        if self.stage == Stage::Open && !self.manager.ready && !reloads {
            self.manager.ready = true;
            let services = self.current.config.services.len();
            self.manager
                .say(format!("READY=1\nSTATUS=The door is open: {services} services"), None);
        }
        self.manager.flush(now);
    }

    /// Has the manager keep exactly the sockets that listen.
    fn store_listeners(&mut self) {
        let mut listening = BTreeMap::new();
        for listener in self.listeners.iter().filter(|listener| !listener.foreign) {
            let Some(fd) = listener.socket.as_ref() else { continue };
            if let Ok(place) = socket::place(fd) {
                listening.insert(listener.name(), (place.inode, fd));
            }
        }
        let gone = |(name, socket): &(&String, &u64)| {
            listening.get(*name).is_none_or(|(now, _)| now != *socket)
        };
        let gone: Vec<String> =
            self.manager.stored.iter().filter(gone).map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.manager.stored.remove(&name);
            self.manager.remove(&name);
        }
        for (name, (socket, fd)) in listening {
            if self.manager.stored.contains_key(&name) {
                continue;
            }
            if let Ok(copy) = fd.try_clone() {
                self.manager.stored.insert(name.clone(), socket);
                self.manager.store(&name, copy);
            }
        }
    }

    /// Leaves everything a successor needs with the manager: the sockets are there already.
    pub(crate) fn leave_with_manager(&mut self) {
        if !self.manager.is_there() {
            return;
        }
        let kept = self.estate(Heir::Another).write();
        let kept =
            kept.and_then(|bytes| file::memfd("estate", &bytes).map_err(|error| error.to_string()));
        if let Ok(memory) = kept {
            let fds: Vec<(String, Option<OwnedFd>)> = self
                .heirlooms(None)
                .into_iter()
                .filter(|(name, _)| !name.starts_with("listener-") && !is_our_own(name))
                .map(|(name, fd)| (name, fd.try_clone_to_owned().ok()))
                .collect();
            self.manager.store("estate", memory);
            for (name, fd) in fds {
                fd.into_iter().for_each(|fd| self.manager.store(&name, fd));
            }
        }
        self.manager.last_words();
    }
}

/// What ends with this process, or is the socket unit's.
fn is_our_own(name: &str) -> bool {
    ["lock", "control", "asker"].contains(&name) || name.starts_with("unit-")
}
