//! How a service's process is made: by whoever is, or stands for, its parent.

use super::child::Child;
use super::disk::Disk;
use crate::reason::reason;
use portreeve_sys::spawn::Plan;
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
    #[expect(dead_code, reason = "for a supervisor of two processes")]
    pub(crate) passed: Vec<(BorrowedFd<'a>, RawFd)>,
}

impl Order<'_> {
    /// What is said when the process cannot become the program.
    pub(crate) fn failed(&self, error: &io::Error) -> String {
        let file = self.plan.path.to_string_lossy();
        let file = file.strip_prefix("./").unwrap_or(&file);
        format!(
            "supervise: fatal: unable to start {}/{file}: {}\n",
            self.disk.name(),
            reason(error)
        )
    }
}

/// Makes processes.
pub(crate) trait Parent {
    /// Makes a process that carries out an order; comes back without waiting for it to. Before the
    /// process is the program, [`Disk::record`] has written which one it is, so that whoever dies in
    /// between leaves no process that its successor does not find. A process that cannot become the
    /// program says so (see [`Order::failed`]) and ends.
    ///
    /// # Errors
    /// When no process can be made.
    fn start(&mut self, order: &Order<'_>) -> io::Result<Child>;
}
