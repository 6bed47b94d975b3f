//! The ancestor's outcome without the defect.

use super::super::outcome::Outcome;
use super::super::{Input, LogLine};
use super::when;
use serde_json::Value;

/// The place of a line's word that says where the peer is.
fn is_from(line: &LogLine, peer: &str) -> bool {
    let mut from = line.rest.split(' ').filter_map(|word| word.strip_prefix("from="));
    from.next().is_none_or(|from| from == peer || from == format!("::ffff:{peer}"))
}

/// An IPv4 peer is called by its IPv4 address.
pub(super) fn mapped(i: &Input<'_>, outcome: &mut Outcome) {
    let peer = i.visit.peer.to_string();
    let long = format!("::ffff:{peer}");
    for line in &mut outcome.log {
        let word = |word: &str| match word.strip_prefix("from=") {
            Some(from) if from == long => format!("from={peer}"),
            Some(_) | None => word.to_owned(),
        };
        line.rest = line.rest.split(' ').map(word).collect::<Vec<_>>().join(" ");
    }
    let told = outcome.told.get_mut(i.nth).and_then(|told| told.report.as_mut());
    if let Some(name) = told.and_then(|report| report.pointer_mut("/environment/REMOTE_HOST"))
        && *name == Value::String(long)
    {
        *name = Value::String(peer);
    }
}

/// Who is refused leaves no START and no EXIT. Which of several equal ones goes makes no difference.
pub(super) fn early_start(i: &Input<'_>, outcome: &mut Outcome) {
    let peer = i.visit.peer.to_string();
    let id = i.entry.map_or("", |entry| entry.id());
    let start = outcome
        .log
        .iter()
        .rposition(|line| line.kind == "START" && line.id == id && is_from(line, &peer));
    let Some(start) = start.map(|at| outcome.log.remove(at)) else { return };
    let pid = |line: &LogLine| {
        line.rest.split(' ').find(|word| word.starts_with("pid=")).map(str::to_owned)
    };
    let exit = outcome
        .log
        .iter()
        .position(|line| line.kind == "EXIT" && line.id == id && pid(line) == pid(&start));
    if let Some(exit) = exit {
        outcome.log.remove(exit);
    }
}

/// Who is not on the list is refused for that, not for want of a place.
pub(super) fn address_first(i: &Input<'_>, outcome: &mut Outcome) {
    let peer = i.visit.peer.to_string();
    for line in &mut outcome.log {
        if line.kind == "FAIL" && is_from(line, &peer) {
            for limit in ["service_limit", "per_source_limit"] {
                line.rest = line.rest.replace(limit, "address");
            }
        }
    }
}

/// A banner does not depend on the user's rights.
pub(super) fn secret_banner(i: &Input<'_>, outcome: &mut Outcome) {
    if let (Some(banner), Some(told)) = (when::secret(i), outcome.told.get_mut(i.nth)) {
        told.words += &banner;
    }
}

/// The niceness asked for.
pub(super) fn niceness(i: &Input<'_>, outcome: &mut Outcome) {
    let told = outcome.told.get_mut(i.nth).and_then(|told| told.report.as_mut());
    if let (Some(nice), Some(report)) = (i.word("nice"), told) {
        report["nice"] = Value::String(nice.to_owned());
    }
}

/// A program that cannot be executed is a failure with a status of its own.
pub(super) fn exec_status(i: &Input<'_>, outcome: &mut Outcome) {
    for line in &mut outcome.log {
        if line.kind == "EXIT" {
            line.rest = line.rest.replace("status=0", "status=127");
        }
    }
    let fail = outcome.log.first().map(|line| LogLine {
        kind: "FAIL".into(),
        rest: format!("fork from={}", i.visit.peer),
        ..line.clone()
    });
    outcome.log.extend(fail);
}

/// Internal services have no process.
pub(super) fn no_process(_: &Input<'_>, outcome: &mut Outcome) {
    for line in &mut outcome.log {
        let words = line.rest.split(' ').filter(|word| !word.starts_with("pid="));
        line.rest = words.collect::<Vec<_>>().join(" ");
    }
}

/// Who has no ident server is refused before anything is started.
pub(super) fn no_name(i: &Input<'_>, outcome: &mut Outcome) {
    outcome.log.retain(|line| line.kind == "NOID");
    for line in &mut outcome.log {
        line.kind = "FAIL".into();
        line.rest = format!("address from={}", i.visit.peer);
    }
}

/// Who is refused is not asked for a name.
pub(super) fn not_asked(_: &Input<'_>, outcome: &mut Outcome) {
    outcome.log.retain(|line| line.kind != "USERID");
}
