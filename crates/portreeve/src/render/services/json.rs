//! Services for programs.

use super::details::plan_changed;
use super::{Details, moment, signal, since, word};
use crate::service::{Kind, Place, Seen, Supervisor};
use portreeve_supervise::end::End;
use portreeve_supervise::label::Label;
use portreeve_supervise::state::{Given, Last, Ready};
use portreeve_supervise::status::Want;
use serde_json::{Value, json};

/// A list of them.
pub(crate) fn list(all: &[(Place, Seen)]) -> Value {
    all.iter().map(|(place, seen)| brief(place, seen)).collect()
}

/// A service of a list.
fn brief(place: &Place, seen: &Seen) -> Value {
    let runs = seen.supervisor == Supervisor::Runs;
    let status = seen.status.filter(|_| runs);
    json!({
        "name": place.name.to_string_lossy(),
        "path": place.path.to_string_lossy(),
        "kind": match place.kind {
            Kind::Native => "native",
            Kind::Listed(_) | Kind::Path => "directory",
        },
        "state": word(seen),
        "supervised": match seen.supervisor {
            Supervisor::Runs => Some(true),
            Supervisor::Away | Supervisor::Never => Some(false),
            Supervisor::Denied | Supervisor::Unknown(_) => None,
        },
        "pid": seen.pid().or(seen.left),
        "since": since(seen).and_then(time),
        "want": status.map(|status| match status.want {
            Want::Up => "up",
            Want::Down => "down",
            Want::Once => "once",
        }),
        "paused": status.map(|status| status.paused),
        "enabled": !seen.disabled,
        "ready": seen.state.and_then(|state| match state.ready {
            Ready::NotAsked => None,
            Ready::NotYet | Ready::Never => Some(false),
            Ready::Since(_) => Some(true),
        }),
        "ready-since": seen.state.and_then(|state| match state.ready {
            Ready::Since(since) => time(since),
            Ready::NotAsked | Ready::NotYet | Ready::Never => None,
        }),
        "last-end": seen.state.and_then(|state| state.last).map(|last| last_end(&last)),
        "short-lives": seen.state.map(|state| state.short),
        "flapping": seen.state.map(|state| state.flapping),
        "next-start": seen.state.and_then(|state| state.next).and_then(time),
        "held-back": seen.held.as_deref().map(|why| why.lines().collect::<Vec<_>>()),
        "given-up": seen.state.and_then(|state| state.given_up).map(|given| match given {
            Given::Limit => "limit",
            Given::Finish => "finish",
        }),
    })
}

fn time(label: Label) -> Option<String> {
    moment(label).map(|at| at.to_string())
}

fn last_end(last: &Last) -> Value {
    let (code, number) = match last.end {
        End::Code(code) => (Some(code), None),
        End::Signal(number) => (None, Some(number)),
        End::Unknown => (None, None),
    };
    json!({
        "code": code,
        "signal": number.map(signal),
        "at": time(last.at),
        "lived-ms": u64::try_from(last.lived.as_millis()).unwrap_or(u64::MAX),
    })
}

/// All about one.
pub(crate) fn full(one: &Details) -> Value {
    let mut value = brief(&one.place, &one.seen);
    value["plan-changed"] = plan_changed(one).into();
    let log = one.log.as_ref();
    value["log"] = log.ok().map(|(folder, _)| folder.to_string_lossy()).into();
    value["log-lines"] = log.ok().map(|(_, lines)| lines.clone()).into();
    value["log-trouble"] = log.err().cloned().into();
    value
}
