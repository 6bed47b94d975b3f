//! What only one door of a folder can have: the lock, the control socket, the clerk's directories.

use crate::args::Args;
use crate::door::Door;
use crate::door::failed::{Failed, system};
use crate::door::paths::Paths;
use crate::succession::handing;
use crate::succession::legacy::Legacy;
use portreeve_model::Resolved;
use portreeve_sys::channel::{self, ControlError};
use portreeve_sys::file;
use std::fs::{File, TryLockError};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

/// How an alarm about a directory of ours begins.
const NO_DIRECTORY: &str = "the clerk has no directory: ";

/// The lock, the control socket and the directories: only one door has them.
pub(crate) fn take_places(paths: &Paths, resolved: &Resolved) -> Result<(File, OwnedFd), Failed> {
    let lock = only_door(paths)?;
    let control = open_control(paths, resolved)?;
    make_directories(paths, resolved)?;
    Ok((lock, control))
}

/// What the door that is here hands over, if one is: it must be closing, or that be wanted.
pub(crate) fn handed_over(paths: &Paths, args: &Args) -> Result<Option<Legacy>, Failed> {
    let path = paths.run.join("lock");
    let Ok(lock) = File::options().write(true).open(&path) else { return Ok(None) };
    if !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(None); // nobody is here; it is taken for good in a moment
    }
    match handing::ask(paths, args.successor) {
        Ok(legacy) => Ok(Some(legacy)),
        Err(why) => Err(Failed::System(format!(
            "another door is open here, and does not make way: {why}; it holds `{}`, and \
             `portreeve status` tells how it is",
            path.display()
        ))),
    }
}

/// Takes the lock that makes this the one door of its folder; it goes with the process.
fn only_door(paths: &Paths) -> Result<File, Failed> {
    file::make_state_dir(&paths.run, 0o755, None)
        .map_err(system(&format!("make `{}`", paths.run.display())))?;
    let path = paths.run.join("lock");
    let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let lock = open.map_err(system(&format!("open `{}`", path.display())))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failed::System(format!(
            "another door is open, or closing while its sessions go on: it holds `{}`; \
             `portreeve status` tells which, and a second SIGTERM ends one that is closing",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(system("lock this door's folder")(error)),
    }
}

fn open_control(paths: &Paths, resolved: &Resolved) -> Result<OwnedFd, Failed> {
    channel::control_listen(&paths.control, 0o660, resolved.control_group).map_err(|error| {
        match error {
            ControlError::InUse(path) => {
                Failed::System(format!("another door is open: it answers on `{}`", path.display()))
            }
            other @ (ControlError::NotASocket(_) | ControlError::Os(..)) => {
                Failed::System(other.to_string())
            }
        }
    })
}

/// The clerk's directories belong to the clerk.
fn make_directories(paths: &Paths, resolved: &Resolved) -> Result<(), Failed> {
    let owner = resolved.clerk.as_ref().map(|ids| (ids.uid, ids.gid));
    for dir in [&paths.state, &paths.log] {
        file::make_state_dir(dir, 0o750, owner)
            .map_err(system(&format!("make `{}`", dir.display())))?;
    }
    Ok(())
}

impl Door {
    /// Makes the clerk's directories where they are missing.
    pub(crate) fn make_directories(&mut self) {
        self.alarms.retain(|alarm| !alarm.starts_with(NO_DIRECTORY));
        if let Err(Failed::Usage(why) | Failed::Configuration(why) | Failed::System(why)) =
            make_directories(&self.paths, &self.current.resolved)
        {
            self.alarm(&format!("{NO_DIRECTORY}{why}"));
        }
    }
}
