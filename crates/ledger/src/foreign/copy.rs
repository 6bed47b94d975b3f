//! A copy in which a journal is played back.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a database and its journals that are copied, at most.
const MOST: u64 = 2 << 30;

/// Names that are tried for the directory.
const TRIES: u32 = 100;

/// A database and its journals in a directory of their own, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Copy {
    folder: PathBuf,
    path: PathBuf,
}

impl Copy {
    /// Copies one.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let folder = folder()?;
        let copy = Self { path: folder.join("copy.sqlite3"), folder };
        let mut left = MOST;
        for end in ["", "-journal", "-wal"] {
            match File::open(with(path, end)) {
                Ok(from) => left = left.saturating_sub(bytes(from, &with(&copy.path, end), left)?),
                Err(error) if error.kind() == ErrorKind::NotFound && !end.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(copy)
    }

    /// Where the copy lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nobody is there to be told; the directory is one for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new directory that is the caller's alone.
fn folder() -> io::Result<PathBuf> {
    let below = std::env::temp_dir();
    let own = std::process::id();
    for number in 0..TRIES {
        let folder = below.join(format!("portreeve-import-{own}-{number}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn bytes(from: File, to: &Path, most: u64) -> io::Result<u64> {
    let mut to = File::create_new(to)?;
    let copied = io::copy(&mut from.take(most.saturating_add(1)), &mut to)?;
    if copied > most {
        let why = "it is longer than is copied";
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(copied)
}
