//! From the first instruction to the exit code.

use crate::args::{self, Args, Door, Job};
use crate::{confine, job, watched};
use portreeve_sys::channel::Channel;
use portreeve_sys::resolver::in_netgroup;
use portreeve_sys::{descriptor, privileges};
use portreeve_wire::compile::{Answer, MAX_ANSWER};
use portreeve_wire::{FrameError, frame};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::ExitCode;
use std::time::Duration;

/// The exit codes of sysexits.h that portreeve's programs share.
const USAGE: u8 = 64;
const OUR_BUG: u8 = 70;
pub(crate) const SYSTEM: u8 = 71;
const NOT_PERMITTED: u8 = 77;
const CONFIGURATION: u8 = 78;

/// How long a netgroup may be asked for.
const NETGROUP: Duration = Duration::from_secs(8);

/// Why there is no answer.
struct Failure(u8, String);

/// Reads the command line, confines itself, does the job, answers.
pub(crate) fn main() -> ExitCode {
    match answer() {
        Ok(code) => code,
        Err(Failure(code, reason)) => {
            complain(&reason);
            ExitCode::from(code)
        }
    }
}

fn answer() -> Result<ExitCode, Failure> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [job, group, host] = words.as_slice()
        && job == "netgroup"
    {
        return netgroup(group, host);
    }
    let Args { job, door } = args::parse(words)
        .map_err(|reason| Failure(USAGE, format!("{reason}\n{}", args::USAGE)))?;
    privileges::close_all_except(&[0, 1, 2, 3, 4])
        .map_err(|error| Failure(SYSTEM, format!("descriptors cannot be closed: {error}")))?;
    let output = descriptor::inherited(3).map_err(|_| {
        Failure(USAGE, "descriptor 3 is not open: portreeved starts this program".into())
    })?;
    let images = descriptor::inherited(4).map(File::from).ok();
    for notice in confine::enter(door).map_err(|reason| Failure(NOT_PERMITTED, reason))? {
        complain(&notice);
    }
    let answer = match job {
        Job::Files => {
            let channel = Channel::from_fd(output)
                .map_err(|error| Failure(USAGE, format!("descriptor 3 is no channel: {error}")))?;
            let asked = job::question(std::io::stdin().lock());
            let asked = asked.map_err(|reason| Failure(OUR_BUG, reason))?;
            let opened = watched::open(&asked, door, &channel);
            opened.map_err(|reason| Failure(SYSTEM, reason))?;
            return Ok(ExitCode::SUCCESS);
        }
        Job::Load(entry) => {
            job::compile(&entry, door, images).map_err(|reason| Failure(SYSTEM, reason))?
        }
        Job::Sources => job::read_again(std::io::stdin().lock(), door, images)
            .map_err(|reason| Failure(SYSTEM, reason))?,
        Job::Resolve => job::ask_again(std::io::stdin().lock(), door)
            .map_err(|reason| Failure(OUR_BUG, reason))?,
    };
    let (bytes, refused) = whole(&answer)?;
    File::from(output)
        .write_all(&bytes)
        .map_err(|error| Failure(SYSTEM, format!("the answer cannot be written: {error}")))?;
    Ok(if refused { ExitCode::from(CONFIGURATION) } else { ExitCode::SUCCESS })
}

/// Whether a host is in a netgroup: the exit code says it, 0 or 1, and any other that nobody knows.
fn netgroup(group: &OsStr, host: &OsStr) -> Result<ExitCode, Failure> {
    privileges::close_all_except(&[0, 1, 2])
        .map_err(|error| Failure(SYSTEM, format!("descriptors cannot be closed: {error}")))?;
    for notice in confine::enter(Door::Caller).map_err(|reason| Failure(NOT_PERMITTED, reason))? {
        complain(&notice);
    }
    match in_netgroup(group.as_bytes(), host.as_bytes(), NETGROUP) {
        Some(true) => Ok(ExitCode::SUCCESS),
        Some(false) => Ok(ExitCode::FAILURE),
        None => Err(Failure(SYSTEM, "a netgroup could not be asked for".into())),
    }
}

/// The bytes of an answer, and whether it refuses; one that is too long refuses.
fn whole(answer: &Answer) -> Result<(Vec<u8>, bool), Failure> {
    let bug = |error: FrameError| Failure(OUR_BUG, error.to_string());
    match frame(answer, MAX_ANSWER) {
        Ok(bytes) => Ok((bytes, matches!(answer, Answer::Refused { .. }))),
        Err(FrameError::TooLong { .. }) => {
            let findings = format!("error: the configuration is over {} MiB\n", MAX_ANSWER >> 20);
            let refused = Answer::Refused { findings, errors: 1 };
            Ok((frame(&refused, MAX_ANSWER).map_err(bug)?, true))
        }
        Err(error) => Err(bug(error)),
    }
}

/// A line for whoever reads the monitor's standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "portreeve-compile: {text}");
}
