//! What is watched: files and journals, read line by line, each line once.
//!
//! How far a source has been read is written into the ledger in one commit with the offences that were
//! found before it, so a clerk that is killed reads nothing again that was booked, and misses nothing.
//! Files are known by what was read of them, not by their names: see [`tail`]. Memory is bounded: one
//! buffer for all files, and what the detectors remember. Work is done in short turns, between which
//! the sessions' own pipes have theirs.

mod beside;
mod catch_up;
mod desk;
mod file;
mod journal;
mod tail;
mod told;

#[cfg(test)]
mod tests;

pub(crate) use desk::Clerk;
pub(crate) use told::Spot;

use crate::follow::beside::Beside;
use crate::follow::file::Followed;
use crate::follow::tail::{CHUNK, Place};
use crate::follow::told::Told;
use crate::link::Link;
use crate::store::Order;
use jiff::tz::TimeZone;
use portreeve_detect::Record;
use portreeve_judge::{
    Booked, Heard, Proposal,
    readers::{From, Now, Reader, Readers},
};
use portreeve_ledger::{Change, Position};
use portreeve_model::{Offence, Start, Watch};
use portreeve_sys::{clock, file as sys_file, watch};
use portreeve_wire::clerk::{FollowedFile, FromClerk, SourceReport};
use portreeve_wire::compile::MAX_ANSWER;
use portreeve_wire::{decode, split_frame};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};

/// Lines that are older than this when a file is read from its beginning for the first time are passed
/// over, microseconds: fail2ban's `findtime`, as it is where nobody has set it.
const OLD: i64 = 600_000_000;
/// Files that were found beside others and are read to their end, at a time.
const MOST_LOOSE: usize = 64;
/// Files that lay at one path before, and are not read to their end: as many as the monitor holds.
const MOST_OLD: usize = 8;
/// Sources of which positions are remembered: as many as the ledger keeps.
const MOST_SOURCES: usize = 4096;
/// Positions of one source that are remembered.
const MOST_KNOWN: usize = 32;
/// How alarms begin that are about watches.
const UNREAD: &str = "what is watched is not all read: ";

/// What was found in a turn.
#[derive(Debug, Default)]
pub(crate) struct Found {
    offences: Vec<Offence>,
    /// What judges ask for because of them.
    proposals: Vec<Proposal>,
}

/// Everything that is watched.
pub(crate) struct Follows {
    clerk: Rc<dyn Clerk>,
    link: Rc<Link>,
    orders: RefCell<Option<mpsc::Sender<Order>>>,
    zone: TimeZone,
    host: Vec<u8>,
    readers: RefCell<Readers>,
    /// Tasks of the configuration in force.
    tasks: RefCell<HashMap<u64, AbortHandle>>,
    files: RefCell<BTreeMap<u64, Rc<Followed>>>,
    /// Those that the monitor does not have.
    loose: RefCell<Vec<(Rc<Followed>, AbortHandle)>>,
    /// What comes from beside files, until all has come.
    beside: RefCell<HashMap<u64, Vec<File>>>,
    /// Positions by their sources, the newest first.
    known: RefCell<HashMap<String, Vec<Position>>>,
    /// Lines and offences of each source.
    totals: RefCell<HashMap<String, (u64, u64)>>,
    /// Whether the ledger has told its positions, and when it does.
    settled: Cell<bool>,
    settling: Notify,
    told: RefCell<Told>,
    new: Cell<bool>,
    growth: RefCell<Option<AbortHandle>>,
    journals: RefCell<journal::Journals>,
    reported: RefCell<HashMap<u64, SourceReport>>,
    troubles: RefCell<HashSet<String>>,
    pub(crate) buffer: RefCell<Vec<u8>>,
}

impl Follows {
    /// Nothing is watched yet.
    pub(crate) fn new(
        clerk: Rc<dyn Clerk>,
        link: Rc<Link>,
        orders: mpsc::Sender<Order>,
        zone: TimeZone,
    ) -> Rc<Self> {
        Rc::new(Self {
            clerk,
            link,
            orders: RefCell::new(Some(orders)),
            zone,
            host: rustix::system::uname().nodename().to_bytes().to_vec(),
            readers: RefCell::default(),
            tasks: RefCell::default(),
            files: RefCell::default(),
            loose: RefCell::default(),
            beside: RefCell::default(),
            known: RefCell::default(),
            totals: RefCell::default(),
            settled: Cell::new(false),
            settling: Notify::new(),
            told: RefCell::default(),
            new: Cell::new(true),
            growth: RefCell::default(),
            journals: RefCell::default(),
            reported: RefCell::default(),
            troubles: RefCell::default(),
            buffer: RefCell::new(Vec::new()),
        })
    }

    /// The ledger's positions: what is watched is read from there.
    pub(crate) fn settle(&self, positions: Vec<Position>) {
        let mut known = self.known.borrow_mut();
        let mut totals = self.totals.borrow_mut();
        for position in positions {
            let total = totals.entry(position.source.clone()).or_default();
            total.0 = total.0.max(position.lines);
            total.1 = total.1.max(position.offences);
            known.entry(position.source.clone()).or_default().push(position);
        }
        self.settled.set(true);
        self.settling.notify_waiters();
    }

    /// A line of the event log, as an earlier clerk left it.
    pub(crate) fn was_told(&self, line: &str) {
        self.told.borrow_mut().add(line);
    }

    /// Whether nothing has been watched yet.
    pub(crate) fn is_new(&self) -> bool {
        self.new.get()
    }

    /// Another configuration: files and journals of before are left. They are given anew.
    ///
    /// # Errors
    /// What makes no sense about it.
    pub(crate) fn set(self: &Rc<Self>, memory: OwnedFd) -> Result<(), &'static str> {
        self.leave_all();
        let bytes = sys_file::read_memfd(&memory, MAX_ANSWER + 4);
        let bytes = bytes.map_err(|_| "watches that cannot be read")?;
        let Ok(Some((body, _))) = split_frame(&bytes, MAX_ANSWER) else {
            return Err("watches that are not whole");
        };
        let watches: Vec<Watch> = decode(body).map_err(|_| "watches that make no sense")?;
        for text in self.troubles.borrow_mut().drain() {
            self.clerk.alarm(&text, false);
        }
        let mut readers = Vec::new();
        for watch in watches {
            let name = watch.name.to_string();
            let (reader, trouble) = Reader::new(watch);
            for why in trouble {
                self.alarm(&format!("{UNREAD}`{name}`: {why}"));
            }
            readers.push(reader);
        }
        if !readers.is_empty() {
            self.new.set(false);
            self.buffer.borrow_mut().resize(CHUNK, 0);
        }
        *self.readers.borrow_mut() = Readers::new(readers);
        self.begin_journals();
        Ok(())
    }

    /// Everything is left where it is.
    pub(crate) fn leave_all(&self) {
        self.tasks.borrow_mut().drain().for_each(|(_, task)| task.abort());
        self.loose.borrow_mut().drain(..).for_each(|(_, task)| task.abort());
        self.journals.borrow_mut().leave();
        for file in std::mem::take(&mut *self.files.borrow_mut()).into_values() {
            self.keep(&file);
        }
        self.beside.borrow_mut().clear();
        self.reported.borrow_mut().clear();
    }

    /// No more is read, and the ledger's thread is asked no more.
    pub(crate) fn part(&self) {
        self.leave_all();
        *self.orders.borrow_mut() = None;
    }

    /// What tells of growth.
    pub(crate) fn grow(self: &Rc<Self>, fd: OwnedFd) {
        let watcher = watch::Watcher::received(fd);
        #[expect(deprecated, reason = "unsound only for a type that may change its descriptor")]
        let Ok(watcher) = AsyncFd::new(watcher) else { return };
        let all = Rc::downgrade(self);
        let task = spawn_local(async move {
            let mut watcher = watcher;
            loop {
                let Ok(mut ready) = watcher.readable_mut().await else { return };
                let seen = ready.get_inner_mut().read();
                ready.clear_ready();
                let Some(all) = all.upgrade() else { return };
                let lost = seen.iter().any(|one| one.watch.is_none());
                let grown: HashSet<i32> =
                    seen.iter().filter_map(|one| one.watch).map(watch::Watch::number).collect();
                for file in all.files.borrow().values() {
                    if lost || file.growth.get().is_some_and(|it| grown.contains(&it)) {
                        file.wake.notify_one();
                    }
                }
            }
        });
        if let Some(old) = self.growth.replace(Some(task.abort_handle())) {
            old.abort();
        }
    }

    /// A file to be followed, or news of one that is.
    pub(crate) fn follow(self: &Rc<Self>, of: FollowedFile, fd: OwnedFd) {
        if let Some(file) = self.files.borrow().get(&of.number) {
            *file.path.borrow_mut() = of.path;
            *file.watches.borrow_mut() = of.watches;
            return file.current.set(of.current);
        }
        let all = Rc::clone(self);
        let number = of.number;
        let task = spawn_local(async move { all.begin(of, fd).await });
        // News of one that has not begun: whoever waits to begin would read it once more.
        if let Some(old) = self.tasks.borrow_mut().insert(number, task.abort_handle()) {
            old.abort();
        }
    }

    /// Finds where to begin in a file, and begins.
    async fn begin(self: Rc<Self>, of: FollowedFile, fd: OwnedFd) {
        self.settled().await;
        let file = File::from(fd);
        self.part_with_cut(&of, &file).await;
        let (place, warm) = self.place(&of, &file);
        let followed = Followed::new(Some(of.number), of.path, of.id, of.watches, file, place);
        followed.current.set(of.current);
        followed.growth.set(of.wake);
        followed.pattern.replace(of.pattern.clone());
        if place.is_none() {
            followed.not_before(self.begin_new(&of.pattern, &followed));
        }
        let followed = Rc::new(followed);
        self.files.borrow_mut().insert(of.number, Rc::clone(&followed));
        let path = followed.path.borrow().clone();
        self.leave_oldest(&path);
        if followed.current.get() && self.known.borrow().contains_key(&path) {
            self.ask_beside(&path);
        }
        followed.follow(self, warm).await;
    }

    /// Where an earlier reader was in a file that was cut since: what it held may be in a copy, which is
    /// known by what was read of it.
    async fn part_with_cut(&self, of: &FollowedFile, file: &File) {
        let known = self.known.borrow().get(&of.path).cloned().unwrap_or_default();
        for mut position in known {
            let same = (position.device, position.inode) == (of.id.device, of.id.inode);
            let place = Place::of(&position);
            if same && place.is_known() && !place.is_in(file).unwrap_or(true) {
                (position.device, position.inode) = (0, position.mark);
                let position = Box::new(position);
                self.commit(Change::Read { offences: Vec::new(), proposals: Vec::new(), position })
                    .await;
            }
        }
    }

    /// Of those that lay at a path before, the oldest are left past the bound: who renames files
    /// faster than they are done with must not take every descriptor there is.
    fn leave_oldest(&self, path: &str) {
        let mut files = self.files.borrow_mut();
        let old = |file: &Followed| !file.current.get() && *file.path.borrow() == *path;
        let old = files.iter().filter(|(_, file)| old(file));
        let old: Vec<u64> = old.map(|(number, _)| *number).collect();
        for number in old.iter().take(old.len().saturating_sub(MOST_OLD)) {
            if let Some(task) = self.tasks.borrow_mut().remove(number) {
                task.abort();
            }
            self.reported.borrow_mut().remove(number);
            files.remove(number).iter().for_each(|file| self.keep(file));
        }
    }

    /// Waits until the ledger has told its positions.
    async fn settled(&self) {
        while !self.settled.get() {
            let settling = self.settling.notified();
            if self.settled.get() {
                return;
            }
            settling.await;
        }
    }

    /// Where an earlier reader was in a file: by its number, whatever it is called now, or by its path;
    /// in either case what was read must be there.
    fn place(&self, of: &FollowedFile, file: &File) -> (Option<Place>, bool) {
        let known = self.known.borrow();
        let same =
            |position: &&Position| (position.device, position.inode) == (of.id.device, of.id.inode);
        let by_number = known.values().flatten().filter(same);
        let by_path = known.get(&of.path).into_iter().flatten().filter(|it| it.device != 0);
        let by_path = by_path.filter(|it| !same(it) && it.tail > 0);
        let places = by_number.chain(by_path).map(Place::of);
        let there = places.filter(|place| place.is_in(file).unwrap_or(false));
        let place = there.max_by_key(|place| place.offset);
        (place, place.is_some())
    }

    /// A file that nobody has read: one that came after its pattern was first looked for is read from
    /// its beginning. Of one that was there before, the configuration says from where. Gives the time
    /// before which lines are too old.
    fn begin_new(&self, pattern: &str, file: &Followed) -> i64 {
        let looked = self.known.borrow().contains_key(&marker(pattern));
        let seen = self.known.borrow().contains_key(&*file.path.borrow());
        if looked || seen {
            return 0;
        }
        let readers = self.readers.borrow();
        let start = readers.each().flat_map(|(_, reader)| &reader.watch.files);
        let start = start.filter(|one| one.path == pattern).map(|one| one.start).next();
        match start.unwrap_or_default() {
            Start::End => {
                let place = Place::at(file.file(), file.size()).unwrap_or_default();
                file.go_to(place);
                0
            }
            Start::Beginning => {
                let since = micros().saturating_sub(OLD);
                let time = |record: &Record<'_>| {
                    let watches = file.watches.borrow();
                    let reader = watches.iter().find_map(|at| readers.get(*at))?;
                    reader.time(record, micros(), &self.zone)
                };
                file.go_to(catch_up::find(file.file(), file.size(), since, &time));
                since
            }
        }
    }

    /// The file lies no longer where it lay.
    pub(crate) fn rotated(&self, number: u64) {
        if let Some(file) = self.files.borrow().get(&number) {
            file.current.set(false);
        }
    }

    /// All files of these patterns have been given: what comes now is new.
    pub(crate) fn looked(self: &Rc<Self>, patterns: Vec<String>) {
        let all = Rc::clone(self);
        spawn_local(async move {
            all.settled().await;
            for pattern in patterns {
                let source = marker(&pattern);
                if all.known.borrow().contains_key(&source) {
                    continue;
                }
                let position = Position { source, at: millis(), ..Position::default() };
                all.remember(&position);
                let position = Box::new(position);
                all.commit(Change::Read { offences: Vec::new(), proposals: Vec::new(), position })
                    .await;
            }
        });
    }

    /// A file that may be what another was copied or renamed to.
    pub(crate) fn beside(&self, number: u64, fd: OwnedFd) {
        let mut beside = self.beside.borrow_mut();
        let files = beside.entry(number).or_default();
        if files.len() < MOST_LOOSE {
            files.push(File::from(fd));
        }
    }

    /// All of those have come: what was not read of them is.
    pub(crate) fn beside_done(self: &Rc<Self>, number: u64) {
        let candidates = self.beside.borrow_mut().remove(&number).unwrap_or_default();
        let Some(of) = self.files.borrow().get(&number).cloned() else { return };
        let path = of.path.borrow().clone();
        let followed: HashSet<_> = {
            let files = self.files.borrow();
            let loose = self.loose.borrow();
            files.values().map(|it| it.id).chain(loose.iter().map(|(it, _)| it.id)).collect()
        };
        let found = {
            let known = self.known.borrow();
            let positions = known.get(&path).map(Vec::as_slice).unwrap_or_default();
            let head = beside::head(of.file());
            let own = of.id;
            let marker = known.get(&marker(&of.pattern.borrow()));
            let since = marker.and_then(|all| all.first()).map(|position| position.at);
            Beside { positions, own, head: &head, since, followed: &followed }.find(candidates)
        };
        for (file, id, place) in found {
            if self.loose.borrow().len() >= MOST_LOOSE {
                self.alarm(&format!("{UNREAD}`{path}`: too many files were made of it"));
                return;
            }
            let watches = of.watches.borrow().clone();
            let loose = Rc::new(Followed::new(None, path.clone(), id, watches, file, Some(place)));
            let (task, all) = (Rc::clone(&loose), Rc::clone(self));
            let task = spawn_local(async move { task.follow(all, false).await });
            self.loose.borrow_mut().push((loose, task.abort_handle()));
        }
    }

    /// What a file's path was copied or renamed to is wanted.
    pub(crate) fn ask_beside(&self, path: &str) {
        let files = self.files.borrow();
        let current = |file: &&Rc<Followed>| *file.path.borrow() == *path && file.current.get();
        if let Some(number) = files.values().find(current).and_then(|file| file.number) {
            self.link.send(&FromClerk::AskBeside(number));
        }
    }

    /// A second has passed.
    pub(crate) fn tend(self: &Rc<Self>) {
        let mut left = Vec::new();
        for (number, file) in self.files.borrow().iter() {
            file.nudge();
            self.keep(file);
            if file.is_over() {
                left.push(*number);
            }
        }
        for number in left {
            self.files.borrow_mut().remove(&number);
            self.reported.borrow_mut().remove(&number);
            if let Some(task) = self.tasks.borrow_mut().remove(&number) {
                task.abort();
            }
            self.link.send(&FromClerk::Left(number));
        }
        self.loose.borrow_mut().retain(|(file, task)| {
            file.nudge();
            self.keep(file);
            let over = file.is_over();
            if over {
                task.abort();
            }
            !over
        });
        self.keep_journals();
        self.report();
    }

    /// Has a position kept that the ledger does not have.
    fn keep(&self, file: &Followed) {
        let Some(position) = file.unkept(self) else { return };
        self.remember(&position);
        self.order(Change::Read {
            offences: Vec::new(),
            proposals: Vec::new(),
            position: Box::new(position),
        });
    }

    fn order(&self, change: Change) {
        if let Some(orders) = &*self.orders.borrow() {
            // A thread that is behind is told at the next second.
            let _ = orders.try_send(Order::Write(change, None));
        }
    }

    /// Tells the monitor what has changed.
    fn report(&self) {
        let mut reports: Vec<SourceReport> = Vec::new();
        for (number, file) in self.files.borrow().iter() {
            let (lines, offences) = self.totals(&file.path.borrow());
            reports.push(SourceReport {
                number: *number,
                offset: file.offset(),
                size: file.size(),
                lines,
                offences,
                long: file.long.get(),
                old: file.old.get(),
            });
        }
        reports.extend(self.journal_reports());
        let mut reported = self.reported.borrow_mut();
        for report in reports {
            if reported.get(&report.number) != Some(&report) {
                self.link.send(&FromClerk::Source(report.clone()));
                reported.insert(report.number, report);
            }
        }
    }

    /// Remembers a position for those who look for one later.
    fn remember(&self, position: &Position) {
        let mut known = self.known.borrow_mut();
        let positions = known.entry(position.source.clone()).or_default();
        let id = (position.device, position.inode);
        positions.retain(|other| (other.device, other.inode) != id);
        positions.insert(0, position.clone());
        positions.truncate(MOST_KNOWN);
        while known.len() > MOST_SOURCES {
            let files = known.iter().filter(|(source, _)| source.starts_with('/'));
            let other = files.filter(|(source, _)| **source != position.source);
            let last = |all: &[Position]| all.first().map(|position| position.at);
            let oldest = other.min_by_key(|(_, all)| last(all)).map(|(source, _)| source.clone());
            let Some(oldest) = oldest else { return };
            known.remove(&oldest);
            self.totals.borrow_mut().remove(&oldest);
        }
    }

    /// Has a change written, and waits until it is or cannot be: no more is read meanwhile.
    async fn commit(&self, change: Change) {
        let orders = self.orders.borrow().clone();
        let Some(orders) = orders else { return };
        let (done, written) = oneshot::channel();
        let position = match &change {
            Change::Read { position, .. } => Some(position.clone()),
            Change::Keep(_)
            | Change::Forget(_)
            | Change::Record { .. }
            | Change::Propose(_)
            | Change::Succeed { .. } => None,
        };
        if orders.send(Order::Read(change, done)).await.is_ok() {
            // Only now: one that was stopped before has left nothing behind.
            position.iter().for_each(|position| self.remember(position));
            // Dropped, it says that the ledger cannot be written: reading goes on.
            let _ = written.await;
        }
    }

    /// Shows a line to watches.
    fn read(&self, watches: &[u32], record: &Record<'_>, from: From<'_>) -> Booked {
        let now = Now { micros: micros(), zone: &self.zone, host: &self.host };
        let mut hear = |heard: &Heard<'_>| self.clerk.hear(heard);
        self.readers.borrow_mut().read(watches, record, from, now, &mut hear)
    }

    fn time(&self, watches: &[u32], record: &Record<'_>) -> Option<i64> {
        let readers = self.readers.borrow();
        let reader = watches.iter().find_map(|at| readers.get(*at))?;
        reader.time(record, micros(), &self.zone)
    }

    /// Has what a line came to judged, and an offence written to the event log, unless an earlier
    /// clerk has.
    fn tell(&self, booked: Booked, spot: &Spot<'_>, into: &mut Found) {
        match booked {
            Booked::Offence(offence) => {
                into.proposals.extend(self.clerk.judge(&offence));
                if !self.told.borrow_mut().take(spot, &offence) {
                    self.clerk.tell(&offence, spot);
                }
                into.offences.push(*offence);
            }
            // that a session has authenticated, only its own voice says
            Booked::Success { success, .. } => self.clerk.succeeded(*success),
            Booked::Nothing => {}
        }
    }

    fn counted(&self, source: &str, lines: u64, offences: u64) {
        let mut totals = self.totals.borrow_mut();
        let total = match totals.get_mut(source) {
            Some(total) => total,
            None => totals.entry(source.to_owned()).or_default(),
        };
        total.0 = total.0.saturating_add(lines);
        total.1 = total.1.saturating_add(offences);
    }

    fn totals(&self, source: &str) -> (u64, u64) {
        self.totals.borrow().get(source).copied().unwrap_or_default()
    }

    fn alarm(&self, text: &str) {
        if self.troubles.borrow_mut().insert(text.to_owned()) {
            self.clerk.alarm(text, true);
        }
    }
}

/// The source under which it is kept that a pattern has been looked for.
fn marker(pattern: &str) -> String {
    format!("pattern:{pattern}")
}

fn micros() -> i64 {
    i64::try_from(clock::wall().as_micros()).unwrap_or(i64::MAX)
}

fn millis() -> i64 {
    micros().div_euclid(1000)
}
