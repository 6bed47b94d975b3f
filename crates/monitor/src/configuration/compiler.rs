//! The one-shot that reads the configuration: started with less than root's rights, its answer read
//! as it comes, ended at a deadline.

use crate::args::Entry;
use crate::door::paths::Paths;
use crate::helper::Outputs;
use crate::sources::images::{self, Read};
use portreeve_model::Config;
use portreeve_sys::process::kill;
use portreeve_sys::spawn::{Connection, Ids, Plan, Spawner};
use portreeve_sys::{Capability, Pid, Signal, descriptor, file, pipe};
use portreeve_wire::compile::{Answer, MAX_ANSWER, Reread};
use portreeve_wire::{decode, frame, split_frame};
use serde::Serialize;
use std::ffi::CString;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// User look-ups may hang on a directory server; then the old configuration stays in force.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// The user and group `nobody`: with one capability, to read what only root may, and no other right.
const NOBODY: u32 = 65_534;

/// One run of the compiler. Whatever it answered, its process is ended when this is dropped: nobody
/// waits for it any more, so nothing else would bound its time.
#[derive(Debug)]
pub(crate) struct Run {
    /// Where it writes images.
    memory: OwnedFd,
    pub(crate) pid: Pid,
    pub(crate) pipe: File,
    pub(crate) deadline: Duration,
    /// It has been reaped: its number may be another's, though somebody still holds its pipe.
    pub(crate) reaped: bool,
    buffer: Vec<u8>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job<'a> {
    Load(&'a Entry),
    Resolve(&'a Config),
    Sources(&'a Reread),
}

/// What reading from a run gave.
#[derive(Debug)]
pub(crate) enum Progress {
    More,
    /// Its answer, and the images that it speaks of.
    Done(Box<Answer>, Vec<Read>),
    Failed(String),
}

/// Starts a run.
pub(crate) fn start(
    job: Job<'_>,
    paths: &Paths,
    root: bool,
    spawner: &mut Spawner,
    outputs: &Outputs,
    now: Duration,
) -> Result<Run, String> {
    let text = |path: &Path| {
        CString::new(path.as_os_str().as_bytes()).map_err(|_| "a path holds a NUL byte".to_owned())
    };
    let path = text(&paths.program("portreeve-compile"))?;
    let mut plan = Plan::new(path.clone());
    plan.argv = match job {
        Job::Load(entry) => {
            let flag = match entry {
                Entry::Native(_) => c"--native",
                Entry::Xinetd(_) => c"--xinetd",
            };
            vec![path, c"load".into(), flag.into(), text(entry.path())?]
        }
        Job::Resolve(_) => vec![path, c"resolve".into()],
        Job::Sources(_) => vec![path, c"sources".into()],
    };
    if root {
        plan.argv.push(c"--as-root".into());
        plan.ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() });
        plan.ambient = vec![Capability::DacReadSearch];
    }
    plan.new_session = true;
    plan.no_new_privs = true;
    plan.reserved = true;
    plan.directory = Some(c"/".to_owned());
    let program = plan.prepare().map_err(|bad| bad.to_string())?;
    let stdin = match job {
        Job::Load(_) => Arc::clone(&outputs.null),
        Job::Resolve(config) => Arc::new(question(config)?),
        Job::Sources(sources) => Arc::new(question(sources)?),
    };
    let memory = file::open_memfd("images").and_then(descriptor::raise);
    let memory = memory.map_err(|e| format!("no memory file: {e}"))?;
    let theirs = memory.try_clone().map_err(|e| format!("no memory file: {e}"))?;
    let (read, write) = pipe::pipe().map_err(|e| format!("no pipe: {e}"))?;
    pipe::set_nonblocking(&read, true).map_err(|e| format!("no pipe: {e}"))?;
    let connection = Connection::new()
        .share(&stdin, &[0])
        .share(&outputs.null, &[1])
        .share(&outputs.stderr, &[2])
        .give(write, &[3])
        .give(theirs, &[4]);
    let pid = spawner.spawn(&Arc::new(program), connection).map_err(|e| e.to_string())?;
    let deadline = now.saturating_add(DEADLINE);
    Ok(Run { memory, pid, pipe: File::from(read), deadline, reaped: false, buffer: Vec::new() })
}

fn question(asked: &impl Serialize) -> Result<OwnedFd, String> {
    let bytes = frame(asked, MAX_ANSWER).map_err(|e| e.to_string())?;
    file::memfd("question", &bytes).map_err(|e| format!("no memory file: {e}"))
}

impl Drop for Run {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Run {
    /// Ends it, if that has not been done.
    pub(crate) fn kill(&self) {
        if !self.reaped {
            let _ = kill(self.pid, Signal::Kill); // gone already: it will be reaped
        }
    }

    /// Reads what is there, and understands it when it is whole.
    pub(crate) fn read(&mut self) -> Progress {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return self.understand(),
                Ok(n) => {
                    self.buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
                    if self.buffer.len() > MAX_ANSWER.saturating_add(4) {
                        return Progress::Failed("its answer is too long".into());
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Progress::More,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Progress::Failed(format!("its answer cannot be read: {e}")),
            }
        }
    }

    /// The images of an answer, which nobody can change any more.
    fn with_images(&self, mut answer: Answer) -> Progress {
        let images = match &mut answer {
            Answer::Compiled { images, .. } | Answer::Sources { images, .. } => mem::take(images),
            Answer::Refused { .. } | Answer::Resolved(_) => Vec::new(),
        };
        let memory = self.memory.try_clone().map_err(|e| e.to_string());
        match memory.and_then(|memory| images::take(images, memory)) {
            Ok(images) => Progress::Done(Box::new(answer), images),
            Err(why) => Progress::Failed(why),
        }
    }

    fn understand(&self) -> Progress {
        match split_frame(&self.buffer, MAX_ANSWER) {
            Ok(Some((body, used))) if used == self.buffer.len() => match decode(body) {
                Ok(answer) => self.with_images(answer),
                Err(error) => Progress::Failed(error.to_string()),
            },
            Ok(_) => Progress::Failed("it ended without an answer".into()),
            Err(error) => Progress::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::Status;
    use portreeve_sys::process::reap_child;

    #[test]
    fn one_that_nobody_hears_is_killed_unless_it_was_reaped() {
        let outputs = Arc::new(OwnedFd::from(File::open("/dev/null").unwrap()));
        let mut spawner = Spawner::new(1).unwrap();
        for (reaped, end) in [(true, Signal::Term), (false, Signal::Kill)] {
            let mut plan = Plan::new(c"/bin/sleep".to_owned());
            plan.argv = vec![c"sleep".into(), c"600".into()];
            let connection = Connection::new().share(&outputs, &[0, 1, 2]);
            let pid = spawner.spawn(&Arc::new(plan.prepare().unwrap()), connection).unwrap();
            let pipe = File::open("/dev/null").unwrap();
            // where it was reaped, as if another had its number by now
            let memory = file::open_memfd("images").unwrap();
            drop(Run { memory, pid, pipe, deadline: DEADLINE, reaped, buffer: Vec::new() });
            let _ = kill(pid, Signal::Term);
            let exit = (0..10_000).find_map(|_| {
                std::thread::sleep(Duration::from_millis(1));
                spawner.collect(Duration::ZERO);
                reap_child(pid).unwrap()
            });
            assert_eq!(exit.unwrap().status, Status::Signal(end.number()));
        }
    }
}
