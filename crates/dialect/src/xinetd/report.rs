//! Where findings go, and how loud they are.

use crate::suggest::nearest;
use portreeve_diag::{Code, Diagnostic, Diagnostics, Level, Span};

/// Whether what is being read is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// It is; errors are errors.
    Live,
    /// It is a disabled entry; everything is at most a note.
    Disabled,
}

/// Collects findings and counts the errors among them.
pub(super) struct Report<'d> {
    diagnostics: &'d mut Diagnostics,
    scope: Scope,
    errors: usize,
}

impl<'d> Report<'d> {
    /// A report about text that is in force.
    pub(super) fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self { diagnostics, scope: Scope::Live, errors: 0 }
    }

    /// A report about one entry, on the same pile, with its own count of errors.
    pub(super) fn about(&mut self, scope: Scope) -> Report<'_> {
        Report { diagnostics: self.diagnostics, scope, errors: 0 }
    }

    /// Adds a finding, at the loudness of the scope.
    pub(super) fn push(&mut self, mut diagnostic: Diagnostic) {
        if self.scope == Scope::Disabled {
            diagnostic.level = Level::Note;
            // it says so already
            diagnostic.help.retain(|help| !help.contains("`disable = yes`"));
            for help in &mut diagnostic.help {
                if let Some(rest) = help.strip_prefix("or ") {
                    *help = rest.to_owned();
                }
            }
        }
        if diagnostic.level == Level::Error {
            self.errors += 1;
        }
        self.diagnostics.push(diagnostic);
    }

    /// The candidate that was probably meant. None is sought once no finding is kept any more: a
    /// broken file must not cost more than it shows.
    pub(super) fn nearest<'a>(
        &self,
        text: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        (self.diagnostics.len() < Diagnostics::MAX).then(|| nearest(text, candidates)).flatten()
    }

    /// Errors pushed so far.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }
}

/// How help begins that says to disable an entry.
pub(super) const SWITCH_OFF: &str = "write `disable = yes` here";

/// An error at a place.
pub(super) fn error(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Error, code, Some(at), message)
}

/// A warning at a place.
pub(super) fn warning(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Warning, code, Some(at), message)
}

/// A note at a place.
pub(super) fn note(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Note, code, Some(at), message)
}

/// The operator's words in backticks; very long ones are cut, since a line may have 16 KiB.
pub(super) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("`{}…`", text.get(..cut).unwrap_or("")),
        None => format!("`{text}`"),
    }
}
