//! From a fresh process to a confined one: what the helpers that stay at work have in common.

use crate::{Confinement, Sandbox};
use portreeve_sys::channel::Channel;
use portreeve_sys::{Capability, descriptor, privileges};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::process::ExitCode;

/// The channel to the monitor.
const CHANNEL: RawFd = 3;

/// Why there is no work, and the exit code that says so: those of sysexits.h, as in all programs of
/// this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop(pub u8, pub String);

/// Runs a program; why it stopped is said on standard error after `name`.
pub fn main(name: &str, run: impl FnOnce() -> Result<(), Stop>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop(code, why)) => {
            // With standard error closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "{name}: {why}");
            ExitCode::from(code)
        }
    }
}

/// Names the deed that the system did not do.
pub fn system<E: Display>(deed: &str) -> impl FnOnce(E) -> Stop {
    move |why| Stop(71, format!("cannot {deed}: {why}"))
}

/// Takes the channel the monitor gave; every other descriptor but the standard ones is closed.
///
/// # Errors
/// When there is none: the monitor alone starts these programs.
pub fn channel() -> Result<Channel, Stop> {
    let channel = descriptor::inherited(CHANNEL)
        .and_then(Channel::from_fd)
        .map_err(|why| Stop(71, format!("descriptor {CHANNEL} is no channel: {why}")))?;
    privileges::close_all_except(&[CHANNEL]).map_err(system("close descriptors"))?;
    Ok(channel)
}

/// Enters a sandbox, single-threaded, before any runtime exists; then proves it.
///
/// # Errors
/// When it cannot be entered, or leaves a right that it should not.
pub fn confine(sandbox: Sandbox) -> Result<Confinement, Stop> {
    confine_with(sandbox, &[])
}

/// As [`confine`], for a program that keeps these capabilities.
///
/// # Errors
/// As of [`confine`].
pub fn confine_with(sandbox: Sandbox, rights: &[Capability]) -> Result<Confinement, Stop> {
    let confinement = sandbox.enter().map_err(system("enter the sandbox"))?;
    privileges::assert_only(rights).map_err(|why| Stop(77, why.to_string()))?;
    if !confinement.seccomp {
        return Err(Stop(77, "system calls are not filtered".to_owned()));
    }
    Ok(confinement)
}
