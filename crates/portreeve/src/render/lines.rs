//! Lines the door sends ready made, for a terminal.

use super::text::push_visible;
use std::fmt::Write as _;

/// Bytes of a line, at most; a longer one is broken.
pub(crate) const LONGEST: u64 = 64 * 1024;

/// Which escape sequences a line may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// None.
    None,
    /// Those that set a colour (`ESC [ digits and semicolons m`).
    Colours,
    /// None, and what is written out is written as JSON does: the line stays JSON.
    Json,
}

/// The line with everything else that could act on a terminal written out, and its line feed.
pub(crate) fn harmless(line: &str, escapes: Escapes) -> String {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = match (c, escapes) {
            ('\x1b', Escapes::Colours) => colour(rest),
            _ => None,
        };
        match length {
            Some(length) => out.push_str(rest.get(..length).unwrap_or_default()),
            None if escapes == Escapes::Json => push_json(&mut out, c),
            None => push_visible(&mut out, c),
        }
        rest = rest.get(length.unwrap_or(c.len_utf8())..).unwrap_or_default();
    }
    out.push('\n');
    out
}

/// Appends one character of a JSON text; one that could act on the terminal can only stand in a
/// string, where its number does as well.
fn push_json(out: &mut String, c: char) {
    let mut shown = String::new();
    push_visible(&mut shown, c);
    if shown.starts_with(c) {
        out.push(c);
    } else {
        c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
            let _ = write!(out, "\\u{unit:04x}");
        });
    }
}

/// Bytes of the colour sequence a text starts with.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters.get(end..)?.starts_with('m').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_pass_where_allowed_and_nothing_else_does() {
        for (line, escapes, want) in [
            ("\x1b[31mred\x1b[0m\n", Escapes::Colours, "\x1b[31mred\x1b[0m\n"),
            ("\x1b[1;32mx", Escapes::Colours, "\x1b[1;32mx\n"),
            ("\x1b[31mred\n", Escapes::None, "\\x1b[31mred\n"),
            ("\x1b[2Jx\x1b]0;t\x07\n", Escapes::Colours, "\\x1b[2Jx\\x1b]0;t\\x07\n"),
            ("\x1b[31", Escapes::Colours, "\\x1b[31\n"),
            ("\x1b", Escapes::Colours, "\\x1b\n"),
            ("{\"a\":\"\u{202e}\u{9b}\"}\n", Escapes::Json, "{\"a\":\"\\u202e\\u009b\"}\n"),
        ] {
            assert_eq!(harmless(line, escapes), want, "{line:?}");
        }
    }
}
