//! `[portreeve]` and `[import]`.

use super::documents::beside;
use super::fields::Fields;
use super::hold;
use super::item::Item;
use super::targets;
use crate::check::{self, Check};
use crate::codes;
use crate::denyhosts::DenyHosts;
use crate::fail2ban::Fail2ban;
use crate::hosts_access::HostsAccess;
use crate::keys::Scope;
use crate::words::{duration, size};
use crate::world::World;
use portreeve_diag::Span;
use portreeve_dialect::denyhosts::Reading;
use portreeve_dialect::fail2ban::Wanted;
use portreeve_model::{EvidenceBounds, OnStop, Parting, Settings};
use std::time::Duration;

/// The settings of the door.
pub(super) fn read(check: &mut Check, top: Fields<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(door) = top.get("portreeve").and_then(|item| item.table(check, Scope::Door)) else {
        return settings;
    };
    if let Some(most) = door.get("max-sessions").and_then(|i| i.count(check, 1..=1_000_000)) {
        settings.max_sessions = most;
    }
    for (key, name) in [
        ("clerk-user", &mut settings.clerk_user),
        ("relay-user", &mut settings.relay_user),
        ("control-group", &mut settings.control_group),
    ] {
        if let Some(given) = door.get(key).and_then(|item| item.parsed(check, account)) {
            *name = given;
        }
    }
    settings.log = targets::read(check, door);
    settings.delayed = hold::delayed(check, door);
    evidence(check, door, &mut settings.evidence);
    settings.on_stop = on_stop(check, door);
    settings
}

fn on_stop(check: &mut Check, door: Fields<'_>) -> Option<OnStop> {
    let table = door.get("on-stop")?.table(check, Scope::OnStop)?;
    let within = table.get("within");
    let time = within.and_then(|item| {
        item.parsed(check, |text| match duration::parse(text)? {
            Duration::ZERO => Err("no time at all is not waited for".into()),
            time => Ok(time),
        })
    });
    let sessions =
        table.require(check, "sessions").and_then(|item| item.one_of(check, &Parting::WORDS))?;
    if let (Parting::Leave, Some(item)) = (sessions, within) {
        item.refuse(check, "sessions that are left are not waited for");
    }
    Some(OnStop { sessions, within: time })
}

fn evidence(check: &mut Check, door: Fields<'_>, bounds: &mut EvidenceBounds) {
    let Some(table) = door.get("evidence").and_then(|item| item.table(check, Scope::Evidence))
    else {
        return;
    };
    let line = table.get("line").and_then(|item| bytes(check, item, 80, 64 << 10));
    if let Some(line) = line.and_then(|line| u32::try_from(line).ok()) {
        bounds.line = line;
    }
    if let Some(lines) = table.get("lines-per-second").and_then(|i| i.count(check, 1..=10_000)) {
        bounds.lines_per_second = lines;
    }
}

/// A size: a text with a unit or a number of bytes.
pub(super) fn bytes(check: &mut Check, item: Item<'_>, least: u64, most: u64) -> Option<u64> {
    let bytes = match item.integer() {
        Some(number) => number.ok().and_then(|n| u64::try_from(n).ok()),
        None => Some(item.parsed(check, size::parse)?),
    };
    let fits = bytes.filter(|bytes| (least..=most).contains(bytes));
    if fits.is_none() {
        item.refuse(check, &format!("not from {} to {}", size::show(least), size::show(most)));
    }
    fits
}

/// The name of a user or group.
pub(super) fn account(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || ":,/".contains(c);
    match text {
        "" => Err("a name cannot be empty".into()),
        _ if text.len() > 256 || text.starts_with('-') || text.contains(odd) => {
            Err(format!("`{text}` cannot be a name"))
        }
        _ => Ok(text.into()),
    }
}

/// The configurations to import, and what is said of hosts.allow and hosts.deny.
pub(super) fn imports(
    check: &mut Check,
    top: Fields<'_>,
    main: &str,
) -> (Vec<String>, HostsAccess) {
    let Some(table) = top.get("import").and_then(|item| item.table(check, Scope::Import)) else {
        return Default::default();
    };
    let hosts = table.get("hosts-access").map(|item| hosts_access(check, item, main));
    let hosts = hosts.unwrap_or_default();
    let Some(item) = table.get("xinetd") else { return (Vec::new(), hosts) };
    let entries = item.entries_or_one(check).unwrap_or_default();
    let path = |entry: Item<'_>| Some(beside(main, entry.text(check)?));
    (entries.into_iter().filter_map(path).collect(), hosts)
}

/// What is to be imported of fail2ban.
pub(super) fn fail2ban(check: &mut Check, top: Fields<'_>, main: &str) -> Option<Fail2ban> {
    let table = top.get("import").and_then(|item| item.table(check, Scope::Import))?;
    let item = table.get("fail2ban")?;
    let enabled = Wanted::Enabled { except: Vec::new() };
    if !item.is_table() {
        let directory = beside(main, item.text(check)?);
        return Some(Fail2ban { directory, at: item.at, wanted: enabled, judges: true });
    }
    let table = item.table(check, Scope::Fail2ban)?;
    let directory = match table.get("directory") {
        Some(item) => beside(main, item.text(check)?),
        None => "/etc/fail2ban".to_owned(),
    };
    let (jails, except) = (table.get("jails"), table.get("except"));
    if let (Some(jails), Some(except)) = (jails, except) {
        let message = "`jails` and `except` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, except.named, message);
        check.say(finding.also(jails.named, "already said here").help("keep one of them"));
    }
    let mut names = |item: Item<'_>| -> Vec<(String, Span)> {
        let entries = item.entries(check).unwrap_or_default();
        let named = |entry: &Item<'_>| Some((entry.text(check)?.to_owned(), entry.at));
        entries.iter().filter_map(named).collect()
    };
    let wanted = match (jails, except) {
        (Some(item), _) => Wanted::Named(names(item)),
        (None, Some(item)) => Wanted::Enabled { except: names(item) },
        (None, None) => enabled,
    };
    let judges = table.get("judges").and_then(|item| item.boolean(check)).unwrap_or(true);
    Some(Fail2ban { directory, at: item.named, wanted, judges })
}

/// What is to be imported of DenyHosts.
pub(super) fn denyhosts(check: &mut Check, top: Fields<'_>, main: &str) -> Option<DenyHosts> {
    const PRIVATE: [(&str, bool); 2] = [("spared", false), ("judged", true)];
    let table = top.get("import").and_then(|item| item.table(check, Scope::Import))?;
    let item = table.get("denyhosts")?;
    let mut import = DenyHosts::plain("/etc/denyhosts.conf".to_owned(), item.named);
    if !item.is_table() {
        import.file = beside(main, item.text(check)?);
        import.at = item.at;
        return Some(import);
    }
    let table = item.table(check, Scope::DenyHosts)?;
    if let Some(path) = table.get("file").and_then(|item| item.text(check)) {
        import.file = beside(main, path);
    }
    let reading = table.get("allowed-ranges");
    if let Some(reading) = reading.and_then(|item| item.one_of(check, &Reading::WORDS)) {
        import.reading = reading;
    }
    let private = table.get("private-addresses");
    if let Some(private) = private.and_then(|item| item.one_of(check, &PRIVATE)) {
        import.private = private;
    }
    let user = table.get("plugin-user").and_then(|item| item.parsed(check, account));
    import.user = user.unwrap_or(import.user);
    for entry in table.get("services").and_then(|item| item.entries(check)).unwrap_or_default() {
        let service = entry
            .parsed(check, |text| text.parse().map_err(|_| "that is no service's name".to_owned()));
        import.services.extend(service);
    }
    Some(import)
}

/// Folders of service directories, which the keeper runs scripts of.
pub(super) fn service_directories(
    check: &mut Check,
    world: &mut dyn World,
    top: Fields<'_>,
    main: &str,
) -> Vec<String> {
    let table = top.get("import").and_then(|item| item.table(check, Scope::Import));
    let item = table.and_then(|table| table.get("service-directories"));
    let entries = item.and_then(|item| item.entries_or_one(check)).unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    for entry in entries {
        let Some(text) = entry.text(check) else { continue };
        let path = beside(main, text);
        let path = match path.trim_end_matches('/') {
            whole if whole.starts_with('/') => whole.to_owned(),
            _ => {
                entry.refuse(check, &format!("`{path}` is no absolute path"));
                continue;
            }
        };
        if found.contains(&path) {
            entry.refuse(check, &format!("`{path}` is written twice"));
            continue;
        }
        directory(check, world, entry, &path);
        found.push(path);
    }
    found
}

/// Whoever could put something into the folder could have it run.
fn directory(check: &mut Check, world: &mut dyn World, entry: Item<'_>, path: &str) {
    let Err(unread) = world.list(path) else { return };
    check.say(if unread.absent {
        let message = format!("`{path}` is not there: nothing of it is kept");
        let finding = check::warning(codes::NO_DIRECTORY, entry.at, message);
        finding.help("make it, or remove it here")
    } else {
        let message = format!("`{path}` cannot be believed: {}", unread.reason);
        let finding = check::error(unread.code, entry.at, message);
        finding.help("see to it that root alone can change what the keeper runs")
    });
}

/// `true` for the usual files, `false`, or a table of their paths.
fn hosts_access(check: &mut Check, item: Item<'_>, main: &str) -> HostsAccess {
    let mut hosts = HostsAccess::default();
    if !item.is_table() {
        let asked = item.boolean(check).unwrap_or(false);
        hosts.import = asked.then_some(item.named);
        return hosts;
    }
    let Some(table) = item.table(check, Scope::HostsAccess) else { return hosts };
    for (key, path) in [("allow", &mut hosts.allow), ("deny", &mut hosts.deny)] {
        if let Some(given) = table.get(key).and_then(|item| item.text(check)) {
            *path = beside(main, given);
        }
    }
    hosts.import = Some(item.named);
    hosts
}
