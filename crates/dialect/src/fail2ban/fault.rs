//! What ends a reading, and what is told of it.

use portreeve_diag::{Code, Diagnostic, Level, Span};

/// Why something cannot be read as fail2ban means it.
pub(super) type Fault = Box<Diagnostic>;

/// An error at a place.
pub(super) fn fault(
    code: Code,
    at: Option<Span>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Fault {
    Box::new(Diagnostic::new(Level::Error, code, at, message).help(help))
}

/// Something less, at a place.
pub(super) fn say(
    level: Level,
    code: Code,
    at: Option<Span>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(level, code, at, message).help(help)
}

/// A text as it may stand in a finding: bounded, and in one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace('\n', "⏎")
}
