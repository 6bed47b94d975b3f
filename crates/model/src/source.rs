//! What access lists are read from apart from the configuration.
//!
//! A configuration names these files; what is in them may change at any time, without a reload. The
//! compiler reads each into an *image*, bytes in which the door only looks things up.

use crate::{MissingRules, Origin};
use serde::{Deserialize, Serialize};

/// The place of a source in [`Config::sources`](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub u32);

/// One source; services share it when they name the same files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// What is read, and how.
    pub kind: SourceKind,
    /// Where it was first named.
    pub origin: Origin,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Source {}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceKind {
    /// A native list: an address, network, range or name on each line.
    List(SourceFile),
    /// Rules of tcprules(1): a database, or the text that one is made from.
    Rules {
        /// Where they are.
        file: SourceFile,
        /// What a file that is not there means.
        missing: MissingRules,
    },
    /// hosts.allow and hosts.deny (hosts_access(5)), and whatever files they name.
    Wrappers {
        /// Searched first; its rules grant.
        allow: SourceFile,
        /// Searched next; its rules refuse.
        deny: SourceFile,
    },
}

impl SourceKind {
    /// The files that the configuration itself names.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        let (first, second) = match self {
            Self::List(file) | Self::Rules { file, .. } => (file, None),
            Self::Wrappers { allow, deny } => (allow, Some(deny)),
        };
        std::iter::once(first).chain(second)
    }
}

/// A file of a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its absolute path.
    pub path: String,
    /// Its index in [`Config::files`](crate::Config): rules of the file cite it.
    pub file: u32,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for SourceFile {}

/// hosts.allow and hosts.deny are asked about a service. Two are equal when they ask the same,
/// wherever that was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrappersUse {
    /// The pair of files: a [`SourceKind::Wrappers`].
    pub source: SourceId,
    /// The name of the process that their rules are asked about.
    pub daemon: String,
    /// Where the name, or that they are asked, is written.
    pub origin: Origin,
}

impl PartialEq for WrappersUse {
    fn eq(&self, other: &Self) -> bool {
        (self.source, &self.daemon) == (other.source, &other.daemon)
    }
}

impl Eq for WrappersUse {}

/// A path whose change may change what a source says: a file that was read for it, a symbolic link
/// on the way, or the place of one that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Absolute, free of links but for its last component.
    pub path: String,
    /// What was there when the source was read.
    pub mark: Mark,
    /// Who tells of changes.
    pub reach: Reach,
}

/// What was found at a path: any change of it changes the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Nothing.
    Absent,
    /// Something, a link itself and not what it leads to.
    There {
        /// The file system's number.
        device: u64,
        /// Its number there.
        inode: u64,
        /// Bytes.
        size: u64,
        /// When its content changed: seconds since the epoch, and nanoseconds.
        modified: (i64, i64),
        /// When it was changed in any way, likewise.
        changed: (i64, i64),
    },
}

/// Who tells when a path changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// This host's kernel: nobody else changes the file system.
    Local,
    /// Others may change it unseen, and whoever looks may have to wait for them: a network's or a
    /// program's file system.
    Remote,
}
