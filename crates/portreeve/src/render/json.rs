//! Answers as JSON. Names and shapes are written out here, so that they stay when types change.

use super::explain::{Report, Source};
use super::lines::{Escapes, harmless};
use crate::exit::Failure;
use crate::explain::suppose;
use crate::host::advice::Advice;
use portreeve_model::SupposedNames;
use portreeve_wire::control::{
    FirewallStatus, HelperStatus, ListStatus, ListenerStatus, ServiceStatus, Status, Step,
    TrialStatus,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A value as text: indented, harmless on a terminal, with its line feed.
pub(crate) fn text(value: &Value) -> String {
    format!("{value:#}").lines().map(|line| harmless(line, Escapes::Json)).collect()
}

/// `status`.
pub(crate) fn status(status: &Status, advice: &[Advice]) -> Value {
    json!({
        "version": status.version,
        "pid": status.pid,
        "uptime-ms": status.uptime,
        "stopping": status.stopping,
        "configuration": status.configuration,
        "sessions": status.sessions,
        "max-sessions": status.max_sessions,
        "delayed": status.delayed,
        "max-delayed": status.max_delayed,
        "delayed-crowded": status.delayed_crowded,
        "bans": status.bans,
        "newest-bans": status.newest_bans.iter().map(super::bans::json).collect::<Vec<_>>(),
        "bans-evicted": status.bans_evicted,
        "events-lost": status.events_lost,
        "exhausted": status.exhausted,
        "alarms": status.alarms,
        "cannot": status.cannot,
        "helpers": status.helpers.iter().map(helper).collect::<Vec<_>>(),
        "services": status.services.iter().map(|one| service(one, advice)).collect::<Vec<_>>(),
        "lists": status.lists.iter().map(list).collect::<Vec<_>>(),
        "watches": status.watches.iter().map(super::watches::json).collect::<Vec<_>>(),
        "judging": {
            "banned": status.judging.banned,
            "refused": status.judging.refused.iter().cloned().collect::<BTreeMap<_, _>>(),
            "known-good": status.judging.known_good,
            "breaker": status.judging.breaker.as_ref().map(|(why, left)| {
                json!({ "why": why, "left": left })
            }),
        },
        "offences": {
            "charged": status.offences.charged,
            "nobody": status.offences.nobody,
            "again": status.offences.again,
        },
        "enforcers": status.enforcers.iter().map(super::enforcers::json).collect::<Vec<_>>(),
        "firewall": status.firewall.as_ref().map(firewall),
        "trial": status.trial.as_ref().map(trial),
    })
}

fn firewall(firewall: &FirewallStatus) -> Value {
    json!({
        "table": firewall.table,
        "synchronised": firewall.synchronised,
        "waiting": firewall.waiting,
        "elements": firewall.elements,
        "dropped-packets": firewall.packets,
        "dropped-bytes": firewall.bytes,
        "changed": firewall.changed,
        "trouble": firewall.trouble,
    })
}

fn list(list: &ListStatus) -> Value {
    json!({
        "paths": list.paths,
        "entries": list.entries,
        "age-seconds": list.age,
        "changed": list.changed,
        "refused": list.refused,
    })
}

fn trial(trial: &TrialStatus) -> Value {
    json!({
        "number": trial.number,
        "seconds-left": trial.left,
        "kept": trial.kept,
    })
}

fn helper(helper: &HelperStatus) -> Value {
    json!({
        "name": helper.helper.name(),
        "pid": helper.pid,
        "restarts": helper.restarts,
        "trouble": helper.trouble,
    })
}

fn service(service: &ServiceStatus, advice: &[Advice]) -> Value {
    let advice = advice.iter().find(|advice| advice.service == service.key);
    let (admitted, refused) = service.last_minute;
    let reasons: Map<String, Value> =
        service.refused.iter().map(|(word, n)| (word.clone(), json!(n))).collect();
    json!({
        "key": service.key,
        "name": service.name,
        "offer": service.offer,
        "origin": service.origin,
        "problems": service.problems,
        "listeners": service.listeners.iter().map(listener).collect::<Vec<_>>(),
        "held-by": advice.map(|advice| &advice.holders),
        "takeover-steps": advice.map(|advice| &advice.steps),
        "endings": service.endings,
        "refusals": service.refusals,
        "sessions": service.sessions,
        "instances": service.instances,
        "startups": service.startups,
        "startups-by-age": service.startups_by_age,
        "paused-seconds": service.paused,
        "admitted": service.admitted,
        "refused": reasons,
        "last-minute": { "admitted": admitted, "refused": refused },
    })
}

fn listener(listener: &ListenerStatus) -> Value {
    json!({
        "address": listener.address.to_string(),
        "dual": listener.dual,
        "up": listener.down.is_none(),
        "reason": listener.down,
        "retry-seconds": listener.retry,
    })
}

/// `explain`.
pub(crate) fn explain(report: &Report) -> Value {
    let services = report.services.iter().map(|explained| {
        let explanation = &explained.explanation;
        json!({
            "service": explanation.service,
            "verdict": explanation.verdict,
            "reason": explanation.reason,
            "text": explanation.text,
            "then": explanation.then,
            "origin": explanation.origin,
            "line": explained.line,
            "down": explained.down,
            "steps": explanation.steps.iter().map(step).collect::<Vec<_>>(),
        })
    });
    json!({
        "peer": report.peer,
        "at": report.instant,
        "names": match &report.supposed.names {
            Some(SupposedNames::Confirmed(names)) => names.as_slice(),
            _ => &[],
        },
        "supposed": suppose::words(&report.supposed),
        "source": match report.source {
            Source::Door => "door",
            Source::Files(_) => "files",
        },
        "configuration": match &report.source {
            Source::Door => None,
            Source::Files(path) => Some(path),
        },
        "services": services.collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "row": step.row,
        "question": step.question,
        "answer": step.answer,
        "origin": step.origin,
        "word": step.word,
        "decided": step.decided,
        "after": step.after,
    })
}

/// A failure.
pub(crate) fn failure(failure: &Failure) -> Value {
    json!({
        "error": failure.message,
        "help": failure.help,
        "exit": failure.exit.status(),
    })
}

/// A failure as it is told: in JSON where that was asked for.
pub(crate) fn told(failure: &Failure, json: bool) -> String {
    match json {
        true => text(&self::failure(failure)),
        false => format!("portreeve: {failure}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::render::status::tests::sample;

    #[test]
    fn a_status_keeps_its_names() {
        let value = status(&sample(), &[]);
        assert_eq!(value["services"][0]["refused"]["per-source"], 4);
        assert_eq!(value["services"][0]["last-minute"]["admitted"], 10);
        assert_eq!(value["services"][0]["listeners"][2]["up"], false);
        assert_eq!(value["services"][0]["listeners"][1]["address"], "[::]:22");
        assert_eq!(value["helpers"][1]["name"], "relay");
    }

    #[test]
    fn nothing_of_outside_acts_on_the_terminal() {
        let value = json!({ "a": "\u{1b}[2J\u{9b}\u{202e}" });
        let shown = text(&value);
        assert_eq!(shown, "{\n  \"a\": \"\\u001b[2J\\u009b\\u202e\"\n}\n");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_failure_says_its_exit() {
        let value = failure(&Failure::new(Exit::Unavailable, "away").help("start it"));
        assert_eq!(value, json!({ "error": "away", "help": ["start it"], "exit": 69 }));
    }
}
