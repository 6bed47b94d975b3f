//! The private host's syslog: a socket at `/dev/log` and a thread that keeps what comes.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::must::Must;

/// How often the thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(50);

/// Most messages that are kept.
const MOST: usize = 100_000;

/// A running receiver.
#[derive(Debug)]
pub(crate) struct Syslog {
    lines: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Syslog {
    /// Listens at `path`.
    pub(crate) fn start(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).must(path.display());
        let everyone = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(path, everyone).must("open syslog to every user");
        socket.set_read_timeout(Some(LOOK)).must("bound a read");
        let (lines, stop) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicBool>::default());
        let thread = std::thread::spawn({
            let (lines, stop) = (lines.clone(), stop.clone());
            move || keep(&socket, &lines, &stop)
        });
        Self { lines, stop, thread: Some(thread) }
    }

    /// The messages so far, each with its `<priority>` in front.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn keep(socket: &UnixDatagram, lines: &Mutex<Vec<String>>, stop: &AtomicBool) {
    let mut buffer = vec![0; 64 << 10];
    while !stop.load(Ordering::Relaxed) {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let message = buffer.get(..length).unwrap_or_default();
        let message = String::from_utf8_lossy(message).trim_end_matches(['\0', '\n']).to_owned();
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST {
            lines.push(message);
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
