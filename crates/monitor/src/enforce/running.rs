//! Commands that run: what they say is heard and bounded, and their time is.

use crate::enforce::command::Run;
use portreeve_sys::process::{kill, kill_group};
use portreeve_sys::{Pid, Signal};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Bytes of what one says that are kept: its first.
const KEPT: usize = 400;
/// Bytes that are read of it in one turn.
const TURN: usize = 64 << 10;
/// Between being told to end and being killed.
const KILL_AFTER: Duration = Duration::from_secs(5);

/// What one says.
#[derive(Debug)]
pub(super) struct Output {
    /// `None` when nobody can say more.
    pipe: Option<File>,
    kept: Vec<u8>,
    more: bool,
}

impl Output {
    /// The reading end of its pipe, which does not block.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self { pipe: Some(File::from(pipe)), kept: Vec::new(), more: false }
    }

    /// Reads what is there; what is not kept is gone.
    fn read(&mut self) {
        if !self.may_say_more() {
            self.pipe = None;
        }
    }

    fn may_say_more(&mut self) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut chunk = [0_u8; 4096];
        for _ in 0..TURN.div_euclid(chunk.len()) {
            match pipe.read(&mut chunk) {
                Ok(0) => return false,
                Ok(n) => {
                    let said = chunk.get(..n).unwrap_or_default();
                    let room = KEPT.saturating_sub(self.kept.len());
                    self.kept.extend(said.iter().take(room));
                    self.more |= said.len() > room;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return e.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// All that is kept, as text.
    pub(super) fn last_words(mut self) -> String {
        self.read();
        let mut text = String::from_utf8_lossy(&self.kept).trim_end().to_owned();
        if self.more {
            text.push('…');
        }
        text
    }
}

/// One that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) run: Run,
    pub(super) output: Option<Output>,
    /// When it is told to end, and then killed.
    due: Option<Duration>,
    /// Whether it has been told to end.
    pub(super) told: bool,
    /// Why it could not be executed.
    pub(super) trouble: Option<String>,
}

impl Running {
    pub(super) fn new(run: Run, output: Option<Output>, due: Duration) -> Self {
        Self { run, output, due: Some(due), told: false, trouble: None }
    }
}

/// Those of one command.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<Pid, Running>);

impl Runs {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the program of the door's start runs, for which all others wait.
    pub(super) fn starts(&self) -> bool {
        self.0.values().any(|running| running.run == Run::Start)
    }

    pub(super) fn add(&mut self, pid: Pid, running: Running) {
        self.0.insert(pid, running);
    }

    pub(super) fn get_mut(&mut self, pid: Pid) -> Option<&mut Running> {
        self.0.get_mut(&pid)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Pid, &Running)> {
        self.0.iter().map(|(pid, running)| (*pid, running))
    }

    /// One of them says something, or will say no more. Tells whether there is such a one.
    pub(super) fn readable(&mut self, pid: Pid) -> bool {
        let Some(running) = self.0.get_mut(&pid) else { return false };
        running.output.iter_mut().for_each(Output::read);
        true
    }

    /// Its process has ended. What it left behind in its group ends too.
    pub(super) fn ended(&mut self, pid: Pid) -> Option<Running> {
        let running = self.0.remove(&pid)?;
        if running.told {
            let _ = kill_group(pid, Signal::Kill);
        }
        Some(running)
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.0.values().filter_map(|running| running.due).min()
    }

    /// Ends those whose time is over.
    pub(super) fn tick(&mut self, now: Duration) {
        for (pid, running) in &mut self.0 {
            if running.due.is_none_or(|due| due > now) {
                continue;
            }
            // gone already: it is reaped soon
            if running.told {
                let _ = kill_group(*pid, Signal::Kill);
                let _ = kill(*pid, Signal::Kill);
                running.due = None;
            } else {
                let _ = kill_group(*pid, Signal::Term);
                running.told = true;
                running.due = Some(now.saturating_add(KILL_AFTER));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::pipe;
    use std::io::Write;

    #[test]
    fn of_what_one_says_the_first_is_kept() {
        let (read, write) = pipe::pipe().unwrap();
        pipe::set_nonblocking(&read, true).unwrap();
        let mut write = File::from(write);
        let mut output = Output::new(read);
        write.write_all(b"hello\n").unwrap();
        output.read();
        assert!(output.pipe.is_some(), "there may be more");
        write.write_all(&[b'x'; 5000]).unwrap();
        drop(write);
        let words = output.last_words();
        assert!(words.starts_with("hello\nxxx") && words.ends_with("x…"));
        assert_eq!(words.chars().count(), KEPT + 1);
    }
}
