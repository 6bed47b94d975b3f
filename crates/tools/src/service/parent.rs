//! How a service's process is made: by whoever is, or stands for, its parent.

use super::child::Child;
use super::disk::Disk;
use crate::reason::reason;
use portreeve_supervise::label::Label;
use portreeve_supervise::machine::NOTE;
use portreeve_supervise::record::{Record, Role};
use portreeve_sys::Pid;
use portreeve_sys::spawn::{Plan, Step};
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
    /// As of [`Parent::remember`]: the last note that knows nothing of this process.
    pub(crate) note: [u8; NOTE],
}

impl Order<'_> {
    /// Writes down that this process, which began then, carries the order out.
    pub(crate) fn record(&self, boot: &str, pid: Pid, began: u64) {
        let pid = u32::try_from(pid.as_raw()).unwrap_or(0);
        self.disk.record(&Record { boot: boot.into(), pid, start: began, role: self.role });
    }
}

/// What is said when a service's process could not become this program, at this step.
pub(crate) fn failed(name: &str, program: &CStr, step: Step, error: &io::Error) -> String {
    let (file, why) = (program.to_string_lossy(), reason(error));
    let what = match (step, file.strip_prefix("./")) {
        (Step::Exec, Some(file)) => format!("{name}/{file}: {why}"),
        (Step::Exec, None) => format!("{name}: {file}: {why}"),
        (step, _) => format!("{name}: unable to {step}: {why}"),
    };
    format!("supervise: fatal: unable to start {what}\n")
}

/// Makes processes.
pub(crate) trait Parent {
    /// Makes a process that carries out an order; comes back without waiting for it to. Before the
    /// process is the program, [`Order::record`] has written which one it is, so that whoever dies in
    /// between leaves no process that its successor does not find. A process that cannot become the
    /// program says so (see [`failed`]) and ends.
    ///
    /// # Errors
    /// When no process can be made; `EBUSY` when too many others are being made just now.
    fn start(&mut self, order: &Order<'_>) -> io::Result<Child>;

    /// Keeps at once what [`super::kept::Kept::resume`] needs, where another process of the same
    /// supervisor is to go on when this one dies; the last one counts, with that of an order that was
    /// carried out since. `running` is the process of the service, 0 for none: of any other one's end
    /// it knows. It comes before anybody can see what it tells of.
    fn remember(&mut self, note: &[u8; NOTE], running: u32) {
        let _ = (note, running);
    }
}

/// A parent that need not remember: what follows at once will tell it.
pub(super) struct Unmoved<'a>(pub(super) &'a mut dyn Parent);

impl Parent for Unmoved<'_> {
    fn start(&mut self, order: &Order<'_>) -> io::Result<Child> {
        self.0.start(order)
    }
}
