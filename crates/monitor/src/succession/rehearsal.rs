//! The new program is tried before it takes our place: run as a child, it must read our estate.

use crate::helper::Outputs;
use crate::succession::Started;
use portreeve_sys::process::kill;
use portreeve_sys::spawn::{Connection, Plan, Spawner};
use portreeve_sys::{Pid, Signal, Status, pipe};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

/// It reads a configuration at most, which has its own deadline of a minute.
const DEADLINE: Duration = Duration::from_secs(70);
/// Bytes of its answer that are looked at.
const MOST_WORDS: u64 = 4096;
/// The option that makes a program try an estate.
pub(crate) const OPTION: &str = "--try-estate";
/// How the answer of a program that is fit begins.
pub(crate) const FIT: &str = "fit";

/// One rehearsal.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    pub(crate) pid: Pid,
    pipe: File,
    deadline: Duration,
    killed: bool,
    pub(crate) trouble: Option<String>,
    program: String,
}

/// Starts one.
pub(crate) fn start(
    started: &Started,
    estate: OwnedFd,
    spawner: &mut Spawner,
    outputs: &Outputs,
    now: Duration,
) -> Result<Rehearsal, String> {
    let text = |text: &OsStr| {
        CString::new(text.as_bytes()).map_err(|_| "an argument holds a NUL byte".to_owned())
    };
    let path = text(started.program.as_os_str())?;
    let mut plan = Plan::new(path.clone());
    let rest: Result<Vec<CString>, _> = started.args.iter().skip(1).map(|arg| text(arg)).collect();
    let option = text(OsStr::new(OPTION))?;
    plan.argv = [path, option].into_iter().chain(rest?).collect();
    plan.new_session = true;
    plan.reserved = true;
    let program = plan.prepare().map_err(|bad| bad.to_string())?;
    let (read, write) = pipe::pipe().map_err(|e| format!("no pipe: {e}"))?;
    pipe::set_nonblocking(&read, true).map_err(|e| format!("no pipe: {e}"))?;
    let connection =
        Connection::new().give(estate, &[0]).give(write, &[1]).share(&outputs.stderr, &[2]);
    let pid = spawner.spawn(&Arc::new(program), connection).map_err(|e| e.to_string())?;
    Ok(Rehearsal {
        pid,
        pipe: File::from(read),
        deadline: now.saturating_add(DEADLINE),
        killed: false,
        trouble: None,
        program: started.program.display().to_string(),
    })
}

impl Rehearsal {
    pub(crate) fn next_due(&self) -> Option<Duration> {
        (!self.killed).then_some(self.deadline)
    }

    /// Ends one that takes too long.
    pub(crate) fn tick(&mut self, now: Duration) {
        if !self.killed && self.deadline <= now {
            self.killed = true;
            let _ = kill(self.pid, Signal::Kill); // gone already: it will be reaped
        }
    }

    /// It has ended: whether the program is fit, or why not.
    pub(crate) fn outcome(self, status: Status) -> Result<(), String> {
        let Self { pipe, killed, trouble, program, .. } = self;
        let mut words = Vec::new();
        let _ = pipe.take(MOST_WORDS).read_to_end(&mut words); // what came, came
        let words = String::from_utf8_lossy(&words);
        let first = words.lines().next().unwrap_or_default();
        match (trouble, status) {
            (Some(why), _) => Err(why),
            _ if killed => Err(format!("`{program}` gave no answer in time")),
            (None, Status::Code(0)) if first.split(' ').next() == Some(FIT) => Ok(()),
            (None, Status::Code(0)) => {
                Err(format!("`{program}` is no portreeved that can take this one's place"))
            }
            (None, status) => {
                let how = crate::convert::describe(status);
                let said = if first.is_empty() { String::new() } else { format!(": {first}") };
                Err(format!("`{program}` was tried, and {how}{said}"))
            }
        }
    }
}
