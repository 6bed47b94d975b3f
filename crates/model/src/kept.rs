//! A service that is kept up: started, started again when it ends, and not behind the door.

use crate::{Principal, Program, ServiceName, Signal, Sited};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A service that is kept up. It listens itself, if it does at all: who comes in is its own affair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Unique in the configuration; the name of its folder.
    pub name: ServiceName,
    /// What is started. What is about connections in it (`environment`, `stderr`) says nothing here.
    pub program: Program,
    /// A folder whose files are variables of its environment, as for envdir.
    pub environment_directory: Option<String>,
    /// The descriptor on which it says that it is ready; 3 to 31.
    pub ready: Option<u32>,
    /// What is done each time that it has ended.
    pub finish: Option<Finish>,
    /// What ends it.
    pub stop_signal: Signal,
    /// It is killed when it has not ended so long after that.
    pub kill_after: Option<Duration>,
    /// When it is started again.
    pub restart: Restart,
    /// Whether it is left down until somebody starts it.
    pub down: bool,
    /// Who writes what it says on standard output and error; `None`: the keeper's own output.
    pub log: Option<KeptLog>,
    /// Where it was written.
    pub origin: Sited<()>,
}

/// What is done when a kept service has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    /// Absolute path.
    pub path: String,
    /// Arguments after `argv[0]`.
    pub args: Vec<String>,
    /// It is killed when it takes longer; `None`: it may take for ever.
    pub within: Option<Duration>,
}

impl Finish {
    /// How long it may take, where nothing else is said (s6's `timeout-finish`).
    pub const WITHIN: Duration = Duration::from_secs(5);
}

/// When a service that has ended is started again.
///
/// A life is short when it ends within [`within`](Self::within). From one start to the next at least
/// [`delay`](Self::delay) passes; each further short life in a row doubles that, up to
/// [`longest`](Self::longest). After [`limit`](Self::limit) short lives in a row it is not started
/// again until somebody says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// From one start to the next.
    pub delay: Duration,
    /// As much as that grows; never less than `delay`.
    pub longest: Duration,
    /// Short lives in a row, at most; 1 or more.
    pub limit: Option<u32>,
    /// How long a short life is.
    pub within: Duration,
}

impl Restart {
    /// From one start to the next, at least, where nothing else is said: daemontools' second.
    pub const DELAY: Duration = Duration::from_secs(1);
    /// Lives shorter than this are short, where nothing else is said.
    pub const WITHIN: Duration = Duration::from_secs(60);
}

impl Default for Restart {
    /// daemontools': once a second, for ever.
    fn default() -> Self {
        Self { delay: Self::DELAY, longest: Self::DELAY, limit: None, within: Self::WITHIN }
    }
}

/// A log that multilog writes for a kept service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLog {
    /// Its folder; `None` is one of the service's name among the others.
    pub directory: Option<String>,
    /// Bytes of a file, 4096 to 16777215.
    pub size: u64,
    /// Files, the current one among them; 2 or more.
    pub files: u32,
    /// Whether each line gets a label of time.
    pub labels: bool,
    /// Who writes it, and owns it.
    pub user: Principal,
}

impl KeptLog {
    /// Who writes logs, where nothing else is said.
    pub const USER: &'static str = "portreeve-log";
    /// Bytes of a file, where nothing else is said.
    pub const SIZE: u64 = 1 << 20;
    /// Files, where nothing else is said.
    pub const FILES: u32 = 10;
    /// Most bytes of a file.
    pub const LARGEST: u64 = 16_777_215;
    /// Most files.
    pub const MOST_FILES: u32 = 1000;
}
