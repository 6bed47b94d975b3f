//! What is watched.

use super::Page;
use crate::words::quote;
use portreeve_model::{FilterText, Journal, JournalTerm, Sited, Start, UseDns, Watch, WatchFile};

/// One watch.
pub(super) fn print(page: &mut Page<'_>, watch: &Watch) {
    let name = watch.name.as_str();
    page.header(&format!("watch.{}", quote::key(name)), Some(watch.origin.origin));
    if !watch.files.is_empty() {
        page.list("files", watch.files.iter().map(|one| (file(one), one.origin)));
    }
    if let Some(journal) = &watch.journal {
        page.line("journal", &self::journal(journal));
    }
    if !watch.detectors.is_empty() {
        let words = watch.detectors.iter().map(|detector| quote::text(detector.word()));
        page.line("detectors", &quote::list(words));
    }
    if !watch.filters.is_empty() {
        page.list("filters", watch.filters.iter().map(|one| (filter(one, name), one.origin)));
    }
    if !watch.userdef.is_empty() {
        let regexes = watch.userdef.iter().map(|one| (quote::text(&one.value), one.origin));
        page.list("userdef-failed-entry-regex", regexes);
    }
    if watch.service != watch.name {
        page.line("service", &quote::text(watch.service.as_str()));
    }
    if watch.zone.name != "local" {
        page.line("time-zone", &quote::text(&watch.zone.name));
    }
}

fn file(file: &WatchFile) -> String {
    let path = quote::text(&file.path);
    match file.start {
        Start::End => path,
        Start::Beginning => format!("{{ path = {path}, start = \"beginning\" }}"),
    }
}

fn journal(journal: &Journal) -> String {
    let mut keys = Vec::new();
    let term = |term: &JournalTerm| quote::text(&format!("{}={}", term.field, term.value));
    if !journal.matches.is_empty() {
        let lists = journal.matches.iter().map(|terms| quote::list(terms.iter().map(term)));
        keys.push(format!("match = {}", quote::list(lists)));
    }
    let place = &journal.place;
    for (key, value) in [("directory", &place.directory), ("namespace", &place.namespace)] {
        keys.extend(value.iter().map(|value| format!("{key} = {}", quote::text(value))));
    }
    if !place.files.is_empty() {
        let files = place.files.iter().map(|path| quote::text(path));
        keys.push(format!("files = {}", quote::list(files)));
    }
    format!("{{ {} }}", keys.join(", "))
}

fn filter(filter: &FilterText, watch: &str) -> String {
    let regexes =
        |all: &[Sited<String>]| quote::list(all.iter().map(|one| quote::text(&one.value)));
    let mut keys = Vec::new();
    if filter.name != watch {
        keys.push(format!("name = {}", quote::text(&filter.name)));
    }
    if let Some(text) = &filter.prefregex {
        keys.push(format!("prefregex = {}", quote::text(&text.value)));
    }
    keys.push(format!("failregex = {}", regexes(&filter.failregex)));
    if !filter.ignoreregex.is_empty() {
        keys.push(format!("ignoreregex = {}", regexes(&filter.ignoreregex)));
    }
    if let Some(text) = &filter.datepattern {
        keys.push(format!("datepattern = {}", quote::text(&text.value)));
    }
    if filter.maxlines != 1 {
        keys.push(format!("maxlines = {}", filter.maxlines));
    }
    if filter.usedns != UseDns::default() {
        keys.push(format!("usedns = \"{}\"", filter.usedns.word()));
    }
    format!("{{ {} }}", keys.join(", "))
}
