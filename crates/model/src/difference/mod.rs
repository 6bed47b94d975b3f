//! What changed from one configuration to the next, for the one who asked for a reload.

mod judge;
mod kept;
mod value;
mod watch;

use crate::{Admission, Config, DnsList, Rule, Service, ServiceKey, Settings, span};
use std::collections::BTreeMap;

/// One line for each service that came, went or changed, and for the settings; empty when both
/// mean the same. What changed is named with its values, as far as they fit into a line.
#[must_use]
pub fn difference(old: &Config, new: &Config) -> Vec<String> {
    let by_key = |config: &'_ Config| -> BTreeMap<ServiceKey, Service> {
        config.services.iter().map(|s| (s.key.clone(), s.clone())).collect()
    };
    let (before, after) = (by_key(old), by_key(new));
    let mut lines = Vec::new();
    if old.settings != new.settings {
        let parts = settings(&old.settings, &new.settings);
        lines.push(format!("changed: the door: {}", parts.join(", ")));
    }
    let files = |config: &Config| config.sources.iter().find_map(value::wrappers);
    let files = value::maybe("files", files(old), files(new));
    lines.extend(files.map(|files| format!("changed: hosts-access: {files}")));
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    lines.extend(gone.map(|key| format!("removed: {key}")));
    for (key, service) in &after {
        match before.get(key) {
            None => lines.push(format!("added: {key}")),
            Some(was) => {
                let mut parts = changed(was, service);
                let (was, is) = (value::rules(old, was), value::rules(new, service));
                parts.extend(value::maybe("rules", was, is));
                if !parts.is_empty() {
                    lines.push(format!("changed: {key}: {}", parts.join(", ")));
                }
            }
        }
    }
    lines.extend(kept::difference(old, new));
    lines.extend(watch::difference(old, new));
    lines.extend(judge::difference(old, new));
    lines
}

fn settings(old: &Settings, new: &Settings) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(value::now("max-sessions", &old.max_sessions, &new.max_sessions));
    let rules = |settings: &Settings| settings.never_ban.clone();
    parts.extend(value::members("never ban", &named(&rules(old)), &named(&rules(new))));
    parts.extend(plain([
        (old.never_ban != new.never_ban && parts.is_empty(), "order of the never-ban list"),
        (old.clerk_user != new.clerk_user, "clerk-user"),
        (old.relay_user != new.relay_user, "relay-user"),
        (old.control_group != new.control_group, "control-group"),
        (old.log != new.log, "log"),
        (old.delayed != new.delayed, "delayed"),
        (old.evidence != new.evidence, "evidence"),
    ]));
    parts.extend(judge::policy(&old.ban, &new.ban));
    parts
}

fn changed(old: &Service, new: &Service) -> Vec<String> {
    let (a, b) = (&old.admission, &new.admission);
    let mut parts = plain([
        (old.name != new.name, "name"),
        (old.socket != new.socket, "socket options"),
        (old.offer != new.offer, "what is behind it"),
    ]);
    let listen = |service: &Service| service.listen.iter().map(value::listen).collect::<Vec<_>>();
    parts.extend(value::members("addresses", &listen(old), &listen(new)));
    parts.extend(lists(a, b));
    let daemon = |admission: &Admission| admission.wrappers.as_ref().map(|it| it.daemon.clone());
    parts.extend(value::maybe("hosts-access", daemon(a), daemon(b)));
    parts.extend(dns_lists(a, b));
    parts.extend(limits(a, b));
    let (ends, after) = (&old.ends, &new.ends);
    parts.extend(value::maybe("idle", value::time(ends.idle), value::time(after.idle)));
    parts.extend(value::now("kill-after", &span(ends.kill_after), &span(after.kill_after)));
    parts.extend(plain([
        (a.authentication != b.authentication, "authentication"),
        (old.banners != new.banners, "banners"),
        (old.refusals != new.refusals, "refusals"),
        (old.log != new.log, "log"),
    ]));
    parts
}

/// Rules that came and went; where none did and the lists differ all the same, that they do.
fn lists(old: &Admission, new: &Admission) -> Vec<String> {
    let allow = |admission: &Admission| -> Vec<Rule> {
        let lists = admission.lists.iter().filter_map(|list| list.allow.as_ref());
        lists.flat_map(|list| list.rules.clone()).collect()
    };
    let deny = |admission: &Admission| -> Vec<Rule> {
        admission.lists.iter().flat_map(|list| list.deny.clone()).collect()
    };
    let mut parts = Vec::new();
    parts.extend(value::members("allow", &named(&allow(old)), &named(&allow(new))));
    parts.extend(value::members("deny", &named(&deny(old)), &named(&deny(new))));
    if parts.is_empty() && old.lists != new.lists {
        parts.push("access lists".to_owned());
    }
    parts
}

/// DNS lists that came and went; where none did and they differ all the same, that they do.
fn dns_lists(old: &Admission, new: &Admission) -> Vec<String> {
    let names = |lists: &[DnsList]| -> Vec<String> {
        lists.iter().map(|list| list.zone.name.clone()).collect()
    };
    let (a, b) = (&old.dns_lists, &new.dns_lists);
    let mut parts = Vec::new();
    parts.extend(value::members("deny-listed", &names(&a.deny), &names(&b.deny)));
    parts.extend(value::members("except-listed", &names(&a.except), &names(&b.except)));
    if parts.is_empty() && a != b {
        parts.push("DNS lists".to_owned());
    }
    parts
}

fn limits(a: &Admission, b: &Admission) -> Vec<String> {
    let one = value::maybe;
    [
        one("hours", a.hours.as_ref().map(value::hours), b.hours.as_ref().map(value::hours)),
        one("rate", a.rate.map(|r| value::rate(&r.value)), b.rate.map(|r| value::rate(&r.value))),
        one("instances", value::number(a.instances), value::number(b.instances)),
        one("per-source", value::sources(a.per_source), value::sources(b.per_source)),
        one("load", a.load.map(|l| value::load(l.value)), b.load.map(|l| value::load(l.value))),
        one("startups", value::startups(a.startups), value::startups(b.startups)),
        one(
            "per-source startups",
            value::sources(a.per_source_startups),
            value::sources(b.per_source_startups),
        ),
        one("grace", value::time(a.grace), value::time(b.grace)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Rules as they are compared: by what they mean.
fn named(rules: &[Rule]) -> Vec<String> {
    rules.iter().map(|rule| rule.pattern.to_string()).collect()
}

fn plain<const N: usize>(parts: [(bool, &str); N]) -> Vec<String> {
    let differing = parts.into_iter().filter(|(differs, _)| *differs);
    differing.map(|(_, word)| word.to_owned()).collect()
}

#[cfg(test)]
mod tests;
