//! What a service's folder asks for.

use super::disk::Files;
use crate::reason::reason;
use crate::say;
use portreeve_supervise::extras::{self, Extra};
use portreeve_supervise::plan::{self, Command, Finish, Plan};
use portreeve_supervise::state::fingerprint;
use rustix::io::Errno;
use std::io;
use std::time::Duration;

/// The program that runs when the service has ended, in a folder with `./run`.
const FINISH: &str = "finish";

/// How long that may take, where nothing else is said (s6's).
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// Whether people hear of files that are not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Warn {
    /// They do.
    Yes,
    /// They have, or will, when the service is started.
    No,
}

/// What is to be started, and how.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) plan: Plan,
    /// Of the file `plan`, where that is what was read.
    pub(super) fingerprint: Option<u64>,
}

/// Reads the folder: `./run` with the optional files beside it; without one, the file `plan`.
///
/// # Errors
/// Why the service cannot be started, as it is to be said.
pub(super) fn read(files: &Files<'_>, warn: Warn) -> Result<Reading, String> {
    if files.has("run") {
        return Ok(Reading { plan: of_run(files, warn), fingerprint: None });
    }
    let name = files.name();
    let text = match files.read("plan", plan::MOST) {
        Ok(text) => text,
        // neither: the ancestor's way to say so is to try
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => {
            return Ok(Reading { plan: of_run(files, warn), fingerprint: None });
        }
        Err(error) => {
            return Err(format!("unable to read {name}/plan: {}", why_not(&error, plan::MOST)));
        }
    };
    let plan = Plan::parse(&text).map_err(|bad| format!("unable to use {name}/plan: {bad}"))?;
    Ok(Reading { plan, fingerprint: Some(fingerprint(&text)) })
}

fn of_run(files: &Files<'_>, warn: Warn) -> Plan {
    let mut plan = Plan::of_run();
    if files.has(FINISH) {
        let command = Command::alone("./finish");
        plan.finish = Some(Finish { command, within: Some(FINISH_WITHIN) });
    }
    for extra in Extra::ALL {
        let file = extra.name();
        let why = match files.read(file, extras::MOST) {
            Ok(text) => match extra.apply(&text, &mut plan) {
                Some(()) => continue,
                None => format!("write {}", extra.takes()),
            },
            Err(error) if is_nothing(&error) => continue,
            Err(error) => format!("unable to read it: {}", why_not(&error, extras::MOST)),
        };
        if warn == Warn::Yes {
            let name = files.name();
            say(format!("supervise: warning: {name}/{file} is passed over: {why}\n"));
        }
    }
    plan
}

/// Why a file that is there was not read.
fn why_not(error: &io::Error, most: usize) -> String {
    let kind = error.kind();
    if kind == io::ErrorKind::FileTooLarge {
        return format!("longer than {most} bytes");
    }
    let other = kind == io::ErrorKind::InvalidInput;
    if other { "not a regular file".into() } else { reason(error).into() }
}

/// There is no such file, or it is none: `restart` may be somebody's folder.
fn is_nothing(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT))
        || error.kind() == io::ErrorKind::IsADirectory
}
