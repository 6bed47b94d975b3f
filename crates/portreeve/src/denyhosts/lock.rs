//! LOCK_FILE: who runs.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The lock, held. It is taken away when it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    held: bool,
}

impl Lock {
    /// Takes it; `unlock`: one that was left is taken away first.
    ///
    /// # Errors
    /// Somebody has it, who is named, or it cannot be made.
    pub(super) fn take(path: &str, unlock: bool) -> Result<Self, String> {
        let path = PathBuf::from(path);
        if unlock && path.is_file() {
            fs::remove_file(&path)
                .map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o644);
        let mut file = options.open(&path).map_err(|error| {
            if error.kind() != ErrorKind::AlreadyExists {
                return format!("cannot make {}: {error}", path.display());
            }
            let pid = super::files::text(&path, 4096).unwrap_or_default();
            let pid = pid.trim();
            format!(
                "DenyHosts is locked by {} (pid: {pid}); if no such process is there, `--unlock` \
                 takes it away",
                path.display()
            )
        })?;
        let lock = Self { path, held: true };
        let written = writeln!(file, "{}", std::process::id()).and_then(|()| file.sync_all());
        written.map_err(|error| format!("cannot write {}: {error}", lock.path.display()))?;
        Ok(lock)
    }

    /// As [`Lock::take`], in a copy of the process that has it: its own number is written. The file is
    /// there all the time.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn taken_over(self) -> Result<Self, String> {
        let number = format!("{}\n", std::process::id());
        super::files::replace(&self.path, number.as_bytes(), 0o644)?;
        Ok(self)
    }

    /// Leaves it to a copy of this process.
    pub(super) fn leave(mut self) {
        self.held = false;
    }

    /// Takes it away.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn release(mut self) -> Result<(), String> {
        self.held = false;
        fs::remove_file(&self.path)
            .map_err(|error| format!("cannot remove {}: {error}", self.path.display()))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.held {
            let _nobody_to_tell = fs::remove_file(&self.path);
        }
    }
}

/// Who holds the lock of a path, if its file is there and holds a number.
pub(super) fn holder(path: &Path) -> Option<i32> {
    super::files::text(path, 4096)?.lines().next()?.trim().parse().ok()
}
