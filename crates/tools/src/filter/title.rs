//! readproctitle: the last of what was written, where ps(1) shows it.

use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_sys::program::last_argument;
use rustix::io::{read, retry_on_intr};
use std::os::fd::AsFd;
use std::process::ExitCode;

/// Bytes that the last argument must have at least, and those of its beginning that stay.
const LEAST: usize = 5;
const STAY: usize = 3;

/// `readproctitle … ....`: what comes on standard input moves through the last argument from the
/// right.
pub(crate) fn readproctitle(call: &Call) -> Result<ExitCode, Trouble> {
    let wrong = Ok(ExitCode::from(100));
    if call.arguments.is_empty() {
        return wrong;
    }
    let title = last_argument().map_err(|error| Trouble::system("unable to find title", &error))?;
    if title.len() < LEAST {
        return wrong;
    }
    title.fill(b'.');
    let Some(shown) = title.get_mut(STAY..) else { return wrong };
    let mut chunk = [0; 1024];
    loop {
        let count = match retry_on_intr(|| read(std::io::stdin().as_fd(), &mut chunk)) {
            Ok(0) => return Ok(ExitCode::SUCCESS),
            Ok(count) => count,
            Err(_) => return Ok(ExitCode::from(111)),
        };
        for byte in chunk.iter().take(count).filter(|byte| **byte != 0) {
            shown.rotate_left(1);
            if let Some(last) = shown.last_mut() {
                *last = *byte;
            }
        }
    }
}
