//! A program running in a world: its output kept in files, its end assured.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::must::Must;
use crate::process::{children, proc_status};
use crate::wait::{poll, poll_for};

/// Most that is read back of an output file.
const MOST_OUTPUT: u64 = 16 << 20;

/// Most that is shown of an output file when a test fails.
const MOST_SHOWN: usize = 64 << 10;

/// How long a program may take to appear, or when killed to be gone, on a busy machine.
const SETTLING: Duration = Duration::from_secs(60);

/// A program started in a world. Dropping it kills it; when the test is failing, what it wrote is
/// printed first.
#[derive(Debug)]
pub struct Running {
    name: String,
    /// nsenter, which stays as the program's parent because it entered a pid namespace.
    child: Child,
    /// The program itself, as the host numbers it.
    pid: Option<u32>,
    ended: Option<ExitStatus>,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// Starts a command made by a world, its output going to `FOLDER/NAME.out` and `.err`.
    pub(crate) fn start(folder: &Path, name: &str, mut command: Command) -> Self {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        command.stdout(File::create(&out).must(out.display()));
        command.stderr(File::create(&err).must(err.display()));
        let child = command.spawn().must(format!("start {name}"));
        let mut running = Self { name: name.to_owned(), child, pid: None, ended: None, out, err };
        running.pid = poll_for(SETTLING, format!("{name} to start"), || {
            let ended = running.try_wait().is_some();
            let pid = running.look_for_program();
            (ended || pid.is_some()).then_some(pid)
        });
        running
    }

    /// The child of nsenter, once there is nsenter and its child has become another program.
    fn look_for_program(&self) -> Option<u32> {
        let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
        let nsenter = program(self.child.id()).filter(|path| path.ends_with("nsenter"))?;
        let pid = *children(self.child.id()).first()?;
        (program(pid)? != nsenter).then_some(pid)
    }

    /// The program's pid as the host numbers it, for [`crate::proc_status`] and signals.
    ///
    /// # Panics
    /// When the program ended before it was ever seen.
    #[must_use]
    #[track_caller]
    pub fn pid(&self) -> u32 {
        match self.pid {
            Some(pid) => pid,
            None => panic!("{} ended at once:\n{}", self.name, self.outputs()),
        }
    }

    /// The program's pid as it knows it itself, and writes it in its pid file and logs.
    #[must_use]
    #[track_caller]
    pub fn inner_pid(&self) -> u32 {
        proc_status(self.pid()).must("read the program's status").inner_pid()
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        text(&self.out)
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        text(&self.err)
    }

    /// The write end of its standard input, once, when the command asked for a pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Sends a signal to the program.
    ///
    /// # Panics
    /// When the program has ended.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) {
        let ended = self.try_wait();
        assert!(ended.is_none(), "{} has ended: {ended:?}\n{}", self.name, self.outputs());
        kill(self.pid(), signal).must(format!("signal {}", self.name));
        if signal == Signal::CONT {
            self.wake_parent();
        }
    }

    /// How it ended, or nothing while it runs.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().must("look after a child");
        }
        self.ended
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        match poll(limit, &mut || self.try_wait()) {
            Some(status) => status,
            None => panic!("{} still runs after {limit:?}:\n{}", self.name, self.outputs()),
        }
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    #[track_caller]
    pub fn stop(&mut self, limit: Duration) -> ExitStatus {
        if self.try_wait().is_none() {
            self.signal(Signal::TERM);
        }
        self.wait(limit)
    }

    /// Kills it, as a crash would.
    #[track_caller]
    pub fn kill(&mut self) -> ExitStatus {
        if self.try_wait().is_none() {
            if let Some(pid) = self.pid.or_else(|| self.look_for_program()) {
                let _ = kill(pid, Signal::KILL);
            }
            self.wake_parent();
        }
        self.wait(SETTLING)
    }

    /// nsenter stops itself when its child is stopped, and would not notice the child's end.
    fn wake_parent(&self) {
        let _ = kill(self.child.id(), Signal::CONT);
    }

    /// Both outputs as bytes, after the end.
    pub(crate) fn into_outputs(self) -> (Vec<u8>, Vec<u8>) {
        (bytes(&self.out), bytes(&self.err))
    }

    /// Both outputs with headings, for messages.
    fn outputs(&self) -> String {
        let mut shown = String::new();
        for (which, text) in [("output", self.stdout()), ("errors", self.stderr())] {
            if !text.is_empty() {
                shown += &format!("---- {} of {}\n{}\n", which, self.name, tail(&text));
            }
        }
        shown
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show(&self.outputs());
            // No second panic while the first unwinds: the world's end kills what is left.
            let _ = self.pid.map(|pid| kill(pid, Signal::KILL));
            self.wake_parent();
            let _ = poll(SETTLING, &mut || self.child.try_wait().ok().flatten());
        } else {
            self.kill();
        }
    }
}

/// Prints to the failing test's captured output.
pub(crate) fn show(text: &str) {
    #[expect(clippy::print_stderr, reason = "a failing test is told what its programs said")]
    if !text.is_empty() {
        eprintln!("{text}");
    }
}

/// Sends a signal to a process of ours.
pub(crate) fn kill(pid: u32, signal: Signal) -> std::io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.must("a pid"), signal)?)
}

/// A file's text, at most so much of it.
pub(crate) fn text(path: &Path) -> String {
    String::from_utf8_lossy(&bytes(path)).into_owned()
}

fn bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_OUTPUT).read_to_end(&mut bytes));
    read.must(path.display());
    bytes
}

/// The end of a text, from a whole character on.
pub(crate) fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(MOST_SHOWN);
    (from..=text.len()).find_map(|at| text.get(at..)).unwrap_or_default()
}
