//! Reading hosts.allow, hosts.deny and the files that they name.

use super::because;
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::wrappers::{list_file, read, unreadable_table};
use portreeve_model::wrappers::{ListFile, Table, Tables, Which};
use portreeve_sys::file::read_bounded;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of one of the two files, at most.
const LARGEST: usize = 64 << 20;

/// Bytes of a file that a rule names, at most.
const LARGEST_LIST: usize = 8 << 20;

/// Where the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// /etc.
    Etc,
    /// The current one, for a try.
    Current,
}

/// Both files, as read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) tables: Tables,
    pub(super) sources: Sources,
    pub(super) findings: Diagnostics,
    folder: Folder,
}

impl Loaded {
    /// The path of one of them, as messages name it.
    pub(super) fn path(&self, which: Which) -> String {
        self.folder.path(which).display().to_string()
    }
}

impl Folder {
    /// The path of one of the files.
    pub(super) fn path(self, which: Which) -> PathBuf {
        let name = which.to_string();
        match self {
            Self::Etc => Path::new("/etc").join(name),
            Self::Current => name.into(),
        }
    }

    /// Reads both. A file that is missing, or a folder, is as an empty one.
    pub(super) fn load(self) -> Loaded {
        let (mut sources, mut findings) = (Sources::new(), Diagnostics::new());
        let [allow, deny] = [Which::Allow, Which::Deny].map(|which| {
            let path = self.path(which);
            let shown = path.display().to_string();
            match read_bounded(&path, LARGEST) {
                Ok(content) => {
                    let bytes = &content.bytes;
                    Table::Rules(read(which, &shown, bytes, &mut sources, &mut findings))
                }
                Err(error) if is_empty(&error) => Table::default(),
                Err(error) => unreadable_table(&shown, &because(&error), &mut findings),
            }
        });
        Loaded { tables: Tables { allow, deny }, sources, findings, folder: self }
    }
}

fn is_empty(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory)
}

/// Reads a file that a rule names; what is wrong with it is told.
pub(super) fn list(path: &[u8]) -> (ListFile, Option<String>) {
    match list_bytes(path) {
        Ok(Some(bytes)) => (list_file(&bytes), None),
        Ok(None) => (ListFile::Missing, None),
        Err(why) => (ListFile::Unreadable, Some(why)),
    }
}

/// The bytes of a file that a rule names, if it is there.
///
/// # Errors
/// Why it cannot be read, in the ancestor's words.
pub(super) fn list_bytes(path: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let place = Path::new(OsStr::from_bytes(path));
    match read_bounded(place, LARGEST_LIST) {
        Ok(content) => Ok(Some(content.bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("open {}: {}", place.display(), because(&error))),
    }
}
