//! The checked rules of hosts.allow and hosts.deny (hosts_access(5), hosts_options(5)).
//!
//! Texts are bytes, as in the files: nothing says that they are UTF-8. A pattern or an option that
//! was written wrong is a value too ([`Broken`], [`Deed::Wrong`]), since it refuses whom it may
//! have been about instead of being passed over.

mod image;
mod option;
mod pattern;
mod words;

pub use image::{HostImage, Item, Listed, Piece, PlainRules};
pub use option::{Deed, Setting, WrongOption};
pub use pattern::{Broken, ClientPattern, Concerns, DaemonPattern, HostPattern, Never, Word};
pub use words::{HostWords, MOST_BANNER};

use crate::{Origin, Sited};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Which {
    /// hosts.allow, which is searched first; its rules grant.
    Allow,
    /// hosts.deny; its rules refuse.
    Deny,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "hosts.allow",
            Self::Deny => "hosts.deny",
        })
    }
}

/// What was read of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Table {
    /// Its rules, in order. A file that is missing, or a folder, has none.
    Rules(Vec<Rule>),
    /// It is there and cannot be read: whoever comes as far as this file is refused.
    Unreadable,
}

impl Table {
    /// Its rules; none when it cannot be read.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::Rules(rules) => rules,
            Self::Unreadable => &[],
        }
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::Rules(Vec::new())
    }
}

/// Both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// hosts.allow.
    pub allow: Table,
    /// hosts.deny.
    pub deny: Table,
}

impl Tables {
    /// One of them.
    #[must_use]
    pub fn table(&self, which: Which) -> &Table {
        match which {
            Which::Allow => &self.allow,
            Which::Deny => &self.deny,
        }
    }
}

/// `daemons : clients : option : …`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which daemons it is about.
    pub daemons: List<DaemonPattern>,
    /// Which clients.
    pub clients: List<ClientPattern>,
    /// What is done about them, in order.
    pub settings: Vec<Sited<Setting>>,
    /// Where it begins.
    pub origin: Origin,
    /// Its last line in the file: what the ancestor calls its line.
    pub line: u32,
}

/// A list of patterns: `a b EXCEPT c EXCEPT d` is a or b, except c that is not d.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// What `EXCEPT` divides, in order: nested so, and flat so that no list is too deep.
    pub parts: Vec<Vec<Token<T>>>,
}

/// A pattern as it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token<T> {
    /// What it means.
    pub pattern: T,
    /// Its text.
    pub text: Vec<u8>,
    /// Where.
    pub origin: Origin,
}

impl<T: PartialEq> PartialEq for Token<T> {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl<T: Eq> Eq for Token<T> {}

/// The tokens of a file that a `/path` pattern names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListFile {
    /// Its patterns, in order.
    Patterns(Vec<HostPattern>),
    /// There is none: it matches nobody.
    Missing,
    /// It cannot be read, or is too large: nobody knows whom it would match.
    Unreadable,
}
