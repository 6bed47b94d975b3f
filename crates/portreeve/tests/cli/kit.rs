//! A folder for a door of its own, the command, and a door that answers what a test wants.

use portreeve_wire::control::{Answer, MAX_ANSWER, Request};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// A folder that goes with its test.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("portreeve-cli-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("etc/portreeve")).unwrap();
        fs::create_dir_all(path.join("run/portreeve")).unwrap();
        Self { path }
    }

    /// With this configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        let folder = Self::new();
        fs::write(folder.path.join("etc/portreeve/portreeve.toml"), configuration).unwrap();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The command with `--root` for this folder.
    pub(crate) fn portreeve(&self, args: &[&str]) -> Ran {
        let root = self.path.to_str().unwrap();
        portreeve(&[args, &["--root", root]].concat())
    }

    /// A door that answers one question.
    pub(crate) fn door(&self, answer: &Answer, rest: &[u8]) -> JoinHandle<Request> {
        let listener = self.listener();
        let mut bytes = portreeve_wire::frame(answer, MAX_ANSWER).unwrap();
        bytes.extend_from_slice(rest);
        thread::spawn(move || answer_one(&listener, &bytes))
    }

    /// A door that answers these questions, one after another.
    pub(crate) fn patient_door(&self, answers: &[Answer]) -> JoinHandle<Vec<Request>> {
        let listener = self.listener();
        let answers: Vec<_> =
            answers.iter().map(|one| portreeve_wire::frame(one, MAX_ANSWER).unwrap()).collect();
        thread::spawn(move || answers.iter().map(|one| answer_one(&listener, one)).collect())
    }

    fn listener(&self) -> UnixListener {
        UnixListener::bind(self.path.join("run/portreeve/control.sock")).unwrap()
    }
}

fn answer_one(listener: &UnixListener, bytes: &[u8]) -> Request {
    let (mut stream, _) = listener.accept().unwrap();
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_le_bytes(head)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    // The command may leave before it has read everything.
    let _left_early = stream.write_all(bytes);
    portreeve_wire::decode(&body).unwrap()
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            exit: output.status.code().expect("ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The command in an environment of its own.
pub(crate) fn command(args: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_portreeve"));
    command.args(args).env_clear().env("TZ", "UTC").current_dir("/");
    command
}

/// Runs it to its end.
pub(crate) fn portreeve(args: &[&str]) -> Ran {
    command(args).output().unwrap().into()
}
