//! tai64n, addcr, delcr.

use super::flow;
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_supervise::label::Label;
use portreeve_sys::clock::wall;
use std::process::ExitCode;

/// `tai64n`: before each line the moment at which its first byte was read.
pub(crate) fn tai64n(_: &Call) -> Result<ExitCode, Trouble> {
    let mut begins = true;
    flow(|piece, out| {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            if begins {
                out.extend_from_slice(&Label::at(wall()).to_text());
                out.push(b' ');
            }
            out.extend_from_slice(line);
            begins = line.ends_with(b"\n");
        }
    })
}

/// `addcr`: a carriage return before each line feed.
pub(crate) fn addcr(_: &Call) -> Result<ExitCode, Trouble> {
    flow(|piece, out| {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\r\n");
                }
                None => out.extend_from_slice(line),
            }
        }
    })
}

/// `delcr`: takes away one carriage return before each line feed.
pub(crate) fn delcr(_: &Call) -> Result<ExitCode, Trouble> {
    // the last byte read was one, and it is not known yet what follows
    let mut held = false;
    flow(|piece, out| {
        if piece.is_empty() && std::mem::take(&mut held) {
            out.push(b'\r');
        }
        for byte in piece {
            if std::mem::take(&mut held) && *byte != b'\n' {
                out.push(b'\r');
            }
            match byte {
                b'\r' => held = true,
                byte => out.push(*byte),
            }
        }
    })
}
