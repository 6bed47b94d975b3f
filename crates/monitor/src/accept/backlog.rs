//! Messages for a helper that does not take them at once, with their descriptors: in order, bounded.
//!
//! A burst of connections comes faster than the kernel lets another process take them over; that is
//! no reason to refuse anybody.

use portreeve_sys::channel::Channel;
use portreeve_sys::descriptor;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Messages that wait, each with a connection as a rule; with more the helper is behind.
const MOST: usize = 1024;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    queue: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
}

impl Backlog {
    /// Sends a message, or keeps it behind those that wait; `false` when neither could be done.
    pub(crate) fn send(
        &mut self,
        channel: &Channel,
        message: Vec<u8>,
        fds: &[BorrowedFd<'_>],
    ) -> bool {
        if self.queue.is_empty() {
            match channel.send(&message, fds) {
                Ok(()) => return true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        if self.queue.len() >= MOST {
            return false;
        }
        let Ok(fds) = fds.iter().map(descriptor::raised).collect() else { return false };
        self.queue.push_back((message, fds));
        true
    }

    /// Sends what the channel takes; descriptors that were sent are closed here.
    ///
    /// # Errors
    /// The other end is gone.
    pub(crate) fn flush(&mut self, channel: &Channel) -> io::Result<()> {
        while let Some((message, fds)) = self.queue.front() {
            let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            match channel.send(message, &fds) {
                Ok(()) => drop(self.queue.pop_front()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::channel::pair;
    use portreeve_sys::pipe::pipe;

    fn number(message: &[u8]) -> usize {
        std::str::from_utf8(message).unwrap().parse().unwrap()
    }

    #[test]
    fn what_is_not_taken_at_once_waits_in_order_with_its_descriptors() {
        let (ours, theirs) = pair().unwrap();
        let (read, _write) = pipe().unwrap();
        let mut backlog = Backlog::default();
        let mut sent = 0;
        while backlog.send(&ours, sent.to_string().into_bytes(), &[read.as_fd()]) {
            sent += 1;
        }
        assert!(sent > MOST && !backlog.is_empty(), "bounded: {sent}");
        let mut buffer = vec![0; 64];
        for want in 0..sent {
            let (bytes, fds) = theirs.recv(&mut buffer).unwrap().unwrap();
            assert_eq!((number(&buffer[..bytes]), fds.len()), (want, 1));
            backlog.flush(&ours).unwrap();
        }
        assert!(backlog.is_empty());
        assert_eq!(theirs.recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn nothing_waits_for_one_who_is_gone() {
        let (ours, theirs) = pair().unwrap();
        let mut backlog = Backlog::default();
        while backlog.is_empty() {
            assert!(backlog.send(&ours, b"1".to_vec(), &[]));
        }
        drop(theirs);
        assert!(backlog.flush(&ours).is_err());
        assert!(!Backlog::default().send(&ours, b"1".to_vec(), &[]));
    }
}
