//! Who keeps the services.

use std::process::Command;

use portreeve_testkit::bin_dir;

use super::running::Folders;
use crate::{Failure, peers};

/// One of them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    /// What tables call it.
    pub(crate) name: &'static str,
    /// How many services it takes.
    pub(crate) most: usize,
    /// How it is started.
    pub(crate) start: fn(&Folders) -> Result<Command, Failure>,
}

/// All, the reference first.
pub(crate) const SUPERVISORS: [Supervisor; 5] = [
    Supervisor {
        name: "bare respawn loop",
        most: 100_000,
        start: |folders| {
            let mut command = peers::call(&folders.respawn);
            command.args(folders.each());
            Ok(command)
        },
    },
    Supervisor {
        name: "portreeve-tools svscan",
        most: 100_000,
        start: |folders| {
            let mut command = peers::call(&bin_dir().join("portreeve-tools"));
            command.arg("svscan").arg(&folders.services);
            Ok(command)
        },
    },
    Supervisor {
        name: "daemontools svscan",
        most: 1000,
        start: |folders| {
            let mut command = peers::call(&peers::find("svscan")?);
            command.arg(&folders.services);
            Ok(command)
        },
    },
    Supervisor {
        name: "runit runsvdir",
        most: 1000,
        start: |folders| {
            let mut command = peers::call(&peers::find("runsvdir")?);
            command.arg(&folders.services);
            Ok(command)
        },
    },
    Supervisor {
        name: "s6-svscan",
        most: 20_000,
        start: |folders| {
            let mut command = peers::call(&peers::find("s6-svscan")?);
            command.args(["-c", "20000", "-t", "0"]).arg(&folders.services);
            Ok(command)
        },
    },
];
