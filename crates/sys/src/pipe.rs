//! Pipes: a session's evidence, a program's report.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{fs::OFlags, io::Errno, pipe::PipeFlags};

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
    fn a_pipe_can_be_kept_small() {
        let (read, _write) = pipe().unwrap();
        assert_eq!(set_size(&read, 1).unwrap(), 4096);
    }
}
