//! What a dialect needs from the outside.

use crate::services;
use portreeve_model::Zone;

/// Reads files and lists directories for a dialect's includes. The implementer bounds what it
/// reads and decides whose files it trusts; a dialect bounds how much it asks for.
pub trait Files {
    /// The bytes of a regular file.
    ///
    /// # Errors
    /// [`ReadFailure`] when the file is missing, unreadable, not regular, too large or not trusted.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure>;

    /// The bytes of a regular file, or nothing where there is none.
    ///
    /// # Errors
    /// As [`Files::read`], but for one that is missing.
    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure>;

    /// The entries of a directory, in any order, without `.` and `..`.
    ///
    /// # Errors
    /// [`ReadFailure`] when it is missing, unreadable, no directory, too large or not trusted.
    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, ReadFailure>;

    /// A variable of the environment.
    fn variable(&mut self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its last component; bytes that are not UTF-8 stand as U+FFFD.
    pub name: String,
    /// What it leads to.
    pub kind: EntryKind,
}

/// What a directory entry leads to, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// Anything else that exists.
    Other,
    /// A link to nothing, or something whose kind could not be asked.
    Dangling,
}

/// Why something could not be read: a phrase such as `no such file or directory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFailure {
    /// The phrase.
    pub reason: String,
}

/// What a dialect must know of the host.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a> {
    /// /etc/services.
    pub services: &'a services::Table,
    /// The zone whose wall clock `access_times` means.
    pub zone: &'a Zone,
}
