//! One finding about the operator's text.

use crate::Span;
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

/// Findings in the order they were made, bounded: past [`Diagnostics::MAX`] only counted, except
/// that an error takes the place of something less.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    dropped: usize,
}

impl Diagnostics {
    /// So many findings are kept; a hostile or broken file cannot make more.
    pub const MAX: usize = 1000;

    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.level == Level::Error {
            self.errors += 1;
        }
        if self.list.len() < Self::MAX {
            self.list.push(diagnostic);
            return;
        }
        self.dropped += 1;
        let lesser = self.list.iter().rposition(|kept| kept.level < diagnostic.level);
        if let (Level::Error, Some(at)) = (diagnostic.level, lesser) {
            self.list.remove(at);
            self.list.push(diagnostic);
        }
    }

    /// Puts the findings in the order of the texts; those without a place come first.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|finding| finding.at.map(|at| (at.file, at.start)));
    }

    /// Whether the configuration must be refused.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many findings are errors, kept or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many findings were not kept.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
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
}
