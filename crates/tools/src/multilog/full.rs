//! Full files of a log, on their way to the disk.
//!
//! A busy log would spend its time waiting for the disk after each file, most of them for files that
//! are removed before long. So full files wait for each other as long as there is more to read, at
//! most [`BYTES`] and [`FILES`] of them: a tenth of a second of a log that is as busy as that. The
//! last one's name is `previous`; those before it have names that say that they may not be whole
//! (`.u`) until they are on the disk (`.s`).

use super::insist;
use portreeve_supervise::label::TEXT;
use rustix::fs::{Mode, fchmod, fstat, fsync, renameat};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

/// Bytes that wait, those of the last file included.
const BYTES: u64 = 4 << 20;

/// Files that wait, each with a descriptor.
const FILES: usize = 64;

/// A file that is finished.
pub(super) const FINISHED: Mode = Mode::from_raw_mode(0o744);

/// Those of one log.
#[derive(Default)]
pub(super) struct Full {
    /// The last one is `previous`.
    files: Vec<(File, [u8; TEXT])>,
    bytes: u64,
}

impl Full {
    /// The last one is to be followed by another: its name is of its moment from now on.
    pub(super) fn make_way(&self, folder: &OwnedFd, name: &str) {
        let Some((_, label)) = self.files.last() else { return };
        let unsure = named(label, 'u');
        insist(
            || format!("unable to rename {name}/previous to {unsure}"),
            || renamed(folder, "previous", &unsure),
        );
    }

    /// Takes the file of so many bytes that is `previous` now, and its moment. Says whether that is
    /// enough for now.
    pub(super) fn take(&mut self, file: File, label: [u8; TEXT], bytes: u64) -> bool {
        self.files.push((file, label));
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes >= BYTES || self.files.len() >= FILES
    }

    /// Whether there are any.
    pub(super) fn wait(&self) -> bool {
        !self.files.is_empty()
    }

    /// Comes back when all of them are on the disk and named so. What was removed meanwhile, because
    /// there are enough newer ones, is nobody's any more.
    pub(super) fn finish(&mut self, folder: &OwnedFd, name: &str) {
        self.bytes = 0;
        let last = self.files.len().saturating_sub(1);
        for (number, (file, label)) in self.files.drain(..).enumerate() {
            if fstat(&file).is_ok_and(|stat| stat.st_nlink == 0) {
                continue;
            }
            let is = if number == last { "previous".to_owned() } else { named(&label, 'u') };
            let sure = named(&label, 's');
            insist(|| format!("unable to write {name}/{is} to disk"), || Ok(fsync(&file)?));
            insist(
                || format!("unable to set mode of {name}/{is}"),
                || Ok(fchmod(&file, FINISHED)?),
            );
            insist(
                || format!("unable to rename {name}/{is} to {sure}"),
                || renamed(folder, &is, &sure),
            );
        }
    }
}

/// Gives a file another name, unless somebody has removed it.
fn renamed(folder: &OwnedFd, old: &str, new: &str) -> io::Result<()> {
    match renameat(folder, old, folder, new) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The name of an old file.
pub(super) fn named(label: &[u8; TEXT], kind: char) -> String {
    format!("{}.{kind}", String::from_utf8_lossy(label))
}
