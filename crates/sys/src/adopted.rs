//! Processes that are not our children: named for good by a descriptor, watched, signalled.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

use rustix::process::PidfdFlags;

use crate::process::{Pid, Signal};

/// Bytes of `/proc/PID/stat` that are looked at: the name in it has 15 at most.
const MOST_STAT: usize = 1024;
/// The field `starttime` of proc_pid_stat(5), counted from the one after the name.
const START: usize = 19;

/// When a process began, in clock ticks since the boot: with its number it names it for good.
///
/// # Errors
/// `NotFound` when there is no such process; `InvalidData` when the kernel's line is not understood.
pub fn start_time(pid: Pid) -> io::Result<u64> {
    let mut buffer = [0; MOST_STAT];
    // the kernel gives the whole line at once
    let length = File::open(format!("/proc/{pid}/stat"))?.read(&mut buffer)?;
    let text = buffer.get(..length).unwrap_or_default();
    // the name stands in brackets and may hold anything, brackets too
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let end = text.iter().rposition(|byte| *byte == b')').ok_or_else(bad)?;
    let rest = text.get(end.saturating_add(1)..).and_then(|rest| str::from_utf8(rest).ok());
    let field = rest.and_then(|rest| rest.split_ascii_whitespace().nth(START));
    field.and_then(|field| field.parse().ok()).ok_or_else(bad)
}

/// A process that somebody else started (pidfd_open(2)): becomes readable when it has ended.
#[derive(Debug)]
pub struct Adopted {
    fd: OwnedFd,
    began: u64,
}

impl Adopted {
    /// The process of that number, if it is the one that began then.
    ///
    /// # Errors
    /// `NotFound` when it has ended, whoever has its number now; those of pidfd_open(2).
    pub fn new(pid: Pid, began: u64) -> io::Result<Self> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let raw = rustix::process::Pid::from_raw(pid.as_raw()).ok_or_else(gone)?;
        let fd = rustix::process::pidfd_open(raw, PidfdFlags::empty()).map_err(|errno| {
            if errno == rustix::io::Errno::SRCH { gone() } else { errno.into() }
        })?;
        let fd = crate::descriptor::raise(fd)?;
        // the descriptor holds its process: if the time fits now, it is the one
        if start_time(pid)? != began {
            return Err(gone());
        }
        Ok(Self { fd, began })
    }

    /// When it began, as [`start_time`] tells it: for whoever is to adopt it next.
    #[must_use]
    pub fn began(&self) -> u64 {
        self.began
    }

    /// Sends a signal to it; never to another one.
    ///
    /// # Errors
    /// `ESRCH` when it has ended.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.signal_number(signal.number())
    }

    /// As [`Self::signal`], by the kernel's number: any that there is.
    ///
    /// # Errors
    /// As of [`Self::signal`]; `EINVAL` when no signal has this number.
    pub fn signal_number(&self, number: i32) -> io::Result<()> {
        let nothing = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: an open descriptor and integers; a null siginfo is allowed.
        let answer = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.fd.as_raw_fd(), number, nothing, 0)
        };
        if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl AsFd for Adopted {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_began_once_and_nobody_else_is_taken_for_us() {
        let own = start_time(Pid::own()).unwrap();
        assert_eq!(own, start_time(Pid::own()).unwrap());
        let adopted = Adopted::new(Pid::own(), own).unwrap();
        adopted.signal(Signal::Window).unwrap();
        assert_eq!(adopted.signal_number(99).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(adopted.began(), own);
        let other = Adopted::new(Pid::own(), own.wrapping_add(1)).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::NotFound);
        let nobody = Adopted::new(Pid::from_raw(i32::MAX).unwrap(), 1).unwrap_err();
        assert!(matches!(nobody.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput));
    }
}
