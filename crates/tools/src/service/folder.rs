//! The folders that commands go through, one after the other.

use crate::reason::reason;
use crate::trouble::Trouble;
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use rustix::process::{chdir, fchdir};
use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};

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

/// A new file to be written, and then renamed into its place. What has the name is removed: whoever may
/// write to the folder, and somebody else than the supervisor's user may, could have put a link or a
/// pipe there.
pub(crate) fn create(folder: BorrowedFd<'_>, path: &str, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let open = || openat(folder, path, flags, Mode::from_raw_mode(mode));
    match open() {
        Err(Errno::EXIST) => {
            unlinkat(folder, path, AtFlags::empty())?;
            open()
        }
        other => other,
    }
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
