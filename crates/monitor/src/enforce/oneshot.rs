//! Starting `portreeve-enforce`: what it is asked lies in a sealed memory file on descriptor 0, what it
//! answers in another on descriptor 3, which is read when it has ended. Root waits for none of it.

use crate::door::paths::Paths;
use crate::helper::Outputs;
use portreeve_sys::process::kill;
use portreeve_sys::spawn::{Connection, Ids, Plan, Spawner};
use portreeve_sys::{Exit, Pid, Signal, Status, descriptor, file};
use portreeve_wire::enforce::{MAX_ANSWER, MAX_QUESTION};
use portreeve_wire::{decode, frame, split_frame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

/// One that takes longer hangs on a file system or a server.
const DEADLINE: Duration = Duration::from_secs(90);

/// What it takes to start one.
#[derive(Debug)]
pub(super) struct Means<'d> {
    pub(super) paths: &'d Paths,
    pub(super) spawner: &'d mut Spawner,
    pub(super) outputs: &'d Outputs,
    pub(super) now: Duration,
}

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) pid: Pid,
    memory: OwnedFd,
    pub(super) began: Duration,
    deadline: Duration,
    killed: bool,
    /// Why it could not be executed.
    pub(super) trouble: Option<String>,
}

/// Starts one with these words.
pub(super) fn start(
    words: &[&str],
    ids: Option<Ids>,
    question: &impl Serialize,
    means: &mut Means<'_>,
) -> Result<Run, String> {
    let path = means.paths.program("portreeve-enforce");
    let nul = |_| "a NUL byte".to_owned();
    let path = CString::new(path.as_os_str().as_bytes()).map_err(nul)?;
    let mut plan = Plan::new(path.clone());
    let words = words.iter().map(|word| CString::new(*word));
    let words: Vec<CString> = words.collect::<Result<_, _>>().map_err(nul)?;
    plan.argv = [vec![path], words].concat();
    plan.ids = ids;
    plan.new_session = true;
    plan.no_new_privs = true;
    plan.umask = Some(0o077);
    plan.directory = Some(c"/".to_owned());
    let program = plan.prepare().map_err(|bad| bad.to_string())?;
    let question = frame(question, MAX_QUESTION).map_err(|e| e.to_string())?;
    let memory_file = |e: std::io::Error| format!("no memory file: {e}");
    let question = Arc::new(file::memfd("question", &question).map_err(memory_file)?);
    let memory = file::open_memfd("answer").and_then(descriptor::raise).map_err(memory_file)?;
    let theirs = memory.try_clone().map_err(memory_file)?;
    let connection = Connection::new()
        .share(&question, &[0])
        .share(&means.outputs.null, &[1])
        .share(&means.outputs.stderr, &[2])
        .give(theirs, &[3]);
    let pid = means.spawner.spawn(&Arc::new(program), connection).map_err(|e| e.to_string())?;
    let deadline = means.now.saturating_add(DEADLINE);
    Ok(Run { pid, memory, began: means.now, deadline, killed: false, trouble: None })
}

impl Run {
    /// Ends it when its time is over. It is there until it has been reaped.
    pub(super) fn tick(&mut self, now: Duration) {
        if now >= self.deadline && !self.killed {
            self.killed = true;
            let _ = kill(self.pid, Signal::Kill); // gone already: it will be reaped
        }
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        (!self.killed).then_some(self.deadline)
    }

    /// Its answer, once it has ended.
    pub(super) fn answer<T: DeserializeOwned>(self, exit: Exit) -> Result<T, String> {
        match (self.trouble, exit.status) {
            (Some(why), _) => return Err(why),
            (None, _) if self.killed => {
                return Err(format!("it was not done within {} s", DEADLINE.as_secs()));
            }
            (None, Status::Code(0)) => {}
            (None, status) => return Err(crate::convert::describe(status)),
        }
        let bytes = file::seal(&self.memory)
            .and_then(|()| file::read_memfd(&self.memory, MAX_ANSWER.saturating_add(4)));
        let bytes = bytes.map_err(|e| format!("its answer cannot be read: {e}"))?;
        let frame = split_frame(&bytes, MAX_ANSWER).map_err(|e| e.to_string())?;
        let (body, _) = frame.ok_or("it ended without an answer")?;
        decode(body).map_err(|e| e.to_string())
    }
}
