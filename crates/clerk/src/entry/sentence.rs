//! What an entry tells people.

use crate::entry::layout::Tone::{Bad, Good, Plain, Quiet, Warning};
use crate::entry::layout::{Colour, Told, Tone, lay_out};
use crate::entry::{Cost, Dated, Entry, HowEnded, Loser, Session, Target, stamp};
use jiff::tz::TimeZone;
use std::net::{IpAddr, SocketAddr};

/// A line of the log for people. One that cannot be read (of another build, or edited) is given as
/// it is.
pub(crate) fn tell(json: &str, zone: &TimeZone, colour: Colour) -> String {
    let line = json.trim_end_matches('\n');
    let (at, told) = match serde_json::from_str::<Dated>(line) {
        Ok(dated) => {
            let at = stamp::read(&dated.at).map(|ms| stamp::short(ms, zone));
            (at.unwrap_or_default(), told(&dated.entry, zone))
        }
        Err(_) => (String::new(), sentence(Plain, None, line.into())),
    };
    lay_out(&at, &told, colour)
}

fn sentence(tone: Tone, service: Option<&String>, text: String) -> Told {
    Told { tone, service: service.cloned(), text }
}

fn of(session: &Session, tone: Tone, text: &str) -> Told {
    sentence(tone, Some(&session.service), format!("session {} {text}", session.session))
}

fn end(address: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address, port)
}

fn at(origin: Option<&String>) -> String {
    origin.map(|origin| format!(" ({origin})")).unwrap_or_default()
}

/// The one service that a ban is out of.
fn out_of(only: Option<&String>) -> String {
    only.map(|only| format!(" of {only}")).unwrap_or_default()
}

fn count(number: impl Into<u64>, one: &str, many: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// What an entry tells people.
#[expect(clippy::too_many_lines, reason = "one arm for each entry, counted by the compiler")]
pub(crate) fn told(entry: &Entry, zone: &TimeZone) -> Told {
    match entry {
        Entry::DoorOpened { version, pid, services } => {
            let services = count(*services, "service", "services");
            sentence(
                Good,
                None,
                format!("the door is open: portreeve {version}, {services}, process {pid}"),
            )
        }
        Entry::DoorSucceeded { from, version, pid, sessions, lost } => {
            let open = count(*sessions, "session goes on", "sessions go on");
            let text = format!(
                "the door was taken over: portreeve {version} after {from}, process {pid}; {open}"
            );
            match lost.as_slice() {
                [] => sentence(Good, None, text),
                some => sentence(Warning, None, format!("{text}; lost: {}", some.join("; "))),
            }
        }
        Entry::DoorClosing { sessions } => {
            let open = count(*sessions, "session goes on", "sessions go on");
            sentence(Plain, None, format!("no more connections are taken; {open}"))
        }
        Entry::ListenerUp { service, address, port, dual } => {
            let both = if *dual { ", for IPv4 as well" } else { "" };
            sentence(Good, Some(service), format!("listening on {}{both}", end(*address, *port)))
        }
        Entry::ListenerDown { service, address, port, reason, retry } => {
            let text = format!(
                "not listening on {}: {reason}; next try in {retry} s",
                end(*address, *port)
            );
            sentence(Warning, Some(service), text)
        }
        Entry::ServiceDown { service, reason, origin } => {
            sentence(Warning, Some(service), format!("down: {reason}{}", at(origin.as_ref())))
        }
        Entry::ServiceKept { service, new } => {
            let told = if *new { "is kept up" } else { "is another from its next start" };
            sentence(Plain, Some(service), told.into())
        }
        Entry::ServiceReleased { service } => {
            sentence(Plain, Some(service), "is no longer kept up".into())
        }
        Entry::ServiceUp { service } => sentence(Good, Some(service), "up again".into()),
        Entry::SessionStarted { session } => {
            let process = session.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
            of(session, Good, &format!("from {}{process}", end(session.peer, session.peer_port)))
        }
        Entry::Authenticated { session } => of(session, Good, "has authenticated"),
        Entry::GracePassed { session, ended } => {
            let then = if *ended { "it is ended" } else { "it goes on" };
            of(session, Plain, &format!("has not authenticated in time; {then}"))
        }
        Entry::StartFailed { session, reason } => {
            of(session, Warning, &format!("could not be started: {reason}"))
        }
        Entry::SessionEnding { session, reason, by_uid } => {
            let why = match (reason.as_str(), by_uid) {
                ("command", Some(uid)) => format!("is ended by uid {uid}"),
                ("grace", _) => "is ended: it has not authenticated in time".into(),
                ("idle", _) => "is ended: no data has moved for too long".into(),
                ("shutdown", _) => "is ended: the door closes".into(),
                (reason, _) => format!("is ended: {reason}"),
            };
            of(session, Plain, &why)
        }
        Entry::SessionEnded { session, ending, status, signal, duration_ms, reason } => {
            let how = match (ending, status, signal) {
                (HowEnded::Exit, Some(status), _) => format!(" with status {status}"),
                (HowEnded::Signal, _, Some(signal)) => format!(" by signal {signal}"),
                (HowEnded::Lost, _, _) => "; how is not known".into(),
                (HowEnded::Exit | HowEnded::Signal | HowEnded::Closed, _, _) => String::new(),
            };
            let why = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            of(session, Plain, &format!("ended after {}{how}{why}", duration(*duration_ms)))
        }
        Entry::Identified { session, answer, failure } => match (answer, failure) {
            (Some(answer), _) => of(session, Plain, &format!("is of user {answer}, says its host")),
            (None, failure) => {
                let why = failure.as_deref().unwrap_or("no answer");
                of(session, Plain, &format!("is of a user unknown: {why}"))
            }
        },
        Entry::Evidence { session, text, cut, resumed, .. } => {
            let (head, tail) = (if *resumed { "…" } else { "" }, if *cut { "…" } else { "" });
            of(session, Quiet, &format!("says: {head}{text}{tail}"))
        }
        Entry::EvidenceDropped { session, lines } => {
            let lines = count(*lines, "line", "lines");
            of(session, Warning, &format!("says too much: {lines} not kept"))
        }
        Entry::Refused { service, peer, peer_port, class, reason, text, origin, count } => {
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            let who = end(*peer, *peer_port);
            // the text begins with the reason, and names the place where it has one
            let why = text.strip_prefix("refused: ").unwrap_or(text);
            let why = why.strip_prefix(&format!("{reason}: ")).unwrap_or(why);
            let place = origin.as_ref().filter(|place| !why.contains(place.as_str()));
            let word = if class == reason { class.clone() } else { format!("{class}: {reason}") };
            let place = at(place);
            sentence(Bad, Some(service), format!("refused {who} ({word}){times}: {why}{place}"))
        }
        Entry::Offence {
            kind, peer, peer_port, service, user, source, watch, why, count, ..
        } => {
            let who = match (peer, peer_port) {
                (Some(peer), Some(port)) => end(*peer, *port).to_string(),
                (Some(peer), None) => peer.to_string(),
                (None, _) => "nobody for certain".into(),
            };
            let user = user.as_ref().map(|user| format!(", for user `{user}`")).unwrap_or_default();
            let watch = watch.as_ref().map(|watch| format!(" of {watch}")).unwrap_or_default();
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            let text = format!("offence of {who}: {kind}{times}{user}: {why} ({source}{watch})");
            sentence(Bad, Some(service).filter(|service| !service.is_empty()), text)
        }
        Entry::Paused { service, seconds } => {
            sentence(Bad, Some(service), format!("too fast: nobody is let in for {seconds} s"))
        }
        Entry::Resumed { service } => {
            sentence(Good, Some(service), "people are let in again".into())
        }
        Entry::TrapTouched { service, peer, peer_port, cost, seconds, spared, origin } => {
            let cost = match (spared, cost, seconds) {
                (Some(why), _, _) => format!("spared: {why}"),
                (None, Cost::Ban, Some(seconds)) => format!("shut out for {}", span(*seconds)),
                (None, Cost::Ban, None) => "shut out".into(),
                (None, Cost::ForEver, _) => "shut out for ever".into(),
                (None, Cost::Nothing, _) => "recorded only".into(),
            };
            let (who, place) = (end(*peer, *peer_port), at(origin.as_ref()));
            sentence(Bad, Some(service), format!("trap touched by {who}: {cost}{place}"))
        }
        Entry::Banned { network, until, service, reason, only, judge, by_uid } => {
            let local = |utc: &String| stamp::read(utc).map(|ms| stamp::long(ms, zone));
            let until = until.as_ref().map_or("for ever".into(), |until| {
                format!("until {}", local(until).unwrap_or_else(|| until.clone()))
            });
            let judge = judge.as_ref().map(|judge| format!(" by judge {judge}"));
            let by = by_uid.map(|uid| format!(" by uid {uid}")).or(judge).unwrap_or_default();
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let of = out_of(only.as_ref());
            sentence(Bad, service.as_ref(), format!("{network} is shut out{of}{by} {until}{why}"))
        }
        Entry::BanEnded { network, only, why, by_uid } => {
            let by = by_uid.map(|uid| format!(" by uid {uid}")).unwrap_or_default();
            let of = out_of(only.as_ref());
            sentence(Plain, None, format!("{network} is no longer shut out{of} ({why}{by})"))
        }
        Entry::SuspiciousLogin { peer, service, user, source: _, judge } => {
            let user = user.as_ref().map(|user| format!(" as `{user}`")).unwrap_or_default();
            let at = if service.is_empty() { String::new() } else { format!(" at {service}") };
            sentence(
                Bad,
                None,
                format!("{peer} has logged in{at}{user}, whom judge {judge} wanted shut out"),
            )
        }
        Entry::BanRefused { network, judge, class: _, why, count } => {
            let more = if *count > 1 { format!(", {count} times") } else { String::new() };
            sentence(
                Plain,
                None,
                format!("{network} is not shut out by judge {judge}: {why}{more}"),
            )
        }
        Entry::BreakerOpened { why, seconds } => sentence(
            Bad,
            None,
            format!("judges shut nobody out for {}: {why}", span(u64::from(*seconds))),
        ),
        Entry::BreakerClosed { by_uid } => {
            let by = by_uid.map(|uid| format!(" (closed by uid {uid})")).unwrap_or_default();
            sentence(Good, None, format!("judges shut out again{by}"))
        }
        Entry::Reloaded { changes } => {
            let text = match changes.as_slice() {
                [] => "configuration read again: nothing changed".into(),
                some => format!("configuration changed:\n{}", some.join("\n")),
            };
            sentence(Good, None, text)
        }
        Entry::ReloadRefused { findings } => {
            let text = format!("the new configuration is refused, the old one stays:\n{findings}");
            sentence(Warning, None, text)
        }
        Entry::HelperStarted { helper, pid } => {
            sentence(Plain, None, format!("{helper} is at work, process {pid}"))
        }
        Entry::HelperDied { helper, reason, retry } => {
            sentence(Warning, None, format!("{helper} died: {reason}; started again in {retry} s"))
        }
        Entry::Exhausted { what } => {
            sentence(Warning, None, format!("no more connections are taken: short of {what}"))
        }
        Entry::Recovered { what } => {
            sentence(Good, None, format!("connections are taken again: enough {what}"))
        }
        Entry::FirewallChanged { table, by, change } => {
            let by = if by.is_empty() { String::new() } else { format!(" by `{by}`") };
            let text = format!("the kernel's table of bans, {table}, was changed{by}: {change}");
            sentence(Warning, None, format!("{text}; it is made again"))
        }
        Entry::Alarm { text } => sentence(Warning, None, format!("alarm: {text}")),
        Entry::EventsLost { by, target, count: lost } => {
            let by = match (by, target) {
                (Loser::Monitor, _) => "on the way to the log",
                (Loser::Clerk, None | Some(Target::File)) => "while the log could not be written",
                (Loser::Clerk, Some(Target::Stderr)) => "while standard error took none",
                (Loser::Clerk, Some(Target::Syslog)) => "while the system log took none",
                (Loser::Clerk, Some(Target::Journal)) => "while the journal took none",
            };
            sentence(Warning, None, format!("{} lost {by}", count(*lost, "event", "events")))
        }
        Entry::PastNotKept => {
            let text = "no past events: the event log is not kept in files (`log` of [portreeve])";
            sentence(Warning, None, text.into())
        }
        Entry::EventsSkipped { count: skipped } => {
            let skipped = count(*skipped, "event", "events");
            sentence(Warning, None, format!("{skipped} not shown: this reader was too slow"))
        }
        Entry::RuleCommand {
            service, peer, peer_port, option, command, outcome, count, ..
        } => {
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            let who = end(*peer, *peer_port);
            let text = format!("{option} for {who}{times}: {outcome}: `{command}`");
            sentence(Plain, Some(service), text)
        }
        Entry::Enforcement { enforcer, act, network, outcome, output, count } => {
            let of = network.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            let said = if output.is_empty() { String::new() } else { format!(": {output}") };
            let how = if outcome == "done" { Plain } else { Warning };
            sentence(how, None, format!("{enforcer}: {act}{of}{times}: {outcome}{said}"))
        }
        Entry::SourceChanged { path, entries, before, duration_ms } => {
            let now = count(*entries, "entry", "entries");
            let text = format!("`{path}` has changed: {now}, {before} before ({duration_ms} ms)");
            sentence(Plain, None, text)
        }
        Entry::SourceRefused { path, reason, findings } => {
            let first = format!("`{path}` cannot be used, what it held before stays: {reason}");
            sentence(Warning, None, format!("{first}\n{findings}"))
        }
        Entry::SourceLate { path, reason } => {
            let text = format!("`{path}` has changed, and what it held before decides: {reason}");
            sentence(Warning, None, text)
        }
        Entry::WatchLost { path } => {
            sentence(Warning, None, format!("`{path}`, which is watched, is not there"))
        }
        Entry::WatchFound { path } => {
            sentence(Plain, None, format!("`{path}`, which is watched, is there again"))
        }
        Entry::GivenBack { service } => {
            sentence(Warning, Some(service), "its addresses are given back".into())
        }
        Entry::TrialBegan { seconds } => sentence(
            Warning,
            None,
            format!("the new configuration is on trial: to be confirmed within {seconds} s"),
        ),
        Entry::TrialConfirmed { by } => {
            sentence(Good, None, format!("the new configuration is confirmed by {by}"))
        }
        Entry::TrialRolledBack { reason } => {
            sentence(Warning, None, format!("the configuration of before is back: {reason}"))
        }
    }
}

fn duration(ms: u64) -> String {
    match ms / 1000 {
        0..60 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds => span(seconds),
    }
}

fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")];
    let shown = parts.into_iter().filter(|(number, _)| *number > 0).take(2);
    let text: Vec<_> = shown.map(|(number, unit)| format!("{number} {unit}")).collect();
    if text.is_empty() { "0 s".into() } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, want) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_661, "1 h 1 min"), (86_400, "1 d")]
        {
            assert_eq!(span(seconds), want);
        }
        assert_eq!((duration(3_210), duration(60_999)), ("3.2 s".to_owned(), "1 min".to_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_it_is() {
        let shown = tell("{\"event\":\"of the future\"}\n", &TimeZone::UTC, Colour::None);
        assert_eq!(shown.trim_start(), "{\"event\":\"of the future\"}\n");
    }
}
