//! A table of the operator's text, read by the registry of keys.

use super::item::Item;
use super::raw::{Member, Table};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::{self, FOREIGN, Scope};
use crate::nearest::nearest;
use portreeve_diag::Span;

/// A table with the scope its keys belong to, and the table that speaks where it is silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    scope: Scope,
    table: &'a Table,
    defaults: Option<&'a Table>,
    /// The place of the table's name.
    pub(crate) at: Span,
}

impl<'a> Fields<'a> {
    /// A table; keys that its scope does not know are errors.
    pub(crate) fn open(check: &mut Check, scope: Scope, at: Span, table: &'a Table) -> Self {
        for member in &table.0 {
            if keys::key(scope, &member.name).is_none() {
                unknown(check, scope, &member.name, member.named);
            }
        }
        Self { scope, table, defaults: None, at }
    }

    /// Lets a table of `[defaults]` speak where this one is silent.
    pub(crate) fn or_defaults(self, defaults: Option<&'a Table>) -> Self {
        Self { defaults, ..self }
    }

    /// The value of a key, from the table itself or from `[defaults]`.
    pub(crate) fn get(&self, name: &'static str) -> Option<Item<'a>> {
        self.own(name).or_else(|| self.default(name))
    }

    /// The value of a key in the table itself.
    pub(crate) fn own(&self, name: &'static str) -> Option<Item<'a>> {
        find(self.scope, self.table, name)
    }

    /// The value of a key in `[defaults]`.
    pub(crate) fn default(&self, name: &'static str) -> Option<Item<'a>> {
        let table = self.defaults.filter(|_| keys::inherited(self.scope, name))?;
        find(Scope::Defaults, table, name)
    }

    /// The value of a key that must be written.
    pub(crate) fn require(&self, check: &mut Check, name: &'static str) -> Option<Item<'a>> {
        let found = self.get(name);
        if let (None, Some(key)) = (&found, keys::key(self.scope, name)) {
            let message = format!("{} lacks `{name}`", self.scope.title());
            let help = format!("add `{name} = {}`", key.example);
            check.say(check::error(codes::MISSING_KEY, self.at, message).help(help));
        }
        found
    }

    /// The known keys that are written in the table itself, in the order of the text.
    pub(crate) fn written(self) -> impl Iterator<Item = Item<'a>> {
        let Self { scope, table, .. } = self;
        table.0.iter().filter_map(move |member| {
            keys::key(scope, &member.name).map(|key| Item::of(key, member))
        })
    }
}

fn find<'a>(scope: Scope, table: &'a Table, name: &str) -> Option<Item<'a>> {
    let member: &Member = table.get(name)?;
    keys::key(scope, name).map(|key| Item::of(key, member))
}

fn unknown(check: &mut Check, scope: Scope, name: &str, at: Span) {
    let message = format!("{} has no key `{name}`", scope.title());
    let finding = check::error(codes::UNKNOWN_KEY, at, message);
    check.say(match suggestion(scope, name) {
        Some(help) => finding.help(help),
        None => finding.help(format!("remove it; {} knows {}", scope.title(), listed(scope))),
    });
}

fn suggestion(scope: Scope, name: &str) -> Option<String> {
    let foreign = FOREIGN.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
    let foreign = foreign.and_then(|(_, ours)| keys::key(scope, ours));
    if let Some(key) = foreign {
        return Some(format!("write `{} = {}`", key.name, key.example));
    }
    if let Some(near) = nearest(name, keys::keys_of(scope).map(|key| key.name)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let elsewhere = |other: &Scope| keys::key(*other, name).is_some();
    let other = Scope::ALL.iter().find(|other| elsewhere(other))?;
    Some(format!("`{name}` is a key of {}", other.title()))
}

fn listed(scope: Scope) -> String {
    let names: Vec<_> = keys::keys_of(scope).map(|key| format!("`{}`", key.name)).collect();
    names.join(", ")
}
