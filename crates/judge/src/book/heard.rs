//! A finding, with all that is known of the line it was made of.

use portreeve_detect::Finding;
use portreeve_wire::event::SessionRef;

/// Where a line came from, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice<'a> {
    /// A session's own standard error: the peer is the kernel's word.
    Pipe(&'a SessionRef),
    /// A session's own log socket: likewise.
    Socket(&'a SessionRef),
    /// The journal, with what the kernel says of the writer checked; of this watch.
    Journal(&'a str),
    /// A file, which whoever may write to it can put anything into.
    File {
        /// The watch.
        watch: &'a str,
        /// Its name, under which it is followed over rotations.
        path: &'a str,
    },
}

impl<'a> Voice<'a> {
    /// Its word in events and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pipe(_) => "pipe",
            Self::Socket(_) => "socket",
            Self::Journal(_) => "journal",
            Self::File { .. } => "file",
        }
    }

    /// The session whose own it is.
    pub const fn session(self) -> Option<&'a SessionRef> {
        match self {
            Self::Pipe(session) | Self::Socket(session) => Some(session),
            Self::Journal(_) | Self::File { .. } => None,
        }
    }

    /// The watch it belongs to.
    pub const fn watch(self) -> Option<&'a str> {
        match self {
            Self::Pipe(_) | Self::Socket(_) => None,
            Self::Journal(watch) | Self::File { watch, .. } => Some(watch),
        }
    }

    /// Which source it is: two lines of one source are two things said.
    pub(super) fn source(self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Pipe(_) => 0_u8.hash(&mut hasher),
            Self::Socket(_) => 1_u8.hash(&mut hasher),
            Self::Journal(_) => 2_u8.hash(&mut hasher),
            Self::File { path, .. } => (3_u8, path).hash(&mut hasher),
        }
        hasher.finish()
    }
}

/// A finding.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// When it was said, in milliseconds since the epoch: of a file's line the time that it says, of an
    /// entry of the journal that when it is caught up with, else now.
    pub at: u64,
    /// Where the line came from.
    pub voice: Voice<'a>,
    /// Key of the service it is about: the session's, or what the watch says; may be empty.
    pub service: &'a str,
    /// The detector or filter that found it.
    pub detector: &'a str,
    /// The host that wrote the line; empty for this one. A line that names this host has it empty.
    pub host: &'a [u8],
    /// The process that wrote it, where that is known.
    pub pid: Option<u32>,
    /// What it said, for lines of which no process is known.
    pub text: &'a [u8],
    /// What was found.
    pub finding: &'a Finding,
}
