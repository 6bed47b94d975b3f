//! Log files that are watched: found and opened by a one-shot without rights, handed to the clerk, and
//! to each new one again. Root reads no byte of them.
//!
//! A file's descriptor is kept until the clerk says that it has read it to its end: one that was
//! renamed, or removed, is not lost with a clerk that dies.

mod journals;
mod looking;
mod opening;
mod places;
mod silent;

use crate::door::Door;
use crate::helper::outbox::Outgoing;
use crate::watched::journals::Journals;
use crate::watched::opening::Opening;
use crate::watched::places::Places;
use crate::watched::silent::Silent;
use portreeve_model::Watch;
use portreeve_sys::file;
use portreeve_sys::watch::{Watch as Wake, Watcher};
use portreeve_wire::clerk::{FollowedFile, SourceReport, ToClerk};
use portreeve_wire::compile::MAX_ANSWER;
use portreeve_wire::control::{WatchStatus, WatchedFile, WatchedState};
use portreeve_wire::event::What;
use portreeve_wire::frame;
use portreeve_wire::watched::FileId;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at least.
const BETWEEN: Duration = Duration::from_millis(250);
/// Without a change that was told, files are looked for so often.
const LOOK: Duration = Duration::from_secs(600);
/// And so often where not all directories can be watched, or a look has failed.
const LOOK_CLOSELY: Duration = Duration::from_secs(5);
/// A file that is away for so long is missed: until then it may be on its way, as in a rotation.
const MISSED: Duration = Duration::from_secs(10);
/// Files that are held, with those that were renamed and are not read to their end.
const MOST_HELD: usize = 1024;
/// Files that lay at one path before, and are not read to their end.
const MOST_OLD: usize = 8;
/// Files whose neighbours are looked for at once; with up to eight each, they are no more than one
/// answer holds beside the patterns' own files.
const MOST_BESIDE: usize = 64;
/// Paths without a file that are remembered; past it, those that no pattern names go, the oldest first.
const MOST_ABSENT: usize = 1024;

/// How alarms begin that are about watched files.
const UNOPENED: &str = "a watched file is not read: ";
const UNLOOKED: &str = "watched files cannot be looked for: ";
const UNWATCHED: &str = "watched files are looked for every 5 s, since their directories cannot be \
                         watched: ";

/// A pattern, and the watches that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    path: String,
    watches: Vec<u32>,
}

/// A file.
#[derive(Debug)]
struct Held {
    fd: Arc<OwnedFd>,
    of: FollowedFile,
    /// The patterns that it was found by.
    patterns: BTreeSet<String>,
    report: Option<SourceReport>,
}

/// A file that must not be read, or a pattern whose file system does not answer.
#[derive(Clone, Debug)]
struct Refused {
    pattern: String,
    path: String,
    why: String,
}

/// Everything about them.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    patterns: Vec<Pattern>,
    held: BTreeMap<u64, Held>,
    next: u64,
    opening: Option<Opening>,
    look_at: Option<Duration>,
    begun: Option<Duration>,
    /// Files whose neighbours the clerk wants to see.
    beside: BTreeSet<u64>,
    unopened: Vec<Refused>,
    /// Paths without a file: since when, and whether that has been told.
    absent: BTreeMap<String, (Duration, bool)>,
    /// Patterns whose file system did not answer.
    silent: Silent,
    /// All patterns have been looked at once.
    looked: bool,
    places: Places,
    growth: Option<Watcher>,
    pub(crate) journals: Journals,
}

impl Watched {
    /// When something is to be done.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let deadline = self.opening.as_ref().map(|opening| opening.deadline);
        let look = self.look_at.filter(|_| self.opening.is_none());
        let missed = self.absent.values().filter(|(_, told)| !told);
        let missed = missed.map(|(since, _)| since.saturating_add(MISSED)).min();
        [deadline, look, missed, self.journals.next_due()].into_iter().flatten().min()
    }
}

impl Door {
    /// Another configuration is in force, or the first: what is watched is told to the clerk, and
    /// looked for.
    pub(crate) fn follow_watches(&mut self) {
        let patterns = patterns(&self.current.config.watches);
        let now = self.now.mono;
        if patterns != self.watched.patterns {
            self.watched.patterns = patterns;
            self.watched.looked = false;
            self.watched.opening = None;
            let Watched { patterns, held, growth, silent, .. } = &mut self.watched;
            let known: BTreeSet<&str> =
                patterns.iter().map(|pattern| pattern.path.as_str()).collect();
            silent.keep(|path| known.contains(path));
            held.retain(|_, held| {
                held.patterns.retain(|path| known.contains(path.as_str()));
                if let (true, Some(wake), Some(growth)) =
                    (held.patterns.is_empty(), held.of.wake, &*growth)
                {
                    growth.remove(Wake::of(wake));
                }
                !held.patterns.is_empty()
            });
            self.watched.absent.clear();
            self.watched.unopened.clear();
            self.alarms.retain(|alarm| !alarm.starts_with(UNOPENED));
        }
        let Watched { patterns, held, .. } = &mut self.watched;
        held.values_mut().for_each(|held| held.set_watches(patterns));
        self.watched.look_soon(now);
        if self.watched.patterns.is_empty() {
            self.watched.look_at = None;
            self.watched.places.begin();
            self.watched.places.end(true);
            self.alarms.retain(|a| !a.starts_with(UNLOOKED) && !a.starts_with(UNWATCHED));
        }
        self.follow_journals();
        if self.clerk.is_working() {
            let all = self.watches_for_clerk();
            self.outbox.append(all);
        }
    }

    /// What a clerk must know of what is watched.
    pub(crate) fn watches_for_clerk(&mut self) -> Vec<Outgoing> {
        let watches = &self.current.config.watches;
        let bytes = frame(watches, MAX_ANSWER).map_err(|e| e.to_string());
        let memory = bytes.and_then(|b| file::memfd("watches", &b).map_err(|e| e.to_string()));
        let memory = match memory {
            Ok(memory) => memory,
            Err(why) => {
                self.alarm(&format!("the clerk cannot be told what is watched: {why}"));
                return Vec::new();
            }
        };
        let mut all = vec![Outgoing::Message(ToClerk::Watches, Some(memory))];
        let growth = self.watched.growth.as_ref().map(|it| it.as_fd().try_clone_to_owned());
        if let Some(Ok(growth)) = growth {
            all.push(Outgoing::Message(ToClerk::Growth, Some(growth)));
        }
        for held in self.watched.held.values_mut() {
            held.report = None;
            all.extend(followed(held));
        }
        if self.watched.looked {
            let known = |path: &String| !self.watched.silent.has(path);
            let known = self.watched.paths().into_iter().filter(known).collect();
            all.push(Outgoing::Message(ToClerk::Looked(known), None));
        }
        all
    }

    /// Something has come or gone in the directories.
    pub(crate) fn on_watched_places(&mut self) {
        if self.watched.places.read() {
            self.watched.look_soon(self.now.mono);
        }
    }

    /// Everything whose time has come.
    pub(crate) fn tick_watched(&mut self) {
        let now = self.now.mono;
        self.tick_journals();
        if let Some(late) = self.watched.opening.take_if(|opening| opening.deadline <= now) {
            self.looked_in_vain(late);
        }
        let mut missed = Vec::new();
        for (path, (since, told)) in &mut self.watched.absent {
            if !*told && since.saturating_add(MISSED) <= now {
                *told = true;
                missed.push(path.clone());
            }
        }
        for path in missed {
            self.event(What::WatchLost { path });
        }
        if self.watched.opening.is_none() && self.watched.look_at.is_some_and(|at| at <= now) {
            self.look_for_watched();
        }
    }

    /// A file lies at a path.
    fn sighted(&mut self, pattern: String, path: String, id: FileId, fd: OwnedFd) {
        if let Some((_, true)) = self.watched.absent.remove(&path) {
            self.event(What::WatchFound { path: path.clone() });
        }
        let Watched { patterns, held, .. } = &mut self.watched;
        if let Some(held) = held.values_mut().find(|held| held.of.id == id) {
            // it is followed already; by whom, or under which name, may be new
            let mut news = held.patterns.insert(pattern);
            held.set_watches(patterns);
            if !held.of.current {
                (held.of.current, news) = (true, true);
                held.of.path = path;
            }
            if news && self.clerk.is_working() {
                let all = followed(held).into_iter().collect();
                self.outbox.append(all);
            }
            return;
        }
        self.rotate(&path);
        if self.watched.held.len() >= MOST_HELD && !self.make_room() {
            let why = "more are open than may be";
            return self.alarm(&format!("{UNOPENED}`{path}`: {why}"));
        }
        let wake = self.watched.wake(&fd);
        if self.watched.growth.is_some() && wake == Some(Wake::of(1)) && self.clerk.is_working() {
            // the first one ever: the clerk has no descriptor for it yet
            let growth = self.watched.growth.as_ref();
            if let Some(Ok(growth)) = growth.map(|it| it.as_fd().try_clone_to_owned()) {
                self.outbox.message(ToClerk::Growth, Some(growth));
            }
        }
        let number = self.watched.next;
        self.watched.next = number.saturating_add(1);
        let of = FollowedFile {
            number,
            path,
            pattern: pattern.clone(),
            id,
            watches: Vec::new(),
            wake: wake.map(Wake::number),
            current: true,
        };
        let patterns = BTreeSet::from([pattern]);
        let mut held = Held { fd: Arc::new(fd), of, patterns, report: None };
        held.set_watches(&self.watched.patterns);
        if self.clerk.is_working() {
            self.outbox.append(followed(&held).into_iter().collect());
        }
        self.watched.held.insert(number, held);
    }

    /// Gives up the oldest renamed file of the pattern that holds most of them, so that whoever renames
    /// files of one takes no other's place.
    fn make_room(&mut self) -> bool {
        let mut renamed: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (number, held) in self.watched.held.iter().filter(|(_, held)| !held.of.current) {
            renamed.entry(&held.of.pattern).or_default().push(*number);
        }
        let most = renamed.values().max_by_key(|all| all.len());
        let Some(oldest) = most.and_then(|all| all.first().copied()) else { return false };
        self.left_by_clerk(oldest);
        true
    }

    /// What lay at a path does no longer.
    fn rotate(&mut self, path: &str) {
        let mut old: Vec<u64> = Vec::new();
        let mut rotated = Vec::new();
        for (number, held) in &mut self.watched.held {
            if held.of.path == path {
                old.push(*number);
                if std::mem::replace(&mut held.of.current, false) {
                    rotated.push(*number);
                }
            }
        }
        for number in rotated {
            self.tell_clerk(ToClerk::Rotated(number), None);
        }
        if old.len() > MOST_OLD
            && let Some(oldest) = old.first()
        {
            self.left_by_clerk(*oldest);
        }
    }

    /// The clerk has read a file to its end, or it is given up.
    pub(crate) fn left_by_clerk(&mut self, number: u64) {
        let Some(held) = self.watched.held.get(&number) else { return };
        if held.of.current {
            return; // one that lies where it lay is never done with
        }
        if let Some(held) = self.watched.held.remove(&number)
            && let (Some(wake), Some(growth)) = (held.of.wake, &self.watched.growth)
        {
            growth.remove(Wake::of(wake));
        }
    }

    /// The clerk wants to see what a file may have been copied or renamed to.
    pub(crate) fn beside_wanted(&mut self, number: u64) {
        if self.watched.held.contains_key(&number) {
            self.watched.beside.insert(number);
            self.watched.look_soon(self.now.mono);
        }
    }

    /// How far the clerk is with a source.
    pub(crate) fn source_reported(&mut self, report: SourceReport) {
        match self.watched.held.get_mut(&report.number) {
            Some(held) => held.report = Some(report),
            None => self.watched.journals.reported(report),
        }
    }

    fn tell_clerk(&mut self, message: ToClerk, fd: Option<OwnedFd>) {
        if self.clerk.is_working() {
            self.outbox.message(message, fd);
        }
    }

    /// How the watches are.
    pub(crate) fn watch_status(&self) -> Vec<WatchStatus> {
        let watches = self.current.config.watches.iter().enumerate();
        watches.map(|(at, watch)| self.one_watch(at, watch)).collect()
    }

    fn one_watch(&self, at: usize, watch: &Watch) -> WatchStatus {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let of_it = |pattern: &str| watch.files.iter().any(|file| file.path == pattern);
        let mut files: Vec<WatchedFile> = Vec::new();
        for held in self.watched.held.values().filter(|held| held.of.watches.contains(&at)) {
            let state = if held.of.current { WatchedState::There } else { WatchedState::Renamed };
            let report = held.report.clone();
            files.push(WatchedFile { path: held.of.path.clone(), state, report });
        }
        for unopened in &self.watched.unopened {
            if of_it(&unopened.pattern) {
                let state = WatchedState::Refused(unopened.why.clone());
                files.push(WatchedFile { path: unopened.path.clone(), state, report: None });
            }
        }
        for path in self.watched.absent.keys().filter(|path| of_it(path)) {
            let state = WatchedState::Absent;
            files.push(WatchedFile { path: path.clone(), state, report: None });
        }
        WatchStatus {
            name: watch.name.to_string(),
            service: watch.service.to_string(),
            files,
            journal: watch
                .journal
                .as_ref()
                .map(|_| self.watched.journals.status(at, self.now.mono)),
        }
    }
}

impl Held {
    /// Those of all patterns that it was found by.
    fn set_watches(&mut self, patterns: &[Pattern]) {
        let its = patterns.iter().filter(|pattern| self.patterns.contains(&pattern.path));
        let all: BTreeSet<u32> = its.flat_map(|pattern| pattern.watches.clone()).collect();
        self.of.watches = all.into_iter().collect();
    }
}

impl Watched {
    fn paths(&self) -> Vec<String> {
        self.patterns.iter().map(|pattern| pattern.path.clone()).collect()
    }

    /// Files whose neighbours are looked for now; the others' turn comes at the next look.
    fn next_beside(&mut self) -> Vec<u64> {
        let next: Vec<u64> = self.beside.iter().copied().take(MOST_BESIDE).collect();
        next.iter().for_each(|number| _ = self.beside.remove(number));
        next
    }

    /// Whoever makes and removes files that match a pattern must not fill this process's memory.
    fn forget_absent(&mut self) {
        while self.absent.len() > MOST_ABSENT {
            let named = |path: &str| self.patterns.iter().any(|pattern| pattern.path == path);
            let others = self.absent.iter().filter(|(path, _)| !named(path));
            let oldest = others.min_by_key(|(_, (since, _))| *since).map(|(path, _)| path.clone());
            let Some(oldest) = oldest else { return };
            self.absent.remove(&oldest);
        }
    }

    /// Has a file's growth told.
    fn wake(&mut self, fd: &OwnedFd) -> Option<Wake> {
        if self.growth.is_none() {
            // without it the clerk looks for itself
            self.growth = Watcher::new().ok();
        }
        self.growth.as_ref()?.add_file(fd).ok()
    }
}

/// Each pattern once.
fn patterns(watches: &[Watch]) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for (at, watch) in (0_u32..).zip(watches) {
        for file in &watch.files {
            match patterns.iter_mut().find(|one| one.path == file.path) {
                Some(pattern) => {
                    if !pattern.watches.contains(&at) {
                        pattern.watches.push(at);
                    }
                }
                None => patterns.push(Pattern { path: file.path.clone(), watches: vec![at] }),
            }
        }
    }
    // Paths without a wildcard first: whoever makes many files that match one takes no other's place.
    patterns.sort_by_key(|pattern| is_wild(&pattern.path));
    patterns
}

/// Whether a path is a pattern, as glob(7) has them.
fn is_wild(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

fn followed(held: &Held) -> Option<Outgoing> {
    let fd = held.fd.try_clone().ok()?;
    Some(Outgoing::Message(ToClerk::Follow(held.of.clone()), Some(fd)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_neighbours_are_asked_for_than_an_answer_holds_and_none_is_forgotten() {
        let mut watched = Watched { beside: (0..150).collect(), ..Watched::default() };
        let turns: Vec<Vec<u64>> =
            std::iter::repeat_with(|| watched.next_beside()).take(4).collect();
        assert!(turns.iter().all(|turn| turn.len() <= MOST_BESIDE));
        assert_eq!(turns.concat(), (0..150).collect::<Vec<u64>>());
    }

    #[test]
    fn names_that_come_and_go_take_a_bounded_memory() {
        let pattern = Pattern { path: "/var/log/auth.log".into(), watches: vec![0] };
        let mut watched = Watched { patterns: vec![pattern], ..Watched::default() };
        watched.absent.insert("/var/log/auth.log".into(), (Duration::ZERO, true));
        for number in 1..3000 {
            let since = Duration::from_secs(number);
            watched.absent.insert(format!("/home/x/{number}.log"), (since, true));
        }
        watched.forget_absent();
        assert_eq!(watched.absent.len(), MOST_ABSENT);
        let has = |path: &str| watched.absent.contains_key(path);
        assert!(has("/var/log/auth.log") && has("/home/x/2999.log") && !has("/home/x/1.log"));
    }
}
