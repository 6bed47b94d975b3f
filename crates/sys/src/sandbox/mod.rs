//! Landlock and seccomp for leaf processes: programs of ours that start no others.
//!
//! Enter it single-threaded, before any runtime exists: Landlock binds the calling thread and what
//! it starts. Never in the process that spawns services: they would inherit it.

use std::{io, path::PathBuf};

/// Which system calls a process may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The clerk: files of its own, `SQLite`, a one-threaded runtime, inherited channels.
    Clerk,
    /// The relay: as the clerk, and connecting Internet sockets.
    Relay,
    /// The one-shot compiler: reading files and asking NSS.
    Compile,
}

/// What a process is confined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// Files and directories (with all below) to be read. One that is missing is left out.
    pub read_paths: Vec<PathBuf>,
    /// Directories in which files may be made, written, renamed and removed.
    pub write_dirs: Vec<PathBuf>,
    /// The system calls.
    pub seccomp: Profile,
}

/// How far a process is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// The Landlock ABI in force; `None` when the kernel has none: to be reported.
    pub landlock: Option<u32>,
    /// Whether the system call filter is in force.
    pub seccomp: bool,
}

impl Sandbox {
    /// Confines this thread and all it starts, for good.
    ///
    /// # Errors
    /// Those of the kernel but a missing Landlock, which is told in the answer.
    pub fn enter(self) -> io::Result<Confinement> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
