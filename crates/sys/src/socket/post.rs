//! Handing a file to whoever listens at a path.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use rustix::{
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, sendmsg_addr},
};

/// Sends a descriptor and no byte, as journald takes a message that is too long for a datagram.
/// Never blocks; `socket` is a UNIX datagram socket that is not connected.
///
/// # Errors
/// `WouldBlock` when the receiver is behind; `ENOENT` or `ECONNREFUSED` when it is away.
pub fn send_file_to(socket: impl AsFd, to: &Path, file: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [file];
    if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let address = SocketAddrUnix::new(to)?;
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    loop {
        return match sendmsg_addr(&socket, &address, &[], &mut ancillary, flags) {
            Ok(_) => Ok(()),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{memfd, read_memfd};
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn a_file_arrives_at_a_path() {
        let path = std::env::temp_dir().join(format!("portreeve-post-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let sender = UnixDatagram::unbound().unwrap();
        let file = memfd("message", b"long").unwrap();
        let away = send_file_to(&sender, &path, file.as_fd()).unwrap_err();
        assert_eq!(away.kind(), io::ErrorKind::NotFound);
        let receiver = UnixDatagram::bind(&path).unwrap();
        send_file_to(&sender, &path, file.as_fd()).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received =
            recvmsg(&receiver, &mut [], &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
        assert_eq!(received.bytes, 0);
        let taken = ancillary.drain().find_map(|message| {
            if let RecvAncillaryMessage::ScmRights(mut files) = message {
                files.next()
            } else {
                None
            }
        });
        assert_eq!(read_memfd(taken.unwrap(), 10).unwrap(), b"long");
    }
}
