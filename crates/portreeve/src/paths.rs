//! Where a door keeps its files.

use crate::args::Source;
use portreeve_supervise::native;
use std::path::{Path, PathBuf};

/// The files of one door: the host's own, or one below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    root: PathBuf,
}

impl Paths {
    /// Those below `root`; without it, the host's.
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self { root: root.unwrap_or(Path::new("/")).to_owned() }
    }

    /// Whether it is a door below a directory of its own.
    pub(crate) fn own_root(&self) -> Option<&Path> {
        (self.root != Path::new("/")).then_some(self.root.as_path())
    }

    /// The directory of what lives as long as the system runs.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run/portreeve")
    }

    /// The control socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.root.join("run/portreeve/control.sock")
    }

    /// The plan of a service that is kept up, as the door wrote it.
    pub(crate) fn kept_plan(&self, name: &str) -> PathBuf {
        self.root.join(native::FOLDER).join(name).join(native::PLAN)
    }

    /// The directory of the kept services: each a directory, beside links to directories of others
    /// in `.directories`.
    pub(crate) fn services(&self) -> PathBuf {
        self.root.join(native::FOLDER)
    }

    /// Whose files are the names of kept services of the configuration that are disabled.
    pub(crate) fn disabled(&self) -> PathBuf {
        self.root.join(native::DISABLED)
    }

    /// The event log.
    pub(crate) fn event_log(&self) -> PathBuf {
        self.root.join("var/log/portreeve/events.jsonl")
    }

    /// The native configuration that is read when none is named.
    pub(crate) fn native(&self) -> PathBuf {
        self.root.join("etc/portreeve/portreeve.toml")
    }

    /// The line that starts this door.
    pub(crate) fn run_line(&self) -> String {
        self.line("run")
    }

    /// The line that confirms what is on trial at this door.
    pub(crate) fn confirm_line(&self) -> String {
        self.line("confirm")
    }

    fn line(&self, command: &str) -> String {
        match self.own_root() {
            None => format!("portreeve {command}"),
            Some(root) => format!("portreeve {command} --root {}", root.display()),
        }
    }

    /// The configuration meant by the options.
    pub(crate) fn configuration(&self, source: &Source) -> Configuration {
        match (&source.config, &source.xinetd) {
            (_, Some(file)) => Configuration::Xinetd(file.clone()),
            (Some(file), None) => Configuration::Native(file.clone()),
            (None, None) => Configuration::Native(self.native()),
        }
    }
}

/// The first file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Configuration {
    /// Native TOML.
    Native(PathBuf),
    /// xinetd's language alone.
    Xinetd(PathBuf),
}

impl Configuration {
    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Native(path) | Self::Xinetd(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_moves_everything_but_what_is_named() {
        let host = Paths::new(None);
        assert_eq!(host.control(), Path::new("/run/portreeve/control.sock"));
        assert_eq!(host.run_line(), "portreeve run");
        let own = Paths::new(Some(Path::new("d")));
        assert_eq!(own.event_log(), Path::new("d/var/log/portreeve/events.jsonl"));
        assert_eq!(own.run_line(), "portreeve run --root d");
        assert_eq!(own.confirm_line(), "portreeve confirm --root d");
        assert_eq!(Paths::new(None).confirm_line(), "portreeve confirm");
        let default = own.configuration(&Source::default());
        assert_eq!(default.path(), Path::new("d/etc/portreeve/portreeve.toml"));
        let named = Source { config: None, xinetd: Some("x.conf".into()) };
        assert_eq!(own.configuration(&named), Configuration::Xinetd("x.conf".into()));
    }
}
