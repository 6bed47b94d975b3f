//! What becomes of bans beyond the door. The door itself shuts out by its set of bans; whoever else is
//! to know of them hears every change of that set here, in order, and all of it anew when it has to
//! begin from nothing. Nothing here waits for anybody: an enforcer takes a change down and does its
//! work in its own turn ([`Door::tick_enforcers`]). Files in the format of hosts.deny and commands are
//! told of what was in force before by and by, a piece in each turn.
//!
//! [`Door::tick_enforcers`]: crate::door::Door::tick_enforcers

pub(crate) mod command;
mod feed;
mod hosts_deny;
mod mailing;
pub(crate) mod nftables;
mod oneshot;
mod order;
mod post;
mod running;
mod tell;

use crate::control::bans::record;
use crate::door::Door;
use crate::door::token::Token;
use crate::enforce::command::{Command, Left, Outcome};
use crate::enforce::hosts_deny::{File, Told};
use crate::enforce::nftables::Firewall;
use crate::enforce::oneshot::Means;
use crate::enforce::post::Post;
use crate::enforce::running::{Output, Running};
use crate::enforce::tell::Teller;
use portreeve_sys::poll::Interest;
use portreeve_sys::spawn::Connection;
use portreeve_sys::{Exit, Pid, descriptor, pipe};
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::EnforcerStatus;
use portreeve_wire::event::{Enforcement, What};
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// Bans that are told in one turn of the loop, where all of them are.
const FEED: usize = 2048;
/// When the door closes, what is under way has so long.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Between two looks for bans that have room by now.
const REFILL: Duration = Duration::from_secs(60);

/// When a ban was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Just now.
    Now,
    /// Before; just now it has been lengthened.
    Longer,
    /// Before this process began: the ledger or the process before has told it.
    Before,
}

/// What a successor gets: what commands are to be told still, and reports that are not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Untold {
    commands: Vec<Left>,
    letters: Vec<Vec<u8>>,
}

/// All enforcers that the configuration wants. Each is a field, and hears what all of them hear.
#[derive(Debug, Default)]
pub(crate) struct Enforcers {
    files: Vec<File>,
    /// From which place on the files are to be told what is in force.
    feed: Option<u32>,
    refill: Option<Duration>,
    commands: Vec<Command>,
    /// Reports by mail.
    pub(crate) post: Post,
    teller: Teller,
    /// Whether they know what is in force: not before the ledger has said so.
    synchronised: bool,
    stop_by: Option<Duration>,
    /// The kernel's packet filter.
    pub(crate) nftables: Firewall,
}

impl Enforcers {
    /// A ban is in force that was not, or lasts longer than it did: one of the same network and service
    /// is replaced. Its times are those of the clock on the wall now.
    pub(crate) fn added(&mut self, ban: &BanRecord, made: Made) {
        self.nftables.added(ban, made);
        self.files.iter_mut().for_each(|file| file.added(ban));
        if made != Made::Before {
            self.commands.iter_mut().for_each(|command| command.added(ban, made == Made::Now));
        }
    }

    /// A ban is in force no more: it has expired, was lifted, or may not be since the configuration or
    /// the host has changed.
    pub(crate) fn ended(&mut self, ban: &BanRecord) {
        self.nftables.ended(ban);
        self.files.iter_mut().for_each(|file| file.ended(ban));
        self.commands.iter_mut().for_each(|command| command.ended(ban));
    }

    /// Files are told of all that is in force, by and by.
    fn begin_anew(&mut self) {
        self.synchronised = true;
        self.files.iter_mut().for_each(File::begin_anew);
        self.feed = (!self.files.is_empty()).then_some(0);
    }

    /// The door is about to end: what is under way is waited for, a little.
    pub(crate) fn stop(&mut self, now: Duration) {
        self.stop_by.get_or_insert(now.saturating_add(LAST_WORDS));
    }

    /// Whether nothing is under way that a door about to end would wait for.
    pub(crate) fn is_idle(&self, now: Duration) -> bool {
        let late = self.stop_by.is_some_and(|by| by <= now);
        let idle = self.feed.is_none()
            && self.files.iter().all(File::is_idle)
            && self.commands.iter().all(Command::is_idle)
            && self.post.is_idle();
        idle || late
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        if self.feed.is_some() {
            return Some(Duration::ZERO);
        }
        let files = self.files.iter().filter(|_| self.synchronised).filter_map(File::next_due);
        let commands = self.commands.iter().filter_map(Command::next_due);
        let stop = self.stop_by.filter(|_| !self.is_idle(Duration::ZERO));
        let firewall = self.nftables.process.next_due();
        let all = files.chain(commands).chain(self.teller.next_due()).chain(self.refill);
        all.chain(stop).chain(firewall).chain(self.post.next_due()).min()
    }

    pub(crate) fn status(&self) -> Vec<EnforcerStatus> {
        let files = self.files.iter().map(File::status);
        files.chain(self.commands.iter().map(Command::status)).chain(self.post.status()).collect()
    }

    /// For a successor.
    pub(crate) fn left(&self) -> Untold {
        let commands = self.commands.iter().map(Command::left).collect();
        Untold { commands, letters: self.post.letters().cloned().collect() }
    }
}

impl Door {
    /// Takes up what the configuration in force says.
    pub(crate) fn follow_enforcers(&mut self) {
        let current = Arc::clone(&self.current);
        let policy = &current.config.settings.ban;
        let all = &mut self.enforcers;
        let mut before = std::mem::take(&mut all.files);
        for config in &policy.hosts_deny {
            match before.iter().position(|file| file.config.path == config.path) {
                Some(at) => {
                    let mut file = before.swap_remove(at);
                    file.config = config.clone();
                    all.files.push(file);
                }
                None => all.files.push(File::new(config.clone())),
            }
        }
        for mut gone in before {
            gone.leave();
            all.files.push(gone);
        }
        all.post.configure(policy.mail.clone(), current.resolved.ban_mail.clone());
        let mut before = std::mem::take(&mut all.commands);
        for (config, identity) in policy.commands.iter().zip(&current.resolved.ban_commands) {
            let (config, identity) = (config.clone(), identity.clone());
            match before.iter().position(|command| command.config.name == config.name) {
                Some(at) => {
                    let mut command = before.swap_remove(at);
                    command.configure(config, identity);
                    all.commands.push(command);
                }
                None => {
                    let mut command = Command::new(config, identity);
                    command.feed = (all.synchronised && command.config.restored).then_some(0);
                    all.commands.push(command);
                }
            }
        }
        let gone: Vec<String> = before.iter().map(Command::alarm).collect();
        self.alarms.retain(|alarm| !gone.iter().any(|gone| alarm.starts_with(gone)));
        if all.synchronised {
            all.begin_anew();
        }
    }

    /// The bans of before are known: all of them are told, to commands once in a door's life.
    pub(crate) fn bans_are_known(&mut self) {
        if self.enforcers.synchronised {
            return;
        }
        for command in &mut self.enforcers.commands {
            command.feed = command.config.restored.then_some(0);
        }
        self.enforcers.begin_anew();
    }

    /// Takes over what a predecessor has left: commands know what it has told them.
    pub(crate) fn inherit_enforcers(&mut self, left: Untold, children: bool) {
        let now = self.now.mono;
        left.letters.into_iter().for_each(|letter| self.enforcers.post.take(letter));
        for one in left.commands {
            let known = |command: &&mut Command| command.config.name.as_str() == one.name();
            if let Some(command) = self.enforcers.commands.iter_mut().find(known) {
                command.inherit(one, children, now);
            }
        }
        if self.bans_known {
            self.enforcers.begin_anew();
        }
    }

    /// Once a turn: the enforcers do what they have to do, a bounded piece of it.
    pub(crate) fn tick_enforcers(&mut self) {
        self.flush_firewall();
        self.feed_enforcers();
        if self.enforcers.synchronised && self.enforcers.feed.is_none() {
            self.tick_files();
        }
        for at in 0..self.enforcers.commands.len() {
            self.tick_command(at);
        }
        self.tick_mail();
        for one in self.enforcers.teller.flush(self.now.mono) {
            self.event(What::Enforcement(one));
        }
    }

    /// Tells some of what is in force to those that do not know it.
    fn feed_enforcers(&mut self) {
        let now = self.now.mono;
        let (time, skew) = (self.state.ban_time(self.now.unix()), self.state.ban_skew());
        if self.enforcers.refill.is_some_and(|at| at <= now) {
            self.enforcers.refill = None;
            self.enforcers.files.iter_mut().for_each(|file| file.crowded = false);
            self.enforcers.feed = Some(0);
        }
        if let Some(from) = self.enforcers.feed {
            let mut next = None;
            for (count, (place, ban)) in self.state.bans_from(from).enumerate() {
                if count >= FEED {
                    next = Some(place);
                    break;
                }
                if ban.holds(time) {
                    let ban = record(ban, skew);
                    self.enforcers.files.iter_mut().for_each(|file| file.added(&ban));
                }
            }
            self.enforcers.feed = next;
            if next.is_none() {
                self.tell_crowded();
            }
        }
        for command in &mut self.enforcers.commands {
            let Some(from) = command.wants_fed() else { continue };
            let mut next = None;
            for (count, (place, ban)) in self.state.bans_from(from).enumerate() {
                if count >= FEED {
                    next = Some(place);
                    break;
                }
                if ban.holds(time) {
                    command.fed(&record(ban, skew));
                }
            }
            command.feed = next;
        }
    }

    /// Raises and ends the alarms about files without room.
    fn tell_crowded(&mut self) {
        let files = self.enforcers.files.iter();
        let all: Vec<_> = files.map(|file| (file.crowded_alarm(), file.crowded)).collect();
        for (alarm, crowded) in all {
            if crowded {
                self.alarm(&alarm);
                let again = self.now.mono.saturating_add(REFILL);
                self.enforcers.refill.get_or_insert(again);
            } else {
                self.alarms.remove(&alarm);
            }
        }
    }

    fn tick_files(&mut self) {
        let mut means = Means {
            paths: &self.paths,
            spawner: &mut self.spawner,
            outputs: &self.outputs,
            now: self.now.mono,
        };
        let tick = |file: &mut File| file.tick(&mut means).map(|told| (file.alarm(), told));
        let told: Vec<_> = self.enforcers.files.iter_mut().filter_map(tick).collect();
        told.into_iter().for_each(|(alarm, told)| self.tell_file(&alarm, told));
        if self.enforcers.files.iter().any(|file| file.crowded) && self.enforcers.refill.is_none() {
            self.tell_crowded();
        }
    }

    fn tell_file(&mut self, alarm: &str, told: Told) {
        match told {
            Told::Kept => self.alarms.retain(|known| !known.starts_with(alarm)),
            Told::FailsStill => {}
            Told::Failed(why) => {
                self.alarms.retain(|known| !known.starts_with(alarm));
                self.alarm(&format!("{alarm}{why}"));
            }
        }
    }

    fn tick_command(&mut self, at: usize) {
        let (now, wall) = (self.now.mono, self.now.unix());
        let Some(command) = self.enforcers.commands.get_mut(at) else { return };
        command.runs.tick(now);
        while let Some(command) = self.enforcers.commands.get_mut(at)
            && let Some(run) = command.next(now)
        {
            let started = command.plan(&run, wall).and_then(|plan| self.start_command(plan));
            let Some(command) = self.enforcers.commands.get_mut(at) else { return };
            match started {
                Ok((pid, output)) => {
                    let due = now.saturating_add(command.config.timeout);
                    command.runs.add(pid, Running::new(run, Some(output), due));
                }
                Err(why) => {
                    let outcome = command.not_started(run, format!("not run: {why}"), now);
                    self.tell_outcome(at, outcome);
                }
            }
        }
        let lost = self.enforcers.commands.get(at).and_then(Command::lost_alarm);
        lost.into_iter().for_each(|alarm| self.alarm(&alarm));
    }

    fn start_command(&mut self, plan: portreeve_sys::spawn::Plan) -> Result<(Pid, Output), String> {
        let program = plan.prepare().map(Arc::new).map_err(|bad| bad.to_string())?;
        let no_pipe = |e: std::io::Error| format!("no pipe: {e}");
        let (read, write): (OwnedFd, OwnedFd) = pipe::pipe().map_err(no_pipe)?;
        pipe::set_nonblocking(&read, true).map_err(no_pipe)?;
        let connection = Connection::new().share(&self.outputs.null, &[0]).give(write, &[1, 2]);
        let read = descriptor::raise(read).map_err(no_pipe)?;
        let pid = self.spawner.spawn(&program, connection).map_err(|e| e.to_string())?;
        let token = Token::Enforcer(u64::from(pid.as_raw().unsigned_abs())).bits();
        // unwatched, it is read when the command has ended
        let _ = self.poller.add(&read, token, Interest::READ);
        Ok((pid, Output::new(read)))
    }

    /// A command says something.
    pub(crate) fn on_enforcer(&mut self, number: u64) {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return };
        let mut commands = self.enforcers.commands.iter_mut();
        let _ = commands.any(|command| command.runs.readable(pid));
    }

    /// A process has ended: was it one of these?
    pub(crate) fn enforcer_ended(&mut self, exit: Exit) -> bool {
        let now = self.now.mono;
        if self.mail_ended(exit) {
            return true;
        }
        for at in 0..self.enforcers.files.len() {
            let file = self.enforcers.files.get_mut(at);
            let told = file.and_then(|file| Some((file.alarm(), file.run_ended(exit, now)?)));
            if let Some((alarm, told)) = told {
                self.tell_file(&alarm, told);
                if self.enforcers.files.get(at).is_some_and(File::is_gone) {
                    self.enforcers.files.remove(at);
                    self.alarms.retain(|known| !known.starts_with(&alarm));
                }
                return true;
            }
        }
        for at in 0..self.enforcers.commands.len() {
            let command = self.enforcers.commands.get_mut(at);
            if let Some(outcome) = command.and_then(|command| command.run_ended(exit, now)) {
                self.tell_outcome(at, outcome);
                return true;
            }
        }
        false
    }

    /// One could not be executed: its exit is reaped like any other.
    pub(crate) fn enforcer_not_started(&mut self, pid: Pid, reason: &str) -> bool {
        if self.enforcers.post.not_started(pid, reason) {
            return true;
        }
        let files = self.enforcers.files.iter_mut().filter_map(|file| file.run_of(pid));
        if let Some(run) = files.last() {
            run.trouble = Some(reason.to_owned());
            return true;
        }
        let mut commands = self.enforcers.commands.iter_mut();
        let running = commands.find_map(|command| command.runs.get_mut(pid));
        running.map(|running| running.trouble = Some(format!("not run: {reason}"))).is_some()
    }

    fn tell_outcome(&mut self, at: usize, outcome: Outcome) {
        let Some(command) = self.enforcers.commands.get(at) else { return };
        let (alarm, name) = (command.alarm(), format!("command {}", command.config.name));
        let Outcome { run, failure, output, again } = outcome;
        if !again {
            let told = failure.as_ref().map(|why| format!("{alarm}{why}"));
            if told.as_ref().is_none_or(|told| !self.alarms.contains(told)) {
                self.alarms.retain(|known| !known.starts_with(&alarm));
            }
            told.into_iter().for_each(|told| self.alarm(&told));
        }
        if failure.is_none() && output.is_empty() {
            return;
        }
        let outcome = match (failure, again) {
            (None, _) => "done".to_owned(),
            (Some(why), false) => why,
            (Some(why), true) => format!("{why}; it is tried again"),
        };
        let one = Enforcement {
            enforcer: name,
            act: run.word().to_owned(),
            network: run.network(),
            outcome,
            output,
            count: 1,
        };
        if let Some(one) = self.enforcers.teller.take(one, self.now.mono) {
            self.event(What::Enforcement(one));
        }
    }
}
