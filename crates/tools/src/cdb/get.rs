//! cdbget: one value.

use super::{READ, standard_input, unwritten};
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_ucspi::cdb::Reader;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// `cdbget KEY [SKIP]` < database: the data of the first record of that key, or of a later one; 100
/// without a word if there is none.
pub(crate) fn get(call: &Call) -> Result<ExitCode, Trouble> {
    let (key, skip) = match call.arguments.as_slice() {
        [key] => (key, 0),
        [key, skip] => {
            let skip = skip.to_str().filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
            (key, skip.and_then(|it| it.parse().ok()).ok_or(Trouble::Usage)?)
        }
        _ => return Err(Trouble::Usage),
    };
    if key.is_empty() {
        return Err(Trouble::Usage);
    }
    let bytes = standard_input()?;
    let found = Reader::new(&bytes).find(key.as_bytes()).nth(skip).transpose();
    let Some(data) = found.map_err(|_| Trouble::because(READ, "protocol error"))? else {
        return Ok(ExitCode::from(100));
    };
    io::stdout().write_all(data).map_err(|error| unwritten(&error))?;
    Ok(ExitCode::SUCCESS)
}
