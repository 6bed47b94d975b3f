//! How a process ended.

use std::fmt;

/// How a process ended, as far as anybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Code(u8),
    /// A signal of this number ended it.
    Signal(u8),
    /// It was not our child, and nobody could tell.
    Unknown,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("nobody knows how"),
        }
    }
}
