//! The service's process.

use super::disk::Disk;
use crate::chain::given;
use crate::reason::reason;
use crate::say;
use portreeve_supervise::label::Label;
use portreeve_supervise::record::Record;
use portreeve_supervise::status::Status;
use portreeve_sys::adopted::{Adopted, start_time};
use portreeve_sys::clock::wall;
use portreeve_sys::file::read_bounded;
use portreeve_sys::process::reap_child;
use portreeve_sys::program::{Forked, Given, fork};
use portreeve_sys::{Pid, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{getppid, set_parent_process_death_signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Which boot of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// The exit code of a process that could not become the service.
const NO_SERVICE: i32 = 111;

/// A running service: ours, or one whose supervisor is gone.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    handle: Adopted,
    ours: bool,
}

impl Child {
    pub(super) fn pid(&self) -> u32 {
        u32::try_from(self.pid.as_raw()).unwrap_or(0)
    }

    /// How it is: what the last supervisor said, if it meant this process.
    pub(super) fn status(&self, old: Option<Status>) -> Status {
        let now = Label::at(wall());
        let blank = Status { since: now, pid: self.pid(), paused: false, want: Default::default() };
        old.filter(|old| old.pid == self.pid()).unwrap_or(blank)
    }

    pub(super) fn signal(&self, signal: Signal) {
        let _ = self.handle.signal(signal); // it has just ended: that is seen next
    }

    /// Whether it has ended; a child of ours is reaped then.
    pub(super) fn is_over(&self) -> bool {
        if self.ours {
            return !matches!(reap_child(self.pid), Ok(None));
        }
        let mut fds = [PollFd::from_borrowed_fd(self.handle.as_fd(), PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// The process that the last supervisor left behind, if it still runs.
pub(super) fn adopt(disk: &Disk) -> Option<Child> {
    let record = disk.record().filter(|record| Some(&record.boot) == boot().as_ref())?;
    let pid = Pid::from_raw(i32::try_from(record.pid).ok()?)?;
    let handle = Adopted::new(pid, record.start).ok()?;
    let child = Child { pid, handle, ours: false };
    // one that has ended and that nobody has reaped yet is over
    (!child.is_over()).then_some(child)
}

/// Starts `./run`, as a child that says which process it is before it becomes the service: a
/// supervisor that dies in between takes it along, and one that dies after is found again.
pub(super) fn start(disk: &Disk) -> io::Result<Child> {
    let parent = Pid::own();
    // all that takes memory before there are two
    let given = given(vec![c"./run".to_owned()]);
    match fork()? {
        Forked::Child => become_service(disk, parent, &given),
        Forked::Parent(pid) => {
            let opened = start_time(pid).and_then(|began| Adopted::new(pid, began));
            match opened {
                Ok(handle) => Ok(Child { pid, handle, ours: true }),
                Err(error) => {
                    let _ = portreeve_sys::process::kill(pid, Signal::Kill);
                    let _ = portreeve_sys::process::wait_for(pid);
                    Err(error)
                }
            }
        }
    }
}

/// In the child: never comes back.
fn become_service(disk: &Disk, parent: Pid, given: &Given) -> ! {
    let error = match recorded(disk, parent) {
        Ok(()) => given.execute(c"./run"),
        Err(error) => error,
    };
    let why = reason(&error);
    say(format!("supervise: fatal: unable to start {}/run: {why}\n", disk.name()));
    portreeve_sys::program::leave(NO_SERVICE)
}

fn recorded(disk: &Disk, parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if getppid().is_none_or(|now| now.as_raw_pid() != parent.as_raw()) {
        return Err(io::ErrorKind::NotFound.into()); // it died before it could take us along
    }
    let own = Pid::own();
    let boot = boot().ok_or(io::ErrorKind::NotFound)?;
    let pid = u32::try_from(own.as_raw()).unwrap_or(0);
    let record = Record { boot, pid, start: start_time(own)? };
    if let Err(error) = disk.write_record(&record) {
        // a full disk must not keep a service down; a supervisor that dies now would not find it
        let why = reason(&error);
        say(format!(
            "supervise: warning: unable to write {}/supervise/process: {why}\n",
            disk.name()
        ));
    }
    set_parent_process_death_signal(None)?;
    Ok(())
}

fn boot() -> Option<String> {
    let content = read_bounded(Path::new(BOOT), 64).ok()?;
    Some(String::from_utf8(content.bytes).ok()?.trim_end().to_owned())
}
