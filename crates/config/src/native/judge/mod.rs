//! `[judge.NAME]`: what is enough for a ban.

mod preset;
mod tally;
mod term;

pub(crate) use tally::BY;
pub(crate) use term::SUCCESS;

use super::Desk;
use super::ban::no_file;
use super::documents::Document;
use super::fields::Fields;
use super::item::Item;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::words::duration;
use portreeve_diag::Span;
use portreeve_model::{Hears, Judge, Level, Network, Pattern, ServiceName, Tally};
use preset::Preset;
use std::time::Duration;

/// What the files say is judged.
pub(super) fn read(desk: &mut Desk<'_>, documents: &[Document]) -> Vec<Judge> {
    let mut judges = Vec::new();
    for document in documents {
        let at = Span::new(document.file, 0, 0);
        let top = Fields::open(desk.check, Scope::Top, at, &document.table);
        let table = top.get("judge").and_then(|item| item.raw_table(desk.check).zip(Some(item)));
        let Some((table, item)) = table else { continue };
        for member in &table.0 {
            judges.extend(judge(desk.check, &member.name, Item::of(item.key, member)));
        }
    }
    judges
}

/// One of them; `None` when it is disabled or cannot be one.
fn judge(check: &mut Check, name: &str, item: Item<'_>) -> Option<Judge> {
    let preset = Preset::of(check, item)?;
    let table = item.raw_table(check)?;
    let fields = Fields::open(check, preset.scope(), item.named, table);
    let name = checked(check, item.named, name);
    let hears = Hears {
        services: names(check, fields, "services"),
        watches: names(check, fields, "watches"),
        detectors: texts(check, fields, "detectors"),
    };
    let only = names(check, fields, "only");
    let spares = spares(check, fields);
    let levels = fields.get("levels").map(|item| levels(check, item));
    let disabled = fields.get("disabled").and_then(|item| item.boolean(check));
    // a name that is none has been told of; what else is wrong is to be told too
    let known = name.clone().or_else(|| "x".parse().ok())?;
    let judge = preset::read(check, preset, fields, known, check.origin(item.named))?;
    name?;
    let levels = levels.unwrap_or(judge.levels);
    let judge = Judge { hears, only, spares, levels, ..judge };
    exact(check, fields, &judge);
    (!disabled.unwrap_or(false)).then_some(judge)
}

/// Refuses what could not be counted exactly in bounded memory.
fn exact(check: &mut Check, fields: Fields<'_>, judge: &Judge) {
    let held = |tally: &Tally| judge.levels.iter().map(|level| tally.charges_held(level)).max();
    let most = u64::try_from(Tally::MOST_CHARGES).unwrap_or(u64::MAX);
    for tally in judge.tallies.iter().filter(|tally| held(tally).is_some_and(|held| held > most)) {
        let name = if tally.name.is_empty() { String::new() } else { format!(" `{}`", tally.name) };
        let message = format!(
            "the window{name} may have to tell more than {} charges of one network apart",
            Tally::MOST_CHARGES
        );
        let at = ["tallies", "maxretry"].iter().find_map(|key| fields.get(key));
        let finding = check::error(codes::BAD_VALUE, at.map_or(fields.at, |item| item.at), message);
        check.say(finding.help(
            "lower the limit, charge more at once, or give wider levels a larger `share`; `drain` and \
             `idle` have no such bound",
        ));
    }
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

/// The entries of a list of a judge, as many as there may be, each once.
fn entries<T: PartialEq>(
    check: &mut Check,
    item: Item<'_>,
    mut read: impl FnMut(&mut Check, Item<'_>) -> Option<T>,
) -> Vec<T> {
    let entries = item.entries(check).unwrap_or_default();
    if entries.len() > Judge::MOST_ENTRIES {
        item.refuse(check, &format!("more than {} entries", Judge::MOST_ENTRIES));
        return Vec::new();
    }
    let mut found = Vec::new();
    for entry in entries {
        match read(check, entry) {
            Some(value) if found.contains(&value) => entry.refuse(check, "it is written twice"),
            Some(value) => found.push(value),
            None => {}
        }
    }
    found
}

/// A list that says who is heard, which none can be by an empty one.
fn some<T: PartialEq>(
    check: &mut Check,
    fields: Fields<'_>,
    name: &'static str,
    read: impl FnMut(&mut Check, Item<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(item) = fields.get(name) else { return Vec::new() };
    if item.is_empty() {
        item.refuse(check, "an empty list would be none at all; leave it out for every one");
    }
    entries(check, item, read)
}

fn names(check: &mut Check, fields: Fields<'_>, name: &'static str) -> Vec<ServiceName> {
    some(check, fields, name, |check, entry| {
        let text = entry.text(check)?;
        checked(check, entry.at, text)
    })
}

fn texts(check: &mut Check, fields: Fields<'_>, name: &'static str) -> Vec<String> {
    some(check, fields, name, account)
}

/// A name of an account, or of a detector.
fn account(check: &mut Check, entry: Item<'_>) -> Option<String> {
    entry.parsed(check, |text| match text {
        "" => Err("a name cannot be empty".into()),
        _ if text.len() > 256 || text.chars().any(char::is_control) => {
            Err("a name has no control characters, and 256 bytes at most".into())
        }
        _ => Ok(text.to_owned()),
    })
}

fn spares(check: &mut Check, fields: Fields<'_>) -> Vec<Network> {
    let Some(item) = fields.get("spares") else { return Vec::new() };
    let rules = super::access::rules(check, item, &mut no_file);
    let mut networks = Vec::new();
    for (rule, entry) in rules {
        match rule.pattern {
            Pattern::Network(network) => networks.push(network),
            Pattern::Range(range) => networks.extend(range.networks()),
            Pattern::Host(_) | Pattern::Listed(_) => {
                entry.refuse(check, "a ban is of an address, so a host name cannot be spared");
            }
        }
    }
    if networks.len() > Judge::MOST_ENTRIES {
        item.refuse(check, &format!("more than {} networks", Judge::MOST_ENTRIES));
        networks.clear();
    }
    networks
}

fn levels(check: &mut Check, item: Item<'_>) -> Vec<Level> {
    let entries = item.entries(check).unwrap_or_default();
    if !(1..=Judge::MOST_LEVELS).contains(&entries.len()) && item.is_list() {
        item.refuse(check, &format!("not from 1 to {} entries", Judge::MOST_LEVELS));
        return Vec::new();
    }
    let mut levels: Vec<Level> = Vec::new();
    for entry in entries {
        let before = levels.last().copied();
        let Some(level) = level(check, entry, before) else { continue };
        if before.is_some_and(|before| !is_wider(before, level)) {
            entry.refuse(check, "it is no wider than the level before it");
        }
        levels.push(level);
    }
    levels
}

fn level(check: &mut Check, entry: Item<'_>, before: Option<Level>) -> Option<Level> {
    let table = entry.table(check, Scope::Level)?;
    let v4 = table.require(check, "ipv4").and_then(|item| item.count(check, 16..=32));
    let v6 = table.require(check, "ipv6").and_then(|item| item.count(check, 32..=128));
    let share = table.get("share").map(|item| item.thousandths(check, 1..=1000));
    let offenders = table.get("offenders").map(|item| (item.count(check, 1..=255), item));
    if let (None, Some((Some(2..), item))) = (before, offenders) {
        item.refuse(check, "the first level has no level before it");
    }
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let otherwise = if before.is_some() { 3 } else { 1 };
    Some(Level {
        v4: byte(v4?),
        v6: byte(v6?),
        share: u16::try_from(share.unwrap_or(Some(1000))?).unwrap_or(1000),
        offenders: byte(offenders.map_or(Some(otherwise), |(number, _)| number)?),
    })
}

/// Whether a level is wider than the one before it for a family, and narrower for none.
fn is_wider(before: Level, level: Level) -> bool {
    let narrower = level.v4 > before.v4 || level.v6 > before.v6;
    !narrower && (level.v4, level.v6) != (before.v4, before.v6)
}

/// A duration of a second at least.
fn time(check: &mut Check, item: Item<'_>) -> Option<Duration> {
    item.parsed(check, |text| match duration::parse(text)? {
        time if time < Duration::from_secs(1) => Err("less than a second".into()),
        time => Ok(time),
    })
}

/// A duration, or a word for there being none.
fn time_or(check: &mut Check, item: Item<'_>, word: &str) -> Option<Option<Duration>> {
    if item.is_word(word) { Some(None) } else { time(check, item).map(Some) }
}
