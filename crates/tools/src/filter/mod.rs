//! Commands that change what flows through them.

mod lines;
mod local;
mod relay;
mod title;

pub(crate) use lines::{addcr, delcr, tai64n};
pub(crate) use local::tai64nlocal;
pub(crate) use relay::{fixcrio, recordio};
pub(crate) use title::readproctitle;

use crate::trouble::Trouble;
use rustix::io::{Errno, read, retry_on_intr, write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitCode;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// From standard input through `change` to standard output, piece by piece: what has been read is
/// written before more is read. Trouble is 111 without a word, as with the ancestors.
fn flow(mut change: impl FnMut(&[u8], &mut Vec<u8>)) -> Result<ExitCode, Trouble> {
    portreeve_sys::program::default_pipe();
    let (input, output) = (std::io::stdin(), std::io::stdout());
    let mut chunk = vec![0; CHUNK];
    let mut changed = Vec::with_capacity(2 * CHUNK);
    loop {
        let count = match retry_on_intr(|| read(input.as_fd(), &mut *chunk)) {
            Ok(count) => count,
            Err(_) => return Ok(ExitCode::from(111)),
        };
        changed.clear();
        change(chunk.get(..count).unwrap_or_default(), &mut changed);
        if write_all(output.as_fd(), &changed).is_err() {
            return Ok(ExitCode::from(111));
        }
        if count == 0 {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// All of them, however many calls it takes.
pub(crate) fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let count = retry_on_intr(|| write(fd, bytes))?;
        bytes = bytes.get(count..).unwrap_or_default();
    }
    Ok(())
}
