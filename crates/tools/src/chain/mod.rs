//! Commands that change something about themselves and become another program.

mod envdir;
mod fghack;
mod ids;
mod lock;
mod program;
mod softlimit;

pub(crate) use envdir::{envdir, variable};
pub(crate) use fghack::fghack;
pub(crate) use ids::{envuidgid, setuidgid};
pub(crate) use lock::setlock;
pub(crate) use program::{Program, given, inherited};
pub(crate) use softlimit::softlimit;

use crate::applet::Call;
use crate::trouble::Trouble;
use std::process::ExitCode;

/// `pgrphack PROGRAM`: a session and process group of its own, if it has none yet.
pub(crate) fn pgrphack(call: &Call) -> Result<ExitCode, Trouble> {
    let program = Program::of(&call.arguments).ok_or(Trouble::Usage)?;
    let _ = portreeve_sys::process::new_session(); // it leads one already
    Err(program.run())
}

/// `argv0 PROGRAM NAME ARGUMENT…`: a program under another name.
pub(crate) fn argv0(call: &Call) -> Result<ExitCode, Trouble> {
    let [_, called @ ..] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    if called.is_empty() {
        return Err(Trouble::Usage);
    }
    let program = Program::of(&call.arguments).ok_or(Trouble::Usage)?;
    Err(program.called(called).run())
}
