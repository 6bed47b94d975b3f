//! Where things are: the system's places, or the same below `--root`.

use crate::args::under;
use portreeve_supervise::native;
use std::path::{Path, PathBuf};

/// The door's places.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// Directory of the control socket.
    pub(crate) run: PathBuf,
    /// The control socket.
    pub(crate) control: PathBuf,
    /// Where sessions' own log sockets have names for a moment.
    pub(crate) logs: PathBuf,
    /// The clerk's state.
    pub(crate) state: PathBuf,
    /// The event log's directory.
    pub(crate) log: PathBuf,
    /// The folders of services that are kept up.
    pub(crate) services: PathBuf,
    /// Where services are named that somebody has disabled.
    pub(crate) disabled: PathBuf,
    /// Logs of services that are kept up.
    pub(crate) kept_logs: PathBuf,
    /// The directory of our own programs.
    programs: PathBuf,
}

impl Paths {
    pub(crate) fn new(root: Option<&PathBuf>, own_executable: &Path) -> Self {
        let run = under(root, "run/portreeve");
        Self {
            control: run.join("control.sock"),
            logs: run.join("log"),
            run,
            state: under(root, "var/lib/portreeve"),
            log: under(root, "var/log/portreeve"),
            services: under(root, native::FOLDER),
            disabled: under(root, native::DISABLED),
            kept_logs: under(root, native::LOGS),
            programs: own_executable.parent().unwrap_or(Path::new("/")).to_owned(),
        }
    }

    /// One of our own programs: they live side by side.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}
