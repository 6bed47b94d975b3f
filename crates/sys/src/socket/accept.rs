//! Taking connections.

use std::{
    fmt, io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{io::Errno, net::SocketFlags};

use super::address::internet;

/// A connection taken from a listener.
#[derive(Debug)]
pub struct Accepted {
    /// The socket: blocking, as services expect it, and close-on-exec.
    pub fd: OwnedFd,
    /// Who the kernel says is there; IPv4 in IPv6 already unmapped.
    pub peer: SocketAddr,
}

/// Why a connection was not taken.
#[derive(Debug)]
pub enum AcceptError {
    /// No descriptors or memory left: the connection still waits; pause the listener.
    Exhausted(io::Error),
    /// That connection is gone or was refused below us: go on with the next.
    Transient(io::Error),
    /// The listener itself is no good.
    Fatal(io::Error),
}

impl AcceptError {
    fn of(errno: Errno) -> Self {
        match errno {
            Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => {
                Self::Exhausted(errno.into())
            }
            // accept(2): errors already pending on the new socket come back from accept, and a
            // firewall's refusal is EPERM.
            Errno::CONNABORTED
            | Errno::INTR
            | Errno::PERM
            | Errno::NETDOWN
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::HOSTDOWN
            | Errno::NONET
            | Errno::HOSTUNREACH
            | Errno::OPNOTSUPP
            | Errno::NETUNREACH
            | Errno::TIMEDOUT => Self::Transient(errno.into()),
            _ => Self::Fatal(errno.into()),
        }
    }

    /// The kernel's answer.
    #[must_use]
    pub const fn error(&self) -> &io::Error {
        match self {
            Self::Exhausted(error) | Self::Transient(error) | Self::Fatal(error) => error,
        }
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot accept a connection: {}", self.error())
    }
}

impl std::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}

/// Takes the next connection of a non-blocking listener; `None` when none waits. One system call.
///
/// # Errors
/// Classed by what the caller can do: see [`AcceptError`].
pub fn accept(listener: impl AsFd) -> Result<Option<Accepted>, AcceptError> {
    match rustix::net::acceptfrom_with(listener, SocketFlags::CLOEXEC) {
        Ok((fd, peer)) => {
            let peer = peer.ok_or_else(|| io::ErrorKind::NotConnected.into()).and_then(internet);
            Ok(Some(Accepted { fd, peer: peer.map_err(AcceptError::Transient)? }))
        }
        Err(Errno::AGAIN) => Ok(None),
        Err(errno) => Err(AcceptError::of(errno)),
    }
}
