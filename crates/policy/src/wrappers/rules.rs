//! The rules of one pair of files, with everything that was read for them.

use super::decide::{Decision, Start, decide_by};
use super::pages::{Item, Listed, Lists, Pages, PlainRules};
use super::request::{Answers, Request};
use crate::Image;
use portreeve_lists::Set;
use portreeve_model::wrappers as model;
use portreeve_model::wrappers::{HostWords, ListFile, Piece, Table, Tables, Which};
use portreeve_wire::hosts;
use std::collections::BTreeMap;
use std::fmt;

/// What admission asks about hosts.allow and hosts.deny.
#[derive(Clone, Debug, Default)]
pub struct HostRules {
    allow: Kept,
    deny: Kept,
    lists: BTreeMap<Vec<u8>, Listed>,
    words: HostWords,
}

#[derive(Clone, Debug)]
enum Kept {
    Items(Vec<Item>),
    Unreadable,
}

impl Default for Kept {
    fn default() -> Self {
        Self::Items(Vec::new())
    }
}

/// The bytes are no image, or one of another build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the image of hosts.allow and hosts.deny is damaged")
    }
}

impl std::error::Error for Damaged {}

impl HostRules {
    /// Rules as they are read, the files that they name, and what the host says about their words.
    #[must_use]
    pub fn new(tables: Tables, lists: BTreeMap<Vec<u8>, ListFile>, words: HostWords) -> Self {
        let kept = |table| match table {
            Table::Rules(rules) => {
                Kept::Items(rules.into_iter().map(Box::new).map(Item::Rule).collect())
            }
            Table::Unreadable => Kept::Unreadable,
        };
        let listed = |list| match list {
            ListFile::Patterns(patterns) => Listed::Patterns(None, patterns),
            ListFile::Missing => Listed::Missing,
            ListFile::Unreadable => Listed::Unreadable,
        };
        let lists = lists.into_iter().map(|(path, list)| (path, listed(list))).collect();
        Self { allow: kept(tables.allow), deny: kept(tables.deny), lists, words }
    }

    /// The rules of an image.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn read(image: &Image) -> Result<Self, Damaged> {
        let (head, sets) = hosts::head(image.bytes()).map_err(|_| Damaged)?;
        let sets = &image.part(sets..image.bytes().len()).ok_or(Damaged)?;
        let model::HostImage { allow, deny, lists, words } = head;
        let items = |items: Vec<model::Item>| {
            let items: Result<_, _> = items.into_iter().map(|one| item(one, sets)).collect();
            Ok(Kept::Items(items?))
        };
        let lists: Result<_, Damaged> =
            lists.into_iter().map(|(path, list)| Ok((path, listed(list, sets)?))).collect();
        Ok(Self { allow: items(allow)?, deny: items(deny)?, lists: lists?, words })
    }

    /// Decides. A file that was not read is one that cannot be.
    pub fn decide(&self, request: &Request, answers: &Answers, start: Start) -> Decision<'_> {
        let pages = |which| match self.kept(which) {
            Kept::Items(items) => Pages::Items(items),
            Kept::Unreadable => Pages::Unreadable,
        };
        decide_by(&pages, Lists::Known(&self.lists), request, answers, start)
    }

    /// Users, groups and banners.
    #[must_use]
    pub fn words(&self) -> &HostWords {
        &self.words
    }

    fn kept(&self, which: Which) -> &Kept {
        match which {
            Which::Allow => &self.allow,
            Which::Deny => &self.deny,
        }
    }
}

fn item(item: model::Item, sets: &Image) -> Result<Item, Damaged> {
    let plain = |rules: model::PlainRules| {
        Ok(PlainRules { first: rules.first, set: set(rules.set, sets)? })
    };
    Ok(match item {
        model::Item::Rule(rule) => Item::Rule(rule),
        model::Item::Plain(lists) => {
            Item::Plain(lists.into_iter().map(plain).collect::<Result<_, Damaged>>()?)
        }
    })
}

fn listed(list: model::Listed, sets: &Image) -> Result<Listed, Damaged> {
    Ok(match list {
        model::Listed::Patterns { set: piece, others } => {
            let set = piece.map(|piece| set(piece, sets).map(Box::new)).transpose()?;
            Listed::Patterns(set, others)
        }
        model::Listed::Missing => Listed::Missing,
        model::Listed::Unreadable => Listed::Unreadable,
    })
}

fn set(piece: Piece, sets: &Image) -> Result<Set<Image>, Damaged> {
    let number = |number: u32| usize::try_from(number).ok();
    let (start, length) = number(piece.offset).zip(number(piece.length)).ok_or(Damaged)?;
    let end = start.checked_add(length).ok_or(Damaged)?;
    Set::new(sets.part(start..end).ok_or(Damaged)?).map_err(|_| Damaged)
}
