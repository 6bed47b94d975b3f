//! Services that stay up, under faults: the keeper's two processes, the door, services and loggers are
//! killed at random, alone and together, while every service writes.
//!
//! What must hold at the end: each service runs exactly once, no second copy was ever there, no line
//! that was seen in a log is gone, and none is there twice.

mod host;
mod lines;
mod storm;

pub use storm::storm;

/// Who starts the keeper and the door again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// Whoever runs them by hand.
    Hand,
    /// A real systemd, by the shipped units.
    Units,
}

/// How long, how many, and in which order.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seconds of faults.
    pub seconds: u64,
    /// What the order of deeds begins with.
    pub seed: u64,
    /// Services of each kind: folders with a `run` and a `log`, and those of the configuration.
    pub services: usize,
    /// Who starts again what has died.
    pub under: Under,
}
