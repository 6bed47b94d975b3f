//! Landlock and seccomp for our own leaf processes, entered once and proved.
//!
//! A crate of its own, so that root's process, whose children would inherit both, links neither.
//!
//! Enter it single-threaded, before any runtime exists: Landlock binds the calling thread and what
//! it starts. Never in the process that spawns services: they would inherit it.
//!
//! The floor is Landlock ABI 2 (Linux 6.1): no rule on TCP before ABI 4 and none on abstract sockets
//! before 6, so that the filter of system calls denies what matters by itself.
#![forbid(unsafe_code)]

mod calls;
mod filter;
pub mod leaf;
mod paths;

use std::{io, path::PathBuf};

/// Which system calls a process may make.
///
/// A call that no profile knows answers `EPERM`. `clone3` answers `ENOSYS`, so that libc makes
/// threads by `clone`, whose flags a filter can see; no other process can be made. Those that only
/// an attacker would try (execve, ptrace, mount, setns, bpf, listen and their like; for the clerk
/// and the relay also bind) end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The clerk: files of its own, `SQLite`, a one-threaded runtime, inherited channels. No socket
    /// but pairs.
    Clerk,
    /// The relay: reading files, and connecting Internet streams and datagrams. Bound sockets come
    /// from the monitor.
    Relay,
    /// The firewall: what it was given, and a socket to the packet filter that it opened before; no
    /// file, and no other socket.
    Firewall,
    /// The one-shot compiler: reading files, and asking NSS, which may load libraries and connect.
    Compile,
    /// The one-shot that keeps a hosts.deny: files of one folder, with their owner and attributes. No
    /// socket.
    HostsDeny,
    /// The one-shot that hands a mail to a server: reading files, asking NSS for its name, connecting.
    Mail,
}

/// What a process is confined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// Files and directories (with all below) to be read. One that cannot be opened is left out.
    pub read_paths: Vec<PathBuf>,
    /// Directories in which files may be made, written, renamed and removed.
    pub write_dirs: Vec<PathBuf>,
    /// The system calls.
    pub seccomp: Profile,
}

/// How far a process is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// The Landlock ABI in force; `None` when the kernel has none: to be reported, never silent.
    pub landlock: Option<u32>,
    /// Whether the system call filter is in force.
    pub seccomp: bool,
}

impl Sandbox {
    /// Confines this thread and all it starts, for good, and proves it. `no_new_privs` is set.
    ///
    /// # Errors
    /// Those of the kernel but a missing Landlock, which is told in the answer; `ENOENT` when a
    /// directory to be written is not there; `Other` when the filter turns out not to hold.
    pub fn enter(self) -> io::Result<Confinement> {
        portreeve_sys::privileges::set_no_new_privs()?;
        let landlock = paths::restrict(&self)?;
        filter::install(self.seccomp)?;
        if !filter::holds() {
            return Err(io::Error::other("the filter of system calls does not hold"));
        }
        Ok(Confinement { landlock, seccomp: true })
    }
}
