//! Words to the service manager: datagrams to the socket that it names in `NOTIFY_SOCKET`, with
//! descriptors for its store (sd_notify(3); no library).

use std::{
    ffi::OsStr,
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
        SocketFlags, SocketType, sendmsg_addr,
    },
};

/// The service manager's ear.
#[derive(Debug)]
pub struct Notifier {
    socket: OwnedFd,
    address: SocketAddrUnix,
}

impl Notifier {
    /// For the value of `NOTIFY_SOCKET`: a whole path, or `@` and a name in the abstract namespace.
    ///
    /// # Errors
    /// `InvalidInput` for anything else; those of socket(2).
    pub fn new(value: &OsStr) -> io::Result<Self> {
        let address = match value.as_bytes() {
            [b'@', name @ ..] if !name.is_empty() => SocketAddrUnix::new_abstract_name(name)?,
            path @ [b'/', ..] => SocketAddrUnix::new(path)?,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
        Ok(Self { socket, address })
    }

    /// Sends lines of `NAME=value`, with a descriptor for the store or none; never waits.
    ///
    /// # Errors
    /// `WouldBlock` while the manager is behind; others when it is away.
    pub fn send(&self, text: &str, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let fds: &[BorrowedFd<'_>] = fd.as_slice();
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let bytes = [IoSlice::new(text.as_bytes())];
        loop {
            match sendmsg_addr(&self.socket, &self.address, &bytes, &mut ancillary, flags) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits, so long at most, until the manager has read everything sent before: it closes the
    /// pipe that comes with `BARRIER=1`. `false` when it has not.
    ///
    /// # Errors
    /// As [`Self::send`], and those of pipe(2) and poll(2).
    pub fn barrier(&self, within: Duration) -> io::Result<bool> {
        let (read, write) = crate::pipe::pipe()?;
        self.send("BARRIER=1", Some(write.as_fd()))?;
        drop(write);
        let limit = Timespec::try_from(within).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut fds = [PollFd::new(&read, PollFlags::empty())];
        loop {
            match poll(&mut fds, Some(&limit)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn words_arrive_by_path_and_by_abstract_name() {
        let folder = std::env::temp_dir().join(format!("portreeve-notify-{}", std::process::id()));
        let _ = std::fs::remove_file(&folder);
        let manager = UnixDatagram::bind(&folder).unwrap();
        let notifier = Notifier::new(folder.as_os_str()).unwrap();
        notifier.send("READY=1", None).unwrap();
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
        std::fs::remove_file(&folder).unwrap();
        let name = format!("portreeve-notify-{}", std::process::id());
        let at = SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap();
        let ear = rustix::net::socket(AddressFamily::UNIX, SocketType::DGRAM, None).unwrap();
        rustix::net::bind(&ear, &at).unwrap();
        let notifier = Notifier::new(OsStr::new(&format!("@{name}"))).unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        notifier.send("FDSTORE=1\nFDNAME=x", Some(null.as_fd())).unwrap();
        let ear = UnixDatagram::from(ear);
        let length = ear.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"FDSTORE=1\nFDNAME=x");
        // the barrier's pipe is closed with the message: its reader did not keep it
        let reader = std::thread::spawn(move || ear.recv(&mut [0; 64]).unwrap());
        assert!(notifier.barrier(Duration::from_secs(10)).unwrap());
        reader.join().unwrap();
    }

    #[test]
    fn only_whole_paths_and_abstract_names_are_ears() {
        for bad in ["", "@", "relative", "vsock:2:1"] {
            assert!(Notifier::new(OsStr::new(bad)).is_err(), "{bad}");
        }
    }
}
