//! Looking for the files: when, what is asked, and what is made of the answer.

use super::opening::{self, Found, Opening, Progress};
use super::{
    BETWEEN, Held, LOOK, LOOK_CLOSELY, Refused, UNLOOKED, UNOPENED, UNWATCHED, Watched, is_wild,
};
use crate::door::Door;
use crate::door::token::Token;
use portreeve_sys::Pid;
use portreeve_sys::poll::Interest;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::watched::{Find, Sighted, Unopened};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Files that may wait to be told to the clerk before others are looked for.
const MOST_WAITING: usize = 1024;
/// What is said of a pattern that hangs.
const SILENT: &str = "its file system does not answer";

impl Watched {
    /// Whether the process that ended was one that opens files.
    pub(crate) fn was_opening(&mut self, pid: Pid) -> bool {
        match self.opening.as_mut().filter(|opening| opening.pid == pid) {
            Some(opening) => {
                opening.reaped = true; // its answer tells its outcome
                true
            }
            None => self.silent.ended(pid),
        }
    }

    /// Whether a process is one that opens files or reads a journal.
    pub(crate) fn is_reader(&self, pid: Pid) -> bool {
        self.opening.as_ref().is_some_and(|opening| opening.pid == pid)
            || self.journals.is_reader(pid)
    }

    /// Looks as soon as may be.
    pub(super) fn look_soon(&mut self, now: Duration) {
        let soonest = self.begun.map_or(now, |begun| begun.saturating_add(BETWEEN)).max(now);
        self.look_at = Some(self.look_at.map_or(soonest, |at| at.min(soonest)));
    }

    /// What is asked for now: those that answer, and how many they are; then those that may by now.
    fn asked(&self, now: Duration) -> (Vec<String>, usize) {
        let (silent, mut all): (Vec<String>, Vec<String>) =
            self.paths().into_iter().partition(|path| self.silent.has(path));
        let sound = all.len();
        all.extend(silent.into_iter().filter(|path| self.silent.is_due(path, now)));
        (all, sound)
    }
}

impl Door {
    /// The one-shot has answered.
    pub(crate) fn on_watched_opening(&mut self) {
        self.with_packet(|door, buffer| {
            let now = door.now.mono;
            let Some(mut opening) = door.watched.opening.take() else { return };
            match opening.read(buffer, &mut door.watched.places, now) {
                Progress::More => door.watched.opening = Some(opening),
                Progress::Done(found) => door.have_looked(&opening, found, true),
                Progress::Failed(why) => {
                    door.watched.beside.extend(opening.beside.iter().copied());
                    door.watched.places.end(false);
                    door.not_looked(&why);
                }
            }
        });
    }

    /// The one-shot has come to a file system that does not answer: what it found before that counts.
    pub(super) fn looked_in_vain(&mut self, mut late: Opening) {
        let now = self.now.mono;
        let found = late.give_up();
        let waiting = (!late.reaped).then_some(late.pid);
        let Some(silent) = late.asked.get(late.done).cloned() else {
            // beside a file that is followed: what it may have been copied to is not found
            for number in std::mem::take(&mut late.beside) {
                self.tell_clerk(ToClerk::BesideDone(number), None);
            }
            return self.have_looked(&late, found, false);
        };
        self.watched.beside.extend(late.beside.drain(..));
        let path = silent.clone();
        self.have_looked(&late, found, false);
        self.watched.silent.add(silent.clone(), waiting, now);
        self.note_unopened(
            vec![Refused { pattern: silent.clone(), path, why: SILENT.into() }],
            &[silent],
        );
        self.watched.look_soon(now); // for those behind it
    }

    pub(super) fn look_for_watched(&mut self) {
        let now = self.now.mono;
        if self.outbox.descriptors() >= MOST_WAITING {
            // whoever renames files while the clerk stands still must not use up our descriptors
            self.watched.look_at = Some(now.saturating_add(Duration::from_secs(1)));
            return;
        }
        let again = self.watched.silent.next_due().unwrap_or(Duration::MAX);
        let next = now.saturating_add(LOOK).min(again.max(now.saturating_add(LOOK_CLOSELY)));
        self.watched.look_at = Some(next);
        self.watched.begun = Some(now);
        let watched = &mut self.watched;
        let beside = watched.next_beside();
        if !watched.beside.is_empty() {
            watched.look_soon(now);
        }
        let path_of = |number: &u64| watched.held.get(number).map(|held| held.of.path.clone());
        let beside: Vec<(u64, String)> =
            beside.iter().filter_map(|number| Some((*number, path_of(number)?))).collect();
        let (numbers, paths): (Vec<u64>, Vec<String>) = beside.into_iter().unzip();
        let (patterns, sound) = watched.asked(now);
        let asked = (Find { patterns, beside: paths }, sound);
        watched.places.begin();
        let current = Arc::clone(&self.current);
        let with = (&self.paths, &*current.resolved, self.root);
        let again = numbers.clone();
        let started = opening::start(asked, numbers, with, &mut self.spawner, &self.outputs, now);
        let started = started.and_then(|opening| {
            let token = Token::WatchedOpening.bits();
            let added = self.poller.add(&opening.channel, token, Interest::READ);
            added.map(|()| opening).map_err(|e| e.to_string())
        });
        match started {
            Ok(opening) => self.watched.opening = Some(opening),
            Err(why) => {
                self.watched.beside.extend(again);
                self.not_looked(&why);
            }
        }
    }

    /// A look has failed as a whole: another follows.
    fn not_looked(&mut self, why: &str) {
        self.watched.look_at = Some(self.now.mono.saturating_add(LOOK_CLOSELY));
        self.alarms.retain(|alarm| !alarm.starts_with(UNLOOKED));
        self.alarm(&format!("{UNLOOKED}{why}"));
    }

    /// What a look has found; `whole`: it came to its end.
    fn have_looked(&mut self, opening: &Opening, found: Found, whole: bool) {
        self.alarms.retain(|alarm| !alarm.starts_with(UNLOOKED));
        let done = opening.asked.get(..opening.done).unwrap_or_default();
        done.iter().for_each(|pattern| self.watched.silent.remove(pattern));
        let asked = |at: u32| usize::try_from(at).ok().and_then(|at| opening.asked.get(at));
        let mut seen = BTreeSet::new();
        for (sighted, id, fd) in found.files {
            match sighted {
                Sighted::File { pattern, path } => {
                    let Some(pattern) = asked(pattern) else { continue };
                    seen.insert(path.clone());
                    self.sighted(pattern.clone(), path, id, fd);
                }
                Sighted::Beside { asked } => {
                    let asked = usize::try_from(asked).ok();
                    if let Some(number) = asked.and_then(|at| opening.beside.get(at)) {
                        self.tell_clerk(ToClerk::Beside(*number), Some(fd));
                    }
                }
            }
        }
        if whole {
            for number in &opening.beside {
                self.tell_clerk(ToClerk::BesideDone(*number), None);
            }
        }
        let unopened = found.unopened.into_iter().filter_map(|Unopened { pattern, path, why }| {
            Some(Refused { pattern: asked(pattern)?.clone(), path, why })
        });
        let unopened: Vec<Refused> = unopened.collect();
        self.note_absent(&seen, &unopened, done);
        self.note_unopened(unopened, done);
        // directories of a pattern that does not answer now are watched on
        self.watched.places.end(whole && done.len() == self.watched.patterns.len());
        if let Some(fd) = self.watched.places.new_fd()
            && let Err(error) = self.poller.add(fd, Token::WatchedPlaces.bits(), Interest::READ)
        {
            self.watched.places.trouble = Some(error.to_string());
        }
        match self.watched.places.trouble.clone() {
            Some(why) => {
                self.watched.look_at = Some(self.now.mono.saturating_add(LOOK_CLOSELY));
                self.alarm(&format!("{UNWATCHED}{why}"));
            }
            None => self.alarms.retain(|alarm| !alarm.starts_with(UNWATCHED)),
        }
        // what came while it was being looked for, in directories that were not watched yet
        if !std::mem::replace(&mut self.watched.looked, true) {
            self.watched.look_soon(self.now.mono);
        }
        self.tell_clerk(ToClerk::Looked(done.to_vec()), None);
    }

    /// Notes which paths of the patterns that have been looked at have no file.
    fn note_absent(&mut self, seen: &BTreeSet<String>, unopened: &[Refused], done: &[String]) {
        let now = self.now.mono;
        let looked_at = |held: &&Held| {
            held.of.current && held.patterns.iter().any(|pattern| done.contains(pattern))
        };
        let mut gone: BTreeSet<String> =
            self.watched.held.values().filter(looked_at).map(|held| held.of.path.clone()).collect();
        gone.extend(done.iter().filter(|path| !is_wild(path)).cloned());
        gone.retain(|path| {
            !seen.contains(path) && !unopened.iter().any(|unopened| unopened.path == *path)
        });
        for path in gone {
            self.rotate(&path);
            self.watched.absent.entry(path).or_insert((now, false));
        }
        self.watched.forget_absent();
    }

    /// What must not be read is told, and what was said of these patterns before is over.
    fn note_unopened(&mut self, mut unopened: Vec<Refused>, done: &[String]) {
        let before = std::mem::take(&mut self.watched.unopened);
        unopened.extend(before.into_iter().filter(|one| !done.contains(&one.pattern)));
        let text = |one: &Refused| {
            let mut why = one.why.clone();
            crate::helper::clerk::cut(&mut why);
            format!("{UNOPENED}`{}`: {why}", one.path)
        };
        let now: BTreeSet<String> = unopened.iter().map(text).collect();
        self.alarms.retain(|alarm| !alarm.starts_with(UNOPENED) || now.contains(alarm));
        now.iter().for_each(|text| self.alarm(text));
        self.watched.unopened = unopened;
    }
}
