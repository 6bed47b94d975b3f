//! The connection on descriptor 0.

use portreeve_policy::wrappers::Endpoint;
use portreeve_sys::socket::unmapped;
use rustix::net::{RecvFlags, SocketAddrAny, SocketType, getpeername, getsockname, sockopt};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Stream,
    Datagrams,
    /// No socket at all, or one of another sort.
    Other,
}

/// Its two ends, as far as they are known.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) kind: Kind,
    pub(super) client: Option<SocketAddr>,
    pub(super) server: Option<SocketAddr>,
    /// Why the client is not known.
    pub(super) error: Option<io::Error>,
}

/// Looks at descriptor 0. Where nobody is connected, the next datagram's sender is the client.
pub(super) fn ends() -> Ends {
    let stdin = io::stdin();
    let fd = stdin.as_fd();
    let kind = match sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) => Kind::Stream,
        Ok(SocketType::DGRAM) => Kind::Datagrams,
        Ok(_) | Err(_) => Kind::Other,
    };
    let peer = match (getpeername(fd), kind) {
        (Err(rustix::io::Errno::NOTCONN), Kind::Datagrams) => {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            rustix::net::recvfrom(fd, &mut [0_u8; 1][..], flags)
                .and_then(|(_, _, from)| from.ok_or(rustix::io::Errno::NOTCONN))
        }
        (Ok(peer), _) => peer.ok_or(rustix::io::Errno::NOTCONN),
        (Err(error), _) => Err(error),
    };
    let server = getsockname(fd).ok().and_then(inet);
    let (client, error) = match peer {
        Ok(peer) => (inet(peer), None),
        Err(errno) => (None, Some(errno.into())),
    };
    Ends { kind, client, server, error }
}

fn inet(address: SocketAddrAny) -> Option<SocketAddr> {
    let address = SocketAddr::try_from(address).ok()?;
    let plain = unmapped(address.ip());
    Some(if plain == address.ip() { address } else { SocketAddr::new(plain, address.port()) })
}

/// An address as rules see it.
pub(super) fn endpoint(address: Option<SocketAddr>) -> Endpoint {
    let Some(address) = address else { return Endpoint::default() };
    let scope = match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("%{}", scope(v6.scope_id())),
        SocketAddr::V6(_) | SocketAddr::V4(_) => String::new(),
    };
    let text = format!("{}{scope}", address.ip());
    Endpoint { address: Some(text), port: address.port(), ..Endpoint::default() }
}

/// The name of an interface, or its number where it has none.
fn scope(index: u32) -> String {
    let named = rustix::net::netdevice::index_to_name(io::stdin(), index);
    named.unwrap_or_else(|_| index.to_string())
}

/// Takes one datagram, so that the server is not started for it again.
pub(super) fn swallow_datagram() {
    let _ = rustix::net::recvfrom(io::stdin(), &mut [0_u8; 1][..], RecvFlags::DONTWAIT);
}
