//! `[ban.command.NAME]`: programs that are told of bans.

use super::time;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::item::Item;
use crate::native::program;
use crate::native::settings::account;
use crate::nearest::nearest;
use portreeve_model::{BanCommand, Family, ServiceName, Sited};
use std::time::Duration;

/// What no command can be called, since enforcers are.
const TAKEN: [&str; 4] = ["door", "nftables", "hosts-deny", "mail"];

/// Whose bans are told.
pub(crate) const FAMILIES: [(&str, Family); 3] =
    [("both", Family::Dual), ("v4", Family::V4), ("v6", Family::V6)];

/// Them all.
pub(super) fn read(check: &mut Check, item: Item<'_>) -> Vec<BanCommand> {
    let Some(table) = item.raw_table(check) else { return Vec::new() };
    if table.0.len() > BanCommand::MOST {
        item.refuse(check, &format!("more than {} commands", BanCommand::MOST));
        return Vec::new();
    }
    let members = table.0.iter();
    members.filter_map(|member| command(check, &member.name, Item::of(item.key, member))).collect()
}

fn command(check: &mut Check, name: &str, item: Item<'_>) -> Option<BanCommand> {
    let table = item.table(check, Scope::BanCommand)?;
    let checked = match name.parse::<ServiceName>() {
        Ok(_) if TAKEN.contains(&name) => Err(format!("`{name}` is an enforcer's own name")),
        Ok(name) => Ok(name),
        Err(reason) => Err(format!("`{name}` cannot be a name here: {reason}")),
    };
    let checked = checked.map_err(|message| {
        let help = "use letters, digits, `.`, `_`, `-` and `+`, and no enforcer's name";
        check.say(check::error(codes::BAD_NAME, item.named, message).help(help));
    });
    let mut run = |key: &'static str| {
        let list = table.get(key).map(|item| arguments(check, item, key != "start"));
        list.unwrap_or_else(|| Some(Vec::new()))
    };
    let (ban, unban, start) = (run("ban"), run("unban"), run("start"));
    let user = table.require(check, "user").and_then(|item| {
        let name = item.parsed(check, account)?;
        Some(item.sited(check, name))
    });
    let within = Duration::from_secs(1)..=BanCommand::LONGEST;
    let timeout = table.get("timeout").and_then(|item| time(check, item, within));
    let most = BanCommand::MOST_AT_ONCE;
    let at_once = table.get("at-once").and_then(|item| item.count(check, 1..=most));
    let family = table.get("family").and_then(|item| item.one_of(check, &FAMILIES));
    let restored = table.get("restored").and_then(|item| item.boolean(check));
    let (ban, unban, start) = (ban?, unban?, start?);
    if ban.is_empty() && unban.is_empty() {
        let message = "nothing is run: neither `ban` nor `unban` is written";
        let finding = check::error(codes::MISSING_KEY, table.at, message);
        check.say(finding.help("add `ban = [\"/usr/local/sbin/deny\", \"{address}\"]`"));
    }
    Some(BanCommand {
        name: checked.ok()?,
        family: family.unwrap_or(Family::Dual),
        ban,
        unban,
        start,
        user: user?,
        timeout: timeout.unwrap_or(Duration::from_secs(60)),
        at_once: at_once.unwrap_or(1),
        restored: restored.unwrap_or(true),
        origin: Sited::new((), check.origin(item.named)),
    })
}

/// A program and its arguments, whose placeholders stand for something, or for nothing where there is
/// no ban.
fn arguments(check: &mut Check, item: Item<'_>, of_ban: bool) -> Option<Vec<String>> {
    let (path, args) = program::command(check, item)?;
    let entries = item.entries(check)?;
    for (at, entry) in entries.iter().enumerate() {
        for name in entry.text(check).map(placeholders).unwrap_or_default() {
            let known = BanCommand::PLACEHOLDERS.contains(&name);
            if known && of_ban && at > 0 {
                continue;
            }
            let (reason, help) = match known {
                true if at == 0 => ("stands in the program's path", None),
                true => ("stands for nothing before there is a ban", None),
                false => {
                    ("stands for nothing", nearest(name, BanCommand::PLACEHOLDERS.into_iter()))
                }
            };
            let message = format!("`{{{name}}}` {reason}");
            let help = match help {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!(
                    "in arguments of `ban` and `unban` {} stand for what they say; write a program \
                     of your own for anything else",
                    BanCommand::PLACEHOLDERS.map(|name| format!("`{{{name}}}`")).join(", ")
                ),
            };
            check.say(check::error(codes::BAD_VALUE, entry.at, message).help(help));
        }
    }
    Some(std::iter::once(path).chain(args).collect())
}

/// Words in braces that could be meant for placeholders.
fn placeholders(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let word = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    parts.map(|(name, _)| name).filter(word).collect()
}
