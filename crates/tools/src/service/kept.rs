//! One service under supervision: its folder, its supervisor's mind, its process.
//!
//! Nothing here waits. Whoever keeps it polls what [`Kept::polled`] names and hands on what is ready
//! ([`Kept::wake`]), comes back when [`Kept::next_due`] says, and tells of ends that its own children
//! come to.

use super::child::{Child, adopt};
use super::disk::{Disk, Held};
use super::folder::because;
use super::parent::{Order, Parent, Unmoved};
use super::reading::{Lacking, Reading, read as read_folder};
use super::ready::{Heard, Ready};
use super::{layout, log};
use crate::reason::reason;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::end::End;
use portreeve_supervise::label::Label;
use portreeve_supervise::machine::{Deed, Machine, Manner, NOTE, Now, Said};
use portreeve_supervise::plan::{Plan, Task};
use portreeve_supervise::record::Role;
use portreeve_sys::spawn::Plan as Layout;
use portreeve_sys::{Pid, clock};
use rustix::io::read;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// Commands that are obeyed before anything else is looked at.
const COMMANDS: usize = 64;

/// One whose time has come, and who does nothing, comes again so much later, and not at once for ever.
const PAUSE: Duration = Duration::from_secs(1);

/// When the next thing is to be done, after all was done that was due by then.
pub(crate) fn not_at_once(due: Duration, done: Duration) -> Duration {
    if due > done { due } else { done.saturating_add(PAUSE) }
}

/// Both clocks, read now.
pub(crate) fn now() -> Now {
    Now { label: Label::at(clock::wall()), clock: clock::monotonic() }
}

/// Whether there is more to do for a service.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// It is kept.
    On,
    /// It was told to leave, and its process is gone: it is to be dropped.
    Over,
}

/// What a descriptor of [`Kept::polled`] tells when it is readable; the greatest is to be looked at
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// There are commands.
    Control,
    /// The service says that it is ready, or cannot any more.
    Ready,
    /// The process has ended.
    Process,
}

/// One service.
#[derive(Debug)]
pub(crate) struct Kept {
    disk: Disk,
    machine: Machine,
    child: Option<Child>,
    ready: Option<Ready>,
    /// The process that its finish is told of.
    last: Option<Pid>,
    /// What its folder does not have.
    lacking: Lacking,
    /// It has ended, and its files do not show that yet: what follows at once will.
    unshown: bool,
}

impl Kept {
    /// Takes a service over: makes what its folder lacks, takes the lock, and adopts the process
    /// that an earlier supervisor left running. `name` is for messages.
    ///
    /// # Errors
    /// What the ancestor ends for, in its words.
    pub(crate) fn open(name: &str, folder: OwnedFd, now: Now) -> Result<Self, Trouble> {
        let normally_down = normally_down(folder.as_fd()).map_err(|error| {
            Trouble::because(&format!("unable to stat {name}/down"), because(error))
        })?;
        let mut lacking = Lacking::default();
        let (disk, (machine, child, ready)) = Disk::open(name, folder, |files| {
            let (child, role) = adopt(files).unzip();
            // one that does not run is read when it is started
            let mut read = || Some(read_folder(files, &mut lacking).ok()?.plan);
            let plan = child.as_ref().and_then(|_| read());
            let manner = plan.as_ref().map_or_else(Manner::default, Manner::of);
            let machine = match (&child, role) {
                (None, _) | (_, None) => Machine::new(normally_down, manner, now.label),
                (Some(child), Some(Role::Run(_))) => {
                    let status = child.status(files.status(), now);
                    Machine::adopted(normally_down, manner, status, files.state(), now)
                }
                (Some(child), Some(Role::Finish)) => {
                    let within = plan.as_ref().and_then(|plan| plan.finish.as_ref()?.within);
                    Machine::adopted_finish(normally_down, manner, child.number(), within, now)
                }
            };
            files.write(machine.status());
            let ready = said_meanwhile(plan.as_ref(), &machine, child.as_ref(), role);
            // one that is about to be started shows its state then
            if child.is_some() || normally_down {
                files.write_state(&machine.state(now));
            }
            (machine, child, ready)
        })?;
        Ok(Self { disk, machine, child, ready, last: None, lacking, unshown: false })
    }

    /// Goes on where another process of this supervisor has stopped: with what that one held and had
    /// its parent remember, and the process that the parent knows, and when it was started. If that
    /// has ended, tell it next.
    pub(crate) fn resume(
        name: &str,
        held: Held,
        running: Option<(Pid, Label)>,
        note: &[u8],
        now: Now,
    ) -> Self {
        let disk = Disk::resume(name, held);
        let files = disk.files();
        let mut lacking = Lacking::default();
        let plan = read_folder(&files, &mut lacking).ok().map(|reading| reading.plan);
        let manner = plan.as_ref().map_or_else(Manner::default, Manner::of);
        let normally_down = normally_down(files.folder()).unwrap_or(false);
        // one that no parent knows of was adopted, if it is one
        let told = running.map(|(pid, since)| (Child::told(pid), since));
        let adopted = || adopt(&files).map(|(it, _)| (it.status(files.status(), now).since, it));
        let found = told.or_else(|| adopted().map(|(since, child)| (child, since)));
        let process = found.as_ref().map(|(child, since)| (child.number(), *since));
        let child = found.map(|(child, _)| child);
        let machine = Machine::from_note(note, manner, process, now);
        let mut machine = machine.unwrap_or_else(|| Machine::new(normally_down, manner, now.label));
        if let (None, Some((pid, since))) = (machine.process(), process) {
            machine.started(pid, manner, None, Now { label: since, ..now });
        }
        let role = files.record().filter(|record| Some(record.pid) == machine.process());
        let role = role.map(|record| record.role);
        let ready = said_meanwhile(plan.as_ref(), &machine, child.as_ref(), role);
        files.write(machine.status());
        files.write_state(&machine.state(now));
        Self { disk, machine, child, ready, last: None, lacking, unshown: false }
    }

    pub(crate) fn name(&self) -> &str {
        self.disk.name()
    }

    /// The descriptors that another process may hold for this one.
    pub(crate) fn held(&self) -> &Held {
        self.disk.held()
    }

    /// As it is to be remembered by the parent, where no start has done so yet.
    pub(crate) fn to_note(&self) -> [u8; NOTE] {
        self.machine.to_note()
    }

    /// Its process, if one runs.
    pub(crate) fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    /// What to wait for. It changes with the process: ask again after every call.
    pub(crate) fn polled(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>)> {
        let process = self.child.as_ref().and_then(Child::descriptor);
        let process = process.map(|process| (Source::Process, process));
        let ready = self.ready.as_ref().map(|ready| (Source::Ready, ready.as_fd()));
        [(Source::Control, self.held().control.as_fd())].into_iter().chain(ready).chain(process)
    }

    /// When [`Kept::due`] is to be called, at the latest.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        if self.is_lost() { Some(Duration::ZERO) } else { self.machine.next_due() }
    }

    /// Does what time has made due.
    pub(crate) fn due(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        if self.is_lost() && self.over(End::Unknown, now, parent) == Stay::Over {
            return Stay::Over;
        }
        loop {
            let deeds = self.machine.due(now);
            if deeds.is_empty() {
                if self.unshown {
                    self.write(now, parent);
                }
                return Stay::On;
            }
            if self.done(&deeds, now, parent) == Stay::Over {
                return Stay::Over;
            }
        }
    }

    /// Does what a descriptor that is ready asks for.
    pub(crate) fn wake(&mut self, source: Source, now: Now, parent: &mut dyn Parent) -> Stay {
        match source {
            Source::Control => self.hear(now, parent),
            Source::Ready => self.hear_ready(now, parent),
            Source::Process => self.look(now, parent),
        }
    }

    /// Obeys what the control pipe holds: so much at a time.
    fn hear(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        for _ in 0..COMMANDS {
            let Some(byte) = command(&self.held().control) else { break };
            if self.command(byte, now, parent) == Stay::Over {
                return Stay::Over;
            }
        }
        Stay::On
    }

    /// Obeys one byte, as if the control pipe had held it.
    pub(crate) fn command(&mut self, byte: u8, now: Now, parent: &mut dyn Parent) -> Stay {
        let deeds = self.machine.command(byte, now);
        if self.done(&deeds, now, parent) == Stay::Over {
            return Stay::Over;
        }
        // a start that a command has made due comes before the next command
        self.due(now, parent)
    }

    fn hear_ready(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        let deed = match self.ready.as_mut().map(Ready::hear) {
            None | Some(Heard::Nothing) => return Stay::On,
            Some(Heard::Yes) => self.machine.is_ready(now),
            Some(Heard::Never) => self.machine.never_ready(),
        };
        self.ready = None;
        self.done(deed.as_slice(), now, parent)
    }

    /// Looks whether its process has ended, where no parent tells that.
    fn look(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        let ended = self.child.as_ref().and_then(|child| Some((child.pid(), child.look()?)));
        match ended {
            Some((pid, end)) => self.ended(pid, end, now, parent),
            None => Stay::On,
        }
    }

    /// This process has ended; another one than the service's is nobody.
    pub(crate) fn ended(&mut self, pid: Pid, end: End, now: Now, parent: &mut dyn Parent) -> Stay {
        match &self.child {
            Some(child) if child.pid() == pid => self.over(end, now, parent),
            _ => Stay::On,
        }
    }

    /// There should be a process, and nobody knows of one.
    fn is_lost(&self) -> bool {
        self.child.is_none() && self.machine.process().is_some()
    }

    fn over(&mut self, end: End, now: Now, parent: &mut dyn Parent) -> Stay {
        // what it has said with its last breath
        if self.hear_ready(now, parent) == Stay::Over {
            return Stay::Over;
        }
        let pid = self.child.take().map(|child| child.pid());
        self.ready = None;
        if self.machine.is_finishing() {
            let deeds = self.machine.finished(end, now);
            return self.done(&deeds, now, parent);
        }
        self.last = pid;
        let reading = self.read();
        let finish = reading.as_ref().ok().and_then(|reading| reading.plan.finish.as_ref());
        let within = finish.map(|finish| finish.within);
        let mut deeds = self.machine.died(end, within, now);
        if self.machine.next_due().is_none_or(|due| due > now.clock) {
            return self.done(&deeds, now, parent);
        }
        // where something is started at once, its order has the note; until then an end is told again
        if within.is_some() {
            return self.done(&deeds, now, &mut Unmoved(parent));
        }
        // if it is the service itself, its files show the next process next
        deeds.retain(|deed| *deed != Deed::Write);
        self.unshown = true;
        if self.done(&deeds, now, &mut Unmoved(parent)) == Stay::Over {
            return Stay::Over;
        }
        match &*self.machine.due(now) {
            [Deed::Start] => self.start_as(reading, now, parent),
            deeds if self.done(deeds, now, parent) == Stay::Over => return Stay::Over,
            _ => {}
        }
        self.due(now, parent)
    }

    /// What its folder says now.
    fn read(&mut self) -> Result<Reading, String> {
        read_folder(&self.disk.files(), &mut self.lacking)
    }

    /// Does it all.
    fn done(&mut self, deeds: &[Deed], now: Now, parent: &mut dyn Parent) -> Stay {
        for deed in deeds {
            match deed {
                Deed::Leave => return Stay::Over,
                Deed::Write => self.write(now, parent),
                Deed::Show => self.show(now, parent),
                Deed::Signal(signal) => {
                    if let Some(child) = &self.child {
                        child.signal(*signal);
                    }
                }
                Deed::Start => self.start(now, parent),
                Deed::Finish(end) => {
                    let deeds = self.finish(*end, now, parent);
                    if self.done(&deeds, now, parent) == Stay::Over {
                        return Stay::Over;
                    }
                }
                Deed::Say(said) => self.say(*said),
            }
        }
        Stay::On
    }

    fn write(&mut self, now: Now, parent: &mut dyn Parent) {
        self.unshown = false;
        self.remember(parent);
        let files = self.disk.files();
        files.write(self.machine.status());
        files.write_state(&self.machine.state(now));
    }

    fn show(&mut self, now: Now, parent: &mut dyn Parent) {
        if self.unshown {
            return self.write(now, parent);
        }
        self.remember(parent);
        self.disk.files().write_state(&self.machine.state(now));
    }

    fn remember(&self, parent: &mut dyn Parent) {
        parent.remember(&self.machine.to_note(), self.machine.process().unwrap_or(0));
    }

    fn say(&self, said: Said) {
        let name = self.name();
        let what = match said {
            Said::FinishTooLong => format!("{name}/finish takes too long and is killed"),
            Said::NotAgain => {
                format!("{name} is not started again, as its finish says; svc -u starts it")
            }
            Said::Limit(count, end) => {
                let how = match end {
                    End::Code(code) => format!("with exit code {code}"),
                    End::Signal(signal) => format!("by signal {signal}"),
                    End::Unknown => "nobody knows how".into(),
                };
                format!(
                    "{name} is not started again: {count} short lives in a row, the last ended \
                     {how}; svc -u starts it"
                )
            }
        };
        say(format!("supervise: warning: {what}\n"));
    }

    fn start(&mut self, now: Now, parent: &mut dyn Parent) {
        let reading = self.read();
        self.start_as(reading, now, parent);
    }

    /// Starts what its folder says.
    fn start_as(&mut self, reading: Result<Reading, String>, now: Now, parent: &mut dyn Parent) {
        let reading = match reading {
            Ok(reading) => reading,
            Err(why) => return self.unable(&why, now, parent),
        };
        reading.warnings.iter().for_each(say);
        match self.make(&reading.plan, now, parent) {
            Ok((child, ready)) => {
                let manner = Manner::of(&reading.plan);
                let plan = reading.fingerprint;
                let deed = self.machine.started(child.number(), manner, plan, now);
                (self.child, self.ready) = (Some(child), ready);
                let _ = self.done(&[deed], now, parent); // never one to leave by
            }
            Err(Unmade::Plan(why)) => self.unable(&why, now, parent),
            // no fault of the system's, and over as soon as one of those that hang is killed
            Err(Unmade::Process(error)) if error.kind() == io::ErrorKind::ResourceBusy => {
                self.machine.not_now(now.clock);
                self.show(now, parent);
            }
            Err(Unmade::Process(error)) => {
                say(format!(
                    "supervise: warning: unable to fork for {}, sleeping 60 seconds: {}\n",
                    self.name(),
                    reason(&error)
                ));
                self.machine.not_started(now.clock);
                self.show(now, parent);
            }
        }
    }

    /// Its folder does not say what could be started.
    fn unable(&mut self, why: &str, now: Now, parent: &mut dyn Parent) {
        let name = self.name();
        say(format!("supervise: warning: unable to start {name}, sleeping 60 seconds: {why}\n"));
        self.machine.not_started(now.clock);
        self.show(now, parent);
    }

    fn make(
        &self,
        plan: &Plan,
        now: Now,
        parent: &mut dyn Parent,
    ) -> Result<(Child, Option<Ready>), Unmade> {
        if let Task::Log(log) = &plan.task {
            log::make(&log.folder, plan.user.as_ref()).map_err(Unmade::Plan)?;
        }
        let files = self.disk.files();
        let layout = layout::service(plan, files.folder()).map_err(Unmade::Plan)?;
        let asked = plan.ready.and_then(|number| RawFd::try_from(number).ok());
        let (ready, theirs) = match asked {
            Some(_) => Ready::new().map(|(ready, theirs)| (Some(ready), Some(theirs)))?,
            None => (None, None),
        };
        let passed = theirs.iter().zip(asked).map(|(fd, number)| (fd.as_fd(), number)).collect();
        let role = Role::Run(ready.as_ref().map(Ready::inode));
        let mut order = self.order(layout, passed, role, now);
        order.stderr_to_stdout = plan.stderr_to_stdout;
        let child = parent.start(&order)?;
        Ok((child, ready))
    }

    fn order<'a>(
        &'a self,
        plan: Layout,
        passed: Vec<(BorrowedFd<'a>, RawFd)>,
        role: Role,
        now: Now,
    ) -> Order<'a> {
        let (disk, since) = (&self.disk, now.label);
        let note = self.machine.to_note();
        Order { disk, plan, passed, stderr_to_stdout: false, since, role, note }
    }

    /// Starts its finish; what is to be done after that.
    fn finish(&mut self, end: End, now: Now, parent: &mut dyn Parent) -> Vec<Deed> {
        let made = self.read().and_then(|reading| {
            let files = self.disk.files();
            let told = (self.disk.name(), self.last, end);
            let layout = layout::finish(&reading.plan, files.folder(), told)?;
            Ok((layout, reading.plan.stderr_to_stdout))
        });
        let made = made.and_then(|(layout, stderr_to_stdout)| {
            let order = self.order(layout, Vec::new(), Role::Finish, now);
            parent
                .start(&Order { stderr_to_stdout, ..order })
                .map_err(|error| reason(&error).into())
        });
        match made {
            Ok(child) => {
                let within = self.machine.finish_within();
                let deed = self.machine.finishing(child.number(), within, now);
                self.child = Some(child);
                vec![deed]
            }
            Err(why) => {
                say(format!(
                    "supervise: warning: unable to start {}/finish: {why}\n",
                    self.disk.name()
                ));
                self.machine.finished(End::Unknown, now)
            }
        }
    }
}

/// Why there is no process.
enum Unmade {
    /// What it was to be cannot be.
    Plan(String),
    /// The system makes none now.
    Process(io::Error),
}

impl From<io::Error> for Unmade {
    fn from(error: io::Error) -> Self {
        Self::Process(error)
    }
}

/// The pipe of a service that runs already, if it may still say that it is ready.
fn said_meanwhile(
    plan: Option<&Plan>,
    machine: &Machine,
    child: Option<&Child>,
    role: Option<Role>,
) -> Option<Ready> {
    let Some(Role::Run(Some(inode))) = role.filter(|_| machine.awaits_readiness()) else {
        return None;
    };
    Ready::of(child?.pid(), plan?.ready?, inode)
}

/// Whether the service is not to be started of itself.
fn normally_down(folder: BorrowedFd<'_>) -> Result<bool, rustix::io::Errno> {
    match rustix::fs::statat(folder, "down", rustix::fs::AtFlags::empty()) {
        Ok(_) => Ok(true),
        Err(rustix::io::Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The next byte of the control pipe, if there is one.
fn command(control: &OwnedFd) -> Option<u8> {
    let mut byte = [0; 1];
    match read(control, &mut byte) {
        Ok(1) => byte.first().copied(),
        _ => None,
    }
}
