//! The door's status, as text.

use super::text::{count, span, visible, wrap};
use super::{Ink, WIDTH, ink};
use crate::host::advice::Advice;
use portreeve_diag::Paint;
use portreeve_wire::clerk::{BanRecord, BookedCounts};
use portreeve_wire::control::{
    FirewallStatus, HelperStatus, JudgingStatus, ListStatus, ListenerStatus, ServiceStatus, Status,
};
use std::time::Duration;

/// Columns of the words at the start of a line.
const KEYS: usize = 16;

/// All of it: the door, what needs mending, the services, the helpers.
pub(crate) fn status(status: &Status, advice: &[Advice], paint: Paint) -> String {
    let mut out = door(status, paint);
    if let Some(trial) = status.trial.filter(|trial| trial.kept.is_none()) {
        let left = span(Duration::from_secs(trial.left.into()));
        let text = format!(
            "the configuration in force is on trial: the one before comes back in {left}, unless \
             `portreeve confirm` is run from a new connection"
        );
        out.push_str(&entry("trial", &text, paint, Ink::Care));
    }
    for (word, texts) in [("mend", &status.alarms), ("cannot", &status.cannot)] {
        for text in texts {
            out.push_str(&entry(word, &visible(text), paint, Ink::Care));
        }
    }
    if let Some(what) = &status.exhausted {
        let text = format!("out of {}: accepting pauses until some are free", visible(what));
        out.push_str(&entry("short", &text, paint, Ink::Bad));
    }
    for service in &status.services {
        out.push('\n');
        let advice = advice.iter().find(|advice| advice.service == service.key);
        out.push_str(&one_service(service, advice, paint));
    }
    if !status.lists.is_empty() {
        out.push_str(&format!("\n{}\n", ink(paint, Ink::Name, "lists")));
    }
    for list in &status.lists {
        out.push_str(&one_list(list, paint));
    }
    for watch in &status.watches {
        out.push('\n');
        out.push_str(&super::watches::text(watch, paint));
    }
    if !status.enforcers.is_empty() {
        out.push_str(&format!("\n{}\n", ink(paint, Ink::Name, "enforcers")));
    }
    for enforcer in &status.enforcers {
        out.push_str(&super::enforcers::text(enforcer, paint));
    }
    out.push_str(&format!("\n{}\n", ink(paint, Ink::Name, "helpers")));
    for helper in &status.helpers {
        out.push_str(&one_helper(helper, paint));
    }
    out
}

fn door(status: &Status, paint: Paint) -> String {
    let (word, meaning) =
        if status.stopping { ("closing", Ink::Care) } else { ("open", Ink::Good) };
    let since = span(Duration::from_millis(status.uptime));
    let mut out = format!(
        "The door is {}, process {}, portreeve {}, up {since}.\n",
        ink(paint, meaning, word),
        status.pid,
        visible(&status.version),
    );
    let plain = |key, text: &str| entry(key, text, Paint::Plain, Ink::Faint);
    out.push_str(&plain("configuration", &visible(&status.configuration)));
    out.push_str(&plain("sessions", &format!("{} of {}", status.sessions, status.max_sessions)));
    if status.delayed > 0 || status.delayed_crowded > 0 {
        let crowded = match status.delayed_crowded {
            0 => String::new(),
            n => format!("; {n} closed at once for want of a place"),
        };
        let text = format!("{} of {} refused peers{crowded}", status.delayed, status.max_delayed);
        out.push_str(&plain("delayed", &text));
    }
    let crowded = match status.bans_evicted {
        0 => String::new(),
        n => format!(", {n} crowded out by newer ones"),
    };
    out.push_str(&plain("bans", &format!("{}{crowded}", status.bans)));
    if let Some(firewall) = &status.firewall {
        let meaning = match (&firewall.trouble, firewall.synchronised) {
            (Some(_), _) => Ink::Bad,
            (None, false) => Ink::Care,
            (None, true) => Ink::Good,
        };
        out.push_str(&entry("in the kernel", &in_kernel(firewall), paint, meaning));
    }
    if !status.newest_bans.is_empty() {
        let newest: Vec<_> = status.newest_bans.iter().map(newest_ban).collect();
        out.push_str(&plain("newest of them", &newest.join("; ")));
    }
    if status.offences != BookedCounts::default() {
        let BookedCounts { charged, nobody, again } = status.offences;
        let text =
            format!("{charged} charged, {nobody} that name nobody for certain, {again} told again");
        out.push_str(&plain("offences", &text));
    }
    out.push_str(&judging(&status.judging, paint));
    if status.events_lost > 0 {
        let text = format!("{} lost: the clerk was too slow", count(status.events_lost, "event"));
        out.push_str(&entry("events", &text, paint, Ink::Care));
    }
    out
}

/// Bans in the kernel's packet filter: what its table holds, has done, and lacks.
fn in_kernel(firewall: &FirewallStatus) -> String {
    let mut text = format!("table inet {}", visible(&firewall.table));
    if let Some(elements) = firewall.elements {
        text.push_str(&format!(", {elements} in its sets"));
    }
    text.push_str(&format!(", {} dropped", count(firewall.packets, "packet")));
    if let Some(trouble) = &firewall.trouble {
        text.push_str(&format!("; {}", visible(trouble)));
    } else if !firewall.synchronised {
        text.push_str("; it is being filled");
    }
    match firewall.changed {
        0 => {}
        1 => text.push_str("; another program changed it once"),
        n => text.push_str(&format!("; other programs changed it {n} times")),
    }
    text
}

/// What became of what judges asked for.
fn judging(judging: &JudgingStatus, paint: Paint) -> String {
    let mut out = String::new();
    let refused = judging.refused.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    if judging.banned > 0 || refused > 0 {
        let words: Vec<_> =
            judging.refused.iter().map(|(word, n)| format!("{} {n}", visible(word))).collect();
        let words =
            if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
        let text = format!("{} bans made, {refused} refused{words}", judging.banned);
        out.push_str(&entry("judges", &text, Paint::Plain, Ink::Faint));
    }
    if let Some((why, seconds)) = &judging.breaker {
        let left = span(Duration::from_secs((*seconds).into()));
        let text = format!("open for {left} more: {}", visible(why));
        out.push_str(&entry("breaker", &text, paint, Ink::Bad));
    }
    out
}

/// `203.0.113.7 (telnet)`, `192.0.2.0/24 (by hand, uid 0)`.
fn newest_ban(ban: &BanRecord) -> String {
    let from = if ban.service.is_empty() { ban.origin.as_deref() } else { Some(&*ban.service) };
    let from = from.map(|from| format!(" ({})", visible(from))).unwrap_or_default();
    format!("{}{from}", ban.network)
}

fn one_service(service: &ServiceStatus, advice: Option<&Advice>, paint: Paint) -> String {
    let mut out = heading(&visible(&service.key), &visible(&service.offer), paint);
    let plain = |key, text: &str| entry(key, text, Paint::Plain, Ink::Faint);
    for problem in &service.problems {
        out.push_str(&entry("down", &visible(problem), paint, Ink::Bad));
    }
    out.push_str(&listeners(&service.listeners, paint));
    out.push_str(&advice.map(|advice| advised(advice, paint)).unwrap_or_default());
    out.push_str(&plain("sessions", &sessions(service)));
    if let Some(endings) = &service.endings {
        out.push_str(&plain("endings", &visible(endings)));
    }
    if let Some(refusals) = &service.refusals {
        out.push_str(&plain("refusals", &visible(refusals)));
    }
    if let Some(seconds) = service.paused {
        let left = span(Duration::from_secs(seconds.into()));
        let text = format!("its rate was passed; it admits again in {left}");
        out.push_str(&entry("paused", &text, paint, Ink::Care));
    }
    let (admitted, refused) = service.last_minute;
    out.push_str(&plain("last minute", &format!("{admitted} admitted, {refused} refused")));
    out.push_str(&plain("since the start", &totals(service)));
    out.push_str(&entry("written at", &visible(&service.origin), paint, Ink::Faint));
    out
}

/// A service's name, and what it offers at the right edge where both fit.
fn heading(key: &str, offer: &str, paint: Paint) -> String {
    let used = key.chars().count() + offer.chars().count();
    let name = ink(paint, Ink::Name, key);
    match WIDTH.checked_sub(used) {
        Some(gap) if gap >= 2 => format!("{name}{:gap$}{}\n", "", ink(paint, Ink::Faint, offer)),
        _ => format!("{name}\n{}", entry("offer", offer, paint, Ink::Faint)),
    }
}

fn listeners(listeners: &[ListenerStatus], paint: Paint) -> String {
    let (up, down): (Vec<_>, Vec<_>) = listeners.iter().partition(|one| one.down.is_none());
    let address = |one: &ListenerStatus| match one.dual {
        true => format!("{} (with IPv4)", one.address),
        false => one.address.to_string(),
    };
    let mut out = String::new();
    if !up.is_empty() {
        let all: Vec<_> = up.iter().map(|one| address(one)).collect();
        out.push_str(&entry("listens on", &all.join(", "), paint, Ink::Good));
    }
    for one in down {
        let reason = visible(one.down.as_deref().unwrap_or_default());
        let retry = one.retry.map(|seconds| {
            format!("; tried again in {}", span(Duration::from_secs(seconds.into())))
        });
        let text = format!("{}: {reason}{}", address(one), retry.unwrap_or_default());
        out.push_str(&entry("not on", &text, paint, Ink::Bad));
    }
    out
}

/// Who has the addresses, and what to do about it. Lines to copy are not broken.
fn advised(advice: &Advice, paint: Paint) -> String {
    let mut out = String::new();
    for holder in &advice.holders {
        out.push_str(&entry("held by", &visible(holder), paint, Ink::Care));
    }
    for (index, step) in advice.steps.iter().enumerate() {
        let word = if index == 0 { "to take it over" } else { "" };
        out.push_str(&format!("  {word:<KEYS$}{}\n", visible(step)));
    }
    if let Some(takeover) = &advice.takeover {
        out.push_str(&format!("  {:<KEYS$}{}\n", "or, undone", visible(takeover)));
        out.push_str(&format!("  {:<KEYS$}unless you confirm it from a new connection\n", ""));
    }
    for note in &advice.notes {
        out.push_str(&entry("mind", &visible(note), paint, Ink::Faint));
    }
    out
}

fn sessions(service: &ServiceStatus) -> String {
    let limit = service.instances.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let startups = match (service.startups, service.startups_by_age) {
        (0, _) => String::new(),
        (n, false) => format!("; startups: {n}"),
        (n, true) => format!("; startups (by age): {n}"),
    };
    format!("{}{limit}{startups}", service.sessions)
}

fn totals(service: &ServiceStatus) -> String {
    let sum = service.refused.iter().fold(0u64, |sum, (_, n)| sum.saturating_add(*n));
    let words: Vec<_> = service.refused.iter().filter(|(_, n)| *n > 0).collect();
    let list: Vec<_> = words.iter().map(|(word, n)| format!("{} {n}", visible(word))).collect();
    let reasons = if list.is_empty() { String::new() } else { format!(": {}", list.join(", ")) };
    format!("{} admitted, {sum} refused{reasons}", service.admitted)
}

/// What access lists are read from: what of it is in force, and why that is not the newest.
fn one_list(list: &ListStatus, paint: Paint) -> String {
    let paths: Vec<_> = list.paths.iter().map(|path| visible(path)).collect();
    let (word, meaning) = match (list.entries, &list.refused) {
        (None, _) => ("unread", Ink::Bad),
        (Some(_), None) => ("in force", Ink::Good),
        (Some(_), Some(_)) => ("kept", Ink::Care),
    };
    let mut text = paths.join(", ");
    if let Some(entries) = list.entries {
        let age = span(Duration::from_secs(list.age));
        text.push_str(&format!(": {}, read {age} ago", counted(entries)));
    }
    if list.changed {
        text.push_str("; it has changed since, and is about to be read");
    }
    if let Some(why) = &list.refused {
        text.push_str(&format!("; what it holds now cannot be used: {}", visible(why)));
    }
    entry(word, &text, paint, meaning)
}

fn counted(entries: u64) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

fn one_helper(helper: &HelperStatus, paint: Paint) -> String {
    let process = helper.pid.map(|pid| format!("process {pid}"));
    let restarts = match helper.restarts {
        0 => None,
        1 => Some("1 restart".to_owned()),
        n => Some(format!("{n} restarts")),
    };
    let trouble = helper.trouble.as_deref().map(visible);
    let meaning = if trouble.is_some() { Ink::Care } else { Ink::Good };
    let parts: Vec<_> = [process, trouble, restarts].into_iter().flatten().collect();
    let text = if parts.is_empty() { "not running".to_owned() } else { parts.join("; ") };
    entry(helper.helper.name(), &text, paint, meaning)
}

/// `  word            text`, broken under the text; the word in its colour.
pub(super) fn entry(word: &str, text: &str, paint: Paint, meaning: Ink) -> String {
    let head = format!("  {word:<KEYS$}");
    let line = wrap(&head, text);
    match line.strip_prefix(&format!("  {word}")) {
        Some(rest) => format!("  {}{rest}", ink(paint, meaning, word)),
        None => line,
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
pub(crate) mod tests;
