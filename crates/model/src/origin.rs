//! Where a value was written.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A configuration language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// Portreeve's own TOML.
    Native,
    /// xinetd.conf(5).
    Xinetd,
    /// hosts.allow and hosts.deny, hosts_access(5).
    Wrappers,
    /// Rules of tcprules(1).
    Rules,
    /// fail2ban's jails and filters, jail.conf(5).
    Fail2ban,
    /// DenyHosts' denyhosts.cfg and the files beside it.
    DenyHosts,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Xinetd => "xinetd",
            Self::Wrappers => "hosts_access",
            Self::Rules => "tcprules",
            Self::Fail2ban => "fail2ban",
            Self::DenyHosts => "denyhosts",
        })
    }
}

/// The place a rule or limit was written: an index into [`Config::files`](crate::Config) with line
/// and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Index into the configuration's list of files.
    pub file: u32,
    /// Line, from 1; 0 in a file that has none, such as a database.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The language it was written in.
    pub dialect: Dialect,
}

impl Origin {
    /// `path:line:column`, given the configuration's files; the path alone of a file without lines.
    #[must_use]
    pub fn show(&self, files: &[String]) -> String {
        let path = files.get(self.file as usize).map_or("?", String::as_str);
        match self.line {
            0 => path.to_owned(),
            line => format!("{path}:{line}:{}", self.column),
        }
    }
}

/// A value with the place it was written; two are equal when their values are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sited<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub origin: Origin,
}

impl<T> Sited<T> {
    /// A value at a place.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

impl<T: PartialEq> PartialEq for Sited<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Sited<T> {}
