//! Processes as copies of this one: how `supervise` makes its only child.

use super::child::{Child, boot};
use super::parent::{Order, Parent, failed};
use crate::say;
use portreeve_sys::adopted::start_time;
use portreeve_sys::program::{Forked, fork, leave, place};
use portreeve_sys::signals::normalise;
use portreeve_sys::spawn::{Here, Step};
use portreeve_sys::{Pid, Signal};
use rustix::io::Errno;
use rustix::process::{fchdir, getppid, set_parent_process_death_signal};
use rustix::stdio::stdout;
use std::io;

/// The exit code of a process that could not become the service.
const NO_SERVICE: i32 = 111;

/// Standard error's number.
const STDERR: i32 = 2;

/// A supervisor that is the parent itself.
#[derive(Debug)]
pub(super) struct Forking;

impl Parent for Forking {
    fn start(&mut self, order: &Order<'_>) -> io::Result<Child> {
        let parent = Pid::own();
        // all that takes memory before there are two
        let program = order.plan.clone().prepare().map_err(|_| Errno::TOOBIG)?;
        let here = Here::new(&program);
        match fork()? {
            Forked::Child => become_service(order, parent, &here),
            Forked::Parent(pid) => Child::own(pid).inspect_err(|_| {
                let _ = portreeve_sys::process::kill(pid, Signal::Kill);
                let _ = portreeve_sys::process::wait_for(pid);
            }),
        }
    }
}

/// In the child: never comes back.
fn become_service(order: &Order<'_>, parent: Pid, here: &Here<'_>) -> ! {
    let (step, error) = match ready(order, parent) {
        Ok(()) => here.execute(),
        Err(failed) => failed,
    };
    say(failed(order.disk.name(), &order.plan.path, step, &error));
    leave(NO_SERVICE)
}

/// All that comes before the plan itself.
fn ready(order: &Order<'_>, parent: Pid) -> Result<(), (Step, io::Error)> {
    recorded(order, parent).map_err(|error| (Step::Gate, error))?;
    // the keeper's services get every signal, too
    normalise().map_err(|error| (Step::Signals, error))?;
    fchdir(&order.disk.held().folder).map_err(|error| (Step::Directory, error.into()))?;
    let output = order.stderr_to_stdout.then(|| (stdout(), STDERR));
    let passed: Vec<_> = order.passed.iter().copied().chain(output).collect();
    place(&passed).map_err(|error| (Step::Descriptors, error))
}

/// The child says which process it is before it becomes the service: a supervisor that dies in
/// between takes it along, and one that dies after is found again.
fn recorded(order: &Order<'_>, parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if getppid().is_none_or(|now| now.as_raw_pid() != parent.as_raw()) {
        return Err(io::ErrorKind::NotFound.into()); // it died before it could take us along
    }
    let own = Pid::own();
    order.record(&boot().ok_or(io::ErrorKind::NotFound)?, own, start_time(own)?);
    Ok(set_parent_process_death_signal(None)?)
}
