//! envdir: variables from the files of a folder.

use super::Program;
use crate::applet::Call;
use crate::options::shown;
use crate::trouble::Trouble;
use crate::{reason, say};
use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// Bytes of a variable: the kernel takes no longer text (`MAX_ARG_STRLEN`).
const LONGEST: u64 = 128 << 10;

/// The exit code of a wrong call; this command alone has this one.
const WRONG_CALL: u8 = 111;

/// `envdir DIR PROGRAM`: each file sets the variable of its name to its first line; an empty one
/// takes it away.
pub(crate) fn envdir(call: &Call) -> Result<ExitCode, Trouble> {
    let Some((folder, Some(mut program))) =
        call.arguments.split_first().map(|(folder, words)| (folder, Program::of(words)))
    else {
        say(b"envdir: usage: envdir dir child\n");
        return Ok(ExitCode::from(WRONG_CALL));
    };
    let name = shown(folder);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(rustix::fs::CWD, folder, flags, Mode::empty()).map_err(|error| {
        Trouble::system(&format!("unable to switch to directory {name}"), &error.into())
    })?;
    let unread =
        |error: Errno| Trouble::system(&format!("unable to read directory {name}"), &error.into());
    for entry in Dir::read_from(&opened).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let file = entry.file_name().to_bytes();
        if file.first() == Some(&b'.') {
            continue;
        }
        let entry = variable(&opened, file).map_err(|error| {
            let file = String::from_utf8_lossy(file);
            Trouble::because(&format!("unable to read {name}/{file}"), reason::reason(&error))
        })?;
        program.put(entry);
    }
    Err(program.run())
}

/// What a file makes of the variable of its name: `NAME=VALUE` sets it, `NAME` takes it away.
pub(crate) fn variable(folder: &OwnedFd, file: &[u8]) -> io::Result<Vec<u8>> {
    Ok(match value(folder, file)? {
        Some(value) => [file, b"=", &value].concat(),
        None => file.to_vec(),
    })
}

/// What a file sets its variable to; nothing takes the variable away.
fn value(folder: &OwnedFd, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = match openat(folder.as_fd(), OsStr::from_bytes(name), flags, Mode::empty()) {
        Ok(file) => File::from(file),
        // a link that leads nowhere is as an empty file
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut line = Vec::new();
    file.take(LONGEST).read_to_end(&mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let end = line.iter().position(|byte| *byte == b'\n');
    if end.is_none() && u64::try_from(line.len()).unwrap_or(LONGEST) >= LONGEST {
        return Err(Errno::TOOBIG.into());
    }
    line.truncate(end.unwrap_or(line.len()));
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let kept = line.iter().rposition(|byte| !blank(byte)).map_or(0, |at| at.saturating_add(1));
    line.truncate(kept);
    // blanks go first: one before a NUL stays
    line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'\n');
    Ok(Some(line))
}
