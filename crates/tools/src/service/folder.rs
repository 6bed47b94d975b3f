//! The folders that commands go through, one after the other.

use crate::reason::reason;
use crate::trouble::Trouble;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::{chdir, fchdir};
use std::ffi::OsString;
use std::os::fd::OwnedFd;

/// Where a command was called, to come back to.
#[derive(Debug)]
pub(super) struct Home(OwnedFd);

impl Home {
    pub(super) fn open() -> Result<Self, Trouble> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let here = openat(rustix::fs::CWD, ".", flags, Mode::empty());
        here.map(Self)
            .map_err(|error| Trouble::system("unable to open current directory", &error.into()))
    }

    /// Does something in a folder, or with why it cannot be entered; then it is here again.
    pub(super) fn visit(
        &self,
        folder: &OsString,
        deed: impl FnOnce(Result<(), Errno>),
    ) -> Result<(), Trouble> {
        deed(chdir(folder));
        fchdir(&self.0).map_err(|error| Trouble::system("unable to set directory", &error.into()))
    }
}

/// A file of a supervisor's, opened without waiting for anybody. Errors are the caller's to name.
pub(super) fn open(path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(rustix::fs::CWD, path, flags, Mode::empty())
}

/// A folder to stand in without going there: refused where going there would be.
pub(super) fn stand(folder: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(rustix::fs::CWD, folder, flags, Mode::empty())?;
    rustix::fs::statat(&opened, ".", rustix::fs::AtFlags::empty())?;
    Ok(opened)
}

/// An error in the suite's words.
pub(crate) fn because(error: Errno) -> &'static str {
    reason(&error.into())
}
