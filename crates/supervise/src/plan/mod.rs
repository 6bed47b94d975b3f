//! What a supervisor starts, and how.
//!
//! A plan has two origins. A folder as daemontools knows it has `./run` and, where somebody wants
//! more, small files named as s6 names them; [`Plan::of_run`] is what it means without any. A service
//! of the configuration has a file `plan`: [`Plan::to_text`] writes it, [`Plan::parse`] reads it.
//!
//! The file is text, a setting on each line: a key, then words, with one space between. In a word
//! every byte but the visible ones of ASCII is `%` and two hexadecimal digits, and so is `%` itself;
//! the empty word is `%` alone. The first line is `plan 1`, the version. An unknown key or value is
//! an error: a supervisor does not start what it does not understand.

mod parse;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod word;

pub use parse::{BadPlan, Wrong};

pub use portreeve_model::Restart;

use portreeve_model::{ResourceLimit, Signal};
use std::time::Duration;

/// The version of the text.
pub const VERSION: u32 = 1;

/// Bytes of the file, at most.
pub const MOST: usize = 256 * 1024;

/// Arguments, at most; and variables; and names of variables that are passed on.
pub const MOST_WORDS: usize = 4096;

/// Supplementary groups, at most (`NGROUPS_MAX`).
pub const MOST_GROUPS: usize = 65_536;

/// How long a `finish` may take, where nothing else is said (s6's `timeout-finish`).
pub const FINISH_WITHIN: Duration = portreeve_model::Finish::WITHIN;

/// What is started, as whom, in which surroundings, and what becomes of it. Every path and word is
/// free of NUL bytes in what [`Plan::parse`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is started.
    pub task: Task,
    /// As whom; `None` as the supervisor itself.
    pub user: Option<User>,
    /// Its root directory.
    pub chroot: Option<Vec<u8>>,
    /// Its working directory, inside `chroot` where that is given; `None` is the service's folder,
    /// or `/` with `chroot`.
    pub directory: Option<Vec<u8>>,
    /// Its environment.
    pub environment: Environment,
    /// A folder whose files are variables, as for envdir, put over `environment`. It is opened before
    /// `chroot`, relative to the service's folder.
    pub environment_directory: Option<Vec<u8>>,
    /// Its resource limits; the rest as the supervisor's.
    pub limits: Vec<ResourceLimit>,
    /// Added to the supervisor's nice value; −20 to 19.
    pub nice: Option<i32>,
    /// File mode mask, 0 to 0777; `None` is the supervisor's.
    pub umask: Option<u32>,
    /// Sets `no_new_privs`.
    pub no_new_privs: bool,
    /// A session of its own (setsid).
    pub new_session: bool,
    /// Its standard error is its standard output, which goes to its log.
    pub stderr_to_stdout: bool,
    /// The descriptor on which it says that it is ready, with a line feed (s6's `notification-fd`);
    /// 3 to 31.
    pub ready: Option<u32>,
    /// What is done each time that it has ended.
    pub finish: Option<Finish>,
    /// What ends it on `svc -d`, followed by `SIGCONT`.
    pub stop_signal: Signal,
    /// It gets `SIGKILL` when it has not ended so long after `stop_signal`.
    pub kill_after: Option<Duration>,
    /// When it is started again.
    pub restart: Restart,
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A program.
    Command(Command),
    /// The writer of the built-in log: multilog, by the supervisor's own program.
    Log(Log),
}

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The file to execute, absolute or beginning with `./`; it is not searched for.
    pub file: Vec<u8>,
    /// Its arguments, `argv[0]` first; never empty.
    pub arguments: Vec<Vec<u8>>,
}

/// A log that multilog writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The folder, absolute.
    pub folder: Vec<u8>,
    /// Bytes of a file, 4096 to 16777215.
    pub size: u64,
    /// Files, the current one among them; 2 or more.
    pub files: u32,
    /// Whether each line gets a label of time.
    pub labels: bool,
}

/// A process's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User; never 4294967295, which means "unchanged" to the kernel.
    pub uid: u32,
    /// Group; likewise.
    pub gid: u32,
    /// Supplementary groups, all of them.
    pub groups: Vec<u32>,
}

/// What the environment starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The supervisor's whole environment.
    #[default]
    Inherit,
    /// These variables of it, perhaps none.
    Pass(Vec<Vec<u8>>),
}

/// The environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// What it starts from.
    pub base: Base,
    /// Set on top, in order; later ones win. Names are not empty and have no `=`.
    pub set: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What is done when the service has ended. It gets four more arguments, as s6's: the exit code (256
/// for a signal), the signal (0 for an exit), the service's name, and its process group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// The program.
    pub command: Command,
    /// It gets `SIGKILL` when it takes longer; `None`: it may take for ever.
    pub within: Option<Duration>,
}

impl Plan {
    /// A plan that starts something and leaves all else as daemontools does.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self {
            task,
            user: None,
            chroot: None,
            directory: None,
            environment: Environment::default(),
            environment_directory: None,
            limits: Vec::new(),
            nice: None,
            umask: None,
            no_new_privs: false,
            new_session: false,
            stderr_to_stdout: false,
            ready: None,
            finish: None,
            stop_signal: Signal::TERM,
            kill_after: None,
            restart: Restart::default(),
        }
    }

    /// What a folder with nothing but `./run` means: exactly what daemontools does.
    #[must_use]
    pub fn of_run() -> Self {
        Self::new(Task::Command(Command::alone("./run")))
    }
}

impl Command {
    /// A file with no argument but itself.
    #[must_use]
    pub fn alone(file: &str) -> Self {
        Self { file: file.into(), arguments: vec![file.into()] }
    }
}

impl Log {
    /// The arguments of multilog, `argv[0]` first.
    #[must_use]
    pub fn arguments(&self) -> Vec<Vec<u8>> {
        let mut arguments = vec![b"multilog".to_vec()];
        if self.labels {
            arguments.push(b"t".to_vec());
        }
        arguments.push(format!("s{}", self.size).into_bytes());
        arguments.push(format!("n{}", self.files).into_bytes());
        arguments.push(self.folder.clone());
        arguments
    }
}
