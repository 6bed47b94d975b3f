//! What one reading of a configuration has found so far: the texts and the findings about them.

use portreeve_diag::{Code, Diagnostic, Diagnostics, Level, Sources, Span};
use portreeve_model::{Dialect, Origin};
use std::collections::HashSet;

/// Texts and findings. A finding about the same place is kept once, however many services share
/// the line (those of `[defaults]` are read for each).
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// Every text read.
    pub(crate) sources: Sources,
    /// Every finding.
    pub(crate) found: Diagnostics,
    said: HashSet<(Span, Code, String)>,
}

impl Check {
    /// The place of a span, for the model.
    pub(crate) fn origin(&self, at: Span) -> Origin {
        let (line, column) = self.sources.line_column(at);
        Origin { file: at.file.0, line, column, dialect: Dialect::Native }
    }

    /// Keeps a finding.
    pub(crate) fn say(&mut self, finding: Diagnostic) {
        let new = match finding.at {
            Some(at) => self.said.insert((at, finding.code, finding.message.clone())),
            None => true,
        };
        if new {
            self.found.push(finding);
        }
    }

    /// The texts, and the findings in the order of the texts.
    pub(crate) fn done(self) -> (Sources, Diagnostics) {
        let mut all: Vec<Diagnostic> = self.found.into_iter().collect();
        all.sort_by_key(|finding| finding.at.map(|at| (at.file, at.start)));
        let mut found = Diagnostics::new();
        found.extend(all);
        (self.sources, found)
    }
}

/// An error at a place, to be given help.
pub(crate) fn error(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Error, code, Some(at), message)
}

/// A warning at a place.
pub(crate) fn warning(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Warning, code, Some(at), message)
}

/// A note at a place.
pub(crate) fn note(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Note, code, Some(at), message)
}
