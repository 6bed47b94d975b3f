//! Text that knows where each part of it was written.

use portreeve_diag::{FileId, Span};

/// White space as Python's `str.strip` and `\s` have it.
pub(super) fn blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// A text, put together from pieces of files. Offsets are of bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    text: String,
    /// Ascending by `at`.
    marks: Vec<Mark>,
}

/// From this byte of a text on, its bytes stand in a file from `from` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    at: usize,
    file: FileId,
    from: usize,
    /// They do not stand there, but so many bytes there brought them about.
    because: Option<usize>,
}

impl Mark {
    /// As a mark of the text from a byte on.
    fn moved(self, offset: usize, at: usize) -> Self {
        let further = if self.because.is_some() { 0 } else { offset.saturating_sub(self.at) };
        Self { at, from: self.from + further, ..self }
    }
}

impl Text {
    /// Text of a file that stands at one place there.
    pub(super) fn new(text: &str, file: FileId, from: usize) -> Self {
        Self { text: text.to_owned(), marks: vec![Mark { at: 0, file, from, because: None }] }
    }

    /// Text that stands nowhere, with the place that brought it about.
    pub(super) fn because(text: &str, at: Option<Span>) -> Self {
        let mark = at.map(|span| {
            let (from, end) = (span.start as usize, span.end as usize);
            Mark { at: 0, file: span.file, from, because: Some(end.saturating_sub(from)) }
        });
        Self { text: text.to_owned(), marks: mark.into_iter().collect() }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where a byte was written.
    pub(super) fn place(&self, offset: usize) -> Option<Span> {
        let mark = self.mark(offset)?;
        if let Some(length) = mark.because {
            return Some(Span::new(mark.file, mark.from, mark.from + length));
        }
        let line = self.text.get(offset..).and_then(|rest| rest.split('\n').next());
        let from = mark.from + offset.saturating_sub(mark.at);
        let next = self.marks.iter().map(|mark| mark.at).find(|at| *at > offset);
        let end = (offset + line.map_or(0, str::len)).min(next.unwrap_or(usize::MAX));
        Some(Span::new(mark.file, from, from + end.saturating_sub(offset)))
    }

    /// Where most of it was written: what many texts begin with stands elsewhere.
    pub(super) fn mostly(&self) -> Option<Span> {
        let ends = self.marks.iter().skip(1).map(|mark| mark.at).chain([self.text.len()]);
        let pieces = self.marks.iter().zip(ends).filter(|(mark, _)| mark.because.is_none());
        let mut longest = (0, 0);
        for (mark, end) in pieces {
            let length = end.saturating_sub(mark.at);
            if length > longest.0 {
                longest = (length, mark.at);
            }
        }
        self.place(longest.1)
    }

    /// The last mark at or before a byte; of several at one byte the last one, which has text.
    fn mark(&self, offset: usize) -> Option<Mark> {
        let after = self.marks.partition_point(|mark| mark.at <= offset);
        self.marks.get(after.saturating_sub(1)).copied()
    }

    /// Puts a part of another text behind this one.
    pub(super) fn push_slice(&mut self, other: &Self, start: usize, end: usize) {
        let Some(text) = other.text.get(start..end).filter(|text| !text.is_empty()) else { return };
        let base = self.text.len();
        if let Some(mark) = other.mark(start) {
            self.marks.push(mark.moved(start, base));
        }
        let inside = other.marks.iter().filter(|mark| mark.at > start && mark.at < end);
        self.marks.extend(inside.map(|mark| Mark { at: base + mark.at - start, ..*mark }));
        self.text.push_str(text);
    }

    /// Puts another text behind this one.
    pub(super) fn push(&mut self, other: &Self) {
        self.push_slice(other, 0, other.len());
    }

    /// Puts a line feed behind this text.
    pub(super) fn push_line_end(&mut self) {
        self.text.push('\n');
    }

    /// A part of it.
    pub(super) fn slice(&self, start: usize, end: usize) -> Self {
        let mut part = Self::default();
        part.push_slice(self, start, end);
        if part.marks.is_empty() {
            part.marks.extend(self.mark(start).map(|mark| mark.moved(start, 0)));
        }
        part
    }

    /// Without blanks at its end.
    pub(super) fn trim_end(&self) -> Self {
        self.slice(0, self.text.trim_end_matches(blank).len())
    }

    /// Without blanks at both ends.
    pub(super) fn trim(&self) -> Self {
        let start = self.text.len() - self.text.trim_start_matches(blank).len();
        let end = self.text.trim_end_matches(blank).len();
        self.slice(start, end.max(start))
    }

    /// What stands between single occurrences of a character.
    pub(super) fn split(&self, at: char) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (found, divider) in self.text.match_indices(at) {
            parts.push(self.slice(start, found));
            start = found + divider.len();
        }
        parts.push(self.slice(start, self.text.len()));
        parts
    }

    /// With every occurrence of a word replaced; `None` when that is longer than `most`.
    pub(super) fn replaced(&self, word: &str, by: &Self, most: usize) -> Option<Self> {
        let mut whole = Self::default();
        let mut start = 0;
        for (found, _) in self.text.match_indices(word) {
            whole.push_slice(self, start, found);
            whole.push(by);
            start = found + word.len();
            if whole.len() > most {
                return None;
            }
        }
        whole.push_slice(self, start, self.text.len());
        Some(whole).filter(|whole| whole.len() <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(3);

    fn starts(text: &Text, offsets: &[usize]) -> Vec<u32> {
        offsets.iter().map(|at| text.place(*at).unwrap().start).collect()
    }

    #[test]
    fn pieces_keep_their_places() {
        let mut text = Text::new("abc", FILE, 100);
        text.push_line_end();
        text.push_slice(&Text::new("0123456", FILE, 200), 2, 5);
        assert_eq!(text.as_str(), "abc\n234");
        assert_eq!(starts(&text, &[0, 2, 4, 6]), [100, 102, 202, 204]);
        let by = Text::new("<X>", FILE, 300);
        let text = text.replaced("3", &by, 100).unwrap();
        assert_eq!(text.as_str(), "abc\n2<X>4");
        assert_eq!(starts(&text, &[4, 5, 7, 8]), [202, 300, 302, 204]);
        let lines = text.split('\n');
        assert_eq!((lines[1].as_str(), starts(&lines[1], &[0, 1])), ("2<X>4", vec![202, 300]));
        let span = lines[1].place(0).unwrap();
        assert_eq!((span.start, span.end), (202, 203));
        assert_eq!(text.replaced("<", &by, 8), None);
    }

    #[test]
    fn blanks_are_pythons() {
        let text = Text::new(" \u{a0}\u{1d} x y\u{2003}", FILE, 0).trim();
        assert_eq!(text.as_str(), "x y");
        assert_eq!(starts(&text, &[0]), [5]);
        assert!(Text::new(" \t", FILE, 7).trim().is_empty());
    }
}
