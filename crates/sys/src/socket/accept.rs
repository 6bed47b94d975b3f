//! Taking connections.

use std::{
    fmt, io,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    ptr,
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

/// Makes the socket of an IPv4 peer that came by an IPv6 listener an IPv4 socket
/// (`IPV6_ADDRFORM`): programs ask `getpeername`, and many know what to do with IPv4 alone.
///
/// # Errors
/// Those of setsockopt(2): it is no IPv6 socket, its peer has no IPv4 address, or the connection
/// is over already. The socket is as it was then.
pub fn as_ipv4(socket: impl AsFd) -> io::Result<()> {
    let family = libc::AF_INET;
    #[expect(clippy::cast_possible_truncation, reason = "four bytes")]
    let length = size_of_val(&family) as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel reads `length` bytes of `family`, which lives past the call.
    let done = unsafe {
        let value = ptr::from_ref(&family).cast();
        libc::setsockopt(fd, libc::IPPROTO_IPV6, libc::IPV6_ADDRFORM, value, length)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn an_ipv4_peer_of_an_ipv6_listener_becomes_ipv4_and_others_stay() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for (to, before, after) in [
            (format!("127.0.0.1:{port}"), "::ffff:127.0.0.1", "127.0.0.1"),
            (format!("[::1]:{port}"), "::1", "::1"),
        ] {
            let _near = TcpStream::connect(&to).unwrap();
            let (far, _) = listener.accept().unwrap();
            assert_eq!(far.peer_addr().unwrap().ip().to_string(), before);
            assert_eq!(as_ipv4(&far).is_ok(), before != after);
            assert_eq!(far.peer_addr().unwrap().ip().to_string(), after);
        }
    }
}
