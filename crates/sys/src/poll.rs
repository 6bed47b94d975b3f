//! Readiness of many descriptors (epoll(7)). Cost of a wait does not grow with their number.

use std::{
    fmt, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{
        Timespec,
        epoll::{self, CreateFlags, EventData, EventFlags},
    },
    io::Errno,
};

/// The most events one wait gives; the rest come with the next.
const BATCH: usize = 256;

/// What to be woken for, as long as it is so (level-triggered). Error and hang-up always wake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Data, a connection, or the end of input waits.
    pub read: bool,
    /// There is room to write.
    pub write: bool,
    /// Wake one of the pollers that share the descriptor, not all (`EPOLLEXCLUSIVE`); only with
    /// [`Poller::add`], never with [`Poller::modify`].
    pub exclusive: bool,
    /// The other end says that it will send no more, is gone, or failed; data alone wakes nobody.
    pub hangup: bool,
}

impl Interest {
    /// Readable.
    pub const READ: Self = Self { read: true, write: false, exclusive: false, hangup: true };
    /// Writable.
    pub const WRITE: Self = Self { read: false, write: true, exclusive: false, hangup: false };
    /// Both.
    pub const READ_WRITE: Self = Self { read: true, write: true, exclusive: false, hangup: true };
    /// A listener shared by several loops.
    pub const LISTENER: Self = Self { read: true, write: false, exclusive: true, hangup: false };
    /// Only that the other end is gone.
    pub const HANGUP: Self = Self { read: false, write: false, exclusive: false, hangup: true };

    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.read);
        flags.set(EventFlags::RDHUP, self.hangup);
        flags.set(EventFlags::OUT, self.write);
        // The kernel refuses EPOLLRDHUP beside EPOLLEXCLUSIVE; a listener has no peer to hang up.
        flags.set(EventFlags::EXCLUSIVE, self.exclusive);
        flags
    }
}

/// One descriptor that became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number given at [`Poller::add`].
    pub token: u64,
    /// A read will not block (it may give the end or an error).
    pub readable: bool,
    /// A write will not block.
    pub writable: bool,
    /// The other end is gone, or the descriptor failed.
    pub hangup: bool,
}

/// A set of descriptors to wait for. A descriptor leaves it when its last duplicate is closed.
pub struct Poller {
    fd: OwnedFd,
    raw: Vec<epoll::Event>,
}

impl Poller {
    /// An empty set (close-on-exec).
    ///
    /// # Errors
    /// Those of `epoll_create1`.
    pub fn new() -> io::Result<Self> {
        Ok(Self { fd: epoll::create(CreateFlags::CLOEXEC)?, raw: Vec::with_capacity(BATCH) })
    }

    /// Watches `fd` under `token`.
    ///
    /// # Errors
    /// `EEXIST` when it is watched already, `EPERM` for regular files, `ENOSPC` and `ENOMEM`.
    pub fn add(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.fd, fd, EventData::new_u64(token), interest.flags())?)
    }

    /// Changes token and interest of a watched `fd`.
    ///
    /// # Errors
    /// `ENOENT` when it is not watched, `EINVAL` when it is or becomes exclusive.
    pub fn modify(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(&self.fd, fd, EventData::new_u64(token), interest.flags())?)
    }

    /// Stops watching `fd`.
    ///
    /// # Errors
    /// `ENOENT` when it is not watched.
    pub fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.fd, fd)?)
    }

    /// Waits until something is ready or `timeout` has passed (`None`: for ever), and puts at most
    /// 256 events in the place of what `events` held. A signal ends the wait early, empty.
    ///
    /// A timeout is rounded up to whole milliseconds.
    ///
    /// # Errors
    /// Those of `epoll_wait` but `EINTR`.
    pub fn wait(&mut self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let timeout = timeout.map(to_timespec);
        self.raw.clear();
        match epoll::wait(&self.fd, rustix::buffer::spare_capacity(&mut self.raw), timeout.as_ref())
        {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        events.extend(self.raw.iter().map(|event| {
            let (flags, data) = (event.flags, event.data);
            let has = |wanted: EventFlags| flags.intersects(wanted);
            Event {
                token: data.u64(),
                readable: has(EventFlags::IN
                    | EventFlags::RDHUP
                    | EventFlags::HUP
                    | EventFlags::ERR),
                writable: has(EventFlags::OUT | EventFlags::ERR),
                hangup: has(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR),
            }
        }));
        Ok(())
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("fd", &self.fd).finish_non_exhaustive()
    }
}

/// At most 24 days: the kernel's own bound of a millisecond count in an `int`.
fn to_timespec(timeout: Duration) -> Timespec {
    let bounded = timeout.min(Duration::from_hours(24 * 24));
    Timespec {
        tv_sec: i64::try_from(bounded.as_secs()).unwrap_or(0),
        tv_nsec: i64::from(bounded.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_carries_the_token_and_ends_with_removal() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let mut poller = Poller::new().unwrap();
        poller.add(&read, 7, Interest::READ).unwrap();
        let mut events = Vec::new();
        poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
        assert_eq!(events, []);
        rustix::io::write(&write, b"x").unwrap();
        poller.wait(&mut events, None).unwrap();
        let ready = Event { token: 7, readable: true, writable: false, hangup: false };
        assert_eq!(events, [ready]);
        poller.modify(&read, 8, Interest::READ).unwrap();
        drop(write);
        poller.wait(&mut events, None).unwrap();
        assert_eq!(events, [Event { token: 8, readable: true, writable: false, hangup: true }]);
        poller.remove(&read).unwrap();
        poller.wait(&mut events, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(events, []);
    }

    #[test]
    fn exclusive_listeners_are_accepted_by_the_kernel() {
        let (read, _write) = rustix::pipe::pipe().unwrap();
        Poller::new().unwrap().add(&read, 1, Interest::LISTENER).unwrap();
    }
}
