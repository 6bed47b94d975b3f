//! Monitor and the one-shot that opens the log files that are watched.

use serde::{Deserialize, Serialize};

/// What it is asked on descriptor 0, as one stream frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// Files to be opened; absolute paths, which may be patterns.
    pub patterns: Vec<String>,
    /// Absolute paths: what the file at each may have been renamed or copied to is opened.
    pub beside: Vec<String>,
}

/// A file that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sighted {
    /// One of a pattern.
    File {
        /// Which.
        pattern: u32,
        /// Where it lies.
        path: String,
    },
    /// One beside a path.
    Beside {
        /// Which.
        asked: u32,
    },
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId {
    /// The file system's number.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
}

/// A file that must not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unopened {
    /// The pattern.
    pub pattern: u32,
    /// Where it lies.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// A directory in which files may come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Where it lies.
    pub path: String,
    /// How the names begin that matter; empty: every name. One directory is told again when others
    /// matter too.
    pub name: Vec<u8>,
}

/// What is looked at, for a file system that may not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The pattern of this place in the question.
    Pattern(u32),
    /// What lies beside the paths.
    Neighbours,
}

/// What it answers over the channel on descriptor 3, in packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    /// Where it is, once what stands below has been found; nothing else stands beside it.
    pub step: Option<Step>,
    /// Files, each with one descriptor of the packet, in their order.
    pub files: Vec<(Sighted, FileId)>,
    /// Files that must not be read.
    pub unopened: Vec<Unopened>,
    /// Where files may come and go, each with one descriptor behind those of the files: the directory
    /// itself (`O_PATH`), on no network's and no program's file system.
    pub places: Vec<Place>,
    /// Nothing follows.
    pub last: bool,
}

/// Things of one packet, at most: paths and names are 4 KiB and 256 bytes long at most.
pub const SIGHTINGS: usize = 16;
