//! The job of opening the log files that are watched: what was asked on descriptor 0 is answered in
//! packets over the channel on descriptor 3, with the files.

use crate::args::Door;
use portreeve_config::watched::{Rights, Sighting, find};
use portreeve_sys::channel::Channel;
use portreeve_wire::watched::{FileId, Find, Place, SIGHTINGS, Sighted, Sightings, Step, Unopened};
use portreeve_wire::{MAX_PACKET, encode};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two attempts to send: the monitor takes packets as they come.
const AGAIN: Duration = Duration::from_millis(2);
/// Descriptors that may wait in sockets are bounded for each user, as open ones are.
const TOO_MANY_REFERENCES: i32 = 109;

/// Does the job.
///
/// # Errors
/// Why the monitor cannot be told.
pub(crate) fn open(asked: &Find, door: Door, channel: &Channel) -> Result<(), String> {
    let rights = match door {
        Door::Root => {
            portreeve_sys::privileges::use_capabilities(&[]).map_err(|e| e.to_string())?;
            Rights::OwnThenRoot
        }
        Door::Caller => Rights::Own,
    };
    let paths = |all: &[String]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
    let mut teller = Teller {
        channel,
        now: Sightings::default(),
        files: Vec::new(),
        places: Vec::new(),
        trouble: None,
    };
    let mut each = |sighting| teller.take(sighting);
    find(&paths(&asked.patterns), &paths(&asked.beside), rights, &mut each);
    teller.now.last = true;
    teller.tell();
    teller.trouble.map_or(Ok(()), Err)
}

struct Teller<'c> {
    channel: &'c Channel,
    now: Sightings,
    files: Vec<OwnedFd>,
    places: Vec<OwnedFd>,
    trouble: Option<String>,
}

impl Teller<'_> {
    fn take(&mut self, sighting: Sighting) {
        match sighting {
            Sighting::Pattern(pattern) => return self.step(Step::Pattern(number(pattern))),
            Sighting::Neighbours => return self.step(Step::Neighbours),
            Sighting::File { pattern, path, file } => {
                let id = FileId { device: file.device, inode: file.inode };
                // a name that is no text could not be told of anybody
                let Some(path) = text(&path) else { return };
                self.now.files.push((Sighted::File { pattern: number(pattern), path }, id));
                self.files.push(file.file.into());
            }
            Sighting::Beside { asked, file } => {
                let id = FileId { device: file.device, inode: file.inode };
                self.now.files.push((Sighted::Beside { asked: number(asked) }, id));
                self.files.push(file.file.into());
            }
            Sighting::Refused { pattern, path, why } => {
                let path = path.display().to_string();
                self.now.unopened.push(Unopened { pattern: number(pattern), path, why });
            }
            Sighting::Directory { path, directory, name } => {
                let Some(path) = text(&path) else { return };
                let name = name.into_encoded_bytes();
                self.now.places.push(Place { path, name });
                self.places.push(directory);
            }
        }
        let Sightings { files, unopened, places, .. } = &self.now;
        if files.len() + unopened.len() + places.len() >= SIGHTINGS {
            self.tell();
        }
    }

    /// What was found so far is told, and what is looked at now.
    fn step(&mut self, step: Step) {
        let Sightings { files, unopened, places, .. } = &self.now;
        if !(files.is_empty() && unopened.is_empty() && places.is_empty()) {
            self.tell();
        }
        self.now.step = Some(step);
        self.tell();
    }

    fn tell(&mut self) {
        let packet = std::mem::take(&mut self.now);
        let mut fds = std::mem::take(&mut self.files);
        fds.append(&mut self.places);
        if self.trouble.is_none()
            && let Err(why) = self.send(&packet, &fds)
        {
            self.trouble = Some(why);
        }
    }

    fn send(&self, packet: &Sightings, fds: &[OwnedFd]) -> Result<(), String> {
        let bytes = encode(packet, MAX_PACKET).map_err(|error| error.to_string())?;
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        loop {
            match self.channel.send(&bytes, &fds) {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.kind() == ErrorKind::WouldBlock
                        || error.raw_os_error() == Some(TOO_MANY_REFERENCES) =>
                {
                    std::thread::sleep(AGAIN); // this process ends at its deadline in any case
                }
                Err(error) => return Err(format!("the monitor cannot be told: {error}")),
            }
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}
