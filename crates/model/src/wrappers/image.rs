//! Both files, and whatever they name, as they are given to the door: rules as values, and long
//! runs of plain rules, such as programs write, as sets of addresses.

use super::{HostPattern, HostWords, Rule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The head of an image; the sets lie behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostImage {
    /// hosts.allow.
    pub allow: Vec<Item>,
    /// hosts.deny.
    pub deny: Vec<Item>,
    /// Every file that a `/path` names, there or in another such file.
    pub lists: BTreeMap<Vec<u8>, Listed>,
    /// What the host says about words of the rules.
    pub words: HostWords,
}

/// What stands in a file, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// A rule.
    Rule(Box<Rule>),
    /// Plain rules that follow one another, for each of their daemon lists.
    Plain(Vec<PlainRules>),
}

/// Plain rules of one daemon list: each is one line without options, its daemons are names, ports
/// and wildcards alone, its clients addresses and networks alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainRules {
    /// The first of them.
    pub first: Rule,
    /// The addresses of all of them, each with the line of the rule that comes first.
    pub set: Piece,
}

/// A file that a `/path` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listed {
    /// What is in it.
    Patterns {
        /// Its addresses and networks.
        set: Option<Piece>,
        /// Its other patterns, in order.
        others: Vec<HostPattern>,
    },
    /// There is none: it matches nobody.
    Missing,
    /// It cannot be read, or is too large: nobody knows whom it would match.
    Unreadable,
}

/// Where a set lies, counted from where the head ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its first byte.
    pub offset: u32,
    /// So many bytes.
    pub length: u32,
}
