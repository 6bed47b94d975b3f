//! How a service's lines change what it inherits from `defaults`.

use super::attribute::Attribute;
use super::codes;
use super::raw::Operator;
use super::report::{Report, error, note, quote, warning};
use super::settings::{Edit, Peer};
use super::value::At;
use super::value::log::{Failure, Success};
use portreeve_diag::{Level, Span};
use std::collections::HashSet;

/// What `-=` compares and a finding shows.
pub(super) trait Named {
    /// Equal for items that mean the same.
    fn name(&self) -> String;
}

impl Named for Peer {
    fn name(&self) -> String {
        self.pattern.to_string()
    }
}

impl Named for String {
    fn name(&self) -> String {
        self.to_ascii_lowercase()
    }
}

impl Named for (String, String) {
    fn name(&self) -> String {
        self.0.clone()
    }
}

impl Named for Success {
    fn name(&self) -> String {
        let word = Self::WORDS.iter().find(|(_, value)| value == self);
        word.map_or(String::new(), |(word, _)| (*word).to_owned())
    }
}

impl Named for Failure {
    fn name(&self) -> String {
        let word = Self::WORDS.iter().find(|(_, value)| value == self);
        word.map_or(String::new(), |(word, _)| (*word).to_owned())
    }
}

/// A list in force.
#[derive(Clone, Debug)]
pub(super) struct List<T> {
    pub(super) items: Vec<At<T>>,
    /// The last line that shaped it.
    pub(super) at: Span,
}

/// The lists of `defaults`, where `=` adds like `+=`.
pub(super) fn defaults<T: Named + Clone>(
    attribute: Attribute,
    edits: &[Edit<T>],
    report: &mut Report<'_>,
) -> Option<List<T>> {
    let mut list = None;
    for edit in edits {
        match edit.operator {
            Operator::Set | Operator::Add => add(&mut list, edit),
            Operator::Remove => remove(attribute, &mut list, edit, report),
        }
    }
    list
}

/// A service's list: inherited, then changed line by line.
pub(super) fn service<T: Named + Clone>(
    attribute: Attribute,
    inherited: Option<&List<T>>,
    edits: &[Edit<T>],
    report: &mut Report<'_>,
) -> Option<List<T>> {
    let mut list = inherited.cloned();
    let mut own: Option<&Edit<T>> = None;
    for edit in edits {
        match edit.operator {
            Operator::Set => {
                if let Some(first) = own.filter(|first| !first.items.is_empty()) {
                    report.push(replaced(attribute, first, edit));
                }
                list = None;
                add(&mut list, edit);
            }
            Operator::Add => add(&mut list, edit),
            Operator::Remove => remove(attribute, &mut list, edit, report),
        }
        own = Some(edit).filter(|edit| edit.operator != Operator::Remove).or(own);
    }
    list
}

fn add<T: Clone>(list: &mut Option<List<T>>, edit: &Edit<T>) {
    let list = list.get_or_insert_with(|| List { items: Vec::new(), at: edit.at });
    list.items.extend_from_slice(&edit.items);
    list.at = edit.at;
}

/// Removes equal items. One that is not there is an error in an access list: in `only_from`
/// somebody believes a peer shut out who is not.
fn remove<T: Named + Clone>(
    attribute: Attribute,
    list: &mut Option<List<T>>,
    edit: &Edit<T>,
    report: &mut Report<'_>,
) {
    let held: HashSet<String> =
        list.iter().flat_map(|list| &list.items).map(|item| item.value.name()).collect();
    let access = matches!(attribute, Attribute::OnlyFrom | Attribute::NoAccess);
    for item in &edit.items {
        let name = item.value.name();
        if held.contains(&name) {
            continue;
        }
        let message =
            format!("{} is not in {attribute}, so that `-=` removes nothing", quote(&name));
        let finding = match access {
            true => error(codes::REMOVE_UNMATCHED, item.at, message),
            false => warning(codes::REMOVE_UNMATCHED, item.at, message),
        };
        report.push(match attribute == Attribute::OnlyFrom {
            true => finding.help("to shut a part of a network out, write it as `no_access`"),
            false => finding.help("remove it from the line, or write it as it is listed"),
        });
    }
    let Some(list) = list else { return };
    let gone: HashSet<String> = edit.items.iter().map(|item| item.value.name()).collect();
    list.items.retain(|item| !gone.contains(&item.value.name()));
    list.at = edit.at;
}

fn replaced<T>(
    attribute: Attribute,
    first: &Edit<T>,
    second: &Edit<T>,
) -> portreeve_diag::Diagnostic {
    let message = format!("a second `=` for {attribute} forgets the values of the first");
    let mut finding = warning(codes::LIST_REPLACED, second.at, message)
        .also(first.at, "these are forgotten")
        .help("write `+=` to add to them, or remove the first line");
    if attribute == Attribute::NoAccess {
        finding.level = Level::Error; // whom it names would be let in
    }
    finding
}

/// A list that admits nobody.
pub(super) fn nobody(list: &List<Peer>, edits: &[Edit<Peer>], report: &mut Report<'_>) {
    if !list.items.is_empty() || report.errors() > 0 {
        return; // not empty, or perhaps only for what could not be read
    }
    let removed = edits.iter().any(|edit| edit.operator == Operator::Remove);
    let message = "`only_from` is empty and admits nobody";
    report.push(match removed {
        true => warning(codes::NOBODY, list.at, message)
            .help("write whom it should admit; `disable = yes` closes the port too"),
        false => note(codes::NOBODY, list.at, message).help("`disable = yes` closes the port too"),
    });
}
