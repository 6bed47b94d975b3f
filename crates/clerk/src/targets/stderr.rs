//! The daemon's standard error, which may be anything: a terminal that is stopped, a pipe that
//! nobody reads, a file on a full disk.
//!
//! Whether a write will wait cannot be known beforehand, and the open file is shared with others,
//! so that it must not be made non-blocking. A thread of its own writes, and alone waits.

use crate::alarms::Alarms;
use portreeve_model::Severity;
use portreeve_sys::clock;
use rustix::fs::fstat;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that may wait.
const WAITING: usize = 4096;

/// Bytes of lines that may wait.
const MOST_BYTES: usize = 4 << 20;

/// How long one write may take before the owner is told.
const BEHIND: Duration = Duration::from_secs(2);

/// Until a descriptor that somebody else made non-blocking is tried again.
const AGAIN: Duration = Duration::from_millis(20);

const LOST: &str = "events for standard error were lost: it did not take them for too long";

/// The way there.
#[derive(Debug)]
pub(crate) struct Stderr {
    shared: Arc<Shared>,
    /// It leads to the journal, which takes a priority before each line.
    journal: bool,
    /// The thread runs.
    started: bool,
    /// The alarms that are on.
    told: Vec<String>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that were not written.
    lost: u64,
    overflowed: bool,
    /// Since when a line is being written, by the monotonic clock.
    writing: Option<Duration>,
    /// Why the last line was not written.
    trouble: Option<String>,
}

impl Queue {
    fn is_stuck(&self) -> bool {
        let since = |since| clock::monotonic().saturating_sub(since) >= BEHIND;
        self.trouble.is_some() || self.writing.is_some_and(since)
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.writing.is_none()
    }
}

impl Stderr {
    /// The way; `stream` is what systemd says in `JOURNAL_STREAM` about the journal's.
    pub(crate) fn new(stream: Option<&str>) -> Self {
        let journal = stream.is_some_and(is_standard_error);
        Self { shared: Arc::default(), journal, started: false, told: Vec::new() }
    }

    /// Whether it leads to the journal.
    pub(crate) fn is_journal(&self) -> bool {
        self.journal
    }

    /// Puts a line, which has its newline, on its way.
    pub(crate) fn write(&mut self, severity: Severity, line: &str) {
        let started = self.start();
        let mut queue = self.shared.lock();
        if !started
            || queue.lines.len() >= WAITING
            || queue.bytes.saturating_add(line.len()) > MOST_BYTES
        {
            queue.lost = queue.lost.saturating_add(1);
            queue.overflowed = true;
            return;
        }
        let prefix = if self.journal { format!("<{}>", severity.0) } else { String::new() };
        let line = prefix + line;
        queue.bytes = queue.bytes.saturating_add(line.len());
        queue.lines.push_back(line);
        drop(queue);
        self.shared.work.notify_one();
    }

    fn start(&mut self) -> bool {
        if !self.started {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("stderr".into());
            // It ends with the process: nobody can wait for one that is stuck.
            self.started = thread.spawn(move || shared.deliver(&mut io::stderr())).is_ok();
        }
        self.started
    }

    /// Tells the owner what is wrong, and what no longer is.
    pub(crate) fn tend(&mut self, alarms: &Alarms) {
        let mut queue = self.shared.lock();
        let mut tell = Vec::new();
        if queue.is_stuck() {
            let why = queue.trouble.as_deref().unwrap_or("nobody reads it");
            tell.push(format!("standard error does not take events: {why}"));
        }
        queue.overflowed &= !queue.is_idle();
        if queue.overflowed {
            tell.push(LOST.into());
        }
        drop(queue);
        self.told.iter().filter(|text| !tell.contains(text)).for_each(|text| alarms.over(text));
        tell.iter().filter(|text| !self.told.contains(text)).for_each(|text| alarms.raise(text));
        self.told = tell;
    }

    /// Whether all is written, or will not be soon.
    pub(crate) fn is_settled(&self) -> bool {
        let queue = self.shared.lock();
        queue.is_idle() || queue.is_stuck()
    }

    /// How many lines were lost, once it takes them again.
    pub(crate) fn take_lost(&self) -> u64 {
        let mut queue = self.shared.lock();
        if queue.is_idle() && !queue.is_stuck() { std::mem::take(&mut queue.lost) } else { 0 }
    }

    /// Nothing more comes. If it works it gets what waits; else that is counted as lost.
    pub(crate) fn retire(&self) -> u64 {
        let mut queue = self.shared.lock();
        if queue.is_stuck() {
            let waiting = queue.lines.len() as u64 + u64::from(queue.writing.is_some());
            queue.lost = queue.lost.saturating_add(waiting);
            queue.lines.clear();
            (queue.bytes, queue.trouble) = (0, None);
        }
        std::mem::take(&mut queue.lost)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: writes what comes, for ever.
    fn deliver(&self, to: &mut impl Write) {
        let mut torn = false;
        loop {
            let mut queue = self.lock();
            let line = loop {
                if let Some(line) = queue.lines.pop_front() {
                    break line;
                }
                queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            };
            queue.bytes = queue.bytes.saturating_sub(line.len());
            queue.writing = Some(clock::monotonic());
            drop(queue);
            // A line that a full disk cut must not become one with the next.
            let whole = if torn { format!("\n{line}") } else { line };
            let outcome = write_all(to, whole.as_bytes());
            let mut queue = self.lock();
            queue.writing = None;
            queue.trouble = match outcome {
                Ok(()) => {
                    torn = false;
                    None
                }
                Err((error, written)) => {
                    torn |= written > 0;
                    queue.lost = queue.lost.saturating_add(1);
                    Some(error.to_string())
                }
            };
        }
    }
}

/// Writes all of it; an error comes with how many bytes were written.
fn write_all(to: &mut impl Write, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
    let mut written = 0;
    loop {
        let left = bytes.get(written..).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        match to.write(left) {
            Ok(0) => return Err((io::ErrorKind::WriteZero.into(), written)),
            Ok(some) => written = written.saturating_add(some),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(AGAIN),
            Err(error) => return Err((error, written)),
        }
    }
}

/// Whether `DEVICE:INODE` is what standard error is connected to.
fn is_standard_error(stream: &str) -> bool {
    let Ok(stat) = fstat(io::stderr()) else { return false };
    stream == format!("{}:{}", stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Takes so many bytes, then says no for ever, or until told otherwise.
    struct Disk(usize, mpsc::Sender<Vec<u8>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                self.0 = usize::MAX;
                return Err(io::ErrorKind::StorageFull.into());
            }
            let some = bytes.len().min(self.0);
            self.0 -= some;
            let _ = self.1.send(bytes[..some].to_vec());
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_cut_is_counted_and_does_not_run_into_the_next() {
        let shared = Arc::<Shared>::default();
        let (to, taken) = mpsc::channel();
        for line in ["one\n", "two\n", "three\n"] {
            shared.lock().lines.push_back(line.to_owned());
        }
        let writer = Arc::clone(&shared);
        std::thread::spawn(move || writer.deliver(&mut Disk(6, to)));
        let all: Vec<u8> = (0..3).flat_map(|_| taken.recv().unwrap()).collect();
        assert_eq!(String::from_utf8(all).unwrap(), "one\ntw\nthree\n");
        assert_eq!(shared.lock().lost, 1);
    }
}
