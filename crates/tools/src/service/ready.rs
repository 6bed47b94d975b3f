//! The pipe on which a service says that it is ready: a line feed, as s6 has it.
//!
//! The service's end is open for reading too, though it reads nothing: so a supervisor that dies
//! leaves nobody with a broken pipe, and the one that comes after finds what was said meanwhile.

use portreeve_sys::descriptor::raise;
use portreeve_sys::{Pid, pipe};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, read};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Bytes that are looked at in one go: what is said before the line feed means nothing.
const SOME: usize = 64;

/// Bytes without a line feed after which none is waited for: whoever writes on and on must not keep a
/// supervisor busy.
const MOST: usize = 64 << 10;

/// The supervisor's end.
#[derive(Debug)]
pub(super) struct Ready {
    read: OwnedFd,
    inode: u64,
    /// Bytes that have come.
    heard: usize,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that means something.
    Nothing,
    /// The line feed.
    Yes,
    /// The end: it will not come.
    Never,
}

impl Ready {
    /// A new pipe, and the service's end of it.
    pub(super) fn new() -> io::Result<(Self, OwnedFd)> {
        let (read, write) = pipe::pipe()?;
        pipe::set_nonblocking(&read, true)?;
        let path = format!("/proc/self/fd/{}", write.as_raw_fd());
        // without /proc it is the writing end alone
        let both = openat(CWD, path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let inode = fstat(&read)?.st_ino;
        let read = raise(read)?; // it may be one of thousands
        Ok((Self { read, inode, heard: 0 }, both.unwrap_or(write)))
    }

    /// The pipe that a service has under this number, if it is still the one that it was given.
    pub(super) fn of(pid: Pid, number: u32, inode: u64) -> Option<Self> {
        let path = format!("/proc/{pid}/fd/{number}");
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        // first of all not to open a device that does something when it is opened
        let stat = rustix::fs::stat(&path).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Fifo || stat.st_ino != inode {
            return None;
        }
        let read = openat(CWD, path, flags, Mode::empty()).ok()?;
        let read = raise(read).ok()?;
        (fstat(&read).ok()?.st_ino == inode).then_some(Self { read, inode, heard: 0 })
    }

    /// Its number.
    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    /// What has come since the last time.
    pub(super) fn hear(&mut self) -> Heard {
        let mut bytes = [0; SOME];
        match read(&self.read, &mut bytes) {
            Ok(0) => Heard::Never,
            Ok(count) if bytes.get(..count).unwrap_or_default().contains(&b'\n') => Heard::Yes,
            Ok(count) => {
                self.heard = self.heard.saturating_add(count);
                if self.heard > MOST { Heard::Never } else { Heard::Nothing }
            }
            Err(Errno::AGAIN | Errno::INTR) => Heard::Nothing,
            Err(_) => Heard::Never,
        }
    }
}

impl AsFd for Ready {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::write;

    #[test]
    fn a_line_feed_is_heard_and_so_is_the_end() {
        let (mut ready, theirs) = Ready::new().unwrap();
        assert_eq!(ready.hear(), Heard::Nothing);
        write(&theirs, b"starting").unwrap();
        assert_eq!(ready.hear(), Heard::Nothing);
        write(&theirs, b"x\ny").unwrap();
        assert_eq!(ready.hear(), Heard::Yes);
        drop(theirs);
        assert_eq!(ready.hear(), Heard::Never);
    }

    #[test]
    fn one_who_writes_on_and_on_is_not_listened_to_for_ever() {
        let (mut ready, theirs) = Ready::new().unwrap();
        let mut heard = Heard::Nothing;
        for _ in 0..=MOST / SOME {
            assert_eq!(heard, Heard::Nothing);
            write(&theirs, &[b'.'; SOME]).unwrap();
            heard = ready.hear();
        }
        assert_eq!(heard, Heard::Never);
    }

    #[test]
    fn another_supervisor_finds_the_pipe_and_what_was_said_meanwhile() {
        let (ready, theirs) = Ready::new().unwrap();
        let (own, number) = (Pid::own(), u32::try_from(theirs.as_raw_fd()).unwrap());
        let inode = ready.inode();
        drop(ready);
        write(&theirs, b"\n").unwrap();
        assert!(Ready::of(own, number, inode + 1).is_none());
        let mut again = Ready::of(own, number, inode).unwrap();
        assert_eq!((again.inode(), again.hear()), (inode, Heard::Yes));
        assert!(Ready::of(own, number + 1000, inode).is_none());
    }
}
