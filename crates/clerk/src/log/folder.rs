//! The log's own directory, held by a descriptor: nothing here follows a path again.

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The newest file's name; older ones have a number after it.
const NAME: &str = "events.jsonl";

/// Old files looked for when fewer are to be kept than before.
const MOST_KEPT: u32 = 10_000;

/// The directory of the event log.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd, PathBuf);

/// The name of the file that was rotated so often; 0 is the newest.
fn name(number: u32) -> String {
    if number == 0 { NAME.into() } else { format!("{NAME}.{number}") }
}

impl Folder {
    /// Opens it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?, path.to_owned()))
    }

    /// Whether it is still what its path leads to. Where the path cannot be followed, it is, unless
    /// it was removed.
    pub(crate) fn is_there(&self) -> bool {
        match (rustix::fs::fstat(&self.0), rustix::fs::stat(&self.1)) {
            (Ok(ours), _) if ours.st_nlink == 0 => false,
            (Ok(ours), Ok(named)) => (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino),
            (Ok(_), Err(error)) => error != Errno::NOENT,
            (Err(_), _) => true,
        }
    }

    /// Opens the newest file for appending, and makes it if it is missing.
    pub(crate) fn newest(&self) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE;
        self.file(0, flags)
    }

    /// Opens a file for reading; `None` if there is none of that number.
    pub(crate) fn read(&self, number: u32) -> Option<File> {
        self.file(number, OFlags::RDONLY).ok()
    }

    fn file(&self, number: u32, flags: OFlags) -> io::Result<File> {
        let careful = OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o640);
        let fd = rustix::fs::openat(&self.0, name(number), flags | careful, mode)?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode);
        if kind != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(fd.into())
    }

    /// Whether this is still the newest file: nobody has moved or removed it.
    pub(crate) fn is_newest(&self, file: &File) -> bool {
        let ours = rustix::fs::fstat(file);
        let named = rustix::fs::statat(&self.0, NAME, AtFlags::SYMLINK_NOFOLLOW);
        match (ours, named) {
            (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
            _ => false,
        }
    }

    /// Gives every file the next number and removes those past `keep`. Stops at the first failure:
    /// no file is ever renamed over another that is to be kept.
    pub(crate) fn rotate(&self, keep: u32) -> io::Result<()> {
        // Also those that an earlier, larger `keep` left behind.
        let _removed = (keep.max(1)..MOST_KEPT).take_while(|number| self.remove(*number)).count();
        if keep == 0 {
            return missing_is_fine(rustix::fs::unlinkat(&self.0, NAME, AtFlags::empty()));
        }
        for number in (0..keep).rev() {
            let (from, to) = (name(number), name(number.saturating_add(1)));
            missing_is_fine(rustix::fs::renameat(&self.0, from, &self.0, to))?;
        }
        Ok(())
    }

    /// Removes one; says whether it was there.
    fn remove(&self, number: u32) -> bool {
        rustix::fs::unlinkat(&self.0, name(number), AtFlags::empty()).is_ok()
    }
}

fn missing_is_fine(outcome: Result<(), Errno>) -> io::Result<()> {
    match outcome {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
