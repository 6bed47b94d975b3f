//! supervise: keeps one service.

use super::child::{Child, adopt, start};
use super::disk::Disk;
use super::folder::because;
use crate::applet::Call;
use crate::options::shown;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::label::Label;
use portreeve_supervise::machine::{Deed, Machine, Sent};
use portreeve_sys::Signal;
use portreeve_sys::clock::{monotonic, wall};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::chdir;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

/// Commands that are obeyed before anything else is looked at.
const COMMANDS: usize = 64;

/// `supervise DIR`: starts `DIR/run`, starts it again when it ends, and does what its control pipe
/// says. A supervisor that comes back takes over the service that still runs.
pub(crate) fn supervise(call: &Call) -> Result<ExitCode, Trouble> {
    let [folder] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    let name = shown(folder);
    chdir(folder)
        .map_err(|error| Trouble::system(&format!("unable to chdir to {name}"), &error.into()))?;
    let normally_down = match rustix::fs::stat("down") {
        Ok(_) => true,
        Err(Errno::NOENT) => false,
        Err(error) => {
            return Err(Trouble::because(&format!("unable to stat {name}/down"), because(error)));
        }
    };
    let disk = Disk::open(&name)?;
    let child = adopt(&disk);
    let machine = match (&child, disk.status()) {
        (Some(child), old) => Machine::adopted(normally_down, child.status(old)),
        (None, _) => Machine::new(normally_down, Label::at(wall())),
    };
    let mut keeper = Keeper { machine, child, disk };
    keeper.disk.write(keeper.machine.status());
    let _ok = keeper.disk.open_ok()?;
    keeper.keep()
}

/// One supervisor.
struct Keeper {
    machine: Machine,
    child: Option<Child>,
    disk: Disk,
}

impl Keeper {
    fn keep(&mut self) -> Result<ExitCode, Trouble> {
        loop {
            if let Some(deed) = self.machine.due(monotonic())
                && self.done(&[deed])
            {
                return Ok(ExitCode::SUCCESS);
            }
            self.wait()?;
            if let Some(child) = &self.child
                && child.is_over()
            {
                self.child = None;
                let deeds = self.machine.died(Label::at(wall()));
                if self.done(&deeds) {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            for _ in 0..COMMANDS {
                let Some(byte) = command(self.disk.control()) else { break };
                let deeds = self.machine.command(byte);
                if self.done(&deeds) {
                    return Ok(ExitCode::SUCCESS);
                }
                // a start that a command has made due comes before the next command
                if let Some(deed) = self.machine.due(monotonic()) {
                    self.done(&[deed]);
                }
            }
        }
    }

    /// Until there is a command, a death, or a start is due.
    fn wait(&self) -> Result<(), Trouble> {
        let mut fds = vec![PollFd::from_borrowed_fd(self.disk.control().as_fd(), PollFlags::IN)];
        if let Some(child) = &self.child {
            fds.push(PollFd::from_borrowed_fd(child.as_fd(), PollFlags::IN));
        }
        let due = self.machine.next_due().map(|due| due.saturating_sub(monotonic()));
        let due = due.map(timespec);
        match poll(&mut fds, due.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(Trouble::system("unable to wait", &error.into())),
        }
    }

    /// Does it all; whether it was the last.
    fn done(&mut self, deeds: &[Deed]) -> bool {
        for deed in deeds {
            match deed {
                Deed::Leave => return true,
                Deed::Write => self.disk.write(self.machine.status()),
                Deed::Signal(sent) => {
                    if let Some(child) = &self.child {
                        child.signal(signal(*sent));
                    }
                }
                Deed::Start => self.start(),
            }
        }
        false
    }

    fn start(&mut self) {
        match start(&self.disk) {
            Ok(child) => {
                let since = Label::at(wall());
                let deed = self.machine.started(child.pid(), since, monotonic());
                self.child = Some(child);
                self.done(&[deed]);
            }
            Err(error) => {
                say(format!(
                    "supervise: warning: unable to fork for {}, sleeping 60 seconds: {}\n",
                    self.disk.name(),
                    crate::reason::reason(&error)
                ));
                self.machine.not_started(monotonic());
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

/// A time to wait: a nanosecond more, so that it is over when the wait is.
fn timespec(time: Duration) -> Timespec {
    let time = time.saturating_add(Duration::from_nanos(1));
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}
