//! Why a filter is not served.

use std::fmt;

use portreeve_model::Origin;

use super::python::Fault;

/// A part of a filter that is not served as fail2ban would, so that none of the filter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The filter's name.
    pub filter: Box<str>,
    /// Which of its texts.
    pub part: Part,
    /// After so many characters of that text.
    pub at: usize,
    /// What is not served, or is wrong.
    pub why: Box<str>,
    /// Where the text was written.
    pub origin: Origin,
}

/// A text of a filter. Numbers are from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `prefregex`.
    Pre,
    /// One of `failregex`.
    Fail(usize),
    /// One of `ignoreregex`.
    Ignore(usize),
    /// `datepattern`.
    Date,
    /// All of it.
    Whole,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pre => f.write_str("prefregex"),
            Self::Fail(number) => write!(f, "failregex {number}"),
            Self::Ignore(number) => write!(f, "ignoreregex {number}"),
            Self::Date => f.write_str("datepattern"),
            Self::Whole => f.write_str("the filter"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { filter, part, at, why, .. } = self;
        write!(f, "filter {filter} is not served: ")?;
        if *part != Part::Whole {
            write!(f, "{part}, character {}: ", at + 1)?;
        }
        f.write_str(why)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    pub(super) fn new(filter: &str, part: Part, fault: Fault, origin: Origin) -> Self {
        Self { filter: filter.into(), part, at: fault.at, why: fault.why, origin }
    }
}
