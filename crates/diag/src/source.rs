//! The texts that were read, and places in them.

use serde::{Deserialize, Serialize};

/// Names one text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one source, `start` inside, `end` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span; offsets past 4 GiB saturate (sources are bounded far below).
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }
}

/// A place as people name it: path, line and column, both counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The path as it was given or found by an include.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

#[derive(Clone, Debug)]
struct Source {
    path: String,
    text: String,
    lines: Vec<usize>, // byte offset of each line's start
    /// Of an excerpt: which line of the whole each of its lines is.
    numbers: Vec<u32>,
}

/// Every text that was read for one configuration, in reading order.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the path that diagnostics will name.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source {
            path: path.into(),
            text: String::new(),
            lines: Vec::new(),
            numbers: Vec::new(),
        });
        self.fill(file, text);
        file
    }

    /// Gives a source its text, or another one: for a file that is named before it is read, or
    /// that is read again.
    pub fn fill(&mut self, file: FileId, text: impl Into<String>) {
        let Some(source) = self.files.get_mut(file.0 as usize) else { return };
        source.text = text.into();
        let starts = source.text.match_indices('\n').map(|(at, _)| at + 1);
        source.lines = std::iter::once(0).chain(starts).collect();
        source.numbers = Vec::new();
    }

    /// Gives a source some of its lines, each with its number and without its end: for a text that
    /// is too large to be kept. Spans are of these lines, one after the other with line feeds
    /// between them; places are of the whole text.
    pub fn excerpt<'a>(&mut self, file: FileId, lines: impl IntoIterator<Item = (u32, &'a str)>) {
        let (numbers, lines): (Vec<u32>, Vec<&str>) = lines.into_iter().unzip();
        self.fill(file, lines.join("\n"));
        if let Some(source) = self.files.get_mut(file.0 as usize) {
            source.numbers = numbers;
        }
    }

    /// A line of a source, counted from 1, if it is at hand.
    #[must_use]
    pub fn line(&self, file: FileId, number: u32) -> Option<&str> {
        let source = self.get(file)?;
        let at = match source.numbers.is_empty() {
            true => usize::try_from(number).ok()?.checked_sub(1)?,
            false => source.numbers.iter().position(|line| *line == number)?,
        };
        source.text.lines().nth(at)
    }

    /// The path of a source.
    #[must_use]
    pub fn path(&self, file: FileId) -> &str {
        self.get(file).map_or("?", |s| &s.path)
    }

    /// The text of a source.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |s| &s.text)
    }

    /// All paths, in the order of their [`FileId`]s.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.files.iter().map(|s| s.path.clone()).collect()
    }

    /// A line, counted from 1, without its end; the start of the text when there is no such line.
    #[must_use]
    pub fn line_span(&self, file: FileId, line: u32) -> Span {
        let number = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = self.get(file).and_then(|source| source.lines.get(number)).copied();
        let start = start.unwrap_or(0);
        let rest = self.text(file).get(start..).unwrap_or_default();
        Span::new(file, start, start + rest.lines().next().map_or(0, str::len))
    }

    /// Line and column of a span's start.
    #[must_use]
    pub fn place(&self, at: Span) -> Place {
        let (line, column) = self.line_column(at);
        Place { path: self.path(at.file).to_owned(), line, column }
    }

    /// Line and column (both from 1) of a span's start.
    #[must_use]
    pub fn line_column(&self, at: Span) -> (u32, u32) {
        let Some(source) = self.get(at.file) else { return (1, 1) };
        let offset = (at.start as usize).min(source.text.len());
        let line = source.lines.partition_point(|start| *start <= offset).max(1);
        let start = source.lines.get(line - 1).copied().unwrap_or(0);
        let column = source.text.get(start..offset).map_or(0, |t| t.chars().count()) + 1;
        let line = source.numbers.get(line - 1).map_or(line, |number| *number as usize);
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_names_the_lines_of_the_whole() {
        let mut sources = Sources::new();
        let file = sources.add("f", "");
        sources.excerpt(file, [(3, "bad one"), (70_000, "worse")]);
        for (start, want) in [(4, (3, 5)), (8, (70_000, 1)), (10, (70_000, 3))] {
            assert_eq!(sources.line_column(Span::new(file, start, start)), want, "at {start}");
        }
        assert_eq!(sources.line(file, 70_000), Some("worse"));
        assert_eq!(sources.line(file, 2), None);
        sources.fill(file, "one\ntwo");
        assert_eq!((sources.line(file, 2), sources.line(file, 3)), (Some("two"), None));
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("f", "");
        sources.fill(file, "a\nüb c\n");
        for (start, want) in [(0, (1, 1)), (2, (2, 1)), (5, (2, 3)), (8, (3, 1)), (99, (3, 1))] {
            assert_eq!(sources.line_column(Span::new(file, start, start)), want, "at {start}");
        }
        for (line, want) in [(1, (0, 1)), (2, (2, 7)), (9, (0, 1))] {
            let span = sources.line_span(file, line);
            assert_eq!((span.start, span.end), want, "line {line}");
        }
    }
}
