//! `filters` and `patterns` of a watch.

use super::{bounded, list};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::documents::beside;
use crate::native::{Desk, Fields, Item};
use crate::world::DialectFiles;
use portreeve_dialect::fail2ban;
use portreeve_model::{FilterText, Sited, UseDns, Watch};

/// The filters: paths of fail2ban's files, and tables.
pub(super) fn read(
    desk: &mut Desk<'_>,
    fields: Fields<'_>,
    watch: &str,
    journal: bool,
) -> Vec<FilterText> {
    let items = list(desk.check, fields, "filters", |_, entry| Some(entry));
    let mut filters = Vec::new();
    for item in items {
        filters.extend(match item.is_table() {
            true => table(desk.check, item, watch),
            false => file(desk, fields, item, journal),
        });
    }
    filters
}

fn file(
    desk: &mut Desk<'_>,
    fields: Fields<'_>,
    item: Item<'_>,
    journal: bool,
) -> Option<FilterText> {
    let text = item.text(desk.check)?;
    if let (Some(files), true) = (fields.get("files").filter(|item| !item.is_empty()), journal) {
        let message = "a filter of fail2ban's beside both `files` and `journal`: lines of the two \
                       begin otherwise, and it is read for one of them";
        let finding = check::error(codes::EXCLUSIVE, item.at, message);
        let finding = finding.also(files.named, "the files");
        desk.check.say(finding.help("write two watches"));
        return None;
    }
    let from = desk.check.sources.path(item.at.file).to_owned();
    let path = beside(&from, text);
    let mut files = DialectFiles(desk.world);
    let Check { sources, found, .. } = &mut *desk.check;
    let read = fail2ban::filter(&path, Some(item.at), journal, &mut files, sources, found);
    read.map(|filter| filter.text)
}

/// A filter that is written here.
fn table(check: &mut Check, item: Item<'_>, watch: &str) -> Option<FilterText> {
    let table = item.table(check, Scope::Filter)?;
    let name = table.get("name").map(|item| item.text(check));
    let failregex = table.require(check, "failregex").map(|item| regexes(check, item));
    let ignoreregex = table.get("ignoreregex").map(|item| regexes(check, item));
    let mut one = |name| table.get(name).and_then(|item: Item<'_>| regex(check, item));
    let (prefregex, datepattern) = (one("prefregex"), one("datepattern"));
    let maxlines =
        table.get("maxlines").and_then(|item| item.count(check, 1..=FilterText::MOST_LINES));
    let usedns = table.get("usedns").and_then(|item| item.one_of(check, &UseDns::ALL));
    let failregex = failregex?;
    if failregex.is_empty() {
        item.refuse(check, "a filter without a `failregex` looks for nothing");
        return None;
    }
    let filter = FilterText {
        name: name.map_or(Some(watch), |name| name)?.to_owned(),
        prefregex,
        failregex,
        ignoreregex: ignoreregex.unwrap_or_default(),
        datepattern,
        maxlines: maxlines.unwrap_or(1),
        usedns: usedns.unwrap_or_default(),
        origin: check.origin(item.at),
    };
    bounded(check, item, filter)
}

/// `patterns`, as one filter.
pub(super) fn patterns(check: &mut Check, fields: Fields<'_>, watch: &str) -> Option<FilterText> {
    let item = fields.get("patterns")?;
    let failregex = list(check, fields, "patterns", regex);
    if failregex.is_empty() {
        return None;
    }
    let filter = FilterText {
        name: watch.to_owned(),
        prefregex: None,
        failregex,
        ignoreregex: Vec::new(),
        datepattern: None,
        maxlines: 1,
        usedns: UseDns::default(),
        origin: check.origin(item.named),
    };
    bounded(check, item, filter)
}

fn regexes(check: &mut Check, item: Item<'_>) -> Vec<Sited<String>> {
    let entries = item.entries_or_one(check).unwrap_or_default();
    if entries.len() > FilterText::MOST_REGEXES.max(Watch::MOST) {
        item.refuse(check, &format!("more than {} regexes", FilterText::MOST_REGEXES));
        return Vec::new();
    }
    entries.into_iter().filter_map(|entry| regex(check, entry)).collect()
}

/// A regular expression, which is compiled by whoever uses it.
pub(super) fn regex(check: &mut Check, item: Item<'_>) -> Option<Sited<String>> {
    let text = item.text(check)?;
    if text.is_empty() {
        item.refuse(check, "an empty expression matches every line");
        return None;
    }
    if text.len() > FilterText::MOST_TEXT {
        item.refuse(check, &format!("longer than {} KiB", FilterText::MOST_TEXT >> 10));
        return None;
    }
    Some(Sited::new(text.to_owned(), check.origin(item.at)))
}
