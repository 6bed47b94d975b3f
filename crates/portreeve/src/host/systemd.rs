//! The edge to the service manager: whether it runs, and what it says about units.

use super::command;
use super::keeper::Unit;
use super::units::{PROPERTIES, listed, shown, streams};
use portreeve_sys::file::read_bounded;
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// How long it may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most units that are followed from one to another.
const MOST_UNITS: usize = 16;

/// The most of a unit's file that is read, and the most files of a folder.
const MOST_BYTES: usize = 64 << 10;
const MOST_FILES: usize = 4096;

/// Where units are defined, first the one that counts (systemd.unit(5)).
const FOLDERS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Whether systemd is this host's service manager (`sd_booted(3)`).
pub(crate) fn runs() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// These units and those that start them or are started by them.
pub(super) fn units(names: &BTreeSet<String>) -> Vec<Unit> {
    let mut known: Vec<Unit> = Vec::new();
    let mut asked = BTreeSet::new();
    let mut next: Vec<String> = names.iter().cloned().collect();
    while !next.is_empty() && known.len() < MOST_UNITS {
        let mut words = vec!["systemctl".to_owned(), "show".into(), PROPERTIES.into(), "--".into()];
        words.extend(next.iter().cloned());
        asked.extend(next);
        let found = shown(&command::output(&words, PATIENCE).unwrap_or_default());
        let related = found.iter().flat_map(|unit| unit.related.iter().cloned());
        next = related.filter(|name| !asked.contains(name)).collect();
        next.sort();
        next.dedup();
        known.extend(found);
    }
    known
}

/// The sockets that the service manager listens on: by its own list, else by the files of those of
/// its socket units that it says are active.
pub(super) fn sockets() -> Vec<(SocketAddr, String)> {
    let words = ["systemctl", "list-sockets", "--show-types", "--no-legend", "--no-pager"];
    let listed = command::output(&words.map(str::to_owned), PATIENCE).map(|text| listed(&text));
    match listed {
        Some(all) if !all.is_empty() => all,
        Some(_) | None => sockets_of_files(),
    }
}

fn sockets_of_files() -> Vec<(SocketAddr, String)> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for folder in FOLDERS {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !name.ends_with(".socket") || !seen.insert(name.clone()) {
                continue; // the first folder that has it counts
            }
            let Ok(content) = read_bounded(&entry.path(), MOST_BYTES) else { continue };
            let text = String::from_utf8_lossy(&content.bytes);
            all.extend(streams(&text).into_iter().map(|address| (address, name.clone())));
        }
    }
    let names = all.iter().map(|(_, name)| name.clone()).collect();
    let active: BTreeSet<String> =
        units(&names).into_iter().filter(|unit| unit.active).map(|unit| unit.name).collect();
    all.retain(|(_, name)| active.contains(name));
    all
}
