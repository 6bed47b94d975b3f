//! What comes of a question to the DNS.

use std::fmt;
use std::time::Duration;

/// What the DNS says, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found<T> {
    /// What it says; nothing, if it says that there is nothing.
    pub(crate) what: T,
    /// How long that holds.
    pub(crate) life: Duration,
}

/// Why the DNS said neither yes nor no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No server answered in time.
    Timeout,
    /// A server answered that it cannot, or nonsense, or cannot be reached.
    Server(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("timeout"),
            Self::Server(why) => f.write_str(why),
        }
    }
}
