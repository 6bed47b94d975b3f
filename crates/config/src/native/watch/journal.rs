//! `journal` of a watch.

use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::log::absolute;
use crate::native::program::principal;
use crate::native::{Desk, Fields, Item};
use portreeve_model::{Journal, JournalPlace, JournalTerm, Principal, Watch};

/// Endings of unit names.
const UNITS: [&str; 11] = [
    ".service",
    ".socket",
    ".scope",
    ".slice",
    ".timer",
    ".mount",
    ".automount",
    ".swap",
    ".path",
    ".target",
    ".device",
];

/// What is read of the journal, if anything is.
pub(super) fn read(desk: &mut Desk<'_>, fields: Fields<'_>) -> Option<Journal> {
    let item = fields.get("journal")?;
    let table = item.table(desk.check, Scope::Journal)?;
    let place = place(desk.check, table);
    let mut terms = Vec::new();
    let units = entries(desk.check, table, "unit", |check, item| item.parsed(check, unit));
    terms.extend(units.into_iter().map(|value| term("_SYSTEMD_UNIT", value)));
    terms.extend(users(desk, table).into_iter().map(|value| term("_UID", value)));
    let paths = entries(desk.check, table, "exe", |check, item| item.parsed(check, absolute));
    terms.extend(paths.into_iter().map(|value| term("_EXE", value)));
    let alternatives = entries(desk.check, table, "match", alternative);
    if let (Some(own), false) = (table.get("match"), terms.is_empty()) {
        let message = "`match` stands in place of `unit`, `uid` and `exe`";
        let finding = check::error(codes::EXCLUSIVE, own.named, message);
        desk.check.say(finding.help("write all terms in `match`, or none"));
    }
    let matches = match terms.is_empty() {
        true => alternatives,
        false => vec![terms],
    };
    let journal = Journal { matches, place };
    if !journal.is_certain() {
        let message = "any user's program can write entries that are chosen so";
        let finding = check::warning(codes::JOURNAL_ANYBODY, item.named, message);
        desk.check.say(finding.help(
            "name the `unit`, `uid` or `exe` that they are of, in `match` once in every list",
        ));
    }
    if let Some(unit) = unit_of_users(&journal) {
        let message = format!("who has logged in may write entries of `{unit}` too");
        let finding = check::warning(codes::JOURNAL_ANYBODY, item.named, &message);
        desk.check.say(finding.help(
            "users' programs run in that unit where logind does not put them into one of their own: \
             add the `uid` or the `exe` of the service",
        ));
    }
    Some(journal)
}

/// A unit that starts programs for users, where it is all that is asked for.
fn unit_of_users(journal: &Journal) -> Option<&str> {
    const THEIRS: [&str; 7] = ["ssh", "sshd", "dropbear", "cron", "crond", "atd", "getty"];
    let sure = |term: &JournalTerm| ["_UID", "_EXE"].contains(&term.field.as_str());
    let unsure = journal.matches.iter().filter(|alternative| !alternative.iter().any(sure));
    let units = unsure.flatten().filter(|term| term.field == "_SYSTEMD_UNIT");
    let mut theirs = units.filter(|term| {
        let name = term.value.split(['.', '@']).next().unwrap_or_default();
        THEIRS.contains(&name)
    });
    theirs.next().map(|term| term.value.as_str())
}

fn term(field: &str, value: String) -> JournalTerm {
    JournalTerm { field: field.to_owned(), value }
}

fn entries<T>(
    check: &mut Check,
    table: Fields<'_>,
    name: &'static str,
    mut read: impl FnMut(&mut Check, Item<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(item) = table.get(name) else { return Vec::new() };
    let entries = item.entries(check).unwrap_or_default();
    if entries.len() > Watch::MOST {
        item.refuse(check, &format!("more than {} entries", Watch::MOST));
        return Vec::new();
    }
    entries.into_iter().filter_map(|entry| read(check, entry)).collect()
}

/// The name of a unit, whose ending may go without saying.
fn unit(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-@:\\".contains(&b);
    match text {
        "" => Err("a name cannot be empty".into()),
        _ if text.contains(['*', '?', '[']) => {
            Err(format!("`{text}` is a pattern, and the journal knows whole names; see `exe`"))
        }
        _ if text.len() > 255 || !text.bytes().all(fits) => {
            Err(format!("`{text}` cannot be a unit's name"))
        }
        _ if UNITS.iter().any(|ending| text.ends_with(ending)) => Ok(text.into()),
        _ => Ok(format!("{text}.service")),
    }
}

fn users(desk: &mut Desk<'_>, table: Fields<'_>) -> Vec<String> {
    let items =
        entries(desk.check, table, "uid", |check, item| Some((principal(check, item)?, item.at)));
    let mut numbers = Vec::new();
    for (user, at) in items {
        let name = match user {
            Principal::Number(number) => {
                numbers.push(number.to_string());
                continue;
            }
            Principal::Name(name) => name,
        };
        let reason = match desk.world.user(&name, None) {
            Ok(Some(ids)) => {
                numbers.push(ids.uid.to_string());
                continue;
            }
            Ok(None) => "there is none of this name".to_owned(),
            Err(reason) => reason,
        };
        let message = format!("the user `{name}` is not known: {reason}");
        let finding = check::error(codes::BAD_VALUE, at, message);
        desk.check.say(finding.help("add the user, or write its number"));
    }
    numbers
}

/// One list of terms.
fn alternative(check: &mut Check, item: Item<'_>) -> Option<Vec<JournalTerm>> {
    let entries = item.entries(check)?;
    if entries.is_empty() || entries.len() > Watch::MOST {
        item.refuse(check, "a list of terms has at least one, and 256 at most");
        return None;
    }
    let terms: Vec<_> = entries.iter().map(|entry| entry.parsed(check, parsed)).collect();
    terms.into_iter().collect()
}

fn parsed(text: &str) -> Result<JournalTerm, String> {
    let divided = text.split_once('=').filter(|(field, _)| JournalTerm::is_field(field));
    let fits = divided.filter(|(_, value)| JournalTerm::is_value(value));
    let (field, value) = fits.ok_or_else(|| format!("`{text}` is no `FIELD=value`"))?;
    Ok(term(field, value.to_owned()))
}

fn place(check: &mut Check, table: Fields<'_>) -> JournalPlace {
    let directory = table.get("directory").and_then(|item| item.parsed(check, absolute));
    let files = entries(check, table, "files", |check, item| item.parsed(check, absolute));
    let namespace = table.get("namespace").and_then(|item| {
        item.parsed(check, |text| match JournalPlace::is_namespace(text) {
            true => Ok(text.to_owned()),
            false => Err(format!("`{text}` cannot be a namespace")),
        })
    });
    let places = [directory.is_some(), !files.is_empty(), namespace.is_some()];
    if let (true, Some(item)) = (
        places.iter().filter(|written| **written).count() > 1,
        ["namespace", "files", "directory"].iter().find_map(|name| table.get(name)),
    ) {
        let message = "`directory`, `files` and `namespace` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, item.named, message);
        check.say(finding.help("keep one of them"));
    }
    JournalPlace { directory, files, namespace }
}
