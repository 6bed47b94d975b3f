//! Key tables, from the registry of the native language.

use super::mdoc;
use portreeve_config::{Fallback, Key, Scope, keys_of};
use std::fmt::Write as _;

/// The names of all tables.
pub(super) fn names() -> Vec<String> {
    Scope::ALL.iter().map(|scope| format!("keys {}", scope.title())).collect()
}

/// The table of one scope, by its title. What a trap and the defaults share with a service is
/// described once, there.
pub(super) fn of(title: &str) -> String {
    let found = Scope::ALL.into_iter().find(|scope| scope.title() == title);
    let scope = found.expect("a scope of that title");
    let shared = |key: &&Key| {
        matches!(scope, Scope::Trap | Scope::Defaults) && key.scopes.contains(&Scope::Service)
    };
    let (as_there, own): (Vec<_>, Vec<_>) = keys_of(scope).partition(shared);
    let mut out = String::from(".Bl -tag -width Ds\n");
    own.into_iter().for_each(|key| item(&mut out, key));
    out.push_str(".El\n");
    if !as_there.is_empty() {
        let names: Vec<_> = as_there.iter().map(|key| format!("`{}`", key.name)).collect();
        let text = format!("As in `{}`: {}.", Scope::Service.title(), names.join(", "));
        let _ = write!(out, ".Pp\n{}", mdoc::sentence(&text));
    }
    out
}

fn item(out: &mut String, key: &Key) {
    let _ = writeln!(out, ".It Ic {}", key.name);
    out.push_str(&mdoc::sentence(&format!("{}.", key.prose)));
    out.push_str(&mdoc::sentence(&format!("Takes {}.", key.form)));
    out.push_str(&mdoc::sentence(&match key.default {
        Fallback::Is(toml) => format!("Without it: `{toml}`."),
        Fallback::Means(words) => format!("Without it: {words}."),
        Fallback::Required => "It must be written.".to_owned(),
    }));
    out.push_str(&mdoc::literal(&format!("{} = {}", key.name, key.example)));
}
