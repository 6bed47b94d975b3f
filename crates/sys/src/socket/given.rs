//! Listening sockets that somebody else opened: a service manager, or the door before us.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
};

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::listen::{ListenOptions, reconfigure};

/// Where a given socket listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its own address, as the kernel has it.
    pub address: SocketAddr,
    /// Whether IPv4 peers come in on it too, being an IPv6 socket.
    pub dual: bool,
    /// The socket's number in the kernel: two descriptors of one socket have the same.
    pub inode: u64,
}

/// Where this descriptor listens, if it is a listening TCP socket.
///
/// # Errors
/// `InvalidInput` when it is something else; those of getsockopt(2).
pub fn place(fd: impl AsFd) -> io::Result<Place> {
    let fd = fd.as_fd();
    let other = || io::Error::from(io::ErrorKind::InvalidInput);
    let family = sockopt::socket_domain(fd)?;
    let internet = family == AddressFamily::INET || family == AddressFamily::INET6;
    if !internet
        || sockopt::socket_type(fd)? != SocketType::STREAM
        || !sockopt::socket_acceptconn(fd)?
    {
        return Err(other());
    }
    let address = SocketAddr::try_from(rustix::net::getsockname(fd)?).map_err(|_| other())?;
    let dual = family == AddressFamily::INET6 && !sockopt::ipv6_v6only(fd)?;
    Ok(Place { address, dual, inode: rustix::fs::fstat(fd)?.st_ino })
}

/// Makes a given listening socket ours: non-blocking, close-on-exec, these options and this queue
/// length from now on. What waits in its queue stays there.
///
/// # Errors
/// Those of fcntl(2), setsockopt(2) and listen(2); the socket is closed then.
pub fn take(fd: OwnedFd, options: &ListenOptions) -> io::Result<OwnedFd> {
    crate::pipe::set_nonblocking(&fd, true)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    reconfigure(&fd, options)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::super::listen;
    use super::*;

    #[test]
    fn only_listening_sockets_have_a_place() {
        let options = ListenOptions { backlog: 5, ..ListenOptions::default() };
        let at: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = listen(at, &options).unwrap();
        let found = place(&listener).unwrap();
        assert_eq!((found.address.ip(), found.dual), (at.ip(), false));
        assert_eq!(place(listener.try_clone().unwrap()).unwrap(), found);
        let client = std::net::TcpStream::connect(found.address).unwrap();
        assert!(place(&client).is_err());
        assert!(place(std::fs::File::open("/dev/null").unwrap()).is_err());
        let taken = take(listener, &ListenOptions { backlog: 9, ..options }).unwrap();
        assert!(super::super::accept(&taken).unwrap().is_some(), "the queue is kept");
    }

    #[test]
    fn a_dual_socket_says_so() {
        let options = ListenOptions { v6only: Some(false), backlog: 5, ..ListenOptions::default() };
        if let Ok(listener) = listen("[::]:0".parse().unwrap(), &options) {
            assert!(place(&listener).unwrap().dual);
        }
    }
}
