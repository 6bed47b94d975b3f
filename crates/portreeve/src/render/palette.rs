//! The few colours there are, each for one meaning.

use portreeve_diag::Paint;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// A name one looks for.
    Name,
    /// Granted, listening.
    Good,
    /// Refused, down.
    Bad,
    /// To be mended, not certain.
    Care,
    /// Said for completeness.
    Faint,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Name => "1",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Care => "33",
            Self::Faint => "2",
        }
    }
}

/// The text in its colour. Lay lines out before: the sequences count as columns.
pub(crate) fn ink(paint: Paint, ink: Ink, text: &str) -> String {
    match paint {
        Paint::Colour if !text.is_empty() => format!("\x1b[{}m{text}\x1b[0m", ink.code()),
        Paint::Colour | Paint::Plain => text.to_owned(),
    }
}
