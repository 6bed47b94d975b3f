//! Who may come in.

use crate::{AddressRange, Dialect, Network, Origin, SourceId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a rule compares a peer with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pattern {
    /// The peer's address lies in a network.
    Network(Network),
    /// The peer's address lies in a range.
    Range(AddressRange),
    /// The peer's confirmed host name matches: its address resolves to the name, and the name back
    /// to the address.
    Host(HostPattern),
    /// An entry of a list file matches.
    Listed(ListFile),
}

/// A list in a file of its own, written `@PATH`. Two are equal when their paths are, whatever the
/// numbers that their configurations give them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListFile {
    /// A [`SourceKind::List`](crate::SourceKind).
    pub source: SourceId,
    /// Its absolute path.
    pub path: String,
}

impl PartialEq for ListFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for ListFile {}

/// A host name, or all below a domain; lower case, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HostPattern {
    /// Exactly this name.
    Exact(String),
    /// Any name that ends with this text, which starts with a dot.
    Below(String),
}

impl HostPattern {
    /// Reads `host.name` or `.domain`; ASCII letters, digits, `-`, `_` and dots.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let bare = name.strip_prefix('.').unwrap_or(&name);
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let fits = bare.len() <= 253 && bare.split('.').all(label);
        let named = bare.bytes().any(|b| b.is_ascii_alphabetic());
        match (fits && named, name.starts_with('.')) {
            (false, _) => None,
            (true, true) => Some(Self::Below(name)),
            (true, false) => Some(Self::Exact(name)),
        }
    }

    /// Whether a host name (any case, final dot allowed) matches.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        match self {
            Self::Exact(name) => *name == host,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) | Self::Below(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Range(range) => range.fmt(f),
            Self::Host(host) => host.fmt(f),
            Self::Listed(list) => write!(f, "@{}", list.path),
        }
    }
}

/// One entry of an access list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// What it matches.
    pub pattern: Pattern,
    /// As the operator wrote it.
    pub text: String,
    /// Where.
    pub origin: Origin,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Rule {}

/// The rules one of which must match; an empty list admits nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AllowList {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Where the list was written (cited when no rule matches).
    pub origin: Origin,
}

impl PartialEq for AllowList {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl Eq for AllowList {}

/// One access list: a match in `deny` refuses, whatever else matches; then `allow`, if there is
/// one, must match. Every list of a service must grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessList {
    /// The language it came from: shown to people, no part of what it means.
    pub dialect: Dialect,
    /// Who may come in; `None` for everybody not denied.
    pub allow: Option<AllowList>,
    /// Who may not.
    pub deny: Vec<Rule>,
}

impl AccessList {
    /// The sources that are looked into for it.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> + '_ {
        let allow = self.allow.iter().flat_map(|allow| &allow.rules);
        allow.chain(&self.deny).filter_map(|rule| match &rule.pattern {
            Pattern::Listed(list) => Some(list.source),
            Pattern::Network(_) | Pattern::Range(_) | Pattern::Host(_) => None,
        })
    }
}

impl PartialEq for AccessList {
    fn eq(&self, other: &Self) -> bool {
        self.allow == other.allow && self.deny == other.deny
    }
}

impl Eq for AccessList {}
