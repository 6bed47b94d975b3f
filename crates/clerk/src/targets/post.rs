//! Messages for another daemon of the host, at a datagram socket with a path.
//!
//! The socket is made before the sandbox and never connected: each message is sent to whoever
//! listens at the path at that moment, so a restarted receiver is found again. No wait for it holds
//! up anything else.

use crate::alarms::Alarms;
use portreeve_sys::file::memfd;
use portreeve_sys::socket::send_file_to;
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Messages that may wait.
const WAITING: usize = 4096;

/// Bytes of messages that may wait.
const MOST_BYTES: usize = 4 << 20;

/// How long a receiver that is behind, or away, is given before the next try: at first and at most.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

/// How long it may be behind before the owner is told.
const BEHIND: Duration = Duration::from_secs(2);

/// Who is to get messages, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    /// Where.
    pub(crate) path: &'static str,
    /// Who, as alarms name it.
    pub(crate) name: &'static str,
    /// What it gets, as alarms name it.
    pub(crate) what: &'static str,
    /// Whether it takes a message that is too long for a datagram in a file.
    pub(crate) files: bool,
}

/// The way to a receiver.
#[derive(Debug)]
pub(crate) struct Post {
    socket: Rc<UnixDatagram>,
    to: Address,
    queue: RefCell<VecDeque<Vec<u8>>>,
    bytes: Cell<usize>,
    lost: Cell<u64>,
    /// The owner was told of a loss.
    overflowed: Cell<bool>,
    /// The alarm that is on.
    trouble: RefCell<Option<String>>,
    /// Nothing is sent at the moment.
    stuck: Cell<bool>,
    work: Notify,
    alarms: Rc<Alarms>,
}

impl Post {
    /// The way; [`Post::deliver`] must be run.
    pub(crate) fn new(socket: Rc<UnixDatagram>, to: Address, alarms: Rc<Alarms>) -> Self {
        Self {
            socket,
            to,
            queue: RefCell::default(),
            bytes: Cell::new(0),
            lost: Cell::new(0),
            overflowed: Cell::new(false),
            trouble: RefCell::new(None),
            stuck: Cell::new(false),
            work: Notify::new(),
            alarms,
        }
    }

    /// Sends a message, now if that is possible.
    pub(crate) fn push(&self, message: Vec<u8>) {
        let mut queue = self.queue.borrow_mut();
        if queue.is_empty() {
            match self.send(&message) {
                Ok(()) => return self.works(),
                Err(error) if hopeless(&error) => return self.lose(1),
                Err(_) => {} // the delivery meets the same, and tells
            }
        }
        let bytes = self.bytes.get().saturating_add(message.len());
        if queue.len() >= WAITING || bytes > MOST_BYTES {
            return self.lose(1);
        }
        self.bytes.set(bytes);
        queue.push_back(message);
        self.work.notify_one();
    }

    /// Sends what waits, for ever.
    pub(crate) async fn deliver(&self) {
        let (mut delay, mut waited) = (PATIENCE.0, Duration::ZERO);
        loop {
            let sent = self.queue.borrow().front().map(|message| self.send(message));
            match sent {
                None => {
                    (delay, waited) = (PATIENCE.0, Duration::ZERO);
                    self.work.notified().await;
                }
                Some(Ok(())) => {
                    self.forget_first();
                    self.works();
                    (delay, waited) = (PATIENCE.0, Duration::ZERO);
                }
                Some(Err(error)) if hopeless(&error) => {
                    self.forget_first();
                    self.lose(1);
                }
                Some(Err(error)) => {
                    let behind = error.kind() == io::ErrorKind::WouldBlock;
                    if !behind || waited >= BEHIND {
                        let why =
                            if behind { "it does not read".into() } else { error.to_string() };
                        self.troubled(&why);
                    }
                    sleep(delay).await;
                    waited = waited.saturating_add(delay);
                    delay = delay.saturating_mul(2).min(PATIENCE.1);
                }
            }
        }
    }

    /// Whether all is sent, or will not be soon.
    pub(crate) fn is_settled(&self) -> bool {
        self.stuck.get() || self.queue.borrow().is_empty()
    }

    /// How many messages were lost, once those that waited are sent.
    pub(crate) fn take_lost(&self) -> u64 {
        if self.stuck.get() || !self.queue.borrow().is_empty() { 0 } else { self.lost.take() }
    }

    /// Nothing more comes. A receiver that works gets what waits; else it is counted as lost.
    pub(crate) fn retire(&self) -> u64 {
        if self.stuck.get() {
            let waiting = std::mem::take(&mut *self.queue.borrow_mut()).len();
            self.bytes.set(0);
            self.lost.set(self.lost.get().saturating_add(waiting as u64));
            self.works();
        }
        self.lost.take()
    }

    fn send(&self, message: &[u8]) -> io::Result<()> {
        let sent = self.socket.send_to(message, self.to.path);
        match sent {
            Err(error) if self.to.files && hopeless(&error) => {
                let file = memfd("event", message)?;
                send_file_to(&*self.socket, Path::new(self.to.path), file.as_fd())
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    fn forget_first(&self) {
        let first = self.queue.borrow_mut().pop_front();
        let bytes = first.map_or(0, |message| message.len());
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }

    fn lose(&self, count: u64) {
        self.lost.set(self.lost.get().saturating_add(count));
        if !self.overflowed.replace(true) {
            self.alarms.raise(&self.lost_text());
        }
    }

    fn works(&self) {
        self.stuck.set(false);
        if let Some(text) = self.trouble.take() {
            self.alarms.over(&text);
        }
        if self.bytes.get() == 0 && self.overflowed.take() {
            self.alarms.over(&self.lost_text());
        }
    }

    fn troubled(&self, why: &str) {
        self.stuck.set(true);
        let Address { path, name, what, .. } = self.to;
        let text = format!("{name} ({path}) does not take {what}: {why}");
        let mut trouble = self.trouble.borrow_mut();
        if trouble.as_ref() != Some(&text) {
            if let Some(before) = trouble.replace(text.clone()) {
                self.alarms.over(&before);
            }
            self.alarms.raise(&text);
        }
    }

    fn lost_text(&self) -> String {
        let Address { name, what, .. } = self.to;
        format!("{what} for {name} were lost: it did not take them for too long")
    }
}

/// Whether a message of this length would never go.
fn hopeless(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error())
}
