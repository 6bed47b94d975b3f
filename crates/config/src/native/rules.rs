//! `rules`: rules of tcprules(1).

use super::admission::unless;
use super::fields::Fields;
use super::log::absolute;
use crate::check::Check;
use crate::keys::Scope;
use crate::named::{Named, file};
use portreeve_model::{Asked, MissingRules, Origin, RulesUse, SourceKind};

/// The words of `names` and `ident`.
pub(crate) const ASKED: [(&str, Asked); 3] =
    [("needed", Asked::Needed), ("always", Asked::Always), ("never", Asked::Never)];
/// The words of `missing`.
pub(crate) const MISSING: [(&str, MissingRules); 2] =
    [("refuse", MissingRules::Refuse), ("allow", MissingRules::Allow)];

/// What a service says of its rules.
pub(super) struct Written {
    kind: SourceKind,
    names: Asked,
    ident: Asked,
    origin: Origin,
}

impl Written {
    /// What is written, if anything is.
    pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> Option<Self> {
        let item = unless(fields, "rules", "none")?;
        let table = if item.is_table() { Some(item.table(check, Scope::Rules)?) } else { None };
        let path = match table {
            Some(table) => table.require(check, "file"),
            None => Some(item),
        };
        let path = path.and_then(|path| path.parsed(check, absolute));
        let [names, ident] = ["names", "ident"].map(|name| {
            let item = table.and_then(|table| table.get(name));
            item.and_then(|item| item.one_of(check, &ASKED)).unwrap_or_default()
        });
        let missing = table.and_then(|table| table.get("missing"));
        let missing = missing.and_then(|item| item.one_of(check, &MISSING)).unwrap_or_default();
        let kind = SourceKind::Rules { file: file(&path?), missing };
        Some(Self { kind, names, ident, origin: check.origin(item.named) })
    }

    /// The rules among what a configuration's services name.
    pub(super) fn named(self, check: &mut Check, named: &mut Named) -> RulesUse {
        let Self { kind, names, ident, origin } = self;
        RulesUse { source: named.id(check, kind, origin), names, ident, origin }
    }
}
