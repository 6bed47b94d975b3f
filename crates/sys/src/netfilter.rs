//! The kernel's packet filter over netlink (nf_tables): messages go in and answers come out, each as
//! bytes. What they say is the caller's.
//!
//! The kernel carries a batch out within the call that sends it, and makes the next part of a dump
//! within the call that receives it: an answer that is not there at once does not come.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink},
};

use crate::process::check;

/// The group that hears of every change of the rules (`NFNLGRP_NFTABLES` of
/// linux/netfilter/nfnetlink.h).
const CHANGES: i32 = 7;
/// Room for a batch of ten thousand elements and more, which the socket's usual limit has not.
const SEND_ROOM: i32 = 16 << 20;
/// Room for what the group tells while the reader is busy.
const RECEIVE_ROOM: i32 = 8 << 20;

/// A socket to the packet filter: non-blocking, close-on-exec.
#[derive(Debug)]
pub struct Netfilter {
    fd: OwnedFd,
    port: u32,
}

impl Netfilter {
    /// Opens it, with its own address, for answers that carry the kernel's words.
    ///
    /// # Errors
    /// Those of socket(2) and bind(2): `EPROTONOSUPPORT` where the kernel has no packet filter of
    /// this kind; those of setsockopt(2) but for the sizes of buffers, which need `CAP_NET_ADMIN`.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            flags,
            Some(netlink::NETFILTER),
        )?;
        rustix::net::bind(&fd, &netlink::SocketAddrNetlink::new(0, 0))?;
        set(&fd, libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, 1)?;
        set(&fd, libc::SOL_NETLINK, libc::NETLINK_CAP_ACK, 1)?;
        // without the right to, the usual sizes have to do
        let _ = set(&fd, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, SEND_ROOM);
        let _ = set(&fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_ROOM);
        let address = rustix::net::getsockname(&fd)?;
        let address = netlink::SocketAddrNetlink::try_from(address)?;
        Ok(Self { fd, port: address.pid() })
    }

    /// Its address, which the kernel writes into what it tells of this socket's changes.
    #[must_use]
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Hears of every change of the rules, this socket's and others', until [`Netfilter::leave`].
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn join(&self) -> io::Result<()> {
        set(&self.fd, libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, CHANGES)
    }

    /// Hears of no more; what was told before can still be received.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn leave(&self) -> io::Result<()> {
        set(&self.fd, libc::SOL_NETLINK, libc::NETLINK_DROP_MEMBERSHIP, CHANGES)
    }

    /// Sends messages; the kernel has carried them out, or refused, when this returns.
    ///
    /// # Errors
    /// `EMSGSIZE` when they are more than the socket has room for; `EPERM` without
    /// `CAP_NET_ADMIN`; what the kernel refuses is in its answer.
    pub fn send(&self, messages: &[u8]) -> io::Result<()> {
        loop {
            match rustix::net::send(&self.fd, messages, SendFlags::DONTWAIT) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Receives messages, whole ones: how many bytes; `None` when nothing waits.
    ///
    /// # Errors
    /// `ENOBUFS` when something that was told has been lost; `InvalidData` when the buffer was too
    /// short for it.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
            let room = buffer.len();
            match rustix::net::recv(&self.fd, &mut *buffer, flags) {
                Ok((_, whole)) if whole > room => return Err(io::ErrorKind::InvalidData.into()),
                Ok((_, whole)) => return Ok(Some(whole)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Netfilter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sets an option that is an integer.
fn set(fd: &OwnedFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or(0);
    let from = (&raw const value).cast();
    // SAFETY: the value is ours, and `length` its true length.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, from, length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sockets_have_addresses_of_their_own_and_nothing_to_tell() {
        let (one, other) = (Netfilter::open().unwrap(), Netfilter::open().unwrap());
        assert_ne!(one.port(), other.port());
        assert_eq!(one.receive(&mut [0; 64]).unwrap(), None);
    }
}
