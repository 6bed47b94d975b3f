//! The process that holds a world's namespaces: when it ends, everything in the world ends.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::Signal;

use crate::must::Must;
use crate::running::{kill, text};
use crate::wait::poll;

/// How long the set-up of a private host may take on a busy machine.
const SETTING_UP: Duration = Duration::from_secs(60);

/// How long its end may take.
const ENDING: Duration = Duration::from_secs(30);

/// What is done inside, in order, before the world may be used.
const SCRIPT: &str = include_str!("anchor.sh");

/// Process 1 of the private host, and its parent.
#[derive(Debug)]
pub(crate) struct Anchor {
    unshare: Child,
    /// Process 1, as the host numbers it.
    pid: u32,
}

impl Anchor {
    /// Makes the namespaces and sets them up.
    pub(crate) fn start(folder: &Path, bin: &Path) -> Self {
        let errors = folder.join("anchor.err");
        let mut unshare = Command::new("unshare")
            .args(["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"])
            .args(["--propagation", "private", "sh", "-c", SCRIPT, "door"])
            .args([folder, bin])
            .env_clear()
            .env("PATH", super::PATH)
            // Held open by this process alone: a killed test takes its world along.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).must(errors.display()))
            .spawn()
            .must("start unshare");
        let output = unshare.stdout.take().must("unshare's output");
        let mut anchor = Self { unshare, pid: 0 };
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || send.send(BufReader::new(output).lines().next()));
        match receive.recv_timeout(SETTING_UP) {
            Ok(Some(Ok(line))) => anchor.pid = line.parse().must("process 1 tells its pid"),
            other => panic!("setting up a world failed: {other:?}\n{}", text(&errors)),
        }
        anchor
    }

    /// Process 1, as the host numbers it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        // Killing process 1 makes the kernel kill everything in the namespace, and process 1 is
        // reaped only when all the rest is gone: unshare's end is the proof.
        let killed = self.pid != 0 && kill(self.pid, Signal::KILL).is_ok();
        if !killed {
            let _ = self.unshare.kill();
        }
        let ended = poll(ENDING, &mut || self.unshare.try_wait().ok().flatten());
        if ended.is_none() && !std::thread::panicking() {
            panic!("a world is still there {ENDING:?} after its process 1 was killed");
        }
    }
}
