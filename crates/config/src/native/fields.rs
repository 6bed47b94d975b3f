//! A table of the operator's text, read by the registry of keys.

use super::item::Item;
use super::raw::{Member, Table};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::{self, FOREIGN, Scope};
use crate::nearest::nearest;
use portreeve_diag::{Diagnostic, Span};

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
    if let Some(finding) = misplaced(scope, name, at) {
        return check.say(finding);
    }
    let message = format!("{} has no key `{name}`", scope.title());
    let finding = check::error(codes::UNKNOWN_KEY, at, message);
    check.say(match suggestion(scope, name) {
        Some(help) => finding.help(help),
        None => finding.help(format!("remove it; {} knows {}", scope.title(), listed(scope))),
    });
}

/// A key about connections where there are none, or about what is kept where nothing is.
fn misplaced(scope: Scope, name: &str, at: Span) -> Option<Diagnostic> {
    let known = |other| keys::key(other, name).is_some();
    let (message, help) = if scope == Scope::Kept && ["watch", "syslog"].contains(&name) {
        (
            format!("`{name}` means nothing with `keep = true`"),
            "remove it: a kept service has no sessions of the door's; what it logs to a file or to the \
             journal is read for a `[watch.NAME]` with this `service`",
        )
    } else if scope == Scope::Kept && known(Scope::Service) {
        (
            format!("`{name}` means nothing with `keep = true`"),
            "remove it: a kept service listens itself, so the door's admission, bans and lists do \
             not apply to it; a service behind the door is one without `keep`",
        )
    } else if scope == Scope::Service && known(Scope::Kept) {
        (
            format!("`{name}` is about a service that is kept up"),
            "write `keep = true` if it is to be kept up, or remove this",
        )
    } else {
        return None;
    };
    Some(check::error(codes::KEPT_KEY, at, message).help(help))
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
    // a service is what most keys are about
    let other = [Scope::Service].iter().chain(&Scope::ALL).find(|other| elsewhere(other))?;
    Some(format!("`{name}` is a key of {}", other.title()))
}

fn listed(scope: Scope) -> String {
    let names: Vec<_> = keys::keys_of(scope).map(|key| format!("`{}`", key.name)).collect();
    names.join(", ")
}
