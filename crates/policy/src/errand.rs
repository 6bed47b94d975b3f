//! What only a process of its own can find out: whether a command of a rule agrees, whether a host
//! is in a netgroup.
//!
//! An answer is kept by what was asked, not by the rule that asked: when the rules change while
//! somebody waits, it serves whichever rule asks the same.

use crate::Effects;
use serde::{Deserialize, Serialize};

/// Answers for one connection, at most: rules that ask for more cannot be followed.
pub const MOST_ERRANDS: usize = 8;

/// A question that a process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// `aclexec`: whether this shell command succeeds.
    Command {
        /// The command, with everything replaced.
        command: Vec<u8>,
        /// What the rules have wanted so far: variables, niceness, umask, user.
        so_far: Effects,
    },
    /// Whether a host is a member of a netgroup.
    Netgroup {
        /// The group.
        group: Vec<u8>,
        /// The host's name.
        host: Vec<u8>,
    },
}

/// What it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nobody knows: it could not be run, or did not end in time.
    Nothing,
}

impl Said {
    /// What a shell command says with its exit code; `None` when a signal ended it. The shell itself
    /// exits with 126 or 127 when it could not run the command: that says nothing.
    #[must_use]
    pub fn by_exit(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Yes,
            Some(126 | 127) | None => Self::Nothing,
            Some(_) => Self::No,
        }
    }
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What was asked.
    pub errand: Errand,
    /// What was answered.
    pub said: Said,
}

/// The answer to this question, if it was asked.
pub(crate) fn answer(done: &[Answered], errand: &Errand) -> Option<Said> {
    done.iter().find(|done| done.errand == *errand).map(|done| done.said)
}
