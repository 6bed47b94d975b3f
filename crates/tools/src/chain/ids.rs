//! setuidgid, envuidgid: a program as an account, or knowing its numbers.

use super::Program;
use crate::applet::Call;
use crate::options::shown;
use crate::trouble::Trouble;
use portreeve_sys::privileges::become_somebody;
use portreeve_sys::user::{User, lookup_user};
use std::ffi::OsString;
use std::process::ExitCode;

/// `setuidgid ACCOUNT PROGRAM`: as this account, and in no group but its own.
pub(crate) fn setuidgid(call: &Call) -> Result<ExitCode, Trouble> {
    let (account, program) = split(call)?;
    let User { uid, gid, .. } = look_up(account)?;
    for (user, deed) in [(None, "unable to setgid"), (Some(uid), "unable to setuid")] {
        become_somebody(user, gid, &[gid]).map_err(|error| Trouble::system(deed, &error))?;
    }
    Err(program.run())
}

/// `envuidgid ACCOUNT PROGRAM`: with the account's numbers in `UID` and `GID`, as whoever calls.
pub(crate) fn envuidgid(call: &Call) -> Result<ExitCode, Trouble> {
    let (account, mut program) = split(call)?;
    let User { uid, gid, .. } = look_up(account)?;
    program.set(b"GID", gid.to_string().as_bytes());
    program.set(b"UID", uid.to_string().as_bytes());
    Err(program.run())
}

fn split(call: &Call) -> Result<(&OsString, Program), Trouble> {
    let (account, words) = call.arguments.split_first().ok_or(Trouble::Usage)?;
    Ok((account, Program::of(words).ok_or(Trouble::Usage)?))
}

/// The account of a name; numbers are no names.
fn look_up(account: &OsString) -> Result<User, Trouble> {
    let unknown = || Trouble::System(format!("unknown account {}", shown(account)));
    let found = lookup_user(account.to_str().ok_or_else(unknown)?);
    let deed = || format!("unable to look up account {}", shown(account));
    found.map_err(|error| Trouble::system(&deed(), &error))?.ok_or_else(unknown)
}
