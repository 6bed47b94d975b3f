//! Monitor and the one-shot compiler.

use portreeve_model::{Config, Resolved, Source, SourceId, Watched};
use serde::{Deserialize, Serialize};

/// Bytes of a compiled configuration, at most: some ten thousand services. Decoded it takes many
/// times as much, and it is root that decodes it.
pub const MAX_ANSWER: usize = 16 << 20;

/// Bytes of all images together, at most: some thirty million addresses.
pub const MAX_IMAGES: u64 = 1 << 30;

/// What the compiler is asked on descriptor 0, to read some sources again: as one stream frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reread {
    /// The configuration's files; origins point here.
    pub files: Vec<String>,
    /// What to read.
    pub sources: Vec<(SourceId, Source)>,
}

/// What reading a source gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The source.
    pub source: SourceId,
    /// Its image, or why there is none.
    pub outcome: Outcome,
    /// Everything that was looked at for it: a change there may change the image.
    pub watched: Vec<Watched>,
}

/// The outcome of reading a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its image lies in the memory file on descriptor 4.
    Read {
        /// Its first byte.
        offset: u64,
        /// How many there are.
        length: u64,
        /// How many entries it has.
        entries: u64,
    },
    /// The source cannot be used, for this reason.
    Bad(String),
}

/// What the compiler writes to descriptor 3, as one stream frame; the images it speaks of are in the
/// memory file on descriptor 4 by then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The configuration passed.
    Compiled {
        /// The configuration.
        config: Box<Config>,
        /// What the host says about it.
        resolved: Box<Resolved>,
        /// The images of its sources, in their order; each was read.
        images: Vec<Image>,
        /// Warnings and notes, rendered.
        findings: String,
    },
    /// It did not; nothing changes.
    Refused {
        /// All findings, rendered.
        findings: String,
        /// How many are errors.
        errors: u32,
    },
    /// What the host says now (answer to a `resolve`).
    Resolved(Box<Resolved>),
    /// Some sources, read again.
    Sources {
        /// What each gave.
        images: Vec<Image>,
        /// All findings, rendered.
        findings: String,
    },
}
