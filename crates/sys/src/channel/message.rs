//! One channel: a `SOCK_SEQPACKET` socket, so that a message is read whole or not at all.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
        sendmsg, socketpair,
    },
};

/// The most descriptors one message may carry.
pub const MAX_DESCRIPTORS: usize = 64;

/// Bytes for the ancillary data of one message.
const ANCILLARY: usize = rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS));

/// One end of a channel. Never blocks.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
}

/// Both ends of a new channel, close-on-exec and non-blocking.
///
/// # Errors
/// `EMFILE` or `ENFILE`.
pub fn pair() -> io::Result<(Channel, Channel)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (a, b) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    Ok((Channel { fd: a }, Channel { fd: b }))
}

/// Both ends of a stream pair, close-on-exec and non-blocking.
///
/// # Errors
/// `EMFILE` or `ENFILE`.
pub fn pair_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

impl Channel {
    /// Takes a descriptor for a channel, as a program does with the one it was started with.
    ///
    /// # Errors
    /// `EINVAL` unless it is a UNIX sequenced-packet socket; those of fcntl(2).
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let kind = rustix::net::sockopt::socket_type(&fd)?;
        let family = rustix::net::sockopt::socket_domain(&fd)?;
        if kind != SocketType::SEQPACKET || family != AddressFamily::UNIX {
            return Err(Errno::INVAL.into());
        }
        crate::pipe::set_nonblocking(&fd, true)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        Ok(Self { fd })
    }

    /// Sends one message with `fds`, whole or not at all.
    ///
    /// # Errors
    /// `WouldBlock` when the other end is behind; `EMSGSIZE` above the send buffer; `EPIPE` when it
    /// is gone (no signal); `InvalidInput` for an empty message (it would read as the end) or more
    /// than [`MAX_DESCRIPTORS`].
    pub fn send(&self, message: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        if message.is_empty() || fds.len() > MAX_DESCRIPTORS {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut space = [MaybeUninit::uninit(); ANCILLARY];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            return match sendmsg(&self.fd, &[IoSlice::new(message)], &mut ancillary, flags) {
                Ok(_) => Ok(()),
                Err(Errno::INTR) => continue,
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Receives one message into `buffer`: its length and its descriptors (close-on-exec). `None`
    /// when the other end is closed.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits; `InvalidData` when the message or its descriptors did not
    /// fit (what did come is closed and the message is gone).
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
        self.receive(buffer, RecvFlags::empty())
    }

    fn receive(
        &self,
        buffer: &mut [u8],
        more: RecvFlags,
    ) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
        let mut space = [MaybeUninit::uninit(); ANCILLARY];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC | more;
        let received = loop {
            match recvmsg(&self.fd, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags) {
                Ok(received) => break received,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut fds = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(if received.bytes == 0 { None } else { Some((received.bytes, fds)) })
    }

    /// As [`Channel::recv`], but the message stays to be received again; the descriptors are
    /// copies.
    ///
    /// # Errors
    /// As of [`Channel::recv`]; one that did not fit stays too.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
        self.receive(buffer, RecvFlags::PEEK)
    }

    /// Takes the next message and forgets it, with its descriptors.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits.
    pub fn discard(&self) -> io::Result<()> {
        let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
        loop {
            return match rustix::net::recv(&self.fd, &mut [0_u8; 1][..], flags) {
                Ok(_) => Ok(()),
                Err(Errno::INTR) => continue,
                Err(error) => Err(error.into()),
            };
        }
    }

    /// The descriptor itself, to hand over at a spawn.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.fd
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_whole_with_its_descriptors() {
        let (a, b) = pair().unwrap();
        let (read, write) = rustix::pipe::pipe().unwrap();
        a.send(b"hello", &[write.as_fd()]).unwrap();
        drop(write);
        let mut buffer = [0; 64];
        let (length, fds) = b.recv(&mut buffer).unwrap().unwrap();
        assert_eq!(&buffer[..length], b"hello");
        let flags = rustix::io::fcntl_getfd(&fds[0]).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        rustix::io::write(&fds[0], b"x").unwrap();
        assert_eq!(rustix::io::read(&read, &mut buffer).unwrap(), 1);
    }

    #[test]
    fn a_message_that_is_looked_at_stays_until_it_is_taken() {
        let (a, b) = pair().unwrap();
        a.send(b"one", &[a.as_fd()]).unwrap();
        a.send(b"two", &[]).unwrap();
        let mut buffer = [0; 64];
        assert_eq!(b.peek(&mut [0; 2]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        for _ in 0..2 {
            let (length, fds) = b.peek(&mut buffer).unwrap().unwrap();
            assert_eq!((&buffer[..length], fds.len()), (&b"one"[..], 1));
        }
        assert_eq!(b.recv(&mut buffer).unwrap().unwrap().1.len(), 1);
        assert_eq!(b.peek(&mut buffer).unwrap().unwrap().0, 3);
        assert_eq!(&buffer[..3], b"two");
        b.discard().unwrap();
        assert_eq!(b.peek(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(b.discard().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(a);
        assert!(b.peek(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn a_message_that_does_not_fit_is_an_error() {
        let (a, b) = pair().unwrap();
        a.send(&[7; 100], &[]).unwrap();
        let error = b.recv(&mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let waiting = b.recv(&mut [0; 10]).unwrap_err();
        assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_full_channel_would_block_and_a_closed_one_ends() {
        let (a, b) = pair().unwrap();
        let error = (0..100_000).find_map(|_| a.send(&[0; 1024], &[]).err()).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(a);
        let mut buffer = [0; 1024];
        while b.recv(&mut buffer).unwrap().is_some() {}
        let gone = b.send(b"x", &[]).unwrap_err();
        assert_eq!(gone.raw_os_error(), Some(libc::EPIPE));
    }

    #[test]
    fn empty_messages_and_too_many_descriptors_are_refused() {
        let (a, _b) = pair().unwrap();
        assert!(a.send(b"", &[]).is_err());
        assert!(a.send(b"x", &[a.as_fd(); MAX_DESCRIPTORS + 1]).is_err());
        a.send(b"x", &[a.as_fd(); MAX_DESCRIPTORS]).unwrap();
    }
}
