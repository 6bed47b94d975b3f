//! What the kernel keeps about one connection (sock_diag(7)): when data last moved.
//!
//! Asked by both ends and the socket's cookie, which is never used twice, so that an answer is about
//! the connection meant or there is none. No duplicate of the socket is needed, and none is kept.
//! The kernel answers within the question's system call: nothing here waits for anybody.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    ptr,
    time::Duration,
};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use crate::process::check;
use crate::socket::internet;

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`, `NLMSG_DONE`, `NLM_F_REQUEST` and `NLM_F_DUMP` of linux/netlink.h.
const ERROR: u16 = 2;
const DONE: u16 = 3;
const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;
/// `INET_DIAG_INFO` of linux/inet_diag.h: the attribute that is a `tcp_info`.
const INFO: u16 = 2;
/// Bytes of a netlink header, and of an `inet_diag_msg` behind it.
const HEADER: usize = 16;
const MESSAGE: usize = 72;
/// Where an `inet_diag_msg` has the inode, which is 0 once no process has the socket.
const INODE: usize = 68;
/// Where a `tcp_info` has the milliseconds since data was last sent, and received.
const LAST_SENT: usize = 44;
const LAST_RECEIVED: usize = 52;
/// An answer is some 400 bytes; what is longer is none.
const ANSWER: usize = 4096;
/// Answers to other questions that are passed over.
const STRANGE: usize = 8;

/// A connection as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// This end; IPv4 in IPv6 is IPv4.
    pub local: (IpAddr, u16),
    /// The other end.
    pub peer: (IpAddr, u16),
    /// The interface that a link-local connection is bound to, else 0.
    pub interface: u32,
    /// The socket's number, never used twice while the host runs (`SO_COOKIE`).
    pub cookie: u64,
}

impl Identity {
    /// Of a connected socket.
    ///
    /// # Errors
    /// `ENOTCONN` when the peer is gone already; those of getsockopt(2).
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        let fd = socket.as_fd();
        let local = internet(rustix::net::getsockname(fd)?)?;
        let peer = rustix::net::getpeername(fd)?
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
            .and_then(internet)?;
        let interface = match peer {
            SocketAddr::V6(peer) => peer.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        let end = |address: SocketAddr| (address.ip(), address.port());
        Ok(Self { local: end(local), peer: end(peer), interface, cookie: cookie(fd)? })
    }
}

fn cookie(socket: impl AsFd) -> io::Result<u64> {
    let mut cookie = 0_u64;
    #[expect(clippy::cast_possible_truncation, reason = "eight bytes")]
    let mut length = size_of_val(&cookie) as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    let value = ptr::from_mut(&mut cookie).cast();
    // SAFETY: the kernel writes at most `length` bytes of `cookie`, which lives past the call.
    let done =
        unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_COOKIE, value, &raw mut length) };
    check(done).map(|()| cookie)
}

/// What the kernel knows of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// So long ago data last moved, either way; a keep-alive's probe is no data.
    Idle(Duration),
    /// It is over, or no process has it any more.
    Gone,
}

/// A way to ask the kernel; one descriptor.
#[derive(Debug)]
pub struct Diag {
    fd: OwnedFd,
    last: u32,
}

impl Diag {
    /// Opens it: non-blocking, close-on-exec.
    ///
    /// # Errors
    /// Those of socket(2): `EPROTONOSUPPORT` where the kernel has none.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = SocketType::RAW;
        let protocol = Some(netlink::SOCK_DIAG);
        let fd = rustix::net::socket_with(AddressFamily::NETLINK, kind, flags, protocol)?;
        Ok(Self { fd, last: 0 })
    }

    /// The same with a descriptor that is out of the way of children's (see
    /// [`crate::descriptor::raise`]).
    ///
    /// # Errors
    /// Those of fcntl(2).
    pub fn raise(self) -> io::Result<Self> {
        Ok(Self { fd: crate::descriptor::raise(self.fd)?, ..self })
    }

    /// Whether this kernel answers: it may be built, or run, without `inet_diag` and `tcp_diag`, and
    /// then knows no connection at all. Asks for none, so it costs nothing; the kernel may load the
    /// modules.
    ///
    /// # Errors
    /// Why it does not.
    pub fn probe(&mut self) -> io::Result<()> {
        self.probe_for(libc::IPPROTO_TCP)
    }

    /// When data of a connection last moved.
    ///
    /// # Errors
    /// What the kernel said, but that there is no such connection; `InvalidData` for an answer that
    /// makes no sense.
    pub fn ask(&mut self, of: &Identity) -> io::Result<Seen> {
        match self.question(REQUEST, &request(of)) {
            Ok(answer) => seen(&answer),
            // not found, and found but with another cookie: a listener, or a successor
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESTALE)) => {
                Ok(Seen::Gone)
            }
            Err(error) => Err(error),
        }
    }

    fn probe_for(&mut self, protocol: i32) -> io::Result<()> {
        let mut body = [0; 56];
        let what = [libc::AF_INET, protocol].map(|number| u8::try_from(number).unwrap_or_default());
        body.iter_mut().zip(what).for_each(|(to, from)| *to = from);
        // with no state asked for, a dump walks over nothing
        match self.question(REQUEST | DUMP, &body) {
            Ok(_) => Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Err(io::Error::new(
                ErrorKind::Unsupported,
                "the kernel lacks `tcp_diag`, which tells when a connection was last used",
            )),
            Err(error) => Err(error),
        }
    }

    /// Sends a request and gives the body of its answer.
    fn question(&mut self, flags: u16, body: &[u8; 56]) -> io::Result<Vec<u8>> {
        self.last = self.last.wrapping_add(1);
        let length = u32::try_from(HEADER.saturating_add(body.len())).unwrap_or(u32::MAX);
        let mut message = Vec::with_capacity(HEADER.saturating_add(body.len()));
        message.extend_from_slice(&length.to_ne_bytes());
        message.extend_from_slice(&BY_FAMILY.to_ne_bytes());
        message.extend_from_slice(&flags.to_ne_bytes());
        message.extend_from_slice(&self.last.to_ne_bytes());
        message.extend_from_slice(&0_u32.to_ne_bytes()); // the kernel fills in who asks
        message.extend_from_slice(body);
        rustix::net::send(&self.fd, &message, SendFlags::DONTWAIT)?;
        let mut buffer = vec![0; ANSWER];
        for _ in 0..STRANGE {
            let (length, _) =
                rustix::net::recv(&self.fd, buffer.as_mut_slice(), RecvFlags::DONTWAIT)?;
            let answer = buffer.get(..length).unwrap_or_default();
            let Some((kind, number, body)) = split(answer) else { return Err(senseless()) };
            if number != self.last {
                continue; // of a question that was given up
            }
            return match kind {
                BY_FAMILY => Ok(body.to_vec()),
                // a dump's end has the error that ended it
                ERROR | DONE => match number_at(body, 0).map(u32::cast_signed) {
                    Some(0) => Ok(Vec::new()),
                    Some(error) => Err(io::Error::from_raw_os_error(error.saturating_neg())),
                    None => Err(senseless()),
                },
                _ => Err(senseless()),
            };
        }
        Err(senseless())
    }
}

/// An `inet_diag_req_v2` for exactly this connection, with its `tcp_info`.
fn request(of: &Identity) -> [u8; 56] {
    let mut body = [0; 56];
    let mut at = 0_usize;
    let mut put = |bytes: &[u8]| {
        let rest = body.get_mut(at..).unwrap_or_default();
        rest.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        at = at.saturating_add(bytes.len());
    };
    let (family, local, peer) = match (of.local.0, of.peer.0) {
        (IpAddr::V4(local), IpAddr::V4(peer)) => {
            let wide = |address: std::net::Ipv4Addr| {
                let mut bytes = [0; 16];
                bytes.iter_mut().zip(address.octets()).for_each(|(to, from)| *to = from);
                bytes
            };
            (libc::AF_INET, wide(local), wide(peer))
        }
        (local, peer) => {
            let wide = |address: IpAddr| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            (libc::AF_INET6, wide(local), wide(peer))
        }
    };
    let byte = |number: i32| u8::try_from(number).unwrap_or_default();
    let cookie = of.cookie.to_le_bytes();
    let half = |range: std::ops::Range<usize>| {
        let bytes = cookie.get(range).and_then(|b| b.try_into().ok()).unwrap_or_default();
        u32::from_le_bytes(bytes).to_ne_bytes()
    };
    put(&[byte(family), byte(libc::IPPROTO_TCP), 1 << INFO.saturating_sub(1), 0]);
    put(&u32::MAX.to_ne_bytes()); // in any state
    put(&of.local.1.to_be_bytes());
    put(&of.peer.1.to_be_bytes());
    put(&local);
    put(&peer);
    put(&of.interface.to_ne_bytes());
    put(&half(0..4)); // the low half comes first, whatever the byte order
    put(&half(4..8));
    body
}

/// Kind, number and body of a netlink message.
fn split(message: &[u8]) -> Option<(u16, u32, &[u8])> {
    let length = usize::try_from(number_at(message, 0)?).ok()?;
    let kind = u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?);
    Some((kind, number_at(message, 8)?, message.get(HEADER..length.min(message.len()))?))
}

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(number.try_into().ok()?))
}

/// Reads an `inet_diag_msg` and the `tcp_info` among its attributes.
fn seen(answer: &[u8]) -> io::Result<Seen> {
    if number_at(answer, INODE).ok_or_else(senseless)? == 0 {
        return Ok(Seen::Gone);
    }
    let mut rest = answer.get(MESSAGE..).unwrap_or_default();
    while let Some(head) = rest.get(..4) {
        let half = |at: usize| {
            let bytes = head.get(at..at.saturating_add(2)).and_then(|b| b.try_into().ok());
            u16::from_ne_bytes(bytes.unwrap_or_default())
        };
        let (length, kind) = (usize::from(half(0)), half(2));
        if kind == INFO {
            let info = rest.get(4..length).ok_or_else(senseless)?;
            let times = number_at(info, LAST_SENT).zip(number_at(info, LAST_RECEIVED));
            let (sent, received) = times.ok_or_else(senseless)?;
            return Ok(Seen::Idle(Duration::from_millis(sent.min(received).into())));
        }
        let Some(next) = length.max(4).checked_next_multiple_of(4) else { break };
        rest = rest.get(next..).unwrap_or_default();
    }
    // a connection that is closing has no such times
    Ok(Seen::Gone)
}

fn senseless() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the kernel's answer makes no sense")
}

#[cfg(test)]
mod tests;
