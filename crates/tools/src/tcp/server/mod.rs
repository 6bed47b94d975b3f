//! `tcpserver`: a program for each connection.

mod child;
mod direct;
mod options;
mod serve;
mod start;

use super::Tells;
use crate::applet::Call;
use crate::options::Options;
use crate::trouble::Trouble;
use options::Wanted;
use std::process::ExitCode;

/// `tcpserver OPTIONS HOST PORT PROGRAM…`. It takes connections, so many at a time, and starts a copy
/// of itself for each, which finds out who is there, asks the rules, and becomes the program.
pub(crate) fn tcpserver(call: &Call) -> Result<ExitCode, Trouble> {
    let mut options = Options::of(call, options::LETTERS);
    let mut wanted = Wanted::of(&mut options)?;
    let ended = wanted
        .complete(options.operands())
        .and_then(|()| start::start(&wanted))
        .and_then(|listening| serve::serve(&wanted, listening));
    match ended {
        // as the ancestor's: once the options are read, it says nothing at all
        Err(trouble) if wanted.tells == Tells::Nothing => Ok(ExitCode::from(trouble.code())),
        other => other,
    }
}
