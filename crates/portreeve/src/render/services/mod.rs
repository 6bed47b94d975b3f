//! Kept services, as text and JSON.

mod details;
mod json;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use details::{Details, details};
pub(crate) use json::{full, list};
pub(crate) use table::{section, table};

use super::Ink;
use super::text::span;
use crate::service::{Seen, Supervisor};
use jiff::Timestamp;
use portreeve_model::Signal;
use portreeve_supervise::end::End;
use portreeve_supervise::label::Label;
use portreeve_supervise::state::{Given, Last, Phase, Ready, State};
use portreeve_supervise::status::{Status, Want};
use std::time::Duration;

/// How a service is, in a word.
pub(crate) fn word(seen: &Seen) -> &'static str {
    match (&seen.supervisor, seen.status) {
        (Supervisor::Denied, _) => "hidden",
        (Supervisor::Unknown(_), _) => "unknown",
        (Supervisor::Away | Supervisor::Never, _) if seen.left.is_some() => "left alone",
        (Supervisor::Never, _) if seen.held.is_some() => "held back",
        (Supervisor::Away | Supervisor::Never, _) => "unsupervised",
        (Supervisor::Runs, None) => "unknown",
        (Supervisor::Runs, Some(status)) => match &seen.state {
            None => word_of(status),
            Some(state) => word_of_state(status, state),
        },
    }
}

fn word_of_state(status: Status, state: &State) -> &'static str {
    match (state.phase, state.ready) {
        (Phase::Up, _) if status.want == Want::Down || status.paused => word_of(status),
        (Phase::Up | Phase::Waiting, _) if state.flapping => "flapping",
        (Phase::Up, Ready::NotYet) => "starting",
        (Phase::Up, Ready::Since(_)) => "ready",
        (Phase::Up, Ready::NotAsked | Ready::Never) => "up",
        (Phase::Waiting, _) => "waiting",
        (Phase::Finishing, _) => "finishing",
        (Phase::Down, _) if state.given_up.is_some() => "failed",
        (Phase::Down, _) => "down",
    }
}

/// How a service ended, as one says it.
pub(crate) fn end(last: &Last) -> String {
    format!("{}, after {}", how(last.end), lived(last.lived))
}

/// `by exit code 3`, `by SIGKILL`.
fn how(end: End) -> String {
    match end {
        End::Code(code) => format!("by exit code {code}"),
        End::Signal(number) => format!("by {}", signal(number)),
        End::Unknown => "in a way that nobody saw".to_owned(),
    }
}

/// A signal's name; the number of one that has none.
fn signal(number: u8) -> String {
    match Signal::from_number(number.into()) {
        Some(signal) if signal.to_string().starts_with(|c: char| c.is_ascii_alphabetic()) => {
            format!("SIG{signal}")
        }
        _ => format!("signal {number}"),
    }
}

/// A short time by milliseconds, a longer one by seconds and more.
fn lived(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { span(time) }
}

/// Why a service that is wanted up is not started again.
pub(crate) fn given_up(given: Given) -> &'static str {
    match given {
        Given::Limit => "it ended too soon too often, and is not started again",
        Given::Finish => "its finish says that it must not be started again (exit code 125)",
    }
}

fn word_of(status: Status) -> &'static str {
    match (status.pid != 0, status.want) {
        (true, Want::Down) => "ending",
        (true, _) if status.paused => "paused",
        (true, Want::Up | Want::Once) => "up",
        (false, Want::Up) => "waiting",
        (false, Want::Down | Want::Once) => "down",
    }
}

fn meaning(seen: &Seen) -> Ink {
    match word(seen) {
        "up" | "ready" => Ink::Good,
        "down" => Ink::Faint,
        "unsupervised" | "left alone" | "held back" | "failed" | "flapping" => Ink::Bad,
        _ => Ink::Care,
    }
}

/// When a label was, if any calendar has it.
fn moment(label: Label) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(label.nanoseconds().min(999_999_999)).ok()?;
    Timestamp::new(label.unix_seconds()?, nanoseconds).ok()
}

/// How long ago; a moment to come is now.
fn age(label: Label, now: Timestamp) -> Option<Duration> {
    let since = now.duration_since(moment(label)?);
    Some(Duration::try_from(since).unwrap_or_default())
}

/// Since when it is as it is, where anybody says that it is so still.
fn since(seen: &Seen) -> Option<Label> {
    let runs = seen.supervisor == Supervisor::Runs;
    let status = seen.status.filter(|_| runs).map(|status| status.since);
    seen.state.map(|state| state.since).or(status)
}
