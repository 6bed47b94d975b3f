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
        [key, skip] => (key, number(skip.as_bytes()).ok_or(Trouble::Usage)?),
        _ => return Err(Trouble::Usage),
    };
    if key.is_empty() {
        return Err(Trouble::Usage);
    }
    let bytes = standard_input()?;
    let reader = Reader::new(&bytes);
    let mut found = reader.find(key.as_bytes()).enumerate();
    // those that are skipped must be whole too
    let data = loop {
        match found.next() {
            None => return Ok(ExitCode::from(100)),
            Some((_, Err(_))) => return Err(Trouble::because(READ, "protocol error")),
            Some((number, Ok(data))) if number == skip => break data,
            Some(_) => {}
        }
    };
    io::stdout().write_all(data).map_err(|error| unwritten(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Digits alone, of which there may be none; too many wrap, as the ancestor's do.
fn number(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        Some(value.wrapping_mul(10).wrapping_add(usize::from(digit)))
    })
}
