//! Words to values: each function reads what one attribute takes and reports what it does not.

pub(super) mod address;
pub(super) mod bind;
pub(super) mod inet;
pub(super) mod log;
pub(super) mod name;
pub(super) mod number;
pub(super) mod pattern;
pub(super) mod program;
pub(super) mod times;
pub(super) mod word;

use super::attribute::Attribute;
use super::codes;
use super::lex::Word;
use super::report::{error, quote};
use portreeve_diag::{Diagnostic, Span};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: Span,
}

impl<T> At<T> {
    pub(super) fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }
}

/// A value the attribute does not take.
pub(super) fn bad(attribute: Attribute, word: &Word, takes: &str) -> Diagnostic {
    let message = format!("{attribute} does not take {}", quote(&word.text));
    error(codes::BAD_VALUE, word.at, message).help(format!("it takes {takes}"))
}
