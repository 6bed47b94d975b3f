//! svstat: how services are.

use super::folder::{Home, because, open};
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_supervise::label::Label;
use portreeve_supervise::status::{SIZE, Status};
use portreeve_sys::clock::wall;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// `svstat DIR…`: a line for each, whatever it finds.
pub(crate) fn svstat(call: &Call) -> Result<ExitCode, Trouble> {
    let home = Home::open()?;
    let mut output = std::io::stdout().lock();
    for folder in &call.arguments {
        let mut text = String::new();
        home.visit(folder, |entered| {
            text = match entered {
                Ok(()) => here(),
                Err(error) => format!("unable to chdir: {}", because(error)),
            };
        })?;
        let line = [folder.as_bytes(), b": ", text.as_bytes(), b"\n"].concat();
        let written = output.write_all(&line);
        written.map_err(|error| Trouble::system("unable to write output", &error))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The service in the current folder.
fn here() -> String {
    let normally_down = match rustix::fs::stat("down") {
        Ok(_) => true,
        Err(Errno::NOENT) => false,
        Err(error) => return format!("unable to stat down: {}", because(error)),
    };
    match open("supervise/ok", OFlags::WRONLY) {
        Ok(_) => {}
        Err(Errno::NXIO) => return "supervise not running".into(),
        Err(error) => return format!("unable to open supervise/ok: {}", because(error)),
    }
    let file = match open("supervise/status", OFlags::RDONLY) {
        Ok(file) => File::from(file),
        Err(error) => return format!("unable to open supervise/status: {}", because(error)),
    };
    let mut bytes = Vec::with_capacity(SIZE);
    let limit = u64::try_from(SIZE).unwrap_or(0);
    if let Err(error) = file.take(limit).read_to_end(&mut bytes) {
        return format!("unable to read supervise/status: {}", crate::reason::reason(&error));
    }
    match Status::from_bytes(&bytes) {
        Some(status) => status.describe(Label::at(wall()), normally_down),
        None => "unable to read supervise/status: bad format".into(),
    }
}
