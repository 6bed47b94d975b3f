//! Shell commands that rules of access lists have run, and questions that a process answers: bounded
//! in number, for one source, and in time. What is past a bound is not run, and said to be so.
//!
//! A command leads a process group of its own. When it ends, what it left behind in that group goes
//! on, counts on, and is ended with the group at the same time. The group is looked for often: its
//! number could be another's only if the kernel had given out all its numbers in between.

pub(crate) mod deeds;
pub(crate) mod program;
pub(crate) mod run;
pub(crate) mod tell;

use portreeve_model::{Network, SourceWidth};
use portreeve_sys::process::{self, kill, kill_group};
use portreeve_sys::{Pid, Signal};
use portreeve_wire::{End, QuestionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many of a kind run at once.
const MOST: usize = 64;
/// So many of a kind for one source network.
const MOST_OF_ONE: usize = 8;
/// What nobody waits for has so long.
pub(crate) const SPAWN_WITHIN: Duration = Duration::from_secs(60);
/// What a connection waits for has so long.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Between being told to end and being killed.
const KILL_AFTER: Duration = Duration::from_secs(5);
/// A group without its leader is looked for so often.
const LOOK: Duration = Duration::from_millis(250);

/// What a process was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A `spawn`: nobody waits for it.
    Spawn,
    /// A connection waits for its exit: an `aclexec`.
    Command(QuestionId),
    /// Likewise, for whether a host is in a netgroup.
    Netgroup(QuestionId),
}

impl Kind {
    /// The question that it answers.
    pub(crate) fn question(self) -> Option<QuestionId> {
        match self {
            Self::Spawn => None,
            Self::Command(question) | Self::Netgroup(question) => Some(question),
        }
    }

    /// The option of the rule.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Spawn => "spawn",
            Self::Command(_) => "aclexec",
            Self::Netgroup(_) => "netgroup",
        }
    }
}

/// For whom, and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The key of the service.
    pub(crate) key: String,
    pub(crate) peer: End,
    /// What is run, for people.
    pub(crate) text: String,
}

/// One that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) about: About,
    /// When it is told to end, or, where it has been, killed.
    due: Duration,
    /// Whether it has been told to end, and killed.
    told: bool,
    killed: bool,
    /// Whether its first process runs still.
    leads: bool,
    /// Why it could not be started.
    #[serde(skip)]
    pub(crate) trouble: Option<String>,
}

impl Job {
    /// One that has just been started; it is told to end at `due`.
    pub(crate) fn of(kind: Kind, about: About, due: Duration) -> Self {
        Self { kind, about, due, told: false, killed: false, leads: true, trouble: None }
    }

    /// Whether its first process runs still.
    pub(crate) fn leads(&self) -> bool {
        self.leads
    }
}

/// Those that run, by their first process.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    all: BTreeMap<Pid, Job>,
    /// When groups without leaders are looked for.
    look: Option<Duration>,
}

impl Jobs {
    /// Whether one more of its kind may run for this peer.
    pub(crate) fn has_room(&self, spawn: bool, peer: End) -> bool {
        let SourceWidth { v4, v6 } = SourceWidth::DEFAULT;
        let source = Network::around(peer.address, v4, v6);
        let same = |job: &&Job| (job.kind == Kind::Spawn) == spawn;
        let (mut all, mut of_one) = (0_usize, 0_usize);
        for job in self.all.values().filter(same) {
            all = all.saturating_add(1);
            of_one = of_one.saturating_add(source.contains(job.about.peer.address).into());
        }
        all < MOST && of_one < MOST_OF_ONE
    }

    pub(crate) fn add(&mut self, pid: Pid, kind: Kind, about: About, due: Duration) {
        self.all.insert(pid, Job::of(kind, about, due));
    }

    /// Whether none runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn get_mut(&mut self, pid: Pid) -> Option<&mut Job> {
        self.all.get_mut(&pid)
    }

    /// Its first process has ended. What it left in its group stays here.
    pub(crate) fn ended(&mut self, pid: Pid, now: Duration) -> Option<Job> {
        let job = self.all.get_mut(&pid).filter(|job| job.leads)?;
        job.leads = false;
        let ended = job.clone();
        if process::group_exists(pid) {
            self.look.get_or_insert(now.saturating_add(LOOK));
        } else {
            self.all.remove(&pid);
        }
        Some(ended)
    }

    /// When something is to be done.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.all.values().map(|job| job.due).chain(self.look).min()
    }

    /// Ends those whose time is over; gives those that were told so just now.
    pub(crate) fn tick(&mut self, now: Duration) -> Vec<Job> {
        if self.look.is_some_and(|look| look <= now) {
            self.all.retain(|pid, job| job.leads || process::group_exists(*pid));
            let left = self.all.values().any(|job| !job.leads);
            self.look = left.then(|| now.saturating_add(LOOK));
        }
        let mut told = Vec::new();
        for (pid, job) in self.all.iter_mut().filter(|(_, job)| job.due <= now) {
            // gone already: it is reaped, or found missing, soon
            match job.told {
                false => {
                    let _ = kill_group(*pid, Signal::Term);
                    told.push(job.clone());
                }
                true => {
                    let _ = kill_group(*pid, Signal::Kill);
                    if job.leads {
                        let _ = kill(*pid, Signal::Kill);
                    }
                }
            }
            job.killed = job.told;
            job.told = true;
            job.due = now.saturating_add(KILL_AFTER);
        }
        // what has no leader is nobody's to be waited for once it is killed
        self.all.retain(|_, job| job.leads || !job.killed);
        told
    }

    /// None is waited for any longer: those that have not been told to end are told now.
    pub(crate) fn end_all(&mut self, now: Duration) {
        for job in self.all.values_mut().filter(|job| !job.told) {
            job.due = now;
        }
    }

    /// All of them, for a successor.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Pid, &Job)> {
        self.all.iter().map(|(pid, job)| (*pid, job))
    }

    /// One that a predecessor started: nobody waits for its answer any more, and its first process
    /// may be nobody's here.
    pub(crate) fn inherit(&mut self, pid: Pid, job: Job, child: bool, now: Duration) {
        let job = Job { leads: child && job.leads, ..job };
        if !job.leads {
            self.look.get_or_insert(now);
        }
        self.all.insert(pid, job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    fn peer(last: u8) -> End {
        End { address: [192, 0, 2, last].into(), port: 1 }
    }

    fn about(last: u8) -> About {
        About { key: "ssh".into(), peer: peer(last), text: "true".into() }
    }

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number).unwrap()
    }

    #[test]
    fn one_source_does_not_use_up_the_others_part() {
        let mut jobs = Jobs::default();
        let far = Duration::MAX;
        for number in 0..8 {
            assert!(jobs.has_room(true, peer(1)));
            jobs.add(pid(1_000_000 + number), Kind::Spawn, about(1), far);
        }
        assert!(!jobs.has_room(true, peer(1)));
        assert!(jobs.has_room(true, peer(2)), "another has its own");
        assert!(jobs.has_room(false, peer(1)), "and so have questions");
        for number in 8..64 {
            let last = u8::try_from(number).unwrap();
            jobs.add(pid(1_000_000 + number), Kind::Spawn, about(last), far);
        }
        assert!(!jobs.has_room(true, peer(200)), "there are enough of them");
    }

    #[expect(clippy::disallowed_methods, reason = "a process to be ended")]
    fn shell(command: &str) -> Child {
        Command::new("/bin/sh").args(["-c", command]).process_group(0).spawn().unwrap()
    }

    fn until(what: &str, mut done: impl FnMut() -> bool) {
        for _ in 0..2000 {
            if done() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what}");
    }

    #[test]
    fn what_a_command_leaves_behind_counts_and_is_ended_with_it() {
        let mut child = shell("sleep 600 & exit 3");
        let leader = pid(i32::try_from(child.id()).unwrap());
        let mut jobs = Jobs::default();
        let at = Duration::from_secs;
        jobs.add(leader, Kind::Spawn, about(1), at(60));
        assert_eq!(child.wait().unwrap().code(), Some(3));
        assert_eq!(jobs.ended(leader, at(1)).map(|job| job.kind), Some(Kind::Spawn));
        assert!(jobs.ended(leader, at(1)).is_none(), "it ends once");
        assert!(!jobs.is_empty(), "what it left behind is there");
        assert_eq!(jobs.next_due(), Some(at(1) + LOOK));
        assert_eq!(jobs.tick(at(2)).len(), 0);
        assert!(!jobs.is_empty());
        assert_eq!(jobs.tick(at(60)).len(), 1, "it is told to end");
        assert_eq!(jobs.tick(at(65)).len(), 0, "and killed, and waited for no longer");
        assert!(jobs.is_empty());
    }

    #[test]
    fn one_that_does_not_heed_is_killed() {
        let mut child = shell("trap '' TERM; echo; while :; do sleep 0.05; done");
        let leader = pid(i32::try_from(child.id()).unwrap());
        let mut jobs = Jobs::default();
        let at = Duration::from_secs;
        jobs.add(leader, Kind::Spawn, about(1), at(600));
        assert_eq!(jobs.tick(at(59)).len(), 0);
        jobs.end_all(at(60));
        assert_eq!(jobs.tick(at(60)).len(), 1);
        jobs.end_all(at(61));
        assert_eq!(jobs.next_due(), Some(at(65)), "told once");
        assert_eq!(jobs.tick(at(65)).len(), 0, "that is told once");
        let status = child.wait().unwrap();
        assert!(std::os::unix::process::ExitStatusExt::signal(&status).is_some());
        assert!(jobs.ended(leader, at(66)).is_some());
        until("nothing to be left", || {
            jobs.tick(at(100));
            jobs.is_empty()
        });
    }
}
