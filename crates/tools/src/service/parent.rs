//! How a service's process is made: by whoever is, or stands for, its parent.

use super::child::Child;
use super::disk::Disk;
use crate::reason::reason;
use portreeve_supervise::label::Label;
use portreeve_supervise::record::{Record, Role};
use portreeve_sys::Pid;
use portreeve_sys::spawn::Plan;
use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

/// A process to make.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// The service: its name, its folder, and where its process is recorded.
    pub(crate) disk: &'a Disk,
    /// What to run, relative to the service's folder, and how: the whole of its environment, and
    /// its directory if that is another one than the service's folder.
    pub(crate) plan: Plan,
    /// Descriptors it gets beside what it inherits, under these numbers.
    pub(crate) passed: Vec<(BorrowedFd<'a>, RawFd)>,
    /// Its standard error is its standard output, whatever that is.
    pub(crate) stderr_to_stdout: bool,
    /// When it is started, as its status will have it.
    pub(crate) since: Label,
    /// What the process is to the service.
    pub(super) role: Role,
}

impl Order<'_> {
    /// Writes down that this process, which began then, carries the order out.
    pub(crate) fn record(&self, boot: &str, pid: Pid, began: u64) {
        let pid = u32::try_from(pid.as_raw()).unwrap_or(0);
        self.disk.record(&Record { boot: boot.into(), pid, start: began, role: self.role });
    }

    /// What is said when the process cannot become the program.
    pub(crate) fn failed(&self, error: &io::Error) -> String {
        failed(self.disk.name(), &self.plan.path, reason(error))
    }
}

/// The same, where the order is no more at hand.
pub(crate) fn failed(name: &str, path: &CStr, why: &str) -> String {
    let file = path.to_string_lossy();
    match file.strip_prefix("./") {
        Some(file) => format!("supervise: fatal: unable to start {name}/{file}: {why}\n"),
        None => format!("supervise: fatal: unable to start {name}: {file}: {why}\n"),
    }
}

/// Makes processes.
pub(crate) trait Parent {
    /// Makes a process that carries out an order; comes back without waiting for it to. Before the
    /// process is the program, [`Order::record`] has written which one it is, so that whoever dies in
    /// between leaves no process that its successor does not find. A process that cannot become the
    /// program says so (see [`Order::failed`]) and ends.
    ///
    /// # Errors
    /// When no process can be made.
    fn start(&mut self, order: &Order<'_>) -> io::Result<Child>;

    /// Keeps what [`super::kept::Kept::resume`] needs, where another process of the same supervisor is
    /// to go on when this one dies; the last one counts. It comes before the start that it knows
    /// nothing of, and after the end that it tells of.
    fn remember(&mut self, note: &[u8]) {
        let _ = note;
    }
}
