//! A takeover as it stands: in a file, so that it can be undone by whoever comes next.

use crate::host::plan::Step;
use crate::paths::Paths;
use portreeve_sys::file::{make_state_dir, read_bounded};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// The most of the file that is read.
const MOST_BYTES: usize = 1 << 20;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Nothing was done.
    Planned,
    /// The holders are being stopped.
    Stopping,
    /// The door is asked to listen.
    Opening,
    /// The door listens; a confirmation is awaited.
    Trial,
    /// It was confirmed and is made permanent.
    Keeping,
    /// It is done.
    Confirmed,
    /// Everything is being put back.
    Undoing,
    /// Everything is as it was before.
    Undone,
    /// Not everything could be put back.
    Stuck,
}

impl Phase {
    /// Whether nobody works on it any more.
    pub(crate) fn is_over(self) -> bool {
        match self {
            Self::Confirmed | Self::Undone | Self::Stuck => true,
            Self::Planned
            | Self::Stopping
            | Self::Opening
            | Self::Trial
            | Self::Keeping
            | Self::Undoing => false,
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Tells one takeover from another.
    pub(crate) id: String,
    /// Keys of the services that are taken over.
    pub(crate) services: Vec<String>,
    /// Whether one logs in by them.
    pub(crate) login: bool,
    /// Who had the addresses, for people.
    pub(crate) holders: Vec<String>,
    /// Where they listened.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Worth knowing.
    pub(crate) notes: Vec<String>,
    /// Every deed: those that stop the holders, then those that keep them from coming back.
    pub(crate) steps: Vec<Step>,
    /// How many of them are done before the trial.
    pub(crate) before_trial: usize,
    /// How many were begun; the last may not be finished.
    pub(crate) begun: usize,
    /// Whether the door was asked for the addresses.
    pub(crate) claimed: bool,
    /// Seconds to confirm it in.
    pub(crate) seconds: u32,
    /// How far it is.
    pub(crate) phase: Phase,
    /// The guard's process, once there is one.
    pub(crate) guard: Option<u32>,
    /// When the trial began: milliseconds of the monotonic clock.
    pub(crate) began: u64,
    /// The same, counted from the boot as processes' ages are.
    pub(crate) began_since_boot: u64,
    /// What happened, for people, in order.
    pub(crate) log: Vec<String>,
}

impl State {
    /// Milliseconds of the monotonic clock at which the trial ends.
    pub(crate) fn until(&self) -> u64 {
        self.began.saturating_add(u64::from(self.seconds).saturating_mul(1000))
    }

    /// Seconds of the trial that are left.
    pub(crate) fn left(&self) -> u64 {
        let now = millis(portreeve_sys::clock::monotonic());
        self.until().saturating_sub(now).div_ceil(1000)
    }

    /// The services, for people.
    pub(crate) fn names(&self) -> String {
        self.services.join(", ")
    }
}

/// Milliseconds of a clock.
pub(crate) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Where it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    run: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// Below the run directory of this door.
    pub(crate) fn new(paths: &Paths) -> Self {
        let run = paths.run();
        Self { folder: run.join("takeover"), run }
    }

    /// Makes the directory, root's alone to write in.
    pub(crate) fn make(&self) -> io::Result<()> {
        make_state_dir(&self.run, 0o755, None)?;
        make_state_dir(&self.folder, 0o755, None)
    }

    /// Where the guard is asked.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("guard.sock")
    }

    /// What the last program said that was run.
    pub(crate) fn said(&self) -> PathBuf {
        self.folder.join("said")
    }

    /// The lock that whoever works on a takeover holds, unless somebody does.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let path = self.folder.join("lock");
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).mode(0o600).open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The last takeover.
    pub(crate) fn load(&self) -> io::Result<Option<State>> {
        let content = match read_bounded(&self.folder.join("state.json"), MOST_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        serde_json::from_slice(&content.bytes).map(Some).map_err(io::Error::from)
    }

    /// Writes it down, whole or not at all.
    pub(crate) fn save(&self, state: &State) -> io::Result<()> {
        self.make()?;
        let (path, fresh) = (self.folder.join("state.json"), self.folder.join("state.new"));
        // whoever could write it could have root run what he likes, whatever our umask is
        let mut options = File::options();
        let mut file = options.create(true).truncate(true).write(true).mode(0o644).open(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        fs::rename(fresh, path)
    }
}

/// The last takeover of this door, if any is written down that can be read.
pub(crate) fn read(paths: &Paths) -> Option<State> {
    Place::new(paths).load().ok().flatten()
}
