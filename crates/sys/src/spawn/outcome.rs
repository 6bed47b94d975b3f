//! What became of a start.

use std::{fmt, io, sync::Arc};

use super::Program;
use crate::process::Pid;

/// A deed of the child between its birth and the program's first instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Taking its own descriptor table and putting the descriptors in place.
    Descriptors,
    /// Waiting at its gate (see [`super::Connection::gate`]).
    Gate,
    /// A log socket of its own (see [`super::Connection::private_log`]).
    Log,
    /// Leading a session of its own (`setsid`).
    Session,
    /// Resource limits.
    Limits,
    /// The nice value.
    Nice,
    /// The new root directory.
    Chroot,
    /// The working directory.
    Directory,
    /// Signal dispositions and mask.
    Signals,
    /// `no_new_privs`.
    NoNewPrivs,
    /// Group and supplementary groups.
    Groups,
    /// The user, and the proof that the old one is gone.
    User,
    /// Capabilities kept or dropped.
    Capabilities,
    /// `execve` of the program's path.
    Exec,
    /// The helper that stands in where a child may not share our memory (`fs.suid_dumpable` = 1).
    Helper,
}

impl Step {
    /// Every step.
    const ALL: [Self; 15] = [
        Self::Descriptors,
        Self::Gate,
        Self::Log,
        Self::Session,
        Self::Limits,
        Self::Nice,
        Self::Chroot,
        Self::Directory,
        Self::Signals,
        Self::NoNewPrivs,
        Self::Groups,
        Self::User,
        Self::Capabilities,
        Self::Exec,
        Self::Helper,
    ];

    /// The number that stands for the step in shared memory; never 0.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Descriptors => 1,
            Self::Session => 2,
            Self::Limits => 3,
            Self::Nice => 4,
            Self::Chroot => 5,
            Self::Directory => 6,
            Self::Signals => 7,
            Self::NoNewPrivs => 8,
            Self::Groups => 9,
            Self::User => 10,
            Self::Capabilities => 11,
            Self::Exec => 12,
            Self::Helper => 13,
            Self::Gate => 14,
            Self::Log => 15,
        }
    }

    pub(super) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Descriptors => "pass descriptors",
            Self::Gate => "wait for leave",
            Self::Log => "put a log socket of its own in place",
            Self::Session => "start a session",
            Self::Limits => "set resource limits",
            Self::Nice => "set the nice value",
            Self::Chroot => "change the root directory",
            Self::Directory => "change the directory",
            Self::Signals => "reset signals",
            Self::NoNewPrivs => "give up new privileges",
            Self::Groups => "set groups",
            Self::User => "set the user",
            Self::Capabilities => "set capabilities",
            Self::Exec => "execute the program",
            Self::Helper => "run the exec helper",
        })
    }
}

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The program runs, or ran.
    Executed,
    /// This step failed with this errno; the child is dead and to be reaped.
    Failed {
        /// Which.
        step: Step,
        /// The kernel's error number.
        errno: i32,
    },
    /// A signal ended the child in this step; it is to be reaped.
    Killed {
        /// What it was about to do.
        step: Step,
    },
    /// The child had not executed the program in time; it has been sent `SIGKILL`.
    TimedOut {
        /// What it was about to do.
        step: Step,
    },
}

/// The end of one start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The child, as [`super::Spawner::spawn`] gave it.
    pub pid: Pid,
    /// The program that was to be started, whether or not the exec helper stood in.
    pub program: Arc<Program>,
    /// What became of it.
    pub result: Started,
}

/// May a program be started now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Yes.
    Yes,
    /// Too many starts are under way, but they get on: try again in a moment.
    Wait,
    /// Too many starts are under way, and for a tenth of a second none of those in the way has
    /// begun or come through: they are stuck.
    No,
}

/// Why no child was made.
#[derive(Debug)]
pub enum SpawnError {
    /// Too many starts are under way, in all or of this uid: try again after a moment.
    NoSlot,
    /// The connection does not fit the program: its descriptors or strings are at fault.
    Connection(super::BadConnection),
    /// The kernel refused: `EAGAIN` at a limit of processes, `ENOMEM`.
    Os(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlot => f.write_str("too many programs are being started"),
            Self::Connection(error) => error.fmt(f),
            Self::Os(error) => write!(f, "cannot make a process: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoSlot => None,
            Self::Connection(error) => Some(error),
            Self::Os(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back_by_number_and_zero_is_none() {
        for step in Step::ALL {
            assert_eq!(Step::from_number(step.number()), Some(step));
        }
        assert_eq!(Step::from_number(0), None);
        assert_eq!(Step::from_number(16), None);
    }
}
