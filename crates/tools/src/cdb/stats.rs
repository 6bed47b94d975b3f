//! cdbstats: how far records are from their places.

use super::{standard_input, truncated, unwritten};
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_ucspi::cdb::{Reader, Stats};
use std::io::{self, Write};
use std::process::ExitCode;

/// `cdbstats` < database.
pub(crate) fn stats(call: &Call) -> Result<ExitCode, Trouble> {
    if !call.arguments.is_empty() {
        return Err(Trouble::Usage);
    }
    let bytes = standard_input()?;
    let stats = Stats::of(&Reader::new(&bytes)).map_err(truncated)?;
    write!(io::stdout(), "{stats}").map_err(|error| unwritten(&error))?;
    Ok(ExitCode::SUCCESS)
}
