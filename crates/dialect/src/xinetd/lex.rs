//! Bytes to lines of words. xinetd knows no quotes, escapes, continuations or trailing comments:
//! blanks and tabs separate words, and a comment is a line whose first character is `#`.

use super::report::{Report, error};
use super::{bounds, codes};
use portreeve_diag::{Diagnostic, FileId, Span};

/// A word and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: Span,
}

impl Word {
    /// Whether it is this keyword; xinetd ignores case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }
}

/// A line that is neither blank nor a comment: at least one word.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) first: Word,
    pub(super) rest: Vec<Word>,
}

impl Line {
    /// From the first word to the last.
    pub(super) fn at(&self) -> Span {
        let end = self.rest.last().map_or(self.first.at.end, |word| word.at.end);
        Span { end, ..self.first.at }
    }
}

/// The live lines of a text. Foreign line ends are reported once.
pub(super) fn lines(file: FileId, text: &str, report: &mut Report<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut carriage = false;
    let mut start = 0;
    for piece in text.split_inclusive('\n') {
        let (from, body) = without_mark(start, piece.strip_suffix('\n').unwrap_or(piece));
        if body.len() > bounds::LINE_BYTES {
            let limit = bounds::LINE_BYTES;
            let message = format!("this line is longer than {limit} bytes");
            let at = Span::new(file, from, from + 1);
            report.push(error(codes::TOO_LARGE, at, message).help("split it with `+=` lines"));
        } else if let Some(line) = line(file, from, body) {
            if body.ends_with('\r') && !std::mem::replace(&mut carriage, true) {
                let message = "lines end in CR LF; xinetd reads the CR as part of the last word";
                let help = "convert the file to plain line feeds (`sed -i 's/\\r$//' FILE`)";
                report.push(error(codes::CARRIAGE_RETURN, line.at(), message).help(help));
            }
            lines.push(line);
        }
        start += piece.len();
    }
    lines
}

/// A byte order mark is nothing one can see, so it is not left to be part of the first word.
fn without_mark(start: usize, body: &str) -> (usize, &str) {
    match body.strip_prefix('\u{feff}') {
        Some(rest) if start == 0 => (start + body.len() - rest.len(), rest),
        _ => (start, body),
    }
}

fn line(file: FileId, start: usize, body: &str) -> Option<Line> {
    let body = body.strip_suffix('\r').unwrap_or(body);
    if body.trim_start_matches([' ', '\t']).starts_with('#') {
        return None;
    }
    let mut words = words(file, start, body);
    let first = words.next()?;
    Some(Line { first, rest: words.collect() })
}

fn words(file: FileId, start: usize, body: &str) -> impl Iterator<Item = Word> {
    let mut offset = start;
    body.split([' ', '\t']).filter_map(move |text| {
        let from = offset;
        offset += text.len() + 1;
        let at = Span::new(file, from, from + text.len());
        (!text.is_empty()).then(|| Word { text: text.to_owned(), at })
    })
}

/// What is wrong with the bytes of a line, if anything is.
pub(super) fn oddity(line: &Line) -> Option<Diagnostic> {
    let mut words = std::iter::once(&line.first).chain(&line.rest);
    words.find_map(|word| {
        if word.text.contains('\u{fffd}') {
            let message = "bytes that are not UTF-8 outside a comment";
            let help = "write the word in UTF-8, or make the line a comment";
            return Some(error(codes::ENCODING, word.at, message).help(help));
        }
        let control = word.text.contains(|c: char| c.is_control() || c == '\u{feff}');
        let message = "a control character outside a comment";
        let help = "remove the character; blanks and tabs separate words";
        control.then(|| error(codes::CONTROL_CHARACTER, word.at, message).help(help))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::{Diagnostics, Sources};

    #[test]
    fn words_keep_their_places_and_only_whole_lines_are_comments() {
        let text = "  # c\n\n a\t= b # c\nlast";
        let mut sources = Sources::new();
        let file = sources.add("f", text);
        let mut diagnostics = Diagnostics::new();
        let lines = lines(file, text, &mut Report::new(&mut diagnostics));
        let words = lines.iter().flat_map(|l| std::iter::once(&l.first).chain(&l.rest));
        let seen: Vec<_> = words.map(|w| (w.text.as_str(), sources.line_column(w.at))).collect();
        let want = [
            ("a", (3, 2)),
            ("=", (3, 4)),
            ("b", (3, 6)),
            ("#", (3, 8)),
            ("c", (3, 10)),
            ("last", (4, 1)),
        ];
        assert_eq!(seen, want);
        assert!(diagnostics.is_empty());
    }

    #[test]
    fn foreign_bytes_are_named_outside_comments() {
        for (text, want) in [
            ("a = b\r\nc = d\r\n", &["xinetd-carriage-return"] as &[&str]),
            ("# \u{1}\u{fffd}\r\na = b\n", &[]),
            ("a = \u{1}\n", &["xinetd-control-character"]),
            ("\u{feff}a = b\n", &[]),
            ("a = \u{feff}\n", &["xinetd-control-character"]),
            ("a = \u{fffd}\n", &["xinetd-encoding"]),
        ] {
            let mut diagnostics = Diagnostics::new();
            let lines = lines(FileId(0), text, &mut Report::new(&mut diagnostics));
            diagnostics.extend(lines.iter().filter_map(oddity));
            let codes: Vec<_> = diagnostics.iter().map(|d| d.code.0).collect();
            assert_eq!(codes, want, "{text:?}");
        }
    }
}
