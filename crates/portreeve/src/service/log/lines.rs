//! Lines of a log for a reader: labels made times, and nothing that acts on a terminal.

use crate::render::lines::{Escapes, LONGEST, harmless};
use crate::terminal::{self, Reader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_supervise::label::{Label, TEXT};
use serde_json::json;
use std::io::{self, Write};

/// How lines are shown.
#[derive(Clone, Debug)]
pub(super) enum Style {
    /// As they are, byte for byte.
    Raw,
    /// An object for each.
    Json,
    /// For people, with times of this zone.
    Text(TimeZone),
}

/// Takes bytes of a log, and writes lines.
pub(super) struct Lines<W> {
    style: Style,
    to: W,
    /// A line whose end has not come.
    begun: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(style: Style, to: W) -> Self {
        Self { style, to, begun: Vec::new() }
    }

    /// Takes the next bytes; writes the lines that are whole with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Reader> {
        if matches!(self.style, Style::Raw) {
            return terminal::write_all(&mut self.to, bytes);
        }
        let longest = usize::try_from(LONGEST).unwrap_or(usize::MAX);
        let mut shown = String::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            // what is longer than anybody reads is broken
            if self.begun.ends_with(b"\n") || self.begun.len() >= longest {
                shown.push_str(&self.line());
            }
        }
        terminal::write_all(&mut self.to, shown.as_bytes())
    }

    /// The log ends here; so does its last line.
    pub(super) fn end(&mut self) -> io::Result<Reader> {
        if self.begun.is_empty() {
            return Ok(Reader::There);
        }
        let shown = self.line();
        terminal::write_all(&mut self.to, shown.as_bytes())
    }

    fn line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.begun);
        let (label, rest) = split(&bytes);
        let rest = String::from_utf8_lossy(rest);
        match &self.style {
            Style::Raw => rest.into_owned(), // not come to: raw bytes are not split
            Style::Json => {
                let at = label.and_then(timestamp).map(|at| format!("{at:.9}"));
                let rest = rest.strip_suffix('\n').unwrap_or(&rest);
                let text =
                    if label.is_some() { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
                harmless(&json!({ "at": at, "text": text }).to_string(), Escapes::Json)
            }
            Style::Text(zone) => {
                let time = label.and_then(|label| local(label, zone)).unwrap_or_default();
                harmless(&format!("{time}{rest}"), Escapes::None)
            }
        }
    }
}

/// The label at the beginning of a line, if that is one that can be shown, and what follows it.
fn split(line: &[u8]) -> (Option<Label>, &[u8]) {
    let label = || {
        let (label, rest) = line.split_at_checked(TEXT)?;
        let digits = label.strip_prefix(b"@")?;
        let more = matches!(rest.first(), Some(b'0'..=b'9' | b'a'..=b'f'));
        let label = Label::from_digits(digits).filter(|_| !more)?;
        timestamp(label).map(|_| (Some(label), rest))
    };
    label().unwrap_or((None, line))
}

fn timestamp(label: Label) -> Option<Timestamp> {
    // more nanoseconds than a second has are as good as the last
    let nanoseconds = i32::try_from(label.nanoseconds().min(999_999_999)).ok()?;
    Timestamp::new(label.unix_seconds()?, nanoseconds).ok()
}

/// As tai64nlocal shows it.
fn local(label: Label, zone: &TimeZone) -> Option<String> {
    let at = timestamp(label)?.to_zoned(zone.clone());
    Some(format!("{}.{:09}", at.strftime("%Y-%m-%d %H:%M:%S"), label.nanoseconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(style: Style, pieces: &[&[u8]]) -> String {
        let mut text = Vec::new();
        let mut lines = Lines::new(style, &mut text);
        for piece in pieces {
            lines.push(piece).unwrap();
        }
        lines.end().unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn labels_are_times_and_nothing_acts_on_the_terminal() {
        let input: [&[u8]; 5] = [
            b"@400000000000000b001e922c one\n@4000",
            b"00000000000b001e922c: two \x1b[2J\n",
            b"@400000000000000b001e922c0 25 digits\n\n@short\n",
            b"@ffffffffffffffffffffffff no time\nb\xffd\n",
            b"without an end",
        ];
        let want = "1970-01-01 00:00:01.002003500 one\n1970-01-01 00:00:01.002003500: two \\x1b[2J\n\
                    @400000000000000b001e922c0 25 digits\n\n@short\n\
                    @ffffffffffffffffffffffff no time\nb\u{fffd}d\nwithout an end\n";
        assert_eq!(shown(Style::Text(TimeZone::UTC), &input), want);
        let raw = shown(Style::Raw, &input[..2]);
        assert_eq!(raw.as_bytes(), [input[0], input[1]].concat());
        let json = shown(Style::Json, &input[..2]);
        let first = "{\"at\":\"1970-01-01T00:00:01.002003500Z\",\"text\":\"one\"}";
        assert_eq!(json.lines().next(), Some(first));
        assert_eq!(shown(Style::Json, &[b"x\n"]), "{\"at\":null,\"text\":\"x\"}\n");
    }

    #[test]
    fn a_line_that_never_ends_is_broken() {
        let long = vec![b'x'; 200 << 10];
        let text = shown(Style::Text(TimeZone::UTC), &[&long[..1000], &long[1000..]]);
        assert_eq!(text.matches('x').count(), long.len());
    }
}
