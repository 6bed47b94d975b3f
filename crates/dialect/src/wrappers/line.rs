//! From bytes to logical lines (hosts_access(5)).

use super::codes;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Span};
use portreeve_model::wrappers::Which;

/// Bytes of a logical line beyond which the ancestor reads no more.
pub(super) const ANCESTOR_LINE: usize = 2047;

/// Bytes of a logical line beyond which it is not read here either.
const LONGEST: usize = 64 << 10;

/// Physical lines that were joined, and where each of their bytes stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Logical {
    pub(super) bytes: Vec<u8>,
    /// Of each physical line: its first byte here, and in the file.
    pieces: Vec<(usize, usize)>,
    /// The number of its last physical line.
    pub(super) line: u32,
    /// Whether it was too long to be kept whole.
    pub(super) cut: bool,
    file: Option<FileId>,
    end: usize,
}

impl Logical {
    /// Where a range of these bytes stands in the file.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let file = self.file.unwrap_or(FileId(0));
        let first = self.offset(start);
        let last = if end > start { self.offset(end - 1) + 1 } else { first };
        Span::new(file, first, last.max(first))
    }

    /// All of it.
    pub(super) fn whole(&self) -> Span {
        Span::new(self.file.unwrap_or(FileId(0)), self.offset(0), self.end)
    }

    fn offset(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.pieces.get(piece).map_or(0, |(start, offset)| offset + (at - start))
    }

    fn add(&mut self, text: &[u8], offset: usize) {
        let room = LONGEST.saturating_sub(self.bytes.len());
        self.cut |= text.len() > room;
        self.pieces.push((self.bytes.len(), offset));
        self.bytes.extend(text.iter().take(room));
        self.end = offset + text.len();
    }
}

/// Whoever takes the lines of a file.
pub(super) trait Lines {
    /// Takes a line, which stands alone and ends in a line feed, by its look; or does not.
    fn plain(&mut self, line: &[u8], number: u32) -> bool;

    /// Takes a logical line that is a rule.
    fn logical(&mut self, line: Logical, out: &mut Diagnostics);
}

/// Gives the logical lines that are rules. Physical lines are joined where one ends in a backslash;
/// then comments and blank lines go.
pub(super) fn each(
    file: FileId,
    which: Which,
    content: &[u8],
    taker: &mut dyn Lines,
    out: &mut Diagnostics,
) {
    let mut logical = Logical { file: Some(file), ..Logical::default() };
    let (mut offset, mut number) = (0, 0_u32);
    for piece in content.split_inclusive(|byte| *byte == b'\n') {
        number = number.saturating_add(1);
        let (line, ended) = match piece.strip_suffix(b"\n") {
            Some(line) => (line, true),
            None => (piece, false),
        };
        if ended && logical.pieces.is_empty() && taker.plain(line, number) {
            offset += piece.len();
            continue;
        }
        // at the end of the file a backslash joins nothing, and is a part of the line
        let joined = line.strip_suffix(b"\\").filter(|_| ended);
        let text = joined.unwrap_or(line);
        if !logical.pieces.is_empty() && is_comment(&logical.bytes) && is_rule(line) {
            let at = Span::new(file, offset, offset + text.len());
            out.push(swallowed(at, which));
            if which == Which::Deny {
                logical = Logical { file: Some(file), ..Logical::default() };
            }
        }
        logical.add(text, offset);
        logical.line = number;
        offset += piece.len();
        if joined.is_some() {
            continue;
        }
        let done =
            std::mem::replace(&mut logical, Logical { file: Some(file), ..Logical::default() });
        keep(done, taker, out);
        if !ended {
            let at = Span::new(file, offset, offset);
            out.push(unended(at));
        }
    }
    if !logical.pieces.is_empty() {
        out.push(unended(Span::new(file, offset, offset)));
        keep(logical, taker, out);
    }
}

fn keep(line: Logical, taker: &mut dyn Lines, out: &mut Diagnostics) {
    let first = line.bytes.iter().position(|byte| !is_blank(*byte));
    match first {
        None => return,
        Some(0) if is_comment(&line.bytes) => return,
        Some(at) if line.bytes.get(at) == Some(&b'#') => {
            out.push(
                Diagnostic::new(
                    Level::Warning,
                    codes::INDENTED_COMMENT,
                    Some(line.span(at, line.bytes.len())),
                    "a comment that does not begin in the first column is a rule to other programs",
                )
                .help("put the `#` into the first column"),
            );
            return;
        }
        Some(_) => {}
    }
    if line.cut || line.bytes.len() >= ANCESTOR_LINE {
        let (level, text) = if line.cut {
            (Level::Error, "this line is too long to be read")
        } else {
            (Level::Warning, "other programs stop reading at a line longer than 2047 bytes")
        };
        let at = Some(line.whole());
        out.push(
            Diagnostic::new(level, codes::LONG_LINE, at, text)
                .help("write several rules, or put the patterns into a file and name it: `/path`"),
        );
    }
    if let Some(at) = line.bytes.iter().position(|byte| *byte == 0) {
        let at = Some(line.span(at, at + 1));
        out.push(
            Diagnostic::new(Level::Error, codes::ZERO_BYTE, at, "a zero byte in a rule")
                .help("remove it"),
        );
    }
    taker.logical(line, out);
}

fn is_comment(line: &[u8]) -> bool {
    line.iter().find(|byte| !is_blank(**byte)) == Some(&b'#')
}

/// Whether a line looks like a rule of its own: in the first column, with a colon.
fn is_rule(line: &[u8]) -> bool {
    line.first().is_some_and(|first| !is_blank(*first) && *first != b'#') && line.contains(&b':')
}

/// What divides the words of a list, beside the comma.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn swallowed(at: Span, which: Which) -> Diagnostic {
    let text = match which {
        Which::Allow => "the comment above ends in a backslash: this line is a part of it",
        Which::Deny => "the comment above ends in a backslash; this line counts all the same",
    };
    Diagnostic::new(Level::Warning, codes::SWALLOWED_LINE, Some(at), text)
        .help("remove the backslash at the end of the comment")
}

fn unended(at: Span) -> Diagnostic {
    Diagnostic::new(
        Level::Warning,
        codes::NO_FINAL_NEWLINE,
        Some(at),
        "the last line has no line feed: other programs drop it and, in hosts.deny, refuse everybody",
    )
    .help("end the file with a line feed")
}
