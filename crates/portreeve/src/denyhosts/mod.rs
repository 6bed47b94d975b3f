//! The commands `denyhosts` and `daemon-control`: this program under their names.
//!
//! `denyhosts` reads the log from where it was last, by portreeve's own detectors, counts as DenyHosts
//! does, and leaves hosts.deny and the work directory in DenyHosts' own formats, so that either can
//! go on where the other stopped. Exits and flags are DenyHosts'. No name is looked up, no shell is
//! run, and nothing is sent anywhere but the report.

mod control;
mod files;
mod flags;
mod lock;
mod looping;
mod pass;
mod place;
mod programs;
mod purge;
mod reader;
mod report;
mod say;
mod setup;

pub(crate) use setup::{read_all, seconds};

use crate::terminal;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Runs the command that a name stands for, or gives nothing where it is no name of one. `words` are
/// what follows the name.
pub(crate) fn called(name: &OsString, words: Vec<OsString>) -> Option<ExitCode> {
    let path = Path::new(name);
    let base = path.file_name()?.to_str()?;
    let words = || words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match base.strip_suffix(".py").unwrap_or(base) {
        "denyhosts" => Some(denyhosts(words())),
        "daemon-control" => Some(control::run(path, words(), None)),
        link => control::of_link(link).map(|verb| control::run(path, words(), Some(verb))),
    }
}

/// 1 and a text on standard output where it cannot be done.
fn denyhosts(words: Vec<String>) -> ExitCode {
    match flags::read(&words).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _nobody_to_tell = terminal::answer(&format!("{text}\n"));
            ExitCode::from(1)
        }
    }
}

fn run(asked: flags::Asked) -> Result<(), String> {
    let flags = match asked {
        flags::Asked::Text(text) => {
            return terminal::answer(&text).map_err(|failure| failure.to_string());
        }
        flags::Asked::Run(flags) => flags,
    };
    let mut setup = setup::Setup::load(&flags)?;
    if flags.daemon || flags.foreground {
        return looping::run(&flags, &mut setup);
    }
    let lock = lock::Lock::take(&setup.settings.lock_file, flags.unlock)?;
    let done = once(&flags, &mut setup);
    lock.release()?;
    done
}

/// What is done without staying.
fn once(flags: &flags::Flags, setup: &mut setup::Setup) -> Result<(), String> {
    purge::asked(flags, setup)?;
    let logs = match flags.files.as_slice() {
        [] => vec![setup.settings.secure_log.clone()],
        files => files.to_vec(),
    };
    let from_start = flags.ignore || logs.len() > 1;
    for log in logs {
        let mut reader = reader::Reader::new(setup, &log)?;
        if let Some(found) = reader.read(setup, from_start)? {
            pass::judge(setup, flags, found)?;
            reader.save(setup)?;
        }
    }
    Ok(())
}
