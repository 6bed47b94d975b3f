//! svscan: keeps the services of folders.

use super::handover::{Setup, inherit};
use super::holder::Holder;
use super::slots::Slots;
use crate::applet::Call;
use crate::options::shown;
use crate::reason::reason;
use crate::say;
use crate::service::because;
use crate::trouble::Trouble;
use portreeve_sys::Resource;
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::privileges::set_name;
use portreeve_sys::{Signal, signals};
use rustix::process::chdir;
use std::ffi::OsString;
use std::path::absolute;
use std::process::ExitCode;

/// `svscan [DIR…]`: keeps a service for each folder in them. More than one DIR is ours.
pub(crate) fn svscan(call: &Call) -> Result<ExitCode, Trouble> {
    // what comes from a predecessor in this process is taken before anything is opened
    let inherited = inherit();
    // one that tells of a new program may be waiting, and must not end this one
    let prepared = signals::normalise_but(&[Signal::Hup]);
    prepared.map_err(|error| Trouble::system("unable to set signals", &error))?;
    let _ = set_name(super::name::HOLDER); // for people, who know the one it becomes by no other
    let program = std::env::current_exe();
    let program = program.map_err(|error| Trouble::system("unable to find my program", &error))?;
    let (roots, limit, slots) = match inherited {
        Some(Ok(inherited)) => inherited,
        Some(Err(error)) => {
            let why = reason(&error);
            say(format!("svscan: warning: unable to read what my predecessor held: {why}\n"));
            // it stood in the first of them, and has named the others from the root
            (call.arguments.clone(), soft_limit(), Slots::new())
        }
        None => (roots(&call.arguments)?, soft_limit(), Slots::new()),
    };
    let words = [super::name::HOLDER.into()].into_iter().chain(roots.iter().cloned()).collect();
    raise_limit();
    let setup = Setup { program, words, roots, limit };
    let holder = Holder::new(setup, slots);
    holder.map_err(|error| Trouble::system("unable to begin", &error))?.run()
}

/// The folders; the first of them becomes the current one.
fn roots(arguments: &[OsString]) -> Result<Vec<OsString>, Trouble> {
    let Some((first, more)) = arguments.split_first() else { return Ok(vec![".".into()]) };
    let wrong = |root: &OsString, error: &std::io::Error| {
        Trouble::because(&format!("unable to chdir to {}", shown(root)), reason(error))
    };
    let mut roots: Vec<OsString> = vec![first.clone()];
    for root in more {
        roots.push(absolute(root).map_err(|error| wrong(root, &error))?.into());
    }
    chdir(first).map_err(|error| {
        Trouble::because(&format!("unable to chdir to {}", shown(first)), because(error))
    })?;
    Ok(roots)
}

fn soft_limit() -> u64 {
    limits::get(Resource::OpenFiles).soft.unwrap_or(u64::MAX)
}

/// As many descriptors as the kernel allows: each service takes a few.
fn raise_limit() {
    let Limit { hard, .. } = limits::get(Resource::OpenFiles);
    let _ = limits::set(Resource::OpenFiles, Limit { soft: hard, hard }); // what is allowed is no trouble
}
