//! `[watch.NAME]`: what is watched.

mod filters;
mod journal;

use super::Desk;
use super::documents::Document;
use super::fields::Fields;
use super::item::Item;
use super::log::absolute;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::world::World;
use portreeve_diag::Span;
use portreeve_model::{FilterText, ServiceName, Sited, Start, Watch, WatchFile, Watcher, Zone};

/// What the files say is watched.
pub(super) fn read(desk: &mut Desk<'_>, documents: &[Document]) -> Vec<Watch> {
    let mut watches = Vec::new();
    for document in documents {
        let at = Span::new(document.file, 0, 0);
        let top = Fields::open(desk.check, Scope::Top, at, &document.table);
        let table = top.get("watch").and_then(|item| item.raw_table(desk.check).zip(Some(item)));
        let Some((table, item)) = table else { continue };
        for member in &table.0 {
            watches.extend(watch(desk, &member.name, Item::of(item.key, member)));
        }
    }
    watches
}

/// One of them; `None` when it is disabled or cannot be one.
fn watch(desk: &mut Desk<'_>, name: &str, item: Item<'_>) -> Option<Watch> {
    let table = item.raw_table(desk.check)?;
    let fields = Fields::open(desk.check, Scope::Watch, item.named, table);
    let name = checked(desk.check, item.named, name);
    let named = name.as_ref().map_or("watch", |name| name.as_str()).to_owned();
    let files = files(desk.check, fields);
    let journal = journal::read(desk, fields);
    let detectors = list(desk.check, fields, "detectors", |check, entry| {
        let detector = entry.one_of(check, &Watcher::ALL)?;
        Some((detector, entry))
    });
    let detectors = once(desk.check, detectors);
    let mut filters = filters::read(desk, fields, &named, journal.is_some());
    filters.extend(filters::patterns(desk.check, fields, &named));
    let userdef = list(desk.check, fields, "userdef-failed-entry-regex", |check, entry| {
        let text = filters::regex(check, entry)?;
        if text.value.contains("(?P<host>") {
            return Some(text);
        }
        entry.refuse(check, "it has no `(?P<host>…)`, so nobody could be charged");
        None
    });
    let service = match fields.get("service") {
        Some(item) => item.text(desk.check).and_then(|text| checked(desk.check, item.at, text)),
        None => name.clone(),
    };
    let zone = zone(desk.check, desk.world, fields);
    let disabled = fields.get("disabled").and_then(|item| item.boolean(desk.check));
    something(desk.check, fields);
    let origin = Sited::new((), desk.check.origin(item.named));
    let (name, service, zone) = (name?, service?, zone?);
    let watch = Watch { name, files, journal, detectors, filters, userdef, service, zone, origin };
    (!disabled.unwrap_or(false)).then_some(watch)
}

fn checked(check: &mut Check, at: Span, text: &str) -> Option<ServiceName> {
    let name = text.parse();
    let told = name.map_err(|reason: portreeve_model::BadName| {
        let message = format!("`{text}` cannot be a name here: {reason}");
        let help = "use letters, digits, `.`, `_`, `-` and `+`";
        check.say(check::error(codes::BAD_NAME, at, message).help(help));
    });
    told.ok()
}

/// The entries of a list of a watch, as many as there may be.
fn list<'a, T>(
    check: &mut Check,
    fields: Fields<'a>,
    name: &'static str,
    mut read: impl FnMut(&mut Check, Item<'a>) -> Option<T>,
) -> Vec<T> {
    let Some(item) = fields.get(name) else { return Vec::new() };
    let entries = item.entries(check).unwrap_or_default();
    if entries.len() > Watch::MOST {
        item.refuse(check, &format!("more than {} entries", Watch::MOST));
        return Vec::new();
    }
    entries.into_iter().filter_map(|entry| read(check, entry)).collect()
}

/// Entries that differ; of others it is told that they are written twice.
fn once<T: PartialEq>(check: &mut Check, entries: Vec<(T, Item<'_>)>) -> Vec<T> {
    let mut differing: Vec<T> = Vec::new();
    for (entry, item) in entries {
        match differing.contains(&entry) {
            true => item.refuse(check, "it is written twice"),
            false => differing.push(entry),
        }
    }
    differing
}

fn files(check: &mut Check, fields: Fields<'_>) -> Vec<WatchFile> {
    let files = list(check, fields, "files", |check, entry| {
        let origin = check.origin(entry.at);
        if !entry.is_table() {
            let path = entry.parsed(check, absolute)?;
            return Some((WatchFile { path, start: Start::default(), origin }, entry));
        }
        let table = entry.table(check, Scope::WatchFile)?;
        let path = table.require(check, "path").and_then(|item| item.parsed(check, absolute));
        let start = table.get("start").and_then(|item| item.one_of(check, &Start::ALL));
        Some((WatchFile { path: path?, start: start.unwrap_or_default(), origin }, entry))
    });
    once(check, files)
}

/// `time-zone` of a watch; `None` when nobody knows it.
fn zone(check: &mut Check, world: &mut dyn World, fields: Fields<'_>) -> Option<Zone> {
    let Some(item) = fields.get("time-zone") else {
        return world.zone("local").or_else(|| Some(Zone::utc()));
    };
    let name = item.text(check)?;
    let zone = offset(name).or_else(|| world.zone(name));
    if zone.is_none() {
        let message = format!("this host knows no time zone `{name}`");
        let help = "write a name such as `\"Europe/Paris\"`, `\"local\"`, or `\"UTC+02:00\"`";
        check.say(check::error(codes::BAD_TIME_ZONE, item.at, message).help(help));
    }
    zone
}

/// `UTC+hh:mm`.
fn offset(name: &str) -> Option<Zone> {
    let (sign, clock) = match name.strip_prefix("UTC")?.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let number = |text: &str, most| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| digits && *number < most)
    };
    Some(fixed(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60)))
}

/// The zone that is always so many seconds east of UTC.
pub(crate) fn fixed(seconds: i32) -> Zone {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let name = format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    Zone { name, offsets: vec![(0, seconds)] }
}

/// A watch that reads nothing, or that nobody reads.
fn something(check: &mut Check, fields: Fields<'_>) {
    let some = |names: &[&'static str]| {
        let written = |name: &&'static str| fields.get(name).is_some_and(|item| !item.is_empty());
        names.iter().any(written)
    };
    if !some(&["files", "journal"]) {
        let message = "nothing is read: neither `files` nor `journal` is written";
        let finding = check::error(codes::WATCH_NOTHING, fields.at, message);
        check.say(finding.help("add `files = [\"/var/log/auth.log\"]`"));
    }
    if !some(&["detectors", "filters", "patterns", "userdef-failed-entry-regex"]) {
        let message = "nobody reads the lines: `detectors`, `filters` and `patterns` are empty";
        let finding = check::error(codes::WATCH_NOTHING, fields.at, message);
        check.say(finding.help("add `detectors = [\"sshd\"]`"));
    }
}

/// Refuses a filter that holds too much.
fn bounded(check: &mut Check, item: Item<'_>, filter: FilterText) -> Option<FilterText> {
    match filter.fits() {
        Ok(()) => Some(filter),
        Err(reason) => {
            item.refuse(check, &format!("a filter here {reason}"));
            None
        }
    }
}
