//! fghack: waits for a program that goes into the background.

use super::Program;
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_sys::process::{Status, wait_for};
use portreeve_sys::program::{Forked, fork};
use rustix::io::{Errno, dup, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};
use std::process::ExitCode;

/// Copies of the pipe's end that the program has: it will hardly close all of them.
const COPIES: usize = 30;

/// `fghack PROGRAM`: as long as any process that it leaves behind has a copy of a pipe's end.
pub(crate) fn fghack(call: &Call) -> Result<ExitCode, Trouble> {
    let program = Program::of(&call.arguments).ok_or(Trouble::Usage)?;
    let no_pipe = |error: Errno| Trouble::system("unable to create pipe", &error.into());
    let (read, write) = pipe_with(PipeFlags::empty()).map_err(no_pipe)?;
    let copies: Result<Vec<_>, _> = (0..COPIES).map(|_| dup(&write)).collect();
    let copies = copies.map_err(no_pipe)?;
    let child = match fork().map_err(|error| Trouble::system("unable to fork", &error))? {
        Forked::Child => {
            drop(read);
            return Err(program.run());
        }
        Forked::Parent(child) => child,
    };
    drop((write, copies));
    let mut byte = [0; 1];
    while retry_on_intr(|| rustix::io::read(&read, &mut byte)).is_ok_and(|count| count > 0) {}
    match wait_for(child).ok().flatten().map(|exit| exit.status) {
        Some(Status::Code(code)) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        Some(Status::Signal(_)) | None => Err(Trouble::System("child crashed".into())),
    }
}
