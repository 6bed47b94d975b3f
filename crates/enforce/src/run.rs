//! From the first instruction to the exit code.

use crate::{confine, hosts_deny, mail};
use portreeve_sys::{descriptor, privileges};
use portreeve_wire::enforce::{HostsDenyOutcome, MAX_ANSWER, MAX_QUESTION, MailOutcome};
use portreeve_wire::{decode, frame, split_frame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit codes of sysexits.h that portreeve's programs share.
const USAGE: u8 = 64;
const OUR_BUG: u8 = 70;
pub(crate) const SYSTEM: u8 = 71;
const NOT_PERMITTED: u8 = 77;

/// How it is called.
const TEXT: &str = "usage: portreeve-enforce hosts-deny PATH\n       portreeve-enforce mail";

/// Bytes of a reason that are told.
const MOST_TEXT: usize = 1000;

/// Why there is no answer.
struct Failure(u8, String);

/// Reads the command line, confines itself, does the job, answers.
pub(crate) fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, why)) => {
            complain(&why);
            ExitCode::from(code)
        }
    }
}

fn work() -> Result<(), Failure> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.as_slice() {
        [job] if job == "--version" => {
            let version = env!("CARGO_PKG_VERSION");
            let _ = writeln!(std::io::stdout(), "portreeve-enforce {version}");
            Ok(())
        }
        [job, path] if job == "hosts-deny" => keep(&PathBuf::from(path)),
        [job] if job == "mail" => send(),
        _ => Err(Failure(USAGE, TEXT.to_owned())),
    }
}

fn keep(path: &Path) -> Result<(), Failure> {
    let output = output()?;
    let Some(folder) = path.parent().filter(|_| path.is_absolute()) else {
        return Err(Failure(USAGE, format!("`{}` is no absolute path", path.display())));
    };
    let outcome = match confine::to_folder(folder) {
        Ok(notice) => {
            notice.iter().for_each(|notice| complain(notice));
            hosts_deny::keep(path, &question()?)
        }
        // a folder that is not there is the owner's to mend, anything else is not
        Err(why) if !folder.is_dir() => {
            Err(format!("cannot open the folder `{}`: {why}", folder.display()))
        }
        Err(why) => return Err(Failure(NOT_PERMITTED, why)),
    };
    answer(output, &outcome.unwrap_or_else(|why| HostsDenyOutcome::Failed(cut(why))))
}

fn send() -> Result<(), Failure> {
    let output = output()?;
    let notice = confine::to_mail().map_err(|why| Failure(NOT_PERMITTED, why))?;
    notice.iter().for_each(|notice| complain(notice));
    let outcome = match mail::send(&question()?) {
        MailOutcome::Sent => MailOutcome::Sent,
        MailOutcome::Later(why) => MailOutcome::Later(cut(why)),
        MailOutcome::Refused(why) => MailOutcome::Refused(cut(why)),
    };
    answer(output, &outcome)
}

/// The memory file for the answer; every other descriptor but the standard ones is closed.
fn output() -> Result<File, Failure> {
    privileges::close_all_except(&[3])
        .map_err(|why| Failure(SYSTEM, format!("descriptors cannot be closed: {why}")))?;
    let output = descriptor::inherited(3).map(File::from);
    output.map_err(|_| Failure(USAGE, "portreeved starts this program".to_owned()))
}

fn question<T: DeserializeOwned>() -> Result<T, Failure> {
    let limit = u64::try_from(MAX_QUESTION).unwrap_or(u64::MAX).saturating_add(4);
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|why| Failure(SYSTEM, format!("descriptor 0 cannot be read: {why}")))?;
    let bug = |why: String| Failure(OUR_BUG, why);
    let found = split_frame(&bytes, MAX_QUESTION).map_err(|why| bug(why.to_string()))?;
    let (body, _) = found.ok_or_else(|| bug("descriptor 0 holds no question".to_owned()))?;
    decode(body).map_err(|why| bug(why.to_string()))
}

fn answer(mut output: File, outcome: &impl Serialize) -> Result<(), Failure> {
    let bytes = frame(outcome, MAX_ANSWER).map_err(|why| Failure(OUR_BUG, why.to_string()))?;
    let written = output.write_all(&bytes);
    written.map_err(|why| Failure(SYSTEM, format!("the answer cannot be written: {why}")))
}

fn cut(mut why: String) -> String {
    why.truncate(why.floor_char_boundary(MOST_TEXT));
    why
}

/// A line for whoever reads the monitor's standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "portreeve-enforce: {text}");
}
