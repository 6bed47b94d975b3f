//! Commands that rules have run.

use crate::chain::inherited;
use portreeve_sys::Status;
use portreeve_sys::clock::monotonic;
use portreeve_sys::process::wait_for;
use portreeve_sys::program::{Given, place};
use portreeve_sys::spawn::{Connection, Plan, SpawnError, Spawner, Started};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Variables that rules have set.
pub(super) type Environment = Vec<(OsString, OsString)>;

const SHELL: &CStr = c"/bin/sh";

/// This process's environment with those in it.
fn variables(environment: &Environment) -> io::Result<Vec<CString>> {
    let mut all = inherited();
    for (name, value) in environment {
        let name = [name.as_bytes(), b"="].concat();
        all.retain(|entry| !entry.as_bytes().starts_with(&name));
        all.push(CString::new([name.as_slice(), value.as_bytes()].concat())?);
    }
    Ok(all)
}

fn words(text: &[u8]) -> io::Result<Vec<CString>> {
    Ok(vec![SHELL.into(), c"-c".into(), CString::new(text)?])
}

/// Runs a shell command to its end, away from the client: its input and output are /dev/null.
pub(super) fn run(text: &[u8], environment: &Environment) -> io::Result<Status> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let null = openat(CWD, "/dev/null", flags, Mode::empty())?;
    let plan = Plan { argv: words(text)?, env: variables(environment)?, ..Plan::new(SHELL.into()) };
    let program = plan.prepare().map_err(|_| io::ErrorKind::ArgumentListTooLong)?;
    // not by a copy: a thread that asks a resolver may have been left behind
    let mut spawner = Spawner::new(1)?;
    let begun = spawner.spawn(&program.into(), Connection::new().give(null, &[0, 1, 2]));
    let pid = begun.map_err(|error| match error {
        SpawnError::Os(error) => error,
        SpawnError::NoSlot | SpawnError::Connection(_) => io::ErrorKind::InvalidInput.into(),
    })?;
    let ended = wait_for(pid)?.ok_or(io::ErrorKind::NotFound)?;
    match spawner.collect(monotonic()).first().map(|outcome| outcome.result) {
        Some(Started::Failed { errno, .. }) => Err(io::Error::from_raw_os_error(errno)),
        _ => Ok(ended.status),
    }
}

/// Becomes a shell command that talks to the client. Comes back only when that failed.
pub(super) fn become_shell(text: &[u8], environment: &Environment) -> io::Error {
    let ready = || {
        let given = Given::new(words(text)?, variables(environment)?);
        let client = io::stdin();
        place(&[(client.as_fd(), 1), (client.as_fd(), 2)])?;
        Ok(given)
    };
    ready().map_or_else(|error| error, |given| given.execute(SHELL))
}

/// Becomes the real daemon. Comes back only when that failed.
pub(super) fn become_daemon(
    path: &Path,
    called: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    let ready = || {
        let words = [called].into_iter().chain(arguments.iter().map(OsString::as_os_str));
        let words = words.map(|word| CString::new(word.as_bytes())).collect::<Result<_, _>>()?;
        let path = CString::new(path.as_os_str().as_bytes())?;
        Ok((path, Given::new(words, variables(environment)?)))
    };
    ready().map_or_else(|error: io::Error| error, |(path, given)| given.execute(&path))
}

/// `NAME VALUE`, as a variable; nothing when the name cannot be one.
pub(super) fn variable(text: &[u8]) -> Option<(OsString, OsString)> {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (name, value) = text.split_at_checked(end)?;
    let fine = !name.is_empty() && !name.contains(&b'=') && !text.contains(&0);
    let owned = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    fine.then(|| (owned(name), owned(value.trim_ascii())))
}
