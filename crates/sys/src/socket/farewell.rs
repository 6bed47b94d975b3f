//! Ending a refused connection politely, without ever reading what the peer sent.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    ptr,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{SendFlags, Shutdown, sockopt},
};

/// The most bytes one [`discard`] throws away.
const AT_ONCE: usize = 1 << 20;

/// Sends once, without blocking and without `SIGPIPE`; gives how much the kernel took.
///
/// # Errors
/// `EAGAIN` when there is no room, `EPIPE` and `ECONNRESET` when the peer is gone.
pub fn send_once(fd: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
}

/// Says that nothing more will be sent (FIN once what was sent has gone out).
///
/// # Errors
/// `ENOTCONN` when the peer is gone.
pub fn shutdown_write(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::net::shutdown(fd, Shutdown::Write)?)
}

/// Has closing the socket reset the connection: the peer is told at once, and nothing more is sent
/// (`SO_LINGER` of no time).
///
/// # Errors
/// Those of setsockopt(2).
pub fn reset_on_close(fd: impl AsFd) -> io::Result<()> {
    Ok(sockopt::set_socket_linger(fd, Some(Duration::ZERO))?)
}

/// Keep-alives, as the system does them (`SO_KEEPALIVE`).
///
/// # Errors
/// Those of setsockopt(2).
pub fn keep_alive(fd: impl AsFd) -> io::Result<()> {
    Ok(sockopt::set_socket_keepalive(fd, true)?)
}

/// What throwing away the peer's bytes gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// So many bytes are gone, unread.
    Data(usize),
    /// Nothing is there now.
    WouldBlock,
    /// The peer will send no more.
    End,
}

/// Throws away what a TCP peer has sent, at most 1 MiB, without copying it to this process
/// (`MSG_TRUNC`, tcp(7)) and without blocking.
///
/// # Errors
/// `ECONNRESET` and the like: close the socket.
pub fn discard(fd: impl AsFd) -> io::Result<Discard> {
    let raw = fd.as_fd().as_raw_fd();
    let flags = libc::MSG_TRUNC | libc::MSG_DONTWAIT;
    loop {
        // SAFETY: with MSG_TRUNC a TCP receive writes nothing to the (null) buffer.
        let got = unsafe { libc::recv(raw, ptr::null_mut(), AT_ONCE, flags) };
        if let Ok(bytes) = usize::try_from(got) {
            return Ok(if bytes == 0 { Discard::End } else { Discard::Data(bytes) });
        }
        let error = io::Error::last_os_error();
        match Errno::from_io_error(&error) {
            Some(Errno::INTR) => {}
            Some(Errno::AGAIN) => return Ok(Discard::WouldBlock),
            _ => return Err(error),
        }
    }
}
