//! cdbdump: a database as text.

use super::{standard_input, truncated, unwritten};
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_ucspi::cdb::Reader;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// `cdbdump` < database: `+KEYLENGTH,DATALENGTH:KEY->DATA`, and an empty line at the end.
pub(crate) fn dump(call: &Call) -> Result<ExitCode, Trouble> {
    if !call.arguments.is_empty() {
        return Err(Trouble::Usage);
    }
    let bytes = standard_input()?;
    let mut out = BufWriter::new(io::stdout().lock());
    for record in Reader::new(&bytes).records() {
        let record = match record {
            Ok(record) => record,
            Err(damaged) => {
                out.flush().map_err(|error| unwritten(&error))?;
                return Err(truncated(damaged));
            }
        };
        let head = format!("+{},{}:", record.key.len(), record.data.len());
        for part in [head.as_bytes(), record.key, b"->", record.data, b"\n"] {
            out.write_all(part).map_err(|error| unwritten(&error))?;
        }
    }
    out.write_all(b"\n").and_then(|()| out.flush()).map_err(|error| unwritten(&error))?;
    Ok(ExitCode::SUCCESS)
}
