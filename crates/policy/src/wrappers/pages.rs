//! What a file holds, in order, however it is kept.

use crate::Image;
use portreeve_lists::Set;
use portreeve_model::wrappers::{HostPattern, ListFile, Rule};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What stands in a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pages<'r> {
    /// Rules.
    Rules(&'r [Rule]),
    /// Rules, and runs of plain ones.
    Items(&'r [Item]),
    /// It cannot be read.
    Unreadable,
}

/// One item of a file.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A rule.
    Rule(Box<Rule>),
    /// Plain rules that follow one another, for each of their daemon lists.
    Plain(Vec<PlainRules>),
}

/// Plain rules of one daemon list.
#[derive(Clone, Debug)]
pub(super) struct PlainRules {
    /// The first.
    pub(super) first: Rule,
    /// Their addresses, with the line of the rule that comes first.
    pub(super) set: Set<Image>,
}

impl PlainRules {
    /// The line of the first rule that means an address.
    pub(super) fn line(&self, client: Option<IpAddr>) -> Option<u32> {
        self.set.by_address(client?)
    }
}

/// An item, borrowed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Page<'r> {
    Rule(&'r Rule),
    Plain(&'r [PlainRules]),
}

impl<'r> Pages<'r> {
    pub(super) fn get(self, number: usize) -> Option<Page<'r>> {
        match self {
            Self::Rules(rules) => rules.get(number).map(Page::Rule),
            Self::Items(items) => items.get(number).map(|item| match item {
                Item::Rule(rule) => Page::Rule(rule),
                Item::Plain(lists) => Page::Plain(lists),
            }),
            Self::Unreadable => None,
        }
    }
}

/// The files that `/path` patterns name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lists<'a> {
    /// As they have been read so far.
    Asked(&'a BTreeMap<Vec<u8>, ListFile>),
    /// All that there are.
    Known(&'a BTreeMap<Vec<u8>, Listed>),
}

/// A file that a `/path` names.
#[derive(Clone, Debug)]
pub(super) enum Listed {
    /// Its addresses and networks, and its other patterns.
    Patterns(Option<Box<Set<Image>>>, Vec<HostPattern>),
    /// There is none.
    Missing,
    /// It cannot be read.
    Unreadable,
}

/// Such a file, borrowed.
#[derive(Clone, Copy, Debug)]
pub(super) enum List<'a> {
    /// Nobody has read it.
    NotAsked,
    /// Its addresses and networks, and its other patterns.
    Patterns(Option<&'a Set<Image>>, &'a [HostPattern]),
    /// There is none.
    Missing,
    /// It cannot be read.
    Unreadable,
}

impl<'a> Lists<'a> {
    pub(super) fn get(self, path: &[u8]) -> List<'a> {
        match self {
            Self::Asked(files) => match files.get(path) {
                None => List::NotAsked,
                Some(ListFile::Patterns(patterns)) => List::Patterns(None, patterns),
                Some(ListFile::Missing) => List::Missing,
                Some(ListFile::Unreadable) => List::Unreadable,
            },
            Self::Known(files) => match files.get(path) {
                Some(Listed::Patterns(set, others)) => List::Patterns(set.as_deref(), others),
                Some(Listed::Missing) => List::Missing,
                // one that nobody read is one that could not be
                Some(Listed::Unreadable) | None => List::Unreadable,
            },
        }
    }
}
