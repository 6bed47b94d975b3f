//! Rules of tcprules(1).

use super::Page;
use crate::native::rules::{ASKED, MISSING};
use crate::words::quote;
use portreeve_model::{Asked, MissingRules, RulesUse, SourceKind};

/// The rules that a service names.
pub(super) fn print(page: &mut Page<'_>, rules: &RulesUse) {
    let source = page.sources.get(rules.source.0 as usize).map(|source| &source.kind);
    let Some(SourceKind::Rules { file, missing }) = source else { return };
    let path = quote::text(&file.path);
    let mut more = Vec::new();
    if *missing != MissingRules::default() {
        more.push(format!("missing = \"{}\"", word(&MISSING, missing)));
    }
    for (key, asked) in [("names", rules.names), ("ident", rules.ident)] {
        if asked != Asked::default() {
            more.push(format!("{key} = \"{}\"", word(&ASKED, &asked)));
        }
    }
    let value = match more.is_empty() {
        true => path,
        false => format!("{{ file = {path}, {} }}", more.join(", ")),
    };
    page.sited("rules", &value, rules.origin);
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, other)| other == value).map_or("", |(word, _)| word)
}
