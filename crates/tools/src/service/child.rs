//! The service's process.

use super::disk::Files;
use portreeve_model::Signal;
use portreeve_supervise::end::End;
use portreeve_supervise::machine::Now;
use portreeve_supervise::record::Role;
use portreeve_supervise::status::Status;
use portreeve_sys::adopted::{Adopted, start_time};
use portreeve_sys::file::read_bounded;
use portreeve_sys::process::reap_child;
use portreeve_sys::{Exit, Pid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Which boot of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// A process of a service.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    /// When it began; with its number it names it for good. 0 when it is too late to ask.
    began: u64,
    teller: Teller,
}

/// Who tells of its end.
#[derive(Debug)]
enum Teller {
    /// It is our child, and its descriptor wakes us.
    Reaping(Adopted),
    /// Its descriptor; nobody knows how it ended.
    Watching(Adopted),
    /// Its parent, another process of this supervisor.
    Parent,
}

impl Child {
    /// A child of this process: [`Child::descriptor`] wakes, [`Child::look`] reaps.
    ///
    /// # Errors
    /// Those of pidfd_open(2).
    pub(super) fn own(pid: Pid) -> io::Result<Self> {
        let began = start_time(pid)?;
        Ok(Self { pid, began, teller: Teller::Reaping(Adopted::new(pid, began)?) })
    }

    /// A child of another process, which will tell of its end and has not reaped it before.
    pub(crate) fn told(pid: Pid) -> Self {
        Self { pid, began: start_time(pid).unwrap_or(0), teller: Teller::Parent }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Its number as status files have it.
    pub(crate) fn number(&self) -> u32 {
        u32::try_from(self.pid.as_raw()).unwrap_or(0)
    }

    /// When it began; 0 where `/proc` does not say any more.
    pub(crate) fn began(&self) -> u64 {
        self.began
    }

    /// Readable when it has ended, unless its parent tells that.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.teller {
            Teller::Reaping(handle) | Teller::Watching(handle) => Some(handle.as_fd()),
            Teller::Parent => None,
        }
    }

    /// To this process, never to another that has its number by now.
    pub(super) fn signal(&self, signal: Signal) {
        let send = |handle: &Adopted| handle.signal_number(signal.number());
        // one that has just ended is no trouble: that is seen next
        let _ = match &self.teller {
            Teller::Reaping(handle) | Teller::Watching(handle) => send(handle),
            Teller::Parent => Adopted::new(self.pid, self.began).and_then(|handle| send(&handle)),
        };
    }

    /// Whether it has ended, and how; a child of ours is reaped then.
    pub(crate) fn look(&self) -> Option<End> {
        match &self.teller {
            Teller::Reaping(handle) => match reap_child(self.pid) {
                // somebody else may have reaped it: then it is over all the same
                Ok(None) => is_over(handle).then_some(End::Unknown),
                Ok(Some(exit)) => Some(end(exit)),
                Err(_) => Some(End::Unknown),
            },
            Teller::Watching(handle) => is_over(handle).then_some(End::Unknown),
            Teller::Parent => None,
        }
    }

    /// How it is: what the last supervisor said, if it meant this process.
    pub(super) fn status(&self, old: Option<Status>, now: Now) -> Status {
        let (pid, since) = (self.number(), now.label);
        let blank = Status { since, pid, paused: false, want: Default::default() };
        old.filter(|old| old.pid == pid).unwrap_or(blank)
    }
}

fn is_over(handle: &Adopted) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

/// The process that the last supervisor left behind, if it still runs, and what it is.
pub(super) fn adopt(files: &Files<'_>) -> Option<(Child, Role)> {
    let record = files.record().filter(|record| Some(&record.boot) == boot().as_ref())?;
    let pid = Pid::from_raw(i32::try_from(record.pid).ok()?)?;
    let handle = Adopted::new(pid, record.start).ok()?;
    let child = Child { pid, began: record.start, teller: Teller::Watching(handle) };
    // one that has ended and that nobody has reaped yet is over
    child.look().is_none().then_some((child, record.role))
}

/// Which boot of the machine this is.
pub(crate) fn boot() -> Option<String> {
    let content = read_bounded(Path::new(BOOT), 64).ok()?;
    Some(String::from_utf8(content.bytes).ok()?.trim_end().to_owned())
}

/// An end as a supervisor tells of it.
pub(crate) fn end(exit: Exit) -> End {
    let small = |number: i32| u8::try_from(number).ok();
    let end = match exit.status {
        portreeve_sys::Status::Code(code) => small(code).map(End::Code),
        portreeve_sys::Status::Signal(signal) => small(signal).map(End::Signal),
    };
    end.unwrap_or(End::Unknown)
}
