//! Monitor and the one-shot compiler.

use portreeve_model::{Config, Resolved};
use serde::{Deserialize, Serialize};

/// Bytes of a compiled configuration, at most: some ten thousand services. Decoded it takes many
/// times as much, and it is root that decodes it.
pub const MAX_ANSWER: usize = 16 << 20;

/// What the compiler writes to descriptor 3, as one stream frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The configuration passed.
    Compiled {
        /// The configuration.
        config: Box<Config>,
        /// What the host says about it.
        resolved: Box<Resolved>,
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
}
