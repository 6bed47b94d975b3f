//! Records for the system log.
//!
//! The socket is made before the sandbox and never connected: each message is sent to whoever has
//! `/dev/log` at that moment, so a restarted receiver is found again. No wait for it holds up
//! anything else.

use crate::alarms::Alarms;
use crate::record::syslog::message;
use jiff::tz::TimeZone;
use portreeve_model::{Facility, Severity};
use rustix::io::Errno;
use std::cell::Cell;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Where the receiver is.
const RECEIVER: &str = "/dev/log";

/// Messages that may wait.
const WAITING: usize = 4096;

/// How long a receiver that is behind, or away, is given before the next try: at first and at most.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(10));

const AWAY: &str = "the system log (/dev/log) does not take records";
const LOST: &str = "records for the system log were lost: it did not take them for too long";

/// The way to the system log.
#[derive(Debug)]
pub(crate) struct Syslog {
    queue: mpsc::Sender<String>,
    /// Messages that are not sent yet.
    open: Rc<Cell<usize>>,
    alarms: Rc<Alarms>,
    zone: TimeZone,
    pid: u32,
}

impl Syslog {
    /// The way, and what delivers. `pid` is the one the messages name: the monitor's.
    pub(crate) fn new(
        socket: UnixDatagram,
        alarms: &Rc<Alarms>,
        zone: &TimeZone,
        pid: u32,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let (queue, messages) = mpsc::channel(WAITING);
        let open = Rc::<Cell<usize>>::default();
        let deliver = deliver(socket, messages, Rc::clone(alarms), Rc::clone(&open));
        (Self { queue, open, alarms: Rc::clone(alarms), zone: zone.clone(), pid }, deliver)
    }

    /// Puts a record on its way.
    pub(crate) fn write(&self, priority: (Facility, Severity), ms: u64, text: &str) {
        let text = message(priority, ms, &self.zone, self.pid, text);
        match self.queue.try_send(text) {
            Ok(()) => self.open.set(self.open.get().saturating_add(1)),
            Err(_) => self.alarms.raise(LOST),
        }
    }

    /// Whether everything is sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.get() == 0
    }
}

async fn deliver(
    socket: UnixDatagram,
    mut messages: mpsc::Receiver<String>,
    alarms: Rc<Alarms>,
    open: Rc<Cell<usize>>,
) {
    while let Some(text) = messages.recv().await {
        let mut delay = PATIENCE.0;
        while let Err(error) = socket.send_to(text.as_bytes(), RECEIVER) {
            if error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error()) {
                break; // too long for this host's sockets: it would never go
            }
            if error.kind() != io::ErrorKind::WouldBlock {
                alarms.raise(AWAY); // not only behind
            }
            sleep(delay).await;
            delay = delay.saturating_mul(2).min(PATIENCE.1);
        }
        open.set(open.get().saturating_sub(1));
        alarms.over(AWAY);
        if messages.is_empty() {
            alarms.over(LOST);
        }
    }
}
