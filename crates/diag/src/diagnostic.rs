//! One finding about the operator's text.

use crate::{FileId, Span};
use std::collections::BTreeMap;
use std::fmt;

/// How bad it is. Errors refuse the configuration as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; nothing needs mending.
    Note,
    /// Portreeve goes on, in the safe meaning that the message states.
    Warning,
    /// The configuration is refused.
    Error,
}

/// All of them, in their order.
const LEVELS: [Level; 3] = [Level::Note, Level::Warning, Level::Error];

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A stable name for a kind of finding, such as `xinetd-trailing-comment`; documented in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One finding: what, where, and the edit to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Severity.
    pub level: Level,
    /// Stable name.
    pub code: Code,
    /// A lower-case phrase without a full stop; user text in backticks.
    pub message: String,
    /// The text it is about; `None` only for a file that could not be read at all.
    pub at: Option<Span>,
    /// Further places that matter (`first set here`).
    pub also: Vec<(Span, String)>,
    /// The edits that mend it, in words.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A finding at a span; chain [`Self::help`] and [`Self::also`].
    #[must_use]
    pub fn new(level: Level, code: Code, at: Option<Span>, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into(), at, also: Vec::new(), help: Vec::new() }
    }

    /// Adds an edit that mends it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds a further place with its meaning.
    #[must_use]
    pub fn also(mut self, at: Span, text: impl Into<String>) -> Self {
        self.also.push((at, text.into()));
        self
    }
}

/// Findings in the order they were made, bounded: past [`Diagnostics::MAX`] of one file, or
/// [`Diagnostics::MOST`] of all, only counted, except that an error takes the place of something
/// less of its file.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    files: BTreeMap<Option<FileId>, OfFile>,
}

/// How many findings there are about one file.
#[derive(Clone, Copy, Debug, Default)]
struct OfFile {
    /// Kept, of each level.
    kept: [usize; 3],
    /// Only counted, of each level.
    dropped: [usize; 3],
}

impl Diagnostics {
    /// So many findings about one file are kept; a hostile or broken one cannot make more.
    pub const MAX: usize = 1000;

    /// So many are kept of all files.
    pub const MOST: usize = 10 * Self::MAX;

    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let (level, file) = (diagnostic.level, diagnostic.at.map(|at| at.file));
        let of_file = self.files.entry(file).or_default();
        let kept: usize = of_file.kept.iter().sum();
        if kept < Self::MAX && self.list.len() < Self::MOST {
            of_file.kept[level as usize] += 1;
            self.list.push(diagnostic);
            return;
        }
        let lesser = of_file.kept[..level as usize].iter().any(|kept| *kept > 0);
        let lesser = (level == Level::Error && lesser).then(|| {
            let of_this = |kept: &Diagnostic| kept.at.map(|at| at.file) == file;
            self.list.iter().rposition(|kept| kept.level < level && of_this(kept))
        });
        let Some(at) = lesser.flatten() else {
            of_file.dropped[level as usize] += 1;
            return;
        };
        let less = self.list.remove(at).level;
        of_file.kept[less as usize] -= 1;
        of_file.dropped[less as usize] += 1;
        of_file.kept[level as usize] += 1;
        self.list.push(diagnostic);
    }

    /// Adds those of another reading, each with its level changed; those that were only counted
    /// there are counted here.
    pub fn append(&mut self, other: Self, level: impl Fn(Level) -> Level) {
        self.extend(
            other.list.into_iter().map(|one| Diagnostic { level: level(one.level), ..one }),
        );
        for (file, of_file) in other.files {
            for (was, dropped) in LEVELS.into_iter().zip(of_file.dropped) {
                self.files.entry(file).or_default().dropped[level(was) as usize] += dropped;
            }
        }
    }

    /// Those that were kept, and the count of the others.
    #[must_use]
    pub fn divided(mut self) -> (Vec<Diagnostic>, Self) {
        let kept = std::mem::take(&mut self.list);
        self.files.values_mut().for_each(|of_file| of_file.kept = [0; 3]);
        (kept, self)
    }

    /// Puts the findings in the order of the texts; those without a place come first.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|finding| finding.at.map(|at| (at.file, at.start)));
    }

    /// Whether the configuration must be refused.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many findings are errors, kept or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Level::Error)
    }

    /// How many findings have a level, kept or not.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let of = |file: &OfFile| file.kept[level as usize] + file.dropped[level as usize];
        self.files.values().map(of).sum()
    }

    /// How many findings were not kept.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped_of().map(|(_, count)| count).sum()
    }

    /// The files with findings that were not kept, and how many.
    pub fn dropped_of(&self) -> impl Iterator<Item = (Option<FileId>, usize)> {
        let counted = self.files.iter().map(|(file, of)| (*file, of.dropped.iter().sum()));
        counted.filter(|(_, count)| *count > 0)
    }

    /// The findings kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        iter.into_iter().for_each(|d| self.push(d));
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_never_lost_among_notes() {
        let mut all = Diagnostics::new();
        for _ in 0..Diagnostics::MAX {
            all.push(Diagnostic::new(Level::Note, Code("n"), None, "n"));
        }
        all.push(Diagnostic::new(Level::Error, Code("e"), None, "e"));
        all.push(Diagnostic::new(Level::Note, Code("n"), None, "n"));
        assert!(all.has_errors() && all.iter().any(|kept| kept.level == Level::Error));
        assert_eq!((all.len(), all.dropped(), all.errors()), (Diagnostics::MAX, 2, 1));
    }

    #[test]
    fn one_file_leaves_room_for_another_and_nothing_goes_uncounted() {
        let mut all = Diagnostics::new();
        let of = |file, level| {
            Diagnostic::new(level, Code("c"), Some(Span::new(FileId(file), 0, 1)), "m")
        };
        for _ in 0..Diagnostics::MAX + 5 {
            all.push(of(0, Level::Warning));
        }
        all.push(of(1, Level::Note));
        assert_eq!((all.len(), all.count(Level::Note)), (Diagnostics::MAX + 1, 1));
        assert_eq!(all.dropped_of().collect::<Vec<_>>(), [(Some(FileId(0)), 5)]);
        let mut sum = Diagnostics::new();
        sum.push(of(0, Level::Error));
        sum.append(all, |level| level.max(Level::Warning));
        assert_eq!((sum.errors(), sum.count(Level::Warning)), (1, Diagnostics::MAX + 6));
        assert_eq!(sum.dropped_of().collect::<Vec<_>>(), [(Some(FileId(0)), 6)]);
        for file in 2..20 {
            (0..Diagnostics::MAX).for_each(|_| sum.push(of(file, Level::Note)));
        }
        assert_eq!((sum.len(), sum.count(Level::Note)), (Diagnostics::MOST, 18 * 1000));
    }
}
