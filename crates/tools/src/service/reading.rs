//! What a service's folder asks for.

use super::disk::{Files, Stamp};
use crate::reason::reason;
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

/// What is to be started, and how.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) plan: Plan,
    /// Of the file `plan`, where that is what was read.
    pub(super) fingerprint: Option<u64>,
    /// Files that are not understood, as people are to hear of them when the service is started.
    pub(super) warnings: Vec<String>,
}

/// Which of the optional files are known not to be there.
#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// As the folder was then.
    folder: Option<Stamp>,
    /// One bit for each; the last is `finish`.
    bits: u8,
}

const _: () = assert!(Extra::ALL.len() < 8, "a bit for each, and one for `finish`");

impl Lacking {
    /// With what is known of a folder that is still as it was, or with nothing.
    fn of(&mut self, files: &Files<'_>) -> &mut Self {
        let stamp = files.stamp(self.folder);
        if stamp.is_none() || stamp != self.folder {
            *self = Self { folder: stamp, bits: 0 };
        }
        self
    }

    /// Whether there is nothing of this name, not even a link to somewhere.
    fn lacks(&mut self, at: usize, file: &str, files: &Files<'_>) -> bool {
        let bit = 1_u8.checked_shl(u32::try_from(at).unwrap_or(u32::MAX)).unwrap_or(0);
        if self.bits & bit != 0 {
            return true;
        }
        let lacks = !files.has_name(file);
        if lacks && self.folder.is_some() {
            self.bits |= bit;
        }
        lacks
    }
}

/// Reads the folder: `./run` with the optional files beside it; without one, the file `plan`.
///
/// # Errors
/// Why the service cannot be started, as it is to be said.
pub(super) fn read(files: &Files<'_>, lacking: &mut Lacking) -> Result<Reading, String> {
    if files.has("run") {
        return Ok(of_run(files, lacking));
    }
    let name = files.name();
    let text = match files.read("plan", plan::MOST) {
        Ok(text) => text,
        // neither: the ancestor's way to say so is to try
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => {
            return Ok(of_run(files, lacking));
        }
        Err(error) => {
            return Err(format!("unable to read {name}/plan: {}", why_not(&error, plan::MOST)));
        }
    };
    let plan = Plan::parse(&text).map_err(|bad| format!("unable to use {name}/plan: {bad}"))?;
    Ok(Reading { plan, fingerprint: Some(fingerprint(&text)), warnings: Vec::new() })
}

fn of_run(files: &Files<'_>, lacking: &mut Lacking) -> Reading {
    let (mut plan, mut warnings) = (Plan::of_run(), Vec::new());
    let lacking = lacking.of(files);
    if !lacking.lacks(Extra::ALL.len(), FINISH, files) && files.has(FINISH) {
        let command = Command::alone("./finish");
        plan.finish = Some(Finish { command, within: Some(FINISH_WITHIN) });
    }
    for (at, extra) in Extra::ALL.into_iter().enumerate() {
        let file = extra.name();
        if lacking.lacks(at, file, files) {
            continue;
        }
        let why = match files.read(file, extras::MOST) {
            Ok(text) => match extra.apply(&text, &mut plan) {
                Some(()) => continue,
                None => format!("write {}", extra.takes()),
            },
            Err(error) if is_nothing(&error) => continue,
            Err(error) => format!("unable to read it: {}", why_not(&error, extras::MOST)),
        };
        let name = files.name();
        warnings.push(format!("supervise: warning: {name}/{file} is passed over: {why}\n"));
    }
    Reading { plan, fingerprint: None, warnings }
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
