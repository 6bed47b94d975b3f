//! The pipe between a service and its log: made anew, or found again in a process that has it.
//!
//! While a holder lives it has both ends. When holder and worker are gone, the service and its log
//! still have theirs: whichever runs gives it back, and its other end with it.

use crate::service::{Child, create};
use portreeve_sys::descriptor::raise;
use portreeve_sys::file::read_bounded_at;
use portreeve_sys::pipe::pipe;
use portreeve_sys::{Pid, adopted::start_time};
use rustix::fs::{CWD, Mode, OFlags, fstat, openat, renameat};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Which pipe feeds the log, in the folder of the service.
const RECORD: &str = "supervise/pipe";
const NEW_RECORD: &str = "supervise/pipe.new";
const MOST_RECORD: usize = 128;
const PRIVATE: u32 = 0o600;

/// Reading end, writing end, both out of the way of what a start gives away.
pub(super) fn new_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe()?;
    Ok((raise(read)?, raise(write)?))
}

/// Writes down which pipe it is, in the service's folder: which boot, and its number.
pub(super) fn record(folder: BorrowedFd<'_>, boot: &str, pipe: &OwnedFd) -> io::Result<()> {
    let text = format!("{boot} {}\n", fstat(pipe)?.st_ino);
    File::from(create(folder, NEW_RECORD, PRIVATE)?).write_all(text.as_bytes())?;
    Ok(renameat(folder, NEW_RECORD, folder, RECORD)?)
}

/// The pipe's number, if it was written down since this boot.
fn recorded(folder: BorrowedFd<'_>, boot: &str) -> Option<u64> {
    let content = read_bounded_at(folder, Path::new(RECORD), MOST_RECORD).ok()?;
    let text = str::from_utf8(&content.bytes).ok()?.strip_suffix('\n')?;
    text.strip_prefix(boot)?.strip_prefix(' ')?.parse().ok()
}

/// The pipe that a log reads as its standard input, or that a service writes to as its standard
/// output: that one only if it is the pipe written down, since a service may have turned its output
/// into another.
pub(super) fn recover(
    folder: BorrowedFd<'_>,
    boot: &str,
    service: Option<&Child>,
    log: Option<&Child>,
) -> Option<(OwnedFd, OwnedFd)> {
    let of_log = log.and_then(|log| from(log, 0, None));
    of_log.or_else(|| from(service?, 1, Some(recorded(folder, boot)?)))
}

/// Both ends of the pipe that a process has under this number, if it is the one meant.
fn from(child: &Child, number: i32, inode: Option<u64>) -> Option<(OwnedFd, OwnedFd)> {
    let end = borrow(child.pid(), child.began(), number)?;
    let stat = fstat(&end).ok()?;
    // by the pipe's own place in /proc either end can be opened; one with a name in a file system is
    // somebody else's
    let path = format!("/proc/self/fd/{}", end.as_raw_fd());
    if !is_anonymous(&path) || inode.is_some_and(|inode| inode != stat.st_ino) {
        return None;
    }
    let open = |flags| openat(CWD, &*path, flags | OFlags::CLOEXEC, Mode::empty());
    // the writing end first: without a reader it would have to wait, and `end` may be either
    let both = open(OFlags::RDWR).ok()?;
    let (read, write) = (open(OFlags::RDONLY).ok()?, open(OFlags::WRONLY).ok()?);
    drop(both);
    Some((raise(read).ok()?, raise(write).ok()?))
}

fn is_anonymous(path: &str) -> bool {
    let target = rustix::fs::readlink(path, Vec::new());
    target.is_ok_and(|target| target.as_bytes().starts_with(b"pipe:["))
}

/// A descriptor of another process, if it is the one that began then.
fn borrow(pid: Pid, began: u64, number: i32) -> Option<OwnedFd> {
    let raw = rustix::process::Pid::from_raw(pid.as_raw())?;
    let handle = pidfd_open(raw, PidfdFlags::empty()).ok()?;
    if start_time(pid).ok()? != began {
        return None;
    }
    let theirs = || {
        // where debuggers are kept away from processes that are not their children (Yama)
        let path = format!("/proc/{pid}/fd/{number}");
        let end =
            openat(CWD, &*path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
        end.ok().filter(|_| is_anonymous(&path) && start_time(pid).is_ok_and(|it| it == began))
    };
    pidfd_getfd(&handle, number, PidfdGetfdFlags::empty()).ok().or_else(theirs)
}
