//! What changed from one configuration to the next, for the one who asked for a reload.

use crate::{Config, Service, ServiceKey};
use std::collections::BTreeMap;

/// One line for each service that came, went or changed, and for the settings; empty when both
/// mean the same.
#[must_use]
pub fn difference(old: &Config, new: &Config) -> Vec<String> {
    let by_key = |config: &'_ Config| -> BTreeMap<ServiceKey, Service> {
        config.services.iter().map(|s| (s.key.clone(), s.clone())).collect()
    };
    let (before, after) = (by_key(old), by_key(new));
    let mut lines = Vec::new();
    if old.settings != new.settings {
        lines.push("changed: the door's settings".to_owned());
    }
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    lines.extend(gone.map(|key| format!("removed: {key}")));
    for (key, service) in &after {
        match before.get(key) {
            None => lines.push(format!("added: {key}")),
            Some(was) => {
                let parts = changed(was, service);
                if !parts.is_empty() {
                    lines.push(format!("changed: {key}: {}", parts.join(", ")));
                }
            }
        }
    }
    lines
}

fn changed(old: &Service, new: &Service) -> Vec<&'static str> {
    let (a, b) = (&old.admission, &new.admission);
    [
        (old.name != new.name, "name"),
        (old.listen != new.listen, "addresses"),
        (old.socket != new.socket, "socket options"),
        (old.offer != new.offer, "what is behind it"),
        (a.lists != b.lists, "access lists"),
        (a.hours != b.hours, "hours"),
        (a.rate != b.rate, "rate"),
        (a.instances != b.instances, "instances"),
        (a.per_source != b.per_source, "per-source"),
        (a.load != b.load, "load"),
        (a.startups != b.startups, "startups"),
        (a.per_source_startups != b.per_source_startups, "per-source startups"),
        (a.grace != b.grace, "grace"),
        (a.authentication != b.authentication, "authentication"),
        (old.banners != new.banners, "banners"),
        (old.refusals != new.refusals, "refusals"),
        (old.ends.idle != new.ends.idle, "idle limit"),
        (old.ends.kill_after != new.ends.kill_after, "kill-after"),
        (old.log != new.log, "log"),
    ]
    .into_iter()
    .filter_map(|(differs, word)| differs.then_some(word))
    .collect()
}
