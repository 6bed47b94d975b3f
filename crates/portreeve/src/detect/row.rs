//! A line that is told of, as a row for people.

use super::clock::Clock;
use super::outcome::{Parts, Told, push_address};
use crate::render::text::push_visible;
use crate::render::{Ink, ink};
use portreeve_diag::Paint;
use std::io::Write as _;

/// The head of the columns.
pub(super) const HEAD: &str =
    "  LINE  TIME                       OFFENCE         ADDRESS          USER          WHY\n";

/// Appends it: columns that most rows keep to, since nobody knows the widest when the first is
/// written; below it the line itself, where it is to be shown.
pub(super) fn push(out: &mut Vec<u8>, told: &Told<'_>, paint: Paint, clock: &mut Clock) {
    let parts = Parts::of(told.finding);
    if let Some(file) = told.file {
        visible(out, file.as_bytes());
        out.push(b':');
    }
    let _never = write!(out, "{:>6}  ", told.number);
    column(out, 25, |out| {
        if !told.time.is_some_and(|micros| clock.push(out, micros)) {
            out.push(b'-');
        }
    });
    let (offence, colour) = match parts.offence {
        Some(word) => (word, Ink::Bad),
        None => ("-", Ink::Faint),
    };
    let (before, after) = escapes(paint, colour);
    out.extend_from_slice(before.as_bytes());
    column(out, 14, |out| out.extend_from_slice(offence.as_bytes()));
    out.extend_from_slice(after.as_bytes());
    column(out, 15, |out| match parts.address() {
        Some(address) => push_address(out, address),
        None => out.push(b'-'),
    });
    column(out, 12, |out| match parts.user {
        Some(user) => visible(out, user),
        None => out.push(b'-'),
    });
    let (by, colon) = told.by.map_or(("", ""), |by| (by, ": "));
    let [because, name] = parts.uncharged(told.doubt);
    let several = parts.several();
    let all = [by, colon, parts.why, &several, because, name];
    all.iter().for_each(|part| visible(out, part.as_bytes()));
    out.push(b'\n');
    if let Some(line) = told.line {
        let (before, after) = escapes(paint, Ink::Faint);
        out.extend_from_slice(b"        ");
        out.extend_from_slice(before.as_bytes());
        visible(out, line);
        out.extend_from_slice(after.as_bytes());
        out.push(b'\n');
    }
}

/// What stands before and behind a coloured text.
fn escapes(paint: Paint, colour: Ink) -> (String, String) {
    let both = ink(paint, colour, "\n");
    both.split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default()
}

/// Fills a column up with blanks, two at least.
fn column(out: &mut Vec<u8>, width: usize, cell: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    cell(out);
    let cell = out.get(start..).map(String::from_utf8_lossy).unwrap_or_default();
    let blanks = width.saturating_sub(cell.chars().count()) + 2;
    out.extend(std::iter::repeat_n(b' ', blanks));
}

/// Bytes of a stranger's choice: what could act on a terminal, and what is not UTF-8, is written
/// out.
fn visible(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|b| matches!(b, b' '..=b'~')) {
        return out.extend_from_slice(bytes);
    }
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_visible(&mut text, c));
        for byte in chunk.invalid() {
            let _never = std::fmt::Write::write_fmt(&mut text, format_args!("\\x{byte:02x}"));
        }
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use portreeve_detect::{Finding, Kind, Named, Offence};

    fn shown(user: &[u8], line: Option<&[u8]>, paint: Paint) -> String {
        let finding = Finding::Offence(Offence {
            kind: Kind::InvalidUser,
            named: Named::Address("192.0.2.7".parse().unwrap()),
            port: None,
            user: Some(user.into()),
            times: 3,
            why: "invalid user".into(),
        });
        let told = Told {
            file: None,
            number: 3,
            time: Some(1_000_000),
            by: None,
            doubt: None,
            finding: &finding,
            line,
        };
        let mut out = Vec::new();
        push(&mut out, &told, paint, &mut Clock::new(TimeZone::UTC));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_stand_below_the_head() {
        let row = shown(b"root", None, Paint::Plain);
        assert_eq!(
            format!("{HEAD}{row}"),
            "  LINE  TIME                       OFFENCE         ADDRESS          USER          WHY\n\
             \u{20}    3  1970-01-01T00:00:01+00:00  invalid-user    192.0.2.7        root          invalid user, 3 times\n"
        );
    }

    #[test]
    fn what_strangers_chose_does_nothing_to_a_terminal() {
        let hostile = "\u{1b}[2J\u{1b}]0;t\u{7}\r\n\u{9b}31m\u{202e}".as_bytes();
        let row = shown(hostile, Some(&[hostile, b"\xff"].concat()), Paint::Plain);
        assert_eq!(row.lines().count(), 2, "{row:?}");
        assert!(row.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{row:?}");
        assert!(row.contains("\\x1b[2J") && row.ends_with("\\xff\n"), "{row:?}");
        let row = shown(hostile, None, Paint::Colour);
        let bare = row.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        assert!(!bare.contains('\u{1b}'), "{row:?}");
    }
}
