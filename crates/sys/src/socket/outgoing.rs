//! Sockets that ask: for the relay, which may connect but not bind, and for the monitor, which
//! binds for it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// A datagram socket that sends to `to` and takes datagrams from there alone. It is not bound: the
/// kernel gives it a random port.
///
/// # Errors
/// Those of socket(2) and connect(2), `ENETUNREACH` without a route.
pub fn datagrams_to(to: SocketAddr) -> io::Result<OwnedFd> {
    let fd = socket_with(family(to.ip()), SocketType::DGRAM, FLAGS, None)?;
    connect(&fd, &to)?;
    Ok(fd)
}

/// A TCP socket that is to connect from `address`, at a port of the kernel's choice.
///
/// # Errors
/// Those of socket(2) and bind(2), `EADDRNOTAVAIL` when the host has no such address.
pub fn stream_from(address: IpAddr) -> io::Result<OwnedFd> {
    let address = super::unmapped(address);
    let fd = socket_with(family(address), SocketType::STREAM, FLAGS, None)?;
    bind(&fd, &SocketAddr::new(address, 0))?;
    Ok(fd)
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_from_the_server_alone() {
        let server = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let ours = std::net::UdpSocket::from(datagrams_to(server.local_addr().unwrap()).unwrap());
        let to = ours.local_addr().unwrap();
        assert_ne!(to.port(), 0);
        // Loopback delivers in order, or says at once that nobody takes it.
        let _ = stranger.send_to(b"forged", to);
        server.send_to(b"true", to).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(ours.recv(&mut buffer).unwrap(), 4);
    }

    #[test]
    fn a_stream_is_bound_to_one_address() {
        let fd = stream_from("::ffff:127.0.0.1".parse().unwrap()).unwrap();
        let local = crate::socket::local_address(&fd).unwrap();
        assert_eq!(local.ip().to_string(), "127.0.0.1");
        let foreign = stream_from("192.0.2.77".parse().unwrap()).unwrap_err();
        assert_eq!(foreign.raw_os_error(), Some(libc::EADDRNOTAVAIL));
    }
}
