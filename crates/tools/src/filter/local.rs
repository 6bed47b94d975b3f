//! tai64nlocal: labels for people.

use super::flow;
use crate::applet::Call;
use crate::trouble::Trouble;
use portreeve_supervise::label::{Label, TEXT};
use portreeve_sys::clock::{LocalTime, local};
use std::process::ExitCode;

/// `tai64nlocal`: where a line begins with a label, local time in its place.
pub(crate) fn tai64nlocal(_: &Call) -> Result<ExitCode, Trouble> {
    let mut state = State::Begins;
    flow(|piece, out| {
        if piece.is_empty() {
            state.end(out);
        }
        for byte in piece {
            state.take(*byte, out);
        }
    })
}

/// Where in a line we are.
enum State {
    Begins,
    /// `@`, and digits that are a label if there are enough of them and no more.
    Label(Vec<u8>),
    Rest,
}

impl State {
    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self {
            Self::Begins if byte == b'@' => *self = Self::Label(vec![byte]),
            Self::Label(read) if matches!(byte, b'0'..=b'9' | b'a'..=b'f') && read.len() < TEXT => {
                read.push(byte);
            }
            Self::Begins | Self::Label(_) | Self::Rest => {
                // a 25th digit means that this is no label
                let no_label = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                self.told(no_label, out);
                out.push(byte);
                *self = if byte == b'\n' { Self::Begins } else { Self::Rest };
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.told(false, out);
        *self = Self::Rest;
    }

    /// What was held back: the time it means, or as it came.
    fn told(&self, no_label: bool, out: &mut Vec<u8>) {
        let Self::Label(read) = self else { return };
        let digits = read.get(1..).filter(|_| !no_label).unwrap_or_default();
        match Label::from_digits(digits).and_then(shown) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(read),
        }
    }
}

fn shown(label: Label) -> Option<String> {
    let LocalTime { year, month, day, hour, minute, second } = local(label.unix_seconds()?)?;
    let nanoseconds = label.nanoseconds();
    Some(format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanoseconds:09}"))
}
