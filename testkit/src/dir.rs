//! A folder of a test or a world, on the real file system, removed with its owner.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::must::Must;

/// Start of the folders' names, by which leftovers are known.
const PREFIX: &str = "portreeve-world-";

/// How old a folder without an owner must be before it is swept: its owner may be just starting.
const OLD: Duration = Duration::from_secs(60);

/// A folder that exists as long as this value does.
#[derive(Debug)]
pub struct Dir {
    path: PathBuf,
    /// Locked while the owner lives; the kernel lets go when it dies, however it dies.
    _lock: File,
}

impl Dir {
    /// A new, empty folder that every user may enter but only root may write.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// As [`Dir::new`], but in memory where the system has such a place: for what writes through to
    /// the disk a thousand times.
    ///
    /// # Panics
    /// As [`Dir::new`].
    #[must_use]
    pub fn in_memory() -> Self {
        let place = Path::new("/dev/shm");
        if place.is_dir() { Self::below(place) } else { Self::new() }
    }

    fn below(base: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = fs::canonicalize(base).must("find the temporary folder");
        every_user_may_enter(&base);
        sweep(&base);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o755).create(&path) {
                Ok(()) => return Self::lock(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("make {}: {error}", path.display()),
            }
        }
    }

    fn lock(path: PathBuf) -> Self {
        // The mode given at creation is cut by the umask.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).must("open the folder");
        let lock = File::create(path.join("lock")).must("make the lock file");
        flock(&lock, FlockOperation::NonBlockingLockExclusive).must("lock the folder");
        Self { path, _lock: lock }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Default for Dir {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        if std::env::var_os("PORTREEVE_KEEP_WORLDS").is_none() {
            // A leftover is no reason to fail a test; the next world sweeps it.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Services run as ordinary users and must reach their homes and programs below this folder.
fn every_user_may_enter(base: &Path) {
    for folder in base.ancestors() {
        let mode = fs::metadata(folder).must(folder.display()).permissions().mode();
        let open = mode & 0o001 != 0;
        assert!(open, "{} is closed to other users: set TMPDIR elsewhere", folder.display());
    }
}

/// Removes the folders of test processes that were killed before they could clean up.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_leftover(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_leftover(path: &Path) -> bool {
    let Ok(lock) = File::open(path.join("lock")) else { return false };
    let age = lock.metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age > OLD)
        && flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_is_safe_while_owned() {
        let dir = Dir::new();
        let path = dir.path().to_path_buf();
        assert!(path.is_dir());
        let open = File::open(path.join("lock")).unwrap();
        assert!(flock(&open, FlockOperation::NonBlockingLockExclusive).is_err(), "held");
        drop(dir);
        assert!(!path.exists());
    }
}
