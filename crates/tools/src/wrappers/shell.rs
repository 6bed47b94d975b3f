//! Commands that rules have run.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Variables that rules have set.
pub(super) type Environment = Vec<(OsString, OsString)>;

#[expect(clippy::disallowed_methods, reason = "running commands that rules name is what this does")]
fn command(program: &OsStr, environment: &Environment) -> Command {
    let mut command = Command::new(program);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn shell(text: &[u8], environment: &Environment) -> Command {
    let mut command = command(OsStr::new("/bin/sh"), environment);
    command.arg("-c").arg(OsString::from_vec(text.to_vec()));
    command
}

/// Runs a shell command to its end, away from the client: its input and output are /dev/null.
pub(super) fn run(text: &[u8], environment: &Environment) -> io::Result<ExitStatus> {
    let mut command = shell(text, environment);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
}

/// Becomes a shell command that talks to the client. Comes back only when that failed.
pub(super) fn become_shell(text: &[u8], environment: &Environment) -> io::Error {
    let client = || io::stdin().as_fd().try_clone_to_owned().map(Stdio::from);
    let mut command = shell(text, environment);
    match (client(), client()) {
        (Ok(out), Ok(err)) => command.stdout(out).stderr(err).exec(),
        (Err(error), _) | (_, Err(error)) => error,
    }
}

/// Becomes the real daemon. Comes back only when that failed.
pub(super) fn become_daemon(
    path: &Path,
    called: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    command(path.as_os_str(), environment).arg0(called).args(arguments).exec()
}

/// `NAME VALUE`, as a variable; nothing when the name cannot be one.
pub(super) fn variable(text: &[u8]) -> Option<(OsString, OsString)> {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (name, value) = text.split_at_checked(end)?;
    let fine = !name.is_empty() && !name.contains(&b'=') && !text.contains(&0);
    let owned = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    fine.then(|| (owned(name), owned(value.trim_ascii())))
}
