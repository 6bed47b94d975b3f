//! `[ban]`: who is never banned, and what becomes of bans.

mod command;
mod mail;

pub(crate) use command::FAMILIES;

use super::access;
use super::fields::Fields;
use super::item::Item;
use super::log::absolute;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::words::duration;
use crate::world::World;
use portreeve_diag::Span;
use portreeve_model::{BanPolicy, Breaker, EndOnBan, HostsDeny, Nftables, Pattern, Rule, Sited};
use std::time::Duration;

/// Which sessions end.
pub(crate) const ENDS: [(&str, EndOnBan); 3] =
    [("startups", EndOnBan::Startups), ("all", EndOnBan::All), ("none", EndOnBan::None)];

/// Who is never banned, and the rest of it.
pub(super) fn read(
    check: &mut Check,
    world: &mut dyn World,
    top: Fields<'_>,
    main: &str,
) -> (Vec<Rule>, BanPolicy) {
    let Some(ban) = top.get("ban").and_then(|item| item.table(check, Scope::Ban)) else {
        return Default::default();
    };
    let mut policy = BanPolicy::default();
    if let Some(ends) = ban.get("ends").and_then(|item| item.one_of(check, &ENDS)) {
        policy.ends = ends;
    }
    if let Some(item) = ban.get("breaker") {
        policy.breaker = breaker(check, item);
    }
    policy.nftables = ban.get("nftables").and_then(|item| nftables(check, item));
    if let Some(item) = ban.get("hosts-deny") {
        policy.hosts_deny = hosts_deny(check, item);
    }
    if let Some(item) = ban.get("command") {
        policy.commands = command::read(check, item);
    }
    policy.mail = ban.get("mail").and_then(|item| mail::read(check, world, item, main));
    if let Some(item) = ban.get("enforce") {
        enforce(check, item, ban, &mut policy);
    }
    (never(check, ban), policy)
}

/// Refuses a list in a file of its own.
pub(super) fn no_file(check: &mut Check, entry: Item<'_>, _: &str) -> Option<Pattern> {
    entry.refuse(check, "who is never banned is written here, not in a file of its own");
    None
}

fn never(check: &mut Check, ban: Fields<'_>) -> Vec<Rule> {
    let Some(item) = ban.get("never") else { return Vec::new() };
    let mut rules = access::rules(check, item, &mut no_file);
    rules.retain(|(rule, entry)| {
        let name = matches!(rule.pattern, Pattern::Host(_));
        if name {
            entry.refuse(check, "a ban is of an address, so a host name cannot be spared");
        }
        !name
    });
    rules.into_iter().map(|(rule, _)| rule).collect()
}

fn breaker(check: &mut Check, item: Item<'_>) -> Breaker {
    let mut breaker = Breaker::default();
    let Some(table) = item.table(check, Scope::Breaker) else { return breaker };
    for (name, least, number) in [
        ("per-minute", 1, &mut breaker.per_minute),
        ("per-minute-logs", 1, &mut breaker.per_minute_logs),
        ("known-good", 0, &mut breaker.known_good),
    ] {
        if let Some(given) = table.get(name).and_then(|item| item.count(check, least..=1_000_000)) {
            *number = given;
        }
    }
    let share = table.get("share").and_then(|item| item.thousandths(check, 1..=1000));
    if let Some(share) = share.and_then(|share| u16::try_from(share).ok()) {
        breaker.share = share;
    }
    let pause = table.get("pause");
    let within = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
    if let Some(pause) = pause.and_then(|item| time(check, item, within)) {
        breaker.pause = pause;
    }
    breaker
}

/// A duration in a range.
fn time(
    check: &mut Check,
    item: Item<'_>,
    within: std::ops::RangeInclusive<Duration>,
) -> Option<Duration> {
    item.parsed(check, |text| {
        let time = duration::parse(text)?;
        let (least, most) = (duration::show(*within.start()), duration::show(*within.end()));
        if within.contains(&time) { Ok(time) } else { Err(format!("not from {least} to {most}")) }
    })
}

fn nftables(check: &mut Check, item: Item<'_>) -> Option<Nftables> {
    let table = item.table(check, Scope::Nftables)?;
    let mut wanted = Nftables::default();
    let name = table.get("table").and_then(|item| {
        item.parsed(check, |text| {
            let first = text.starts_with(|c: char| c.is_ascii_alphabetic());
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            match first && text.len() <= 64 && text.chars().all(fits) {
                true => Ok(text.to_owned()),
                false => Err(format!("`{text}` cannot be the name of a table")),
            }
        })
    });
    wanted.table = name.unwrap_or(wanted.table);
    let priority = table.get("priority").and_then(|item| item.number(check, -1000..=1000));
    if let Some(priority) = priority.and_then(|number| i32::try_from(number).ok()) {
        wanted.priority = priority;
    }
    if let Some(most) = table.get("most").and_then(|item| item.count(check, 1024..=10_000_000)) {
        wanted.most = most;
    }
    Some(wanted)
}

fn hosts_deny(check: &mut Check, item: Item<'_>) -> Vec<HostsDeny> {
    let entries = item.entries_or_one(check).unwrap_or_default();
    if entries.len() > HostsDeny::MOST {
        item.refuse(check, &format!("more than {} files", HostsDeny::MOST));
        return Vec::new();
    }
    let mut files: Vec<HostsDeny> = Vec::new();
    for entry in entries {
        let Some(file) = hosts_deny_file(check, entry) else { continue };
        if files.iter().any(|other| other.path == file.path) {
            entry.refuse(check, &format!("`{}` is written twice", file.path));
        }
        files.push(file);
    }
    files
}

fn hosts_deny_file(check: &mut Check, entry: Item<'_>) -> Option<HostsDeny> {
    let table = entry.table(check, Scope::HostsDeny)?;
    let path = table.get("file").map(|item| item.parsed(check, absolute));
    let daemon = table.get("daemon").map(|item| item.parsed(check, daemon));
    let markers = table.get("markers").and_then(|item| item.boolean(check));
    let most = table.get("most").and_then(|item| item.count(check, 1..=1_000_000));
    let origin = check.origin(table.at);
    Some(HostsDeny {
        path: path.unwrap_or_else(|| Some(HostsDeny::FILE.into()))?,
        daemon: daemon.unwrap_or_else(|| Some(Some("ALL".into())))?,
        markers: markers.unwrap_or(true),
        most: most.unwrap_or(10_000),
        origin: Sited::new((), origin),
    })
}

/// What stands before the addresses; `none` for nothing.
fn daemon(text: &str) -> Result<Option<String>, String> {
    let odd = |c: char| !c.is_ascii_graphic() || ":,#\\@()[]/".contains(c);
    match text {
        "none" => Ok(None),
        "" => Err("a name cannot be empty; `none` writes bare addresses".into()),
        _ if text.len() > 255 || text.contains(odd) || text == "EXCEPT" => {
            Err(format!("`{text}` cannot be the name of a daemon"))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

/// Who enforces: tables that the list leaves out do nothing.
fn enforce(check: &mut Check, item: Item<'_>, ban: Fields<'_>, policy: &mut BanPolicy) {
    let Some(entries) = item.entries(check) else { return };
    let mut named: Vec<&str> = Vec::new();
    for entry in entries {
        let Some(name) = entry.text(check) else { continue };
        let command = policy.commands.iter().any(|command| command.name.as_str() == name);
        if named.contains(&name) {
            entry.refuse(check, "it is written twice");
        } else if name == "nftables" {
            policy.nftables.get_or_insert_default();
        } else if name == "hosts-deny" && ban.get("hosts-deny").is_none() {
            policy.hosts_deny.push(HostsDeny {
                path: HostsDeny::FILE.into(),
                daemon: Some("ALL".into()),
                markers: true,
                most: 10_000,
                origin: Sited::new((), check.origin(entry.at)),
            });
        } else if !command && !["door", "hosts-deny"].contains(&name) {
            let message =
                format!("`{name}` is no enforcer, and no `[ban.command.{name}]` is there");
            let finding = check::error(codes::BAD_VALUE, entry.at, message);
            check.say(finding.help("write `door`, `nftables`, `hosts-deny`, or a command's name"));
        }
        named.push(name);
    }
    if !named.contains(&"door") {
        let message = "the door always shuts banned networks out, and the list leaves it out";
        let finding = check::error(codes::BAD_VALUE, item.at, message);
        check.say(finding.help("add `\"door\"`"));
    }
    let unused = |check: &mut Check, what: &str, at: Span| {
        let message = format!("{what} is not in `enforce`, so it does nothing");
        let finding = check::warning(codes::UNUSED_KEY, at, message);
        check.say(finding.also(item.named, "this list").help("name it there, or remove it"));
    };
    for name in ["nftables", "hosts-deny"] {
        if let Some(table) = ban.get(name).filter(|_| !named.contains(&name)) {
            unused(check, &format!("`[ban.{name}]`"), table.named);
        }
    }
    if !named.contains(&"nftables") {
        policy.nftables = None;
    }
    if !named.contains(&"hosts-deny") {
        policy.hosts_deny.clear();
    }
    let at = ban.get("command").map_or(item.named, |table| table.named);
    policy.commands.retain(|command| {
        let enforces = named.contains(&command.name.as_str());
        if !enforces {
            let at = check::place(&check.sources, command.origin.origin).unwrap_or(at);
            unused(check, &format!("`[ban.command.{}]`", command.name), at);
        }
        enforces
    });
}
