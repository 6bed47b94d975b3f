//! The folder `supervise` of a service: what its supervisor shows, and hears by.

use super::folder::because;
use crate::reason::reason;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::record::{self, Record};
use portreeve_supervise::status::{SIZE, Status};
use portreeve_sys::file::read_bounded;
use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, mkdir, mknodat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Its files, below the service's own folder, which is the current one.
const FOLDER: &str = "supervise";
const LOCK: &str = "supervise/lock";
const CONTROL: &str = "supervise/control";
const OK: &str = "supervise/ok";
const STATUS: &str = "supervise/status";
const NEW_STATUS: &str = "supervise/status.new";
const PROCESS: &str = "supervise/process";
const NEW_PROCESS: &str = "supervise/process.new";

const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The open files of a supervisor.
#[derive(Debug)]
pub(super) struct Disk {
    /// The service, as it was named.
    name: String,
    /// Held as long as the supervisor lives.
    _lock: OwnedFd,
    control: OwnedFd,
    /// So that the pipe never ends.
    _writer: OwnedFd,
}

impl Disk {
    /// Makes what is not there, and takes the lock.
    pub(super) fn open(name: &str) -> Result<Self, Trouble> {
        let _ = mkdir(FOLDER, Mode::RWXU); // it is there, or what follows says why not
        linked_folder(name)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK;
        let unlocked =
            |error: Errno| Trouble::because(&deed("acquire", name, LOCK), because(error));
        let lock = openat(CWD, LOCK, flags | OFlags::CLOEXEC, PRIVATE).map_err(unlocked)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(unlocked)?;
        let control = fifo(CONTROL, OFlags::RDONLY)
            .map_err(|error| Trouble::because(&deed("read", name, CONTROL), because(error)))?;
        let writer = fifo(CONTROL, OFlags::WRONLY)
            .map_err(|error| Trouble::because(&deed("write", name, CONTROL), because(error)))?;
        Ok(Self { name: name.into(), _lock: lock, control, _writer: writer })
    }

    /// Tells that this supervisor runs, as long as it is open.
    pub(super) fn open_ok(&self) -> Result<OwnedFd, Trouble> {
        fifo(OK, OFlags::RDONLY)
            .map_err(|error| Trouble::because(&deed("read", &self.name, OK), because(error)))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn control(&self) -> &OwnedFd {
        &self.control
    }

    /// What the last supervisor wrote.
    pub(super) fn status(&self) -> Option<Status> {
        let content = read_bounded(Path::new(STATUS), SIZE).ok()?;
        Status::from_bytes(&content.bytes)
    }

    /// Shows how the service is. Trouble is told, and no reason to end.
    pub(super) fn write(&self, status: Status) {
        if let Err((what, error)) = replace(STATUS, NEW_STATUS, &status.to_bytes(), 0o644) {
            let (name, error) = (&self.name, reason(&error));
            let to = if what == "rename" { " to status" } else { "" };
            say(format!("supervise: warning: unable to {what} {name}/{NEW_STATUS}{to}: {error}\n"));
        }
    }

    /// The process that the last supervisor started.
    pub(super) fn record(&self) -> Option<Record> {
        Record::parse(&read_bounded(Path::new(PROCESS), record::MOST).ok()?.bytes)
    }

    /// Which process the service is: written by that process itself, before it becomes the service.
    pub(super) fn write_record(&self, record: &Record) -> std::io::Result<()> {
        let text = record.to_text();
        replace(PROCESS, NEW_PROCESS, text.as_bytes(), 0o600).map_err(|(_, error)| error)
    }
}

/// `supervise` may be a link to a place that does not exist yet (as Debian's supervise has it).
fn linked_folder(name: &str) -> Result<(), Trouble> {
    if !matches!(rustix::fs::stat(FOLDER), Err(Errno::NOENT)) {
        return Ok(());
    }
    match rustix::fs::readlink(FOLDER, Vec::new()) {
        Ok(target) => {
            let _ = mkdir(target, Mode::RWXU); // what follows says why not
            Ok(())
        }
        Err(Errno::NOENT | Errno::INVAL) => Ok(()),
        Err(error) => {
            Err(Trouble::because(&format!("unable to readlink {name}/{FOLDER}"), because(error)))
        }
    }
}

/// A pipe with a name, opened without waiting for the other end.
fn fifo(path: &str, access: OFlags) -> Result<OwnedFd, Errno> {
    match mknodat(CWD, path, FileType::Fifo, PRIVATE, 0) {
        Ok(()) | Err(Errno::EXIST | Errno::ROFS | Errno::ACCESS) => {}
        Err(error) => return Err(error),
    }
    openat(CWD, path, access | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
}

/// Puts a file into another's place, whole; else what could not be done, and why.
fn replace(
    path: &str,
    beside: &str,
    bytes: &[u8],
    mode: u32,
) -> Result<(), (&'static str, std::io::Error)> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = openat(CWD, beside, flags, Mode::from_raw_mode(mode));
    let file = file.map_err(|error| ("open", error.into()))?;
    File::from(file).write_all(bytes).map_err(|error| ("write", error))?;
    rustix::fs::rename(beside, path).map_err(|error| ("rename", error.into()))
}

fn deed(what: &str, name: &str, file: &str) -> String {
    format!("unable to {what} {name}/{file}")
}
