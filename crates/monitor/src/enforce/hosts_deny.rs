//! Files in the format of hosts.deny: what each is to hold, when it is written, and what became of it.
//! The file itself is `portreeve-enforce`'s.
//!
//! The first change is written at once, and those of a burst together, a second after it. What others
//! do to the file is found by its mark, once a minute; on a file system of others, which root does not
//! look at, the program is run to see.

use crate::enforce::oneshot::{self, Means, Run};
use portreeve_model::{HostsDeny, Mark, Network, Reach};
use portreeve_sys::{Exit, Pid, watch};
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::EnforcerStatus;
use portreeve_wire::enforce::{HostsDenyContent, HostsDenyOutcome};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Between two writings.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// And so many times as long as the last one took.
const REST: u32 = 10;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(60);
/// After a failure.
const AGAIN: Duration = Duration::from_secs(10);
/// So often is it tried to take what is ours out of a file that is kept no longer.
const ATTEMPTS: u8 = 6;

/// One file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) config: HostsDeny,
    /// Since when, by network and whether they are of one service: the one that it names.
    bans: BTreeMap<(Network, bool), i64>,
    /// Whether bans are in force that found no room.
    pub(super) crowded: bool,
    /// It is kept no longer: what is ours is taken out of it. So many attempts are left.
    leaving: Option<u8>,
    /// When it is written, if it is to be.
    due: Option<Duration>,
    look: Duration,
    run: Option<Run>,
    /// The earliest time of the next one.
    rested: Duration,
    left: Option<(Mark, Reach)>,
    entries: u32,
    runs: u64,
    failures: u64,
    pub(super) trouble: Option<String>,
}

/// What a run has told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is as it is to be.
    Kept,
    /// It could not be, for this reason, which is not that of before.
    Failed(String),
    /// For the same reason as before.
    FailsStill,
}

impl File {
    pub(super) fn new(config: HostsDeny) -> Self {
        Self {
            config,
            bans: BTreeMap::new(),
            crowded: false,
            leaving: None,
            due: None,
            look: Duration::ZERO,
            run: None,
            rested: Duration::ZERO,
            left: None,
            entries: 0,
            runs: 0,
            failures: 0,
            trouble: None,
        }
    }

    /// Whether a ban is for it: not one that is only about another service than the one it names.
    fn concerns(&self, ban: &BanRecord) -> bool {
        ban.only.is_empty() || self.config.daemon.as_ref() == Some(&ban.only)
    }

    /// A ban is in force.
    pub(super) fn added(&mut self, ban: &BanRecord) {
        if !self.concerns(ban) || self.leaving.is_some() {
            return;
        }
        let most = usize::try_from(self.config.most).unwrap_or(usize::MAX);
        if self.bans.contains_key(&key(ban)) {
            return; // its marker keeps its time
        }
        if self.bans.len() >= most {
            self.crowded = true;
            return;
        }
        self.bans.insert(key(ban), ban.since);
        self.due.get_or_insert(Duration::ZERO);
    }

    /// One is in force no more.
    pub(super) fn ended(&mut self, ban: &BanRecord) {
        if self.concerns(ban) && self.bans.remove(&key(ban)).is_some() {
            self.due.get_or_insert(Duration::ZERO);
        }
    }

    /// It is kept no longer.
    pub(super) fn leave(&mut self) {
        self.leaving.get_or_insert(ATTEMPTS);
        self.begin_anew();
    }

    /// Whether it is kept no longer, and done with.
    pub(super) fn is_gone(&self) -> bool {
        self.leaving.is_some_and(|left| left == 0 || self.trouble.is_none() && self.is_idle())
    }

    /// All that are in force are told next.
    pub(super) fn begin_anew(&mut self) {
        self.bans.clear();
        self.crowded = false;
        self.due.get_or_insert(Duration::ZERO);
    }

    /// Starts a run when it is time to.
    pub(super) fn tick(&mut self, means: &mut Means<'_>) -> Option<Told> {
        let now = means.now;
        if let Some(run) = &mut self.run {
            run.tick(now);
            return None;
        }
        if self.look <= now {
            self.look = now.saturating_add(LOOK);
            if self.is_another() {
                self.due.get_or_insert(now);
            }
        }
        if self.due.is_none_or(|due| due.max(self.rested) > now) {
            return None;
        }
        self.due = None;
        let content = HostsDenyContent {
            daemon: self.config.daemon.clone(),
            markers: self.config.markers,
            bans: self.bans.iter().map(|((network, _), since)| (*network, *since)).collect(),
        };
        let words = ["hosts-deny", self.config.path.as_str()];
        match oneshot::start(&words, None, &content, means) {
            Ok(run) => {
                self.run = Some(run);
                None
            }
            Err(why) => Some(self.failed(format!("it cannot be started: {why}"), now)),
        }
    }

    /// Whether somebody may have changed the file since it was left.
    fn is_another(&self) -> bool {
        match &self.left {
            Some((mark, Reach::Local)) => {
                let now = watch::look(Path::new(&self.config.path));
                let now = now.map(|stamp| stamp.map_or(Mark::Absent, marked));
                now.is_ok_and(|now| now != *mark)
            }
            Some((_, Reach::Remote)) => true,
            None => false,
        }
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        match &self.run {
            Some(run) => run.next_due(),
            None => Some(self.due.map_or(self.look, |due| due.max(self.rested).min(self.look))),
        }
    }

    /// Whether nothing is to be written, and nothing is being written.
    pub(super) fn is_idle(&self) -> bool {
        self.run.is_none() && (self.due.is_none() || self.trouble.is_some())
    }

    pub(super) fn run_of(&mut self, pid: Pid) -> Option<&mut Run> {
        self.run.as_mut().filter(|run| run.pid == pid)
    }

    /// Its run has ended.
    pub(super) fn run_ended(&mut self, exit: Exit, now: Duration) -> Option<Told> {
        let run = self.run.take_if(|run| run.pid == exit.pid)?;
        self.runs = self.runs.saturating_add(1);
        let took = now.saturating_sub(run.began);
        let pause = AT_MOST_EVERY.max(took.saturating_mul(REST));
        self.rested = run.began.saturating_add(pause).max(now);
        let outcome = run.answer::<HostsDenyOutcome>(exit);
        Some(match outcome {
            Ok(HostsDenyOutcome::Kept { entries, mark, reach, .. }) => {
                (self.entries, self.left, self.trouble) = (entries, Some((mark, reach)), None);
                Told::Kept
            }
            Ok(HostsDenyOutcome::Failed(mut why)) => {
                crate::helper::clerk::cut(&mut why);
                self.failed(why, now)
            }
            Err(why) => self.failed(why, now),
        })
    }

    fn failed(&mut self, why: String, now: Duration) -> Told {
        self.failures = self.failures.saturating_add(1);
        self.leaving = self.leaving.map(|left| left.saturating_sub(1));
        self.rested = now.saturating_add(AGAIN);
        self.due.get_or_insert(now);
        let known = self.trouble.as_ref() == Some(&why);
        self.trouble = Some(why.clone());
        if known { Told::FailsStill } else { Told::Failed(why) }
    }

    /// How its alarm begins.
    pub(super) fn alarm(&self) -> String {
        format!("bans are not kept in `{}`: ", self.config.path)
    }

    /// The alarm that it has no room.
    pub(super) fn crowded_alarm(&self) -> String {
        let HostsDeny { path, most, .. } = &self.config;
        format!("`{path}` holds {most} bans, which is the most: there are more that it lacks")
    }

    pub(super) fn status(&self) -> EnforcerStatus {
        let waiting = u64::from(self.due.is_some() || self.run.is_some());
        EnforcerStatus {
            name: format!("hosts-deny {}", self.config.path),
            entries: Some(self.entries),
            waiting,
            runs: self.runs,
            failures: self.failures,
            lost: 0,
            trouble: self.trouble.clone(),
        }
    }
}

fn key(ban: &BanRecord) -> (Network, bool) {
    (ban.network, !ban.only.is_empty())
}

fn marked(stamp: watch::Stamp) -> Mark {
    let watch::Stamp { device, inode, size, modified, changed } = stamp;
    Mark::There { device, inode, size, modified, changed }
}
