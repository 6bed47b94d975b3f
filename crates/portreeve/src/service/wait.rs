//! Waiting until something changes in the `supervise` of services.

use super::place::Place;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::watch::{Change, Detail, Watch, Watcher};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

/// How often all is looked at: a supervisor's end changes no file.
const TICK: Duration = Duration::from_millis(500);

/// How often, where a directory cannot be watched.
const BLIND: Duration = Duration::from_millis(50);

/// Watches over services.
pub(super) struct Waiting {
    poller: Poller,
    watcher: Option<Watcher>,
    /// Which services a watch is of: several names may mean one directory.
    watches: HashMap<Watch, Vec<usize>>,
    tick: Duration,
}

/// Which services are to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// These.
    These(Vec<usize>),
    /// All.
    All,
}

impl Waiting {
    /// Over none.
    pub(super) fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        // a user may have no watches left; then it is looked at more often
        let watcher = Watcher::new().ok();
        if let Some(watcher) = &watcher {
            poller.add(watcher, 0, Interest::READ)?;
        }
        let tick = if watcher.is_some() { TICK } else { BLIND };
        Ok(Self { poller, watcher, watches: HashMap::new(), tick })
    }

    /// Over one more, which is `number` from now on.
    pub(super) fn add(&mut self, place: &Place, number: usize) {
        let Some(watcher) = &self.watcher else { return };
        let folder = fs::canonicalize(place.path.join("supervise"));
        match folder.and_then(|folder| watcher.add(&folder, Detail::Names)) {
            Ok(watch) => self.watches.entry(watch).or_default().push(number),
            Err(_) => self.tick = BLIND,
        }
    }

    /// Waits until something has changed, or for so long.
    pub(super) fn wait(&mut self, most: Duration) -> io::Result<Changed> {
        let mut events = Vec::new();
        self.poller.wait(&mut events, Some(most.min(self.tick)))?;
        let Some(watcher) = self.watcher.as_mut().filter(|_| !events.is_empty()) else {
            return Ok(Changed::All);
        };
        let mut these = Vec::new();
        for seen in watcher.read() {
            match (seen.change, seen.watch.and_then(|watch| self.watches.get(&watch))) {
                (Change::Lost | Change::Gone, _) | (_, None) => return Ok(Changed::All),
                (Change::Name | Change::Written | Change::Closed, Some(numbers)) => {
                    these.extend(numbers);
                }
            }
        }
        these.sort_unstable();
        these.dedup();
        Ok(Changed::These(these))
    }
}
