//! One service under supervision: its folder, its supervisor's mind, its process.
//!
//! Nothing here waits. Whoever keeps it polls what [`Kept::polled`] names, comes back when
//! [`Kept::next_due`] says, and tells of ends that its own children come to.

use super::child::{Child, adopt};
use super::disk::{Disk, Held};
use super::folder::because;
use super::parent::{Order, Parent};
use crate::chain::inherited;
use crate::reason::reason;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::end::End;
use portreeve_supervise::label::Label;
use portreeve_supervise::machine::{Deed, Machine, Now, Sent};
use portreeve_supervise::status::{Status, Want};
use portreeve_sys::spawn::Plan;
use portreeve_sys::{Pid, Signal, clock};
use rustix::io::read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Commands that are obeyed before anything else is looked at.
const COMMANDS: usize = 64;

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
    /// There are commands: [`Kept::hear`].
    Control,
    /// The process has ended: [`Kept::look`].
    Process,
}

/// One service.
#[derive(Debug)]
pub(crate) struct Kept {
    disk: Disk,
    machine: Machine,
    child: Option<Child>,
}

impl Kept {
    /// Takes a service over: makes what its folder lacks, takes the lock, and adopts the process
    /// that an earlier supervisor left running. `name` is for messages.
    ///
    /// # Errors
    /// What the ancestor ends for, in its words.
    pub(crate) fn open(name: &str, folder: OwnedFd, now: Now) -> Result<Self, Trouble> {
        let normally_down = match rustix::fs::statat(&folder, "down", rustix::fs::AtFlags::empty())
        {
            Ok(_) => true,
            Err(rustix::io::Errno::NOENT) => false,
            Err(error) => {
                let deed = format!("unable to stat {name}/down");
                return Err(Trouble::because(&deed, because(error)));
            }
        };
        let (mut machine, mut child) = (Machine::new(normally_down, now.label), None);
        let disk = Disk::open(name, folder, |files| {
            child = adopt(files);
            if let Some(child) = &child {
                machine = Machine::adopted(normally_down, child.status(files.status(), now));
            }
            files.write(machine.status());
        })?;
        Ok(Self { disk, machine, child })
    }

    /// Goes on where another process of this supervisor has stopped: with what that one held, and
    /// the process that the parent says it has, if any. If that has ended, tell it next.
    #[expect(dead_code, reason = "for a supervisor of two processes")]
    pub(crate) fn resume(name: &str, held: Held, running: Option<Pid>, now: Now) -> Self {
        let disk = Disk::resume(name, held);
        let child = running.map(Child::told);
        let old = disk.files().status();
        let want = old.map_or(Want::Up, |old| old.want);
        let status = match &child {
            Some(child) => Status { want, ..child.status(old, now) },
            None => Status {
                since: old.map_or(now.label, |old| old.since),
                pid: 0,
                paused: false,
                want,
            },
        };
        let machine = Machine::resumed(status);
        disk.files().write(machine.status());
        Self { disk, machine, child }
    }

    pub(crate) fn name(&self) -> &str {
        self.disk.name()
    }

    /// The descriptors that another process may hold for this one.
    pub(crate) fn held(&self) -> &Held {
        self.disk.held()
    }

    #[expect(dead_code, reason = "for a supervisor of two processes")]
    pub(crate) fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    /// What to wait for.
    pub(crate) fn polled(&self) -> impl Iterator<Item = (Source, BorrowedFd<'_>)> {
        let process = self.child.as_ref().and_then(Child::descriptor);
        let process = process.map(|process| (Source::Process, process));
        [(Source::Control, self.held().control.as_fd())].into_iter().chain(process)
    }

    /// When [`Kept::due`] is to be called, at the latest.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.machine.next_due()
    }

    /// Does what time has made due.
    pub(crate) fn due(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        match self.machine.due(now.clock) {
            Some(deed) => self.done(&[deed], now, parent),
            None => Stay::On,
        }
    }

    /// Obeys what the control pipe holds: so much at a time.
    pub(crate) fn hear(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        for _ in 0..COMMANDS {
            let Some(byte) = command(&self.held().control) else { break };
            let deeds = self.machine.command(byte);
            if self.done(&deeds, now, parent) == Stay::Over {
                return Stay::Over;
            }
            // a start that a command has made due comes before the next command
            if self.due(now, parent) == Stay::Over {
                return Stay::Over;
            }
        }
        Stay::On
    }

    /// Looks whether its process has ended, where no parent tells that.
    pub(crate) fn look(&mut self, now: Now, parent: &mut dyn Parent) -> Stay {
        let ended = self.child.as_ref().and_then(|child| Some((child.pid(), child.look()?)));
        match ended {
            Some((pid, end)) => self.ended(pid, end, now, parent),
            None => Stay::On,
        }
    }

    /// This process has ended; another one than the service's is nobody.
    pub(crate) fn ended(&mut self, pid: Pid, end: End, now: Now, parent: &mut dyn Parent) -> Stay {
        if self.child.take_if(|child| child.pid() == pid).is_none() {
            return Stay::On;
        }
        let _ = end;
        let deeds = self.machine.died(now.label);
        self.done(&deeds, now, parent)
    }

    /// Does it all.
    fn done(&mut self, deeds: &[Deed], now: Now, parent: &mut dyn Parent) -> Stay {
        for deed in deeds {
            match deed {
                Deed::Leave => return Stay::Over,
                Deed::Write => self.disk.files().write(self.machine.status()),
                Deed::Signal(sent) => {
                    if let Some(child) = &self.child {
                        child.signal(signal(*sent));
                    }
                }
                Deed::Start => self.start(now, parent),
            }
        }
        Stay::On
    }

    fn start(&mut self, now: Now, parent: &mut dyn Parent) {
        let plan = Plan { env: inherited(), ..Plan::new(c"./run".into()) };
        match parent.start(&Order { disk: &self.disk, plan, passed: Vec::new() }) {
            Ok(child) => {
                let deed = self.machine.started(child.number(), now.label, now.clock);
                self.child = Some(child);
                let _ = self.done(&[deed], now, parent); // never one to leave by
            }
            Err(error) => {
                say(format!(
                    "supervise: warning: unable to fork for {}, sleeping 60 seconds: {}\n",
                    self.name(),
                    reason(&error)
                ));
                self.machine.not_started(now.clock);
            }
        }
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

fn signal(sent: Sent) -> Signal {
    match sent {
        Sent::Term => Signal::Term,
        Sent::Continue => Signal::Continue,
        Sent::Stop => Signal::Stop,
        Sent::Hup => Signal::Hup,
        Sent::Alarm => Signal::Alarm,
        Sent::Int => Signal::Int,
        Sent::Kill => Signal::Kill,
    }
}
