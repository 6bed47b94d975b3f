//! How the holder starts its worker.

use super::handover::Setup;
use super::name::WORKER;
use crate::chain::inherited;
use crate::reason::reason;
use crate::say;
use portreeve_sys::channel::{self, Channel};
use portreeve_sys::process::{kill, wait_for};
use portreeve_sys::program::{Forked, Given, fork, leave, place};
use portreeve_sys::{Pid, Signal};
use rustix::process::{PidfdFlags, getppid, pidfd_open, set_parent_process_death_signal};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

/// Where a worker finds its channel.
pub(super) const CHANNEL: RawFd = 3;

/// This very program, even when its file has been replaced.
const OURSELVES: &std::ffi::CStr = c"/proc/self/exe";

/// A worker that runs.
#[derive(Debug)]
pub(super) struct Employed {
    pub(super) pid: Pid,
    /// Readable when it has ended.
    pub(super) handle: OwnedFd,
    pub(super) channel: Channel,
}

impl Employed {
    /// Ends it at once.
    pub(super) fn end(self) {
        let _ = kill(self.pid, Signal::Kill); // it has ended already
        let _ = wait_for(self.pid); // likewise
    }
}

/// Starts a worker, who dies with this process.
pub(super) fn employ(setup: &Setup) -> io::Result<Employed> {
    let words = [WORKER.as_bytes()].into_iter().chain(setup.roots.iter().map(|it| it.as_bytes()));
    let words = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let mut variables = inherited();
    variables.retain(|entry| !entry.as_bytes().starts_with(super::handover::VARIABLE));
    let given = Given::new(words, variables);
    let (ours, theirs) = channel::pair()?;
    let parent = Pid::own();
    match fork()? {
        Forked::Child => {
            let error = become_worker(&theirs, parent, &given);
            say(format!("svscan: warning: unable to start my worker: {}\n", reason(&error)));
            leave(111)
        }
        Forked::Parent(pid) => {
            let raw =
                rustix::process::Pid::from_raw(pid.as_raw()).ok_or(io::ErrorKind::NotFound)?;
            match pidfd_open(raw, PidfdFlags::empty()) {
                Ok(handle) => Ok(Employed { pid, handle, channel: ours }),
                Err(error) => {
                    let _ = kill(pid, Signal::Kill); // it has ended already
                    let _ = wait_for(pid); // likewise
                    Err(error.into())
                }
            }
        }
    }
}

/// In the child: comes back only with why not.
fn become_worker(channel: &Channel, parent: Pid, given: &Given) -> io::Error {
    let ready = || {
        set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        if getppid().is_none_or(|now| now.as_raw_pid() != parent.as_raw()) {
            return Err(io::ErrorKind::NotFound.into());
        }
        place(&[(channel.as_fd(), CHANNEL)])
    };
    match ready() {
        Ok(()) => given.execute(OURSELVES),
        Err(error) => error,
    }
}
