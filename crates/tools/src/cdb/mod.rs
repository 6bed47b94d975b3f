//! cdbmake, cdbdump, cdbget and cdbstats.

mod dump;
mod get;
mod make;
mod stats;

pub(crate) use dump::dump;
pub(crate) use get::get;
pub(crate) use make::make;
pub(crate) use stats::stats;

use crate::trouble::Trouble;
use portreeve_ucspi::cdb::Damaged;
use std::io::{self, Read};

/// Bytes of a database, at most: no number in it reaches further.
const LARGEST: u64 = u32::MAX as u64;

/// A whole file. It is read and not mapped: a mapped one that somebody cuts would end the process.
pub(crate) fn contents(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Standard input, whole.
fn standard_input() -> Result<Vec<u8>, Trouble> {
    contents(io::stdin().lock()).map_err(|error| Trouble::system(READ, &error))
}

const READ: &str = "unable to read input";

fn truncated(_: Damaged) -> Trouble {
    Trouble::because(READ, "truncated file")
}

fn unwritten(error: &io::Error) -> Trouble {
    Trouble::system("unable to write output", error)
}
