//! The program of a service and everything set before it runs.

use super::fields::Fields;
use super::item::Item;
use super::log::absolute;
use super::raw::Value;
use super::settings::account;
use super::{environment, limits};
use crate::check::Check;
use portreeve_model::{Argv0, Groups, Principal, Program, Stderr, Syslog};

/// Keys about the program: without `run` they mean nothing.
pub(super) const KEYS: [&str; 19] = [
    "argv0",
    "user",
    "group",
    "groups",
    "umask",
    "nice",
    "limits",
    "environment",
    "directory",
    "chroot",
    "no-new-privs",
    "new-session",
    "stderr",
    "syslog",
    "startups",
    "per-source-startups",
    "grace",
    "watch",
    "notify",
];

/// The program that `run` names; `None` when that cannot be read.
pub(super) fn read(
    check: &mut Check,
    fields: Fields<'_>,
    run: Option<Item<'_>>,
) -> Option<Program> {
    let command = run.and_then(|item| command(check, item));
    let argv0 = fields.get("argv0").and_then(|item| item.text(check));
    let mut flag = |name, otherwise| {
        fields.get(name).and_then(|item: Item<'_>| item.boolean(check)).unwrap_or(otherwise)
    };
    let (no_new_privs, new_session) = (flag("no-new-privs", false), flag("new-session", true));
    let words = [("evidence", Stderr::Evidence), ("socket", Stderr::Socket)];
    let stderr = fields.get("stderr").and_then(|item| item.one_of(check, &words));
    let words = [("host", Syslog::Host), ("private", Syslog::Private)];
    let syslog = fields.get("syslog").and_then(|item| item.one_of(check, &words));
    let mut path = |name| fields.get(name).and_then(|item| item.parsed(check, absolute));
    let (directory, chroot) = (path("directory"), path("chroot"));
    let nice = fields.get("nice").and_then(|item| item.number(check, -20..=19));
    let program = Program {
        path: String::new(),
        argv0: argv0.map_or(Argv0::BaseName, |word| Argv0::Given(word.to_owned())),
        args: Vec::new(),
        user: fields.get("user").and_then(|item| principal(check, item)),
        group: fields.get("group").and_then(|item| principal(check, item)),
        groups: fields.get("groups").map(|item| groups(check, item)).unwrap_or_default(),
        umask: fields.get("umask").and_then(|item| umask(check, item)),
        nice: nice.and_then(|n| i32::try_from(n).ok()),
        limits: limits::read(check, fields),
        environment: environment::read(check, fields),
        directory,
        chroot,
        no_new_privs,
        new_session,
        stderr: stderr.unwrap_or_default(),
        syslog: syslog.unwrap_or_default(),
    };
    let (path, args) = command?;
    Some(Program { path, args, ..program })
}

/// A list of a program's path and its arguments.
pub(super) fn command(check: &mut Check, item: Item<'_>) -> Option<(String, Vec<String>)> {
    let entries = item.entries(check)?;
    let Some((first, rest)) = entries.split_first() else {
        item.refuse(check, "the list is empty");
        return None;
    };
    let path = first.parsed(check, absolute);
    let args: Vec<_> = rest.iter().map(|entry| entry.text(check).map(str::to_owned)).collect();
    Some((path?, args.into_iter().collect::<Option<Vec<_>>>()?))
}

/// A name, or a number in digits or quotes.
pub(super) fn principal(check: &mut Check, item: Item<'_>) -> Option<Principal> {
    if item.integer().is_some() {
        return item.count(check, 0..=u32::MAX - 1).map(Principal::Number);
    }
    item.parsed(check, |text| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits && number < u32::MAX => Ok(Principal::Number(number)),
            _ if digits => Err(format!("`{text}` is past the largest number")),
            _ => account(text).map(Principal::Name),
        }
    })
}

fn groups(check: &mut Check, item: Item<'_>) -> Groups {
    if item.is_list() {
        let entries = item.entries(check).unwrap_or_default().into_iter();
        return Groups::List(entries.filter_map(|entry| principal(check, entry)).collect());
    }
    match item.text(check) {
        Some("none") | None => Groups::None,
        Some("of-user") => Groups::OfUser,
        Some(other) => {
            item.refuse(check, &format!("`{other}` is none of its words"));
            Groups::None
        }
    }
}

fn umask(check: &mut Check, item: Item<'_>) -> Option<u32> {
    if let Value::Integer(digits, 8) = item.value {
        let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= 0o777);
        if mask.is_none() {
            item.refuse(check, "past 0777");
        }
        return mask;
    }
    item.parsed(check, |text| {
        let octal = !text.is_empty() && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let mask = u32::from_str_radix(text, 8).ok().filter(|mask| octal && *mask <= 0o777);
        mask.ok_or_else(|| format!("`{text}` is no octal number up to 0777"))
    })
}
