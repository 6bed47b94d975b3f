//! The channel to the monitor: messages in, answers out, neither ever waited for by the work.

use crate::watched::watch;
use portreeve_sys::channel::Channel;
use portreeve_wire::relay::{FromRelay, ToRelay};
use portreeve_wire::{MAX_PACKET, decode, encode};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// Answers that may wait before no more messages are taken. What is being worked on may still add
/// its answers; that is bounded elsewhere.
const WAITING: usize = 1024;

/// What came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A message and its descriptors.
    Message(ToRelay, Vec<OwnedFd>),
    /// The monitor is gone.
    Closed,
    /// Bytes that are no message: the two programs are not of one build, or one has a fault.
    Nonsense,
}

/// Both directions of the channel.
#[derive(Debug)]
pub(crate) struct Post {
    channel: AsyncFd<Channel>,
    waiting: RefCell<VecDeque<Vec<u8>>>,
    /// There is something to send.
    work: Notify,
    /// There is room again.
    room: Notify,
}

impl Post {
    /// Takes the channel; a runtime must be running.
    pub(crate) fn new(channel: Channel) -> io::Result<Self> {
        let channel = watch(channel)?;
        let waiting = RefCell::default();
        Ok(Self { channel, waiting, work: Notify::new(), room: Notify::new() })
    }

    /// Puts an answer on its way.
    pub(crate) fn send(&self, answer: &FromRelay) {
        // Cannot fail: every answer is a few kilobytes at most.
        if let Ok(bytes) = encode(answer, MAX_PACKET) {
            self.waiting.borrow_mut().push_back(bytes);
            self.work.notify_one();
        }
    }

    /// Sends what is put on its way, for ever. What cannot be sent since nobody is left to hear
    /// it is dropped.
    pub(crate) async fn deliver(&self) {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some(bytes) = next else {
                self.work.notified().await;
                continue;
            };
            let send = |channel: &Channel| channel.send(&bytes, &[]);
            // An error here is a closed channel, of which the receiving side learns too.
            let _ = self.channel.async_io(Interest::WRITABLE, send).await;
            self.room.notify_one();
        }
    }

    /// The next message, once there is room for its answer.
    ///
    /// # Errors
    /// Those of recvmsg(2).
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        while self.waiting.borrow().len() >= WAITING {
            self.room.notified().await;
        }
        let receive = |channel: &Channel| channel.recv(buffer);
        match self.channel.async_io(Interest::READABLE, receive).await {
            Ok(Some((length, fds))) => Ok(match decode(buffer.get(..length).unwrap_or_default()) {
                Ok(message) => Received::Message(message, fds),
                Err(_) => Received::Nonsense,
            }),
            Ok(None) => Ok(Received::Closed),
            // The monitor went with answers unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Received::Closed),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Received::Nonsense),
            Err(error) => Err(error),
        }
    }
}
