//! What becomes of the sessions when the door is told to stop.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How sessions and door part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parting {
    /// The door takes nobody any more, and ends with its last session.
    Wait,
    /// The sessions are told to end, and killed if they do not.
    End,
    /// The door ends at once; the sessions go on without it.
    Leave,
}

/// What stopping means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnStop {
    /// What becomes of the sessions.
    pub sessions: Parting,
    /// After waiting so long they are told to end; told to end, they are killed so long after.
    /// Nothing for [`Parting::Leave`].
    pub within: Option<Duration>,
}

impl Parting {
    /// The words of the configuration.
    pub const WORDS: [(&'static str, Self); 3] =
        [("wait", Self::Wait), ("end", Self::End), ("leave", Self::Leave)];

    /// Its word in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::End => "end",
            Self::Leave => "leave",
        }
    }
}
