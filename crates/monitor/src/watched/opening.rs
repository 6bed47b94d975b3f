//! The one-shot that finds and opens watched files: as the clerk's user, so that root neither walks
//! paths of others nor waits for a file system that does not answer.

use crate::door::paths::Paths;
use crate::helper::Outputs;
use crate::watched::places::Places;
use portreeve_model::{Resolved, Watch};
use portreeve_sys::channel::{self, Channel};
use portreeve_sys::process::kill;
use portreeve_sys::spawn::{Connection, Ids, Plan, Spawner};
use portreeve_sys::{Capability, Pid, Signal, file};
use portreeve_wire::watched::{FileId, Find, Sighted, Sightings, Step, Unopened};
use portreeve_wire::{MAX_PACKET, compile, decode, frame};
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

/// A file system that does not answer for so long is one that cannot be read now.
const DEADLINE: Duration = Duration::from_secs(10);
/// And one that did not answer before, for so long.
const DEADLINE_AGAIN: Duration = Duration::from_secs(2);
/// Files of one answer: those of all patterns, and those beside a few.
const MOST_FILES: usize = 1024;
/// Directories of one answer, with each way in which names begin that matter.
const MOST_PLACES: usize = 256 << 10;
/// Files of one answer that must not be read.
const MOST_UNOPENED: usize = 512;
/// Packets of one answer: more than hold all of that and each pattern's step.
const MOST_PACKETS: usize = 8192 + 2 * Watch::MOST * Watch::MOST_WATCHES;

/// A run.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) pid: Pid,
    pub(super) channel: Channel,
    pub(super) deadline: Duration,
    /// It has been reaped: its number may be another's.
    pub(super) reaped: bool,
    /// The patterns that were asked for, in order; those behind this many did not answer before.
    pub(super) asked: Vec<String>,
    sound: usize,
    /// How many of them have been looked at.
    pub(super) done: usize,
    /// The files whose neighbours were asked for, in the order of the question.
    pub(super) beside: Vec<u64>,
    found: Found,
    places: usize,
    packets: usize,
}

/// What it has answered.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<(Sighted, FileId, OwnedFd)>,
    pub(super) unopened: Vec<Unopened>,
}

/// What reading from it gave.
#[derive(Debug)]
pub(super) enum Progress {
    More,
    Done(Found),
    Failed(String),
}

/// Starts one. Patterns behind the first `sound` ones did not answer before.
pub(super) fn start(
    (asked, sound): (Find, usize),
    beside: Vec<u64>,
    (paths, resolved, root): (&Paths, &Resolved, bool),
    spawner: &mut Spawner,
    outputs: &Outputs,
    now: Duration,
) -> Result<Opening, String> {
    let path = paths.program("portreeve-compile");
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| "a path holds a NUL byte".to_owned())?;
    let mut plan = Plan::new(path.clone());
    plan.argv = vec![path, c"files".into()];
    if root {
        let clerk = resolved.clerk.as_ref().ok_or("the clerk has no user to run as")?;
        plan.argv.push(c"--as-root".into());
        plan.ids =
            Some(Ids { uid: clerk.uid, gid: clerk.gid, groups: resolved.log_groups.clone() });
        plan.ambient = vec![Capability::DacReadSearch];
    }
    plan.new_session = true;
    plan.no_new_privs = true;
    plan.reserved = true;
    plan.directory = Some(c"/".to_owned());
    let program = plan.prepare().map_err(|bad| bad.to_string())?;
    let question = frame(&asked, compile::MAX_ANSWER).map_err(|e| e.to_string())?;
    let question = file::memfd("question", &question);
    let question = Arc::new(question.map_err(|e| format!("no memory file: {e}"))?);
    let (channel, theirs) = channel::pair().map_err(|e| format!("no channel: {e}"))?;
    let connection = Connection::new()
        .share(&question, &[0])
        .share(&outputs.null, &[1])
        .share(&outputs.stderr, &[2])
        .give(theirs.into_fd(), &[3]);
    let pid = spawner.spawn(&Arc::new(program), connection).map_err(|e| e.to_string())?;
    let deadline = now.saturating_add(DEADLINE);
    Ok(Opening {
        pid,
        channel,
        deadline,
        reaped: false,
        asked: asked.patterns,
        sound,
        done: 0,
        beside,
        found: Found::default(),
        places: 0,
        packets: 0,
    })
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = kill(self.pid, Signal::Kill); // gone already: it will be reaped
        }
    }
}

impl Opening {
    /// The deadline has come: what was found before the pattern at which it waits.
    pub(super) fn give_up(&mut self) -> Found {
        std::mem::take(&mut self.found)
    }

    /// It has come to another pattern, or to the neighbours.
    fn step(&mut self, step: Step, now: Duration) {
        let at = match step {
            Step::Pattern(at) => usize::try_from(at).unwrap_or(usize::MAX),
            Step::Neighbours => usize::MAX,
        };
        self.done = at.min(self.asked.len());
        let again = (self.sound..self.asked.len()).contains(&self.done);
        self.deadline = now.saturating_add(if again { DEADLINE_AGAIN } else { DEADLINE });
    }

    /// Takes what it has answered. Directories are watched at once.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        places: &mut Places,
        now: Duration,
    ) -> Progress {
        loop {
            let (packet, fds) = match self.channel.recv(buffer) {
                Ok(Some((length, fds))) => {
                    let bytes = buffer.get(..length.min(MAX_PACKET)).unwrap_or_default();
                    match decode::<Sightings>(bytes) {
                        Ok(packet) => (packet, fds),
                        Err(error) => return Progress::Failed(error.to_string()),
                    }
                }
                Ok(None) => return Progress::Failed("it ended without an answer".into()),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Progress::More,
                Err(e) => return Progress::Failed(e.to_string()),
            };
            if packet.files.len().saturating_add(packet.places.len()) != fds.len() {
                return Progress::Failed("a file too few or too many".into());
            }
            packet.step.into_iter().for_each(|step| self.step(step, now));
            let mut fds = fds.into_iter();
            let files = packet.files.into_iter().zip(fds.by_ref());
            self.found.files.extend(files.map(|((sighted, id), fd)| (sighted, id, fd)));
            self.found.unopened.extend(packet.unopened);
            self.places = self.places.saturating_add(packet.places.len());
            packet.places.iter().zip(fds).for_each(|(place, fd)| places.see(place, fd));
            self.packets = self.packets.saturating_add(1);
            if self.found.files.len() > MOST_FILES
                || self.places > MOST_PLACES
                || self.found.unopened.len() > MOST_UNOPENED
                || self.packets > MOST_PACKETS
            {
                return Progress::Failed("it answered too much".into());
            }
            if packet.last {
                return Progress::Done(std::mem::take(&mut self.found));
            }
        }
    }
}
