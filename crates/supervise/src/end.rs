//! How a process ended.

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
