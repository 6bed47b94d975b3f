//! What is known of a key of denyhosts.cfg.

/// How a key's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// A path; made absolute when it is read.
    Path,
    /// A whole number from 0 on.
    Number,
    /// A time: digits and one of `s m h d w y`.
    Time,
    /// Yes or no.
    Truth,
    /// Several texts with commas between.
    List,
    /// A regular expression of Python's.
    Regex,
}

impl Form {
    /// Its word in the documentation.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Path => "path",
            Self::Number => "number",
            Self::Time => "time",
            Self::Truth => "yes or no",
            Self::List => "list",
            Self::Regex => "regex",
        }
    }
}

/// Whether it must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It may be missing.
    None,
    /// It must be there, and may be blank.
    Key,
    /// It must have a value.
    Value,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done; how.
    Honoured(&'static str),
    /// It is not done, for this reason.
    Refused(&'static str),
    /// There is nothing for it to say, for this reason.
    Meaningless(&'static str),
}

impl Fate {
    /// Its word, and how or why.
    #[must_use]
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Honoured(how) => ("honoured", how),
            Self::Refused(why) => ("refused", why),
            Self::Meaningless(why) => ("meaningless", why),
        }
    }
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, in capitals.
    pub name: &'static str,
    /// How its value is written.
    pub form: Form,
    /// Whether it must be there.
    pub need: Need,
    /// What goes without saying; empty where there is nothing.
    pub built_in: &'static str,
    /// What becomes of it in `[import] denyhosts`.
    pub door: Fate,
    /// What becomes of it in the command `denyhosts`.
    pub command: Fate,
}
