//! What access lists are read from apart from the configuration: images of it, and their changes.
//!
//! A change is noticed, the compiler reads the source again, and its image takes the old one's place
//! in the tables; counters, sessions and listeners know nothing of it. Connections that came after
//! the change wait for it, so long at most, while all others go on.

pub(crate) mod book;
pub(crate) mod images;
mod plan;
mod reading;
mod watches;

use crate::accept::parked::Parked;
use crate::accept::pending::Arrival;
use crate::configuration::compiler::Run;
use crate::door::current::Current;
use crate::door::token::Token;
use crate::door::{Door, Stage};
use crate::sources::book::{Book, Moment};
use crate::sources::images::Held;
use crate::sources::plan::Told;
use crate::sources::watches::{Watches, has_changed, is_doubtful, is_remote};
use portreeve_model::{Config, SourceKind};
use portreeve_policy::ServiceIndex;
use portreeve_sys::Pid;
use portreeve_sys::poll::Interest;
use portreeve_wire::control::ListStatus;
use portreeve_wire::event::What;
use std::sync::Arc;
use std::time::Duration;

/// A connection waits so long for what changed before it came.
const PATIENCE: Duration = Duration::from_secs(2);
/// The sources are looked at so often, in case a change was not told.
const LOOK: Duration = Duration::from_secs(30);
/// And so often where not everything can be watched.
const LOOK_CLOSELY: Duration = Duration::from_secs(2);
/// While as many connections wait as may, listeners are left alone for so long.
pub(crate) const CROWDED: Duration = Duration::from_millis(10);
/// How the alarm begins that not everything can be watched.
const UNWATCHED: &str = "changes of access lists are looked for every 2 s, since they cannot be \
                         watched: ";

/// Everything about them but what is in force.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) book: Book,
    watches: Watches,
    /// The compiler at work on some of them.
    reading: Option<Reading>,
    pub(crate) parked: Parked,
    look_at: Option<Duration>,
    /// Why the last reading failed as a whole.
    failed: Option<String>,
    /// Whether it has been told, since the last reading, that one is late.
    late: bool,
    /// What had changed when the configuration began to be read that is being read, and when.
    pub(crate) load: (Moment, i64),
}

/// A reading under way.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) run: Run,
    sources: Vec<usize>,
    began: Duration,
    /// In seconds since the epoch.
    at: i64,
}

impl Sources {
    /// When something is to be done; `begins` says whether a reading may begin.
    pub(crate) fn next_due(&self, begins: bool) -> Option<Duration> {
        let deadline = self.reading.as_ref().map(|reading| reading.run.deadline);
        let book = self.book.next_due().filter(|_| begins);
        let all = [book, deadline, self.parked.next_due(), self.look_at];
        all.into_iter().flatten().min()
    }

    /// The reading under way, if the compiler's process is this one.
    pub(crate) fn run_of(&mut self, pid: Pid) -> Option<&mut Run> {
        self.reading.as_mut().map(|reading| &mut reading.run).filter(|run| run.pid == pid)
    }
}

impl Door {
    /// A connection has arrived: it is decided, or waits for what changed before it came.
    pub(crate) fn arrived(&mut self, arrival: Arrival) {
        let current = Arc::clone(&self.current);
        if current.tables.sources(ServiceIndex(arrival.service)).is_empty() {
            return self.decide(arrival);
        }
        self.hear_changes();
        let came = self.sources.book.now();
        let Some(stale) = stale(&current, &self.sources.book, arrival.service, came) else {
            return self.decide(arrival);
        };
        let until = self.now.mono.saturating_add(PATIENCE);
        if self.sources.book.is_hopeless(until) {
            self.too_late(stale);
            return self.decide(arrival);
        }
        self.sources.parked.add(arrival, came, until);
    }

    /// Whether a service's connections are left in the kernel's queue, since too many wait.
    pub(crate) fn is_crowded(&self, service: u32) -> bool {
        let looks = !self.current.tables.sources(ServiceIndex(service)).is_empty();
        looks && !self.sources.parked.has_room()
    }

    /// What was before decides about a connection; said once for each reading.
    fn too_late(&mut self, source: usize) {
        if std::mem::replace(&mut self.sources.late, true) {
            return;
        }
        let reason = match (&self.sources.failed, &self.sources.reading) {
            (Some(why), _) => why.clone(),
            (None, Some(_)) => "it is still being read".to_owned(),
            (None, None) => "it is about to be read".to_owned(),
        };
        let path = path_of(&self.current, source);
        self.event(What::SourceLate { path, reason });
    }

    /// Notes what has changed until now.
    pub(crate) fn hear_changes(&mut self) {
        let now = self.now.mono;
        let book = &mut self.sources.book;
        match self.sources.watches.read() {
            None => book.all_changed(now),
            Some(told) => told.into_iter().for_each(|told| match told {
                Told::Changed(source) => book.changed(source, now),
                Told::Written(source) => book.written(source, now),
            }),
        }
    }

    /// Everything about sources whose time has come.
    pub(crate) fn tick_sources(&mut self) {
        let now = self.now.mono;
        self.sources.book.tick(now);
        if self.sources.look_at.is_some_and(|at| at <= now) {
            self.look_at_sources();
        }
        self.tick_reading();
        let (current, sources) = (Arc::clone(&self.current), &mut self.sources);
        if sources.parked.is_empty() {
            return;
        }
        let book = &sources.book;
        let fresh = |service, came| stale(&current, book, service, came).is_none();
        let ready = sources.parked.take_ready(fresh);
        let overdue = sources.parked.take_overdue(now);
        for arrival in ready {
            self.decide(arrival);
        }
        for arrival in overdue {
            let came = self.sources.book.now();
            let source = stale(&current, &self.sources.book, arrival.service, came);
            source.into_iter().for_each(|source| self.too_late(source));
            self.decide(arrival);
        }
    }

    /// Looks at all that is watched, in case a change was not told.
    fn look_at_sources(&mut self) {
        let now = self.now.mono;
        let held = &self.current.held;
        for (source, one) in held.iter().enumerate() {
            if is_remote(one) || has_changed(one) {
                self.sources.book.changed(source, now);
            }
        }
        self.plan_to_look();
    }

    fn plan_to_look(&mut self) {
        let every = if self.sources.watches.trouble.is_some() { LOOK_CLOSELY } else { LOOK };
        let any = !self.current.held.is_empty();
        self.sources.look_at = any.then(|| self.now.mono.saturating_add(every));
    }

    /// Watches for changes of what is in force, which began to be read at this time (in seconds
    /// since the epoch), and looks whether it has changed since.
    pub(crate) fn watch_sources(&mut self, read: i64) {
        let now = self.now.mono;
        let current = Arc::clone(&self.current);
        let (new, made) = self.sources.watches.fit(&current.held);
        if let (true, Some(fd)) = (made, self.sources.watches.fd())
            && let Err(error) = self.poller.add(fd, Token::Sources.bits(), Interest::READ)
        {
            self.sources.watches.trouble = Some(error.to_string());
        }
        for (source, one) in current.held.iter().enumerate() {
            let doubtful = new.contains(&source) && is_doubtful(one, read);
            // one that was refused is read again once it changes
            let unread = one.image.is_none() && self.sources.book.bad(source).is_none();
            if doubtful || unread || has_changed(one) {
                self.sources.book.changed(source, now);
            }
        }
        match self.sources.watches.trouble.clone() {
            Some(why) => self.alarm(&format!("{UNWATCHED}{why}")),
            None => self.alarms.retain(|alarm| !alarm.starts_with(UNWATCHED)),
        }
        self.plan_to_look();
    }

    /// Begins to watch, at the start.
    pub(crate) fn begin_sources(&mut self) {
        let count = self.current.held.len();
        self.sources.book = Book::follow(&Book::default(), count, Moment::default(), |_| None);
        // what was read just now, and what a predecessor had read and may have been told of since
        let read = self.current.held.iter().map(|one| one.since).min();
        self.watch_sources(read.unwrap_or_default());
    }

    /// Another configuration is in force, whose sources were read when `worth` was the last change:
    /// what is known of the old one's goes over.
    pub(crate) fn follow_sources(&mut self, old: &Current, worth: Moment, read: i64) {
        let current = Arc::clone(&self.current);
        if let Some(reading) = self.sources.reading.take() {
            reading.run.kill();
        }
        for (source, _) in old.held.iter().enumerate() {
            if let Some(why) = self.sources.book.bad(source) {
                self.alarms.remove(&alarm(&path_of(old, source), why));
            }
        }
        let same = |at: usize| same_source(old, &current, at);
        self.sources.book = Book::follow(&self.sources.book, current.held.len(), worth, same);
        for (source, _) in current.held.iter().enumerate() {
            if let Some(why) = self.sources.book.bad(source) {
                self.alarms.insert(alarm(&path_of(&current, source), why));
            }
        }
        self.watch_sources(read);
    }

    /// What a configuration's sources are to hold: what was read with it, or what has been read
    /// since of the same source.
    pub(crate) fn newest(&self, mut held: Vec<Held>, config: &Config, worth: Moment) -> Vec<Held> {
        let old = &self.current;
        for (one, source) in held.iter_mut().zip(&config.sources) {
            let at = old.config.sources.iter().position(|other| other == source);
            let newer = at.filter(|at| self.sources.book.is_newer(*at, worth));
            if let Some(kept) = newer.and_then(|at| old.held.get(at)) {
                *one = kept.clone();
            }
        }
        held
    }

    /// Ends the reading under way for a successor, which looks itself at what has changed.
    pub(crate) fn cut_reading_short(&mut self) {
        if let Some(reading) = self.sources.reading.take() {
            reading.run.kill();
            self.sources.book.given_up();
        }
    }

    /// How the sources are.
    pub(crate) fn list_status(&self) -> Vec<ListStatus> {
        let (current, book) = (&self.current, &self.sources.book);
        let each = |(at, held): (usize, &Held)| {
            let kind = current.config.sources.get(at).map(|source| &source.kind);
            let files = kind.into_iter().flat_map(SourceKind::files);
            let age = self.now.unix().saturating_sub(held.since);
            ListStatus {
                paths: files.map(|file| file.path.clone()).collect(),
                entries: held.image.as_ref().map(|image| image.entries),
                age: u64::try_from(age).unwrap_or(0),
                changed: !book.is_fresh(at, book.now()),
                refused: book.bad(at).map(str::to_owned),
            }
        };
        current.held.iter().enumerate().map(each).collect()
    }

    /// Whether a reading may begin.
    pub(crate) fn may_read(&self) -> bool {
        self.stage == Stage::Open
    }
}

/// The first source of a service that is not read as it was when a connection came.
fn stale(current: &Current, book: &Book, service: u32, came: Moment) -> Option<usize> {
    let sources = current.tables.sources(ServiceIndex(service)).iter();
    let mut numbers = sources.filter_map(|source| usize::try_from(source.0).ok());
    numbers.find(|source| !book.is_fresh(*source, came))
}

/// The number that a source of a configuration had in the one before.
fn same_source(old: &Current, new: &Current, at: usize) -> Option<usize> {
    let source = new.config.sources.get(at)?;
    old.config.sources.iter().position(|other| other == source)
}

/// The file by which people know a source.
pub(crate) fn path_of(current: &Current, source: usize) -> String {
    let source = current.config.sources.get(source);
    let file = source.and_then(|source| source.kind.files().next());
    file.map(|file| file.path.clone()).unwrap_or_default()
}

/// What is to be mended about a source.
fn alarm(path: &str, why: &str) -> String {
    format!("`{path}` cannot be used, and what it held before is in force: {why}")
}
