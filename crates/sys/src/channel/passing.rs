//! A descriptor along with the bytes of a stream: how one end of a channel reaches a process that
//! connected to a socket.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Writes to a UNIX stream with a descriptor beside the first byte: how many bytes were written.
///
/// # Errors
/// Those of sendmsg(2); no signal when the other end is gone.
pub fn write_with(stream: impl AsFd, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

/// Reads from a UNIX stream, with the descriptor that comes beside the bytes, if one does
/// (close-on-exec).
///
/// # Errors
/// Those of recvmsg(2).
pub fn read_with(stream: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(stream, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags)?;
    let mut found = None;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            found = rights.last().or(found);
        }
    }
    Ok((received.bytes, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_descriptor_comes_with_the_bytes() {
        let (a, b) = super::super::pair_streams().unwrap();
        let (read, write) = crate::pipe::pipe().unwrap();
        assert_eq!(write_with(&a, b"here", write.as_fd()).unwrap(), 4);
        drop(write);
        let mut buffer = [0; 16];
        let (length, fd) = read_with(&b, &mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"here");
        std::fs::File::from(fd.unwrap()).write_all(b"x").unwrap();
        assert_eq!(rustix::io::read(&read, &mut buffer).unwrap(), 1);
        assert_eq!(rustix::io::write(&a, b"more").unwrap(), 4);
        assert!(matches!(read_with(&b, &mut buffer), Ok((4, None))));
    }
}
