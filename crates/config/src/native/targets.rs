//! `log` of `[portreeve]`: where events are written.

use super::fields::Fields;
use super::item::Item;
use super::settings::bytes;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use portreeve_model::{EventTargets, Facility, LogRotation, StderrFormat};

/// One word of `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    File,
    Stderr,
    Syslog,
    Journal,
}

const TARGETS: [(&str, Target); 4] = [
    ("file", Target::File),
    ("stderr", Target::Stderr),
    ("syslog", Target::Syslog),
    ("journal", Target::Journal),
];

/// The targets of the event log.
pub(super) fn read(check: &mut Check, door: Fields<'_>) -> EventTargets {
    let Some(log) = door.get("log").and_then(|item| item.table(check, Scope::EventLog)) else {
        return EventTargets::default();
    };
    let to = match log.get("to") {
        Some(item) => targets(check, item),
        None => vec![Target::File],
    };
    let mut key = |name, targets: &[Target], words| {
        let item = log.get(name)?;
        if !targets.iter().any(|target| to.contains(target)) {
            let message = format!("`{name}` has no effect: events do not go to {words}");
            let finding = check::error(codes::UNUSED_KEY, item.named, message);
            check.say(finding.help(format!("remove it, or add {words} to `to`")));
        }
        Some(item)
    };
    let size = key("size", &[Target::File], "`file`");
    let keep = key("keep", &[Target::File], "`file`");
    let format = key("stderr-format", &[Target::Stderr], "`stderr`");
    let facility = key("facility", &[Target::Syslog, Target::Journal], "`syslog` or `journal`");
    let mut rotation = LogRotation::default();
    if let Some(bytes) = size.and_then(|item| bytes(check, item, 64 << 10, 1 << 40)) {
        rotation.size = bytes;
    }
    if let Some(keep) = keep.and_then(|item| item.count(check, 0..=1000)) {
        rotation.keep = keep;
    }
    let formats = [("sentences", StderrFormat::Sentences), ("json", StderrFormat::Json)];
    let format = format.and_then(|item| item.one_of(check, &formats)).unwrap_or_default();
    let facility = facility.and_then(|item| item.parsed(check, self::facility));
    let facility = facility.unwrap_or(EventTargets::FACILITY);
    EventTargets {
        file: to.contains(&Target::File).then_some(rotation),
        stderr: to.contains(&Target::Stderr).then_some(format),
        syslog: to.contains(&Target::Syslog).then_some(facility),
        journal: to.contains(&Target::Journal).then_some(facility),
    }
}

fn targets(check: &mut Check, item: Item<'_>) -> Vec<Target> {
    let entries = item.entries(check);
    if entries.as_ref().is_some_and(Vec::is_empty) {
        item.refuse(check, "events must go somewhere");
    }
    let mut targets = Vec::new();
    for entry in entries.unwrap_or_default() {
        match entry.one_of(check, &TARGETS) {
            Some(target) if targets.contains(&target) => entry.refuse(check, "said twice"),
            Some(target) => targets.push(target),
            None => {}
        }
    }
    targets
}

fn facility(name: &str) -> Result<Facility, String> {
    Facility::by_name(name).ok_or_else(|| {
        let names: Vec<_> = Facility::NAMES.iter().map(|(name, _)| *name).collect();
        format!("`{name}` is none of {}", names.join(", "))
    })
}
