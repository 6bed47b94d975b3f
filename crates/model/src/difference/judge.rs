//! What changed in who judges, and in what becomes of bans.

use super::plain;
use crate::{BanPolicy, Config, Judge, Network};
use std::collections::BTreeMap;

/// One line for each judge that came, went or changed.
pub(super) fn difference(old: &Config, new: &Config) -> Vec<String> {
    let by_name = |config: &'_ Config| -> BTreeMap<String, Judge> {
        config.judges.iter().map(|judge| (judge.name.to_string(), judge.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut lines: Vec<_> = gone.map(|name| format!("removed: {name} (judge)")).collect();
    for (name, judge) in &after {
        match before.get(name) {
            None => lines.push(format!("added: {name} (judge)")),
            Some(was) if was != judge => {
                let parts = changed(was, judge).join(", ");
                lines.push(format!("changed: {name} (judge): {parts}"));
            }
            Some(_) => {}
        }
    }
    lines
}

fn changed(old: &Judge, new: &Judge) -> Vec<String> {
    let names = |networks: &[Network]| networks.iter().map(ToString::to_string).collect();
    let spares: [Vec<String>; 2] = [names(&old.spares), names(&new.spares)];
    let mut parts = Vec::from_iter(super::value::members("spares", &spares[0], &spares[1]));
    let same = parts.is_empty();
    parts.extend(plain([
        (same && old.spares != new.spares, "order of those it spares"),
        (old.hears != new.hears, "what it hears"),
        (old.tallies != new.tallies, "tallies"),
        (old.levels != new.levels, "levels"),
        (old.success != new.success, "on-success"),
        (old.term != new.term, "term"),
        (old.only != new.only, "only"),
    ]));
    parts
}

/// What changed in what becomes of bans.
pub(super) fn policy(old: &BanPolicy, new: &BanPolicy) -> Vec<String> {
    plain([
        (old.ends != new.ends, "what a ban ends"),
        (old.breaker != new.breaker, "breaker of bans"),
        (old.nftables != new.nftables, "nftables"),
        (old.hosts_deny != new.hosts_deny, "hosts-deny"),
        (old.commands != new.commands, "commands of bans"),
        (old.mail != new.mail, "mail about bans"),
    ])
}
