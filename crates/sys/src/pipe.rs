//! Pipes: a session's evidence, a program's report, a supervisor's ear.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, fstat, openat},
    io::Errno,
    pipe::PipeFlags,
};

/// A pipe, both ends close-on-exec and blocking: read end, write end.
///
/// # Errors
/// `EMFILE` or `ENFILE`.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?)
}

/// As [`pipe`], in packet mode (`O_DIRECT`): one read gives what one write(2) of up to 4,096 bytes
/// wrote, so that the reader knows where a write begins and no text in its midst can pretend to.
/// A write fills at least one of the pipe's pages (16, unless its size is set). The reader's buffer
/// must hold 4,096 bytes, or the rest of a packet is lost.
///
/// # Errors
/// `EMFILE` or `ENFILE`.
pub fn packets() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::DIRECT)?)
}

/// The write end of the FIFO at `path`, or nothing when nobody has it open for reading. Neither
/// this nor a write to it ever waits (`O_NONBLOCK`, close-on-exec).
///
/// # Errors
/// `InvalidInput` when it is no FIFO, those of open(2).
pub fn open_writer(path: &Path) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let fd = match openat(CWD, path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::Fifo {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a FIFO"));
    }
    Ok(Some(fd))
}

/// Asks for a buffer of `bytes`; gives what the kernel made of it (whole pages, a power of two).
///
/// # Errors
/// `EPERM` above the system's maximum, `EBUSY` when more is in the pipe.
pub fn set_size(fd: impl AsFd, bytes: usize) -> io::Result<usize> {
    Ok(rustix::pipe::fcntl_setpipe_size(fd, bytes)?)
}

/// Turns `O_NONBLOCK` on or off. It belongs to the open file, not the descriptor: every duplicate
/// sees it.
///
/// # Errors
/// Those of fcntl(2).
pub fn set_nonblocking(fd: impl AsFd, on: bool) -> io::Result<()> {
    let fd = fd.as_fd();
    let mut flags = rustix::fs::fcntl_getfl(fd)?;
    flags.set(OFlags::NONBLOCK, on);
    Ok(rustix::fs::fcntl_setfl(fd, flags)?)
}

/// What one byte asked for gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum One {
    /// A byte was there and is taken.
    Byte(u8),
    /// Nothing yet.
    Nothing,
    /// Every write end is closed.
    End,
}

/// Takes at most one byte from a non-blocking descriptor: all that root reads of a notification.
///
/// # Errors
/// Those of read(2) but `EAGAIN` and `EINTR`.
pub fn read_one_nonblocking(fd: impl AsFd) -> io::Result<One> {
    let fd = fd.as_fd();
    let mut byte = [0_u8; 1];
    loop {
        return match rustix::io::read(fd, &mut byte) {
            Ok(0) => Ok(One::End),
            Ok(_) => Ok(One::Byte(byte[0])),
            Err(Errno::AGAIN) => Ok(One::Nothing),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_nothing_and_the_end() {
        let (read, write) = pipe().unwrap();
        set_nonblocking(&read, true).unwrap();
        assert_eq!(read_one_nonblocking(&read).unwrap(), One::Nothing);
        rustix::io::write(&write, b"yz").unwrap();
        assert_eq!(read_one_nonblocking(&read).unwrap(), One::Byte(b'y'));
        drop(write);
        assert_eq!(read_one_nonblocking(&read).unwrap(), One::Byte(b'z'));
        assert_eq!(read_one_nonblocking(&read).unwrap(), One::End);
    }

    #[test]
    fn packets_are_read_as_they_were_written() {
        let (read, write) = packets().unwrap();
        set_nonblocking(&read, true).unwrap();
        for text in ["one\ntwo\n", "three"] {
            rustix::io::write(&write, text.as_bytes()).unwrap();
        }
        let mut buffer = [0; 4096];
        assert_eq!(rustix::io::read(&read, &mut buffer).unwrap(), 8);
        assert_eq!(rustix::io::read(&read, &mut buffer).unwrap(), 5);
    }

    #[test]
    fn a_fifo_without_a_reader_is_nobodys_ear() {
        let name = format!("portreeve-fifo-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0);
        made.unwrap();
        assert!(open_writer(&path).unwrap().is_none());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let reader = openat(CWD, &path, flags, Mode::empty()).unwrap();
        let writer = open_writer(&path).unwrap().expect("somebody reads");
        rustix::io::write(&writer, b"u").unwrap();
        assert_eq!(read_one_nonblocking(&reader).unwrap(), One::Byte(b'u'));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(open_writer(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&path, "").unwrap();
        assert_eq!(open_writer(&path).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_pipe_can_be_kept_small() {
        let (read, _write) = pipe().unwrap();
        assert_eq!(set_size(&read, 1).unwrap(), 4096);
    }
}
