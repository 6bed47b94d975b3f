//! svok: whether a supervisor runs.

use super::folder::{because, open};
use crate::applet::Call;
use crate::options::shown;
use crate::trouble::Trouble;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::chdir;
use std::process::ExitCode;

/// `svok DIR`: 0 when its supervisor runs, 100 without a word when not.
pub(crate) fn svok(call: &Call) -> Result<ExitCode, Trouble> {
    let folder = call.arguments.first().ok_or(Trouble::Usage)?;
    let name = shown(folder);
    chdir(folder)
        .map_err(|error| Trouble::system(&format!("unable to chdir to {name}"), &error.into()))?;
    match open("supervise/ok", OFlags::WRONLY) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(Errno::NOENT | Errno::NXIO) => Ok(ExitCode::from(100)),
        Err(error) => {
            Err(Trouble::because(&format!("unable to open {name}/supervise/ok"), because(error)))
        }
    }
}
