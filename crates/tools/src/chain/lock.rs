//! setlock: a program that runs while a file is locked.

use super::Program;
use crate::applet::Call;
use crate::options::{Options, shown};
use crate::trouble::Trouble;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use std::ffi::OsString;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::process::ExitCode;

/// `setlock -nNxX FILE PROGRAM`. The lock is the program's and that of whatever it starts: it lives
/// as long as one of them has the descriptor.
pub(crate) fn setlock(call: &Call) -> Result<ExitCode, Trouble> {
    let (mut wait, mut silent) = (true, false);
    let mut options = Options::of(call, "nNxX");
    while let Some(chosen) = options.take()? {
        match chosen.letter {
            b'n' => wait = false,
            b'N' => wait = true,
            b'x' => silent = true,
            _ => silent = false,
        }
    }
    let (file, words) = options.operands().split_first().ok_or(Trouble::Usage)?;
    let program = Program::of(words).ok_or(Trouble::Usage)?;
    match locked(file, wait) {
        Ok(lock) => {
            let _ = lock.into_raw_fd(); // for the program to keep
            Err(program.run())
        }
        Err(_) if silent => Ok(ExitCode::SUCCESS),
        Err(trouble) => Err(trouble),
    }
}

fn locked(file: &OsString, wait: bool) -> Result<OwnedFd, Trouble> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK;
    let opened = openat(rustix::fs::CWD, file, flags, Mode::from_raw_mode(0o600));
    let deed = |what: &str| format!("unable to {what} {}", shown(file));
    let opened = opened.map_err(|error| Trouble::system(&deed("open"), &error.into()))?;
    let operation = match wait {
        true => FlockOperation::LockExclusive,
        false => FlockOperation::NonBlockingLockExclusive,
    };
    let got = rustix::io::retry_on_intr(|| flock(&opened, operation));
    got.map_err(|error| Trouble::system(&deed("lock"), &error.into()))?;
    Ok(opened)
}
