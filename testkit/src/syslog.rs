//! The private host's syslog: a socket at `/dev/log` and a thread that keeps what comes.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::must::Must;

/// How often the thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(50);

/// Most messages that are kept.
const MOST: usize = 100_000;

/// A running receiver.
#[derive(Debug)]
pub(crate) struct Syslog {
    inbox: Arc<Mutex<Inbox>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What came, and where it comes.
#[derive(Debug)]
struct Inbox {
    socket: UnixDatagram,
    lines: Vec<String>,
}

impl Syslog {
    /// Listens at `path`.
    pub(crate) fn start(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).must(path.display());
        let everyone = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(path, everyone).must("open syslog to every user");
        socket.set_nonblocking(true).must("look without waiting");
        let watched = socket.try_clone().must("watch the socket");
        let inbox = Arc::new(Mutex::new(Inbox { socket, lines: Vec::new() }));
        let stop = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let (inbox, stop) = (inbox.clone(), stop.clone());
            move || keep(&watched, &inbox, &stop)
        });
        Self { inbox, stop, thread: Some(thread) }
    }

    /// The messages sent so far, each with its `<priority>` in front: also those that the thread
    /// has had no time for.
    pub(crate) fn lines(&self) -> Vec<String> {
        taken(&self.inbox).lines.clone()
    }
}

/// The inbox, with everything in it that waited in the socket.
fn taken(inbox: &Mutex<Inbox>) -> MutexGuard<'_, Inbox> {
    let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length) = inbox.socket.recv(&mut buffer) {
        let message = buffer.get(..length).unwrap_or_default();
        let message = String::from_utf8_lossy(message).trim_end_matches(['\0', '\n']).to_owned();
        if inbox.lines.len() < MOST {
            inbox.lines.push(message);
        }
    }
    inbox
}

/// Takes what comes as it comes: whoever sends waits where a few messages are not taken.
fn keep(socket: &UnixDatagram, inbox: &Mutex<Inbox>, stop: &AtomicBool) {
    let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    while !stop.load(Ordering::Relaxed) {
        let mut ready = [PollFd::new(socket, PollFlags::IN)];
        if poll(&mut ready, Some(&look)).is_ok_and(|count| count > 0) {
            drop(taken(inbox));
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
