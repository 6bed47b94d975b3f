//! The channel to the monitor. What is said is sent at once if the monitor takes it: a clerk that
//! is killed the moment after has still said it.

use portreeve_sys::channel::Channel;
use portreeve_wire::clerk::{FromClerk, ToClerk};
use portreeve_wire::{FrameError, MAX_PACKET, decode, encode};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// Messages that may wait before no more are taken. What is being worked on may still add its own:
/// one for each session, change of the ledger and alarm.
const WAITING: usize = 1024;

/// What came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A message and its descriptors. It stays in the channel until [`Link::taken`]: should this
    /// process be killed before it is looked after, the monitor has it still.
    Message(ToClerk, Vec<OwnedFd>),
    /// The monitor is gone, and all it had said is taken.
    Closed,
    /// Bytes that are no message: the two programs are not of one build, or one has a fault.
    Nonsense(String),
}

/// Both directions.
#[derive(Debug)]
pub(crate) struct Link {
    channel: AsyncFd<Channel>,
    waiting: RefCell<VecDeque<Vec<u8>>>,
    /// There is something to send.
    work: Notify,
    /// Something was sent.
    sent: Notify,
}

impl Link {
    /// Takes the channel; a runtime must be running.
    pub(crate) fn new(channel: Channel) -> io::Result<Self> {
        #[expect(deprecated, reason = "unsound only for a type that may change its descriptor")]
        let channel = AsyncFd::new(channel)?;
        let waiting = RefCell::default();
        Ok(Self { channel, waiting, work: Notify::new(), sent: Notify::new() })
    }

    /// Says something. Bans that are too many for a packet go in several.
    pub(crate) fn send(&self, message: &FromClerk) {
        match (encode(message, MAX_PACKET), message) {
            (Ok(bytes), _) => self.send_bytes(bytes),
            (Err(FrameError::TooLong { .. }), FromClerk::Bans { bans, last }) if bans.len() > 1 => {
                let (first, second) = bans.split_at(bans.len() / 2);
                self.send(&FromClerk::Bans { bans: first.to_vec(), last: false });
                self.send(&FromClerk::Bans { bans: second.to_vec(), last: *last });
            }
            // Everything else is far below the bound.
            (Err(_), _) => {}
        }
    }

    fn send_bytes(&self, bytes: Vec<u8>) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.is_empty() || self.channel.get_ref().send(&bytes, &[]).is_err() {
            waiting.push_back(bytes);
            self.work.notify_one();
        }
    }

    /// Sends what waits, for ever. If nobody is left to hear it, it is dropped: the receiving side
    /// learns of that too.
    pub(crate) async fn deliver(&self) {
        loop {
            let Some(bytes) = self.waiting.borrow().front().cloned() else {
                self.work.notified().await;
                continue;
            };
            let send = |channel: &Channel| channel.send(&bytes, &[]);
            let _ = self.channel.async_io(Interest::WRITABLE, send).await;
            self.waiting.borrow_mut().pop_front();
            self.sent.notify_waiters();
        }
    }

    /// Waits until no more than so many messages wait.
    pub(crate) async fn drained_to(&self, most: usize) {
        loop {
            let sent = self.sent.notified();
            if self.waiting.borrow().len() <= most {
                return;
            }
            sent.await;
        }
    }

    /// The next message, once there is room for what it may cause to be said.
    ///
    /// # Errors
    /// Those of recvmsg(2).
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.drained_to(WAITING).await;
        loop {
            let look = |channel: &Channel| channel.peek(buffer);
            let (length, fds) = match self.channel.async_io(Interest::READABLE, look).await {
                Ok(Some(looked)) => looked,
                Ok(None) => return Ok(Received::Closed),
                // The monitor went with messages of ours unread; its own are still to be taken.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let why = "a message or its descriptors did not fit";
                    return Ok(Received::Nonsense(why.into()));
                }
                Err(error) => return Err(error),
            };
            return Ok(match decode(buffer.get(..length).unwrap_or_default()) {
                Ok(message) => Received::Message(message, fds),
                Err(error) => Received::Nonsense(error.to_string()),
            });
        }
    }

    /// What was received is looked after: the next message may come.
    ///
    /// # Errors
    /// Those of recv(2).
    pub(crate) fn taken(&self) -> io::Result<()> {
        self.channel.get_ref().discard()
    }
}
