//! The worker's end of the channel to the holder.

use portreeve_supervise::holder::{MOST, Order};
use portreeve_sys::channel::Channel;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// From one try to the next, when the kernel takes no message though there may be room for it.
const AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// See the module.
#[derive(Debug)]
pub(super) struct Line(Channel);

impl Line {
    pub(super) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// Tells the holder. It listens always, and where it does not at once it is waited for: what is
    /// done next must not be done before it knows. When it is gone, this process is about to die.
    pub(super) fn tell(&self, order: Order<'_>, fds: &[BorrowedFd<'_>]) {
        let message = order.encode();
        loop {
            match self.0.send(message.bytes(), fds) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None); // asked again
                }
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return,
                Err(_) => {
                    let _ = poll(&mut [], Some(&AGAIN)); // a nap
                }
            }
        }
    }

    /// The next message, if there is one.
    ///
    /// # Errors
    /// `UnexpectedEof` when the holder is gone; `WouldBlock`; `InvalidData` when its descriptors
    /// could not be received.
    pub(super) fn hear(&self, buffer: &mut [u8; MOST]) -> io::Result<(usize, Vec<OwnedFd>)> {
        self.0.recv(buffer)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Waits for a message.
    pub(super) fn wait(&self) {
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None); // asked again
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
