//! Which entries are in force: `disable`, and `enabled` and `disabled` by id.

use super::attribute::Attribute;
use super::codes;
use super::defaults::Defaults;
use super::lex::Word;
use super::raw::{Assignment, Entry, Operator, Subject};
use super::report::{Report, Scope, error, quote, warning};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The id of a service entry: its `id`, else its name.
pub(super) fn id<'a>(entry: &'a Entry, name: &'a Word) -> &'a Word {
    first(entry, Attribute::Id).unwrap_or(name)
}

/// Whether the entry's own `disable` line leaves it out. Only a line that xinetd would obey
/// counts; the first one stands.
fn left_out(entry: &Entry) -> bool {
    first(entry, Attribute::Disable).is_some_and(|value| value.is("yes"))
}

fn first(entry: &Entry, attribute: Attribute) -> Option<&Word> {
    let obeyed = |line: &&Assignment| {
        line.name.is(attribute.name()) && line.operator == Operator::Set && line.values.len() == 1
    };
    entry.assignments().find(obeyed).and_then(|line| line.values.first())
}

/// The scope of each entry, in their order.
pub(super) fn scopes(
    entries: &[Entry],
    defaults: &Defaults,
    report: &mut Report<'_>,
) -> Vec<Scope> {
    let lower = |word: &Word| word.text.to_ascii_lowercase();
    let enabled: HashSet<String> = defaults.all(|s| &s.enabled).map(lower).collect();
    let disabled: HashSet<String> = defaults.all(|s| &s.disabled).map(lower).collect();
    let only_enabled = defaults.has_enabled(entries);
    unknown(entries, defaults, report);
    let scope = |entry: &Entry| match &entry.subject {
        Subject::Defaults | Subject::Unknown => Scope::Live,
        Subject::Service(name) => {
            let id = lower(id(entry, name));
            let out = left_out(entry)
                || disabled.contains(&id)
                || (only_enabled && !enabled.contains(&id));
            if out { Scope::Disabled } else { Scope::Live }
        }
    };
    entries.iter().map(scope).collect()
}

/// Words of `enabled` and `disabled` that are no entry's id.
fn unknown(entries: &[Entry], defaults: &Defaults, report: &mut Report<'_>) {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut by_name: HashMap<String, Vec<String>> = HashMap::new();
    for entry in entries {
        if let Subject::Service(name) = &entry.subject {
            let id = &id(entry, name).text;
            ids.insert(id.to_ascii_lowercase());
            by_name.entry(name.text.to_ascii_lowercase()).or_default().push(id.clone());
        }
    }
    let finding = |word: &Word, code, what: &str, report: &Report<'_>| {
        let message =
            format!("no entry has the id {}, so that `{what}` ignores it", quote(&word.text));
        let finding = match what {
            "disabled" => error(code, word.at, message),
            _ => warning(code, word.at, message),
        };
        let named = by_name.get(&word.text.to_ascii_lowercase());
        match (named, report.nearest(&word.text, ids.iter().map(String::as_str))) {
            (Some(named), _) => finding.help(format!("write the ids: {}", quote(&named.join(" ")))),
            (None, Some(near)) => finding.help(format!("did you mean `{near}`? else remove it")),
            (None, None) => finding.help("remove it"),
        }
    };
    let absent = |word: &&Word| !ids.contains(&word.text.to_ascii_lowercase());
    for word in defaults.all(|s| &s.disabled).filter(absent) {
        report.push(finding(word, codes::DISABLED_UNKNOWN, "disabled", report));
    }
    for word in defaults.all(|s| &s.enabled).filter(absent) {
        report.push(finding(word, codes::ENABLED_UNKNOWN, "enabled", report));
    }
}
