//! Services that are kept up: not the door's own work, but the keeper's. The door puts what the
//! configuration says of them where the keeper finds it, and never speaks with it.
//!
//! A few are done in each turn of the loop, so that thousands of them keep nobody waiting. When the
//! door ends, what is there stays.

mod place;

use crate::door::current::Current;
use crate::door::{Door, Stage};
use place::{Done, Wanted};
use portreeve_model::{Kept, KeptFacts, Problem};
use portreeve_supervise::native::{self, MOST_HELD};
use portreeve_supervise::plan::MOST;
use portreeve_sys::file::{self, Folder};
use portreeve_wire::event::What;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;
use std::time::Duration;

/// Services that are looked at in one turn.
const TURN: usize = 32;

/// After something could not be done, all of it is looked at again.
const AGAIN: Duration = Duration::from_secs(30);

/// How an alarm about them begins.
const FAILED: &str = "services that are kept up: ";

/// How far the folders are what they should be.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The next service of the configuration to be looked at; nothing when all is done.
    next: Option<usize>,
    /// Whether something could not be done this time.
    failed: bool,
    /// When all is looked at again.
    again: Option<Duration>,
}

impl Work {
    pub(crate) fn next_due(&self, now: Duration) -> Option<Duration> {
        self.next.map(|_| now).or(self.again)
    }
}

impl Current {
    /// Services that are kept up, with what the host says of them.
    fn kept(&self) -> impl Iterator<Item = (&Kept, &KeptFacts)> {
        self.config.kept.iter().zip(&self.resolved.kept)
    }
}

impl Door {
    /// Another configuration is in force, or the first one.
    pub(crate) fn follow_kept(&mut self, old: Option<&Arc<Current>>) {
        self.tell_kept_problems(old);
        self.kept.next = Some(0);
        self.kept.again = None;
    }

    /// Tells which of them cannot run, and which can again.
    fn tell_kept_problems(&mut self, old: Option<&Arc<Current>>) {
        let new = Arc::clone(&self.current);
        let before: BTreeMap<&str, &[Problem]> = old
            .into_iter()
            .flat_map(|old| old.kept())
            .map(|(kept, facts)| (kept.name.as_str(), facts.problems.as_slice()))
            .collect();
        for (kept, facts) in new.kept() {
            let key = kept.name.to_string();
            let was = before.get(key.as_str()).copied().unwrap_or_default();
            if facts.problems.is_empty() && !was.is_empty() {
                self.event(What::ServiceUp { key });
                continue;
            }
            for problem in facts.problems.iter().filter(|problem| !was.contains(problem)) {
                let origin = Some(new.show(problem.origin));
                let (key, reason) = (key.clone(), problem.reason.clone());
                self.event(What::ServiceDown { key, reason, origin });
            }
        }
    }

    /// Does a few of those that wait.
    pub(crate) fn tick_kept(&mut self) {
        if self.kept.again.take_if(|at| *at <= self.now.mono).is_some() {
            self.kept.next = Some(0);
        }
        let Some(begin) = self.kept.next.filter(|_| self.stage != Stage::Closing) else {
            self.kept.next = None;
            return;
        };
        if begin == 0 {
            self.alarms.retain(|alarm| !alarm.starts_with(FAILED));
            self.kept.failed = false;
        }
        let current = Arc::clone(&self.current);
        let services = match self.services_folder(&current) {
            Ok(Some(services)) => services,
            Ok(None) => return self.kept_done(), // there is nothing, and nothing was there
            Err(error) => {
                let folder = self.paths.services.display().to_string();
                self.kept_failed(&format!("`{folder}`: {error}"));
                return self.kept_done();
            }
        };
        let disabled = self.disabled();
        for (kept, facts) in current.kept().skip(begin).take(TURN) {
            if facts.problems.is_empty() {
                self.put_kept(&services, disabled.as_ref(), kept, facts);
            } else {
                self.hold_kept(&services, &current, kept, facts);
            }
        }
        let end = begin.saturating_add(TURN);
        self.kept.next = Some(end);
        if end >= current.config.kept.len() {
            self.sweep_kept(&services, &current);
            self.kept_done();
        }
    }

    fn kept_done(&mut self) {
        self.kept.next = None;
        self.kept.again = self.kept.failed.then(|| self.now.mono.saturating_add(AGAIN));
    }

    fn kept_failed(&mut self, what: &str) {
        self.kept.failed = true;
        self.alarm(&format!("{FAILED}{what}"));
    }

    /// Their folder; a configuration without any makes none.
    fn services_folder(&self, current: &Current) -> io::Result<Option<Folder>> {
        let found = Folder::open(&self.paths.services)?;
        let none = current.config.kept.is_empty() && current.config.service_directories.is_empty();
        if found.is_some() || none {
            return Ok(found);
        }
        file::make_state_dir(&self.paths.services, 0o755, None)?;
        Folder::open(&self.paths.services)
    }

    /// What somebody has disabled; `Err` when that is not to be believed.
    fn disabled(&mut self) -> Result<Option<Folder>, ()> {
        Folder::open(&self.paths.disabled).map_err(|error| {
            let folder = self.paths.disabled.display().to_string();
            self.kept_failed(&format!("`{folder}`, where disabled services are named: {error}"));
        })
    }

    fn put_kept(
        &mut self,
        services: &Folder,
        disabled: Result<&Option<Folder>, &()>,
        kept: &Kept,
        facts: &KeptFacts,
    ) {
        let name = kept.name.as_str();
        match self.fit_kept(services, disabled, kept, facts) {
            Ok(Done::Nothing) => {}
            Ok(done) => {
                let new = done == Done::Added;
                self.event(What::ServiceKept { key: name.to_owned(), new });
            }
            Err(why) => self.kept_failed(&format!("`{name}`: {why}")),
        }
    }

    /// Says beside the folders why a service has none, or an old one: for whoever asks without the door.
    fn hold_kept(&mut self, services: &Folder, current: &Current, kept: &Kept, facts: &KeptFacts) {
        let line = |problem: &Problem| {
            let origin = current.show(problem.origin);
            format!("{} ({origin})\n", problem.reason)
        };
        let mut why: String = facts.problems.iter().map(line).collect();
        let most = why.floor_char_boundary(MOST_HELD);
        why.truncate(most);
        let name = kept.name.as_str();
        if let Err(error) = place::hold(services, name, &why) {
            self.kept_failed(&format!("`{name}`, why it is held back: {error}"));
        }
    }

    fn fit_kept(
        &self,
        services: &Folder,
        disabled: Result<&Option<Folder>, &()>,
        kept: &Kept,
        facts: &KeptFacts,
    ) -> Result<Done, String> {
        let name = kept.name.as_str();
        let down = match disabled {
            Ok(Some(folder)) => Some(kept.down || folder.has(name).map_err(|e| e.to_string())?),
            Ok(None) => Some(kept.down),
            Err(()) => None, // whoever is disabled stays so
        };
        let plan = native::plan(kept, facts.ids.as_ref()).to_text();
        if plan.len() > MOST {
            return Err(format!("its plan has {} bytes, and {MOST} is the most", plan.len()));
        }
        let log = kept.log.as_ref().map(|log| {
            let folder = match &log.directory {
                Some(path) => path.as_bytes().to_vec(),
                None => self.paths.kept_logs.join(name).into_os_string().into_vec(),
            };
            native::log_plan(log, &folder, facts.log.as_ref()).to_text()
        });
        let wanted = Wanted { name, plan: &plan, down, log: log.as_deref() };
        place::put(services, wanted).map_err(|error| error.to_string())
    }

    /// What is no longer configured goes, and the links become those that are.
    fn sweep_kept(&mut self, services: &Folder, current: &Current) {
        let wanted: BTreeSet<&str> =
            current.config.kept.iter().map(|kept| kept.name.as_str()).collect();
        let present = place::present(services).unwrap_or_else(|error| {
            self.kept_failed(&format!("they cannot be listed: {error}"));
            Vec::new()
        });
        for name in present.into_iter().filter(|name| !wanted.contains(name.as_str())) {
            match place::take_away(services, &name) {
                Ok(()) => self.event(What::ServiceReleased { key: name }),
                Err(error) => self.kept_failed(&format!("`{name}` cannot be taken away: {error}")),
            }
        }
        let held: BTreeSet<&str> = current
            .kept()
            .filter(|(_, facts)| !facts.problems.is_empty())
            .map(|(kept, _)| kept.name.as_str())
            .collect();
        if let Err(error) = place::hold_no_other(services, &held) {
            self.kept_failed(&format!("what says why services are held back: {error}"));
        }
        if let Err(error) = place::link(services, &current.config.service_directories) {
            self.kept_failed(&format!("the links to service directories: {error}"));
        }
    }
}
