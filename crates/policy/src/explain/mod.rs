//! Refusals and steps in English, for people.
//!
//! The files of the configuration are an argument: a place is printed as `path:line:column`. Rules
//! are cited as the operator wrote them, in backticks; nothing that a peer sent is ever printed.

mod dns_lists;
mod hold;
pub(crate) mod hosts;
mod rules;
mod words;

pub use hold::{endings_sentence, refusals_sentence};
pub use hosts::errand_sentence;
pub use words::date;

use crate::trace::{Answer, Question, StepRecord};
use crate::{Ban, Detail, Need, Reason, Refusal};
use portreeve_model::{Dialect, Load, Network, Origin, Sentence, Startups, span};
use std::net::IpAddr;
use words::{are, clock, counted, hundredths};

/// A refusal as one line: `refused: WORD: why`.
#[must_use]
pub fn refusal_sentence(refusal: &Refusal, peer: IpAddr, files: &[String]) -> String {
    let place = Place { origin: refusal.origin, files };
    let why = why(refusal.reason, &refusal.detail, peer, place);
    format!("refused: {}: {why}", refusal.reason.word())
}

/// A step as one line: `NUMBER WORD: what was found`.
#[must_use]
pub fn step_sentence(step: &StepRecord, peer: IpAddr, files: &[String]) -> String {
    let place = Place { origin: step.origin, files };
    let text = match step.answer {
        Answer::Refuse(reason) => why(reason, &step.detail, peer, place),
        Answer::Pass => passed(step.question, &step.detail, peer, place),
        Answer::Need(need) => needed(need, &step.detail, place),
        Answer::Run => ran(&step.detail, place),
        Answer::Sprung => sprung(&step.detail, peer, place),
    };
    format!("{} {}: {text}", step.number, step.question.word())
}

/// What has to be asked first.
#[must_use]
pub fn need_sentence(need: Need) -> &'static str {
    match need {
        Need::Names => "the peer's host names have to be looked up",
        Need::ServerNames => "the host names of this end's address have to be looked up",
        Need::DnsLists => "the DNS lists have to be asked",
        Need::Ident | Need::User(_) => "the peer's ident server has to be asked",
    }
}

/// What has to be asked, and for whose sake.
fn needed(need: Need, detail: &Detail, place: Place<'_>) -> String {
    let whose = if let Detail::Unnamed { rule } = detail {
        place.of(&format!("`{rule}`"))
    } else if let Detail::RulesUnclear { .. } = detail {
        format!("a rule of {}", place.path())
    } else if place.origin.is_some_and(|origin| origin.dialect == Dialect::Wrappers) {
        place.of("a rule")
    } else {
        place.of("the service")
    };
    format!("{}: {whose} asks for it", need_sentence(need))
}

/// A ban as one line.
#[must_use]
pub fn ban_sentence(ban: &Ban) -> String {
    shut_out(ban.network, ban.until, &ban.source.only, &ban.cause())
}

/// The place of a rule or limit, and the files it points into.
#[derive(Clone, Copy)]
struct Place<'a> {
    origin: Option<Origin>,
    files: &'a [String],
}

impl<'a> Place<'a> {
    /// The file of the place.
    fn path(self) -> &'a str {
        let file = self.origin.and_then(|origin| self.files.get(origin.file as usize));
        file.map_or("a file", String::as_str)
    }

    /// A word with the place behind it.
    fn of(self, word: &str) -> String {
        match self.origin {
            Some(origin) => format!("{word} ({})", origin.show(self.files)),
            None => word.to_owned(),
        }
    }

    /// The key of the language the place is written in.
    fn key(self, native: &str, xinetd: &str) -> String {
        self.of(match self.origin.map(|origin| origin.dialect) {
            Some(Dialect::Xinetd) => xinetd,
            Some(
                Dialect::Native
                | Dialect::Wrappers
                | Dialect::Rules
                | Dialect::Fail2ban
                | Dialect::DenyHosts,
            )
            | None => native,
        })
    }

    /// The end of a range of hours as its language has it: for xinetd the last minute inside.
    fn as_written(self, to: u16) -> u16 {
        match self.origin.map(|origin| origin.dialect) {
            Some(Dialect::Xinetd) if to < 1440 => to.saturating_sub(1),
            Some(_) | None => to,
        }
    }
}

fn why(reason: Reason, detail: &Detail, peer: IpAddr, place: Place<'_>) -> String {
    match detail {
        Detail::Count { now, limit } if reason == Reason::Overloaded => {
            format!("the door has {} of at most {limit}", counted(*now, "live session"))
        }
        Detail::Count { now, limit } => {
            let key = place.key("instances", "instances");
            format!("{}, and {key} allows {limit}", are(*now, "session", "live"))
        }
        Detail::Source { source, now, limit } => {
            let startups = reason == Reason::PerSourceStartups;
            let what = if startups { "startup" } else { "live session" };
            let native = if startups { "per-source-startups" } else { "per-source" };
            let key = place.key(native, "per_source");
            format!("{source} has {}, and {key} allows {limit}", counted(*now, what))
        }
        Detail::Pause { left } => {
            let key = place.key("rate", "cps");
            format!("the service pauses for another {}: {key} was exceeded", span(*left))
        }
        Detail::Rate { count, rate } => {
            let (came, per) = (counted(*count, "connection"), span(rate.per));
            let (key, pause) = (place.key("rate", "cps"), span(rate.pause));
            format!(
                "{came} came within {per}, and {key} allows {}; it pauses for {pause}",
                rate.connections
            )
        }
        Detail::Load { now, limit } => load_is_high(*now, *limit, place),
        Detail::Ban { network, until, only, cause } => shut_out(*network, *until, only, cause),
        Detail::Hours { minute, zone, .. } => {
            let hours = place.key("hours", "access_times");
            format!("{hours} leave out {} ({zone} time)", clock(*minute))
        }
        Detail::Denied { rule } => {
            format!("`{rule}` in {} matches {peer}", place.key("deny", "no_access"))
        }
        Detail::NoEntry { names_failed, .. } => {
            let list = place.key("allow", "only_from");
            let failed = if *names_failed { ", and its names could not be looked up" } else { "" };
            format!("no entry of {list} matches {peer}{failed}")
        }
        Detail::Unnamed { rule } => {
            let list = place.key("deny", "no_access");
            format!(
                "`{rule}` in {list} denies by name, and the names of {peer} could not be looked up"
            )
        }
        Detail::DnsLists(listing) => dns_lists::refused(listing, peer, place),
        Detail::Ruled { .. } | Detail::Unruled | Detail::RulesUnclear { .. } => {
            rules::refused(detail, peer, place)
        }
        Detail::Unreadable { path, why } => unusable(path, why, place),
        Detail::Drop { now, limit, chance } => dropped(*now, *limit, *chance, place),
        Detail::Hosts { rule, outcome } => hosts(rule, outcome, place),
        Detail::Nothing
        | Detail::Spared { .. }
        | Detail::Allowed { .. }
        | Detail::Errand { .. }
        | Detail::Trap { .. } => plainly(reason, peer, place),
    }
}

/// A source that cannot be used.
fn unusable(path: &str, why: &str, place: Place<'_>) -> String {
    format!("`{path}`, {}, cannot be used: {why}", place.of("named by an access list"))
}

/// An early drop.
fn dropped(now: u32, limit: Startups, chance: u32, place: Place<'_>) -> String {
    let (under_way, key) = (are(now, "startup", "under way"), place.of("startups"));
    let Startups { start, rate, full } = limit;
    format!("{under_way}, and {key} `{start}:{rate}:{full}` refuses {chance} in 100 then")
}

/// A reason without figures.
fn plainly(reason: Reason, peer: IpAddr, place: Place<'_>) -> String {
    match reason {
        Reason::Disabled => format!("{} is down at present", place.of("the service")),
        Reason::Ident => {
            format!(
                "the ident server of {peer} did not answer, which {} asks for",
                place.of("the service")
            )
        }
        Reason::Descriptors => "the door is out of descriptors or memory".into(),
        Reason::Processes => "no process could be started".into(),
        Reason::Overloaded => "the door has its maximum of sessions".into(),
        Reason::Paused | Reason::Rate => format!("{} was exceeded", place.key("rate", "cps")),
        Reason::Load => format!("{} was exceeded", place.key("load", "max_load")),
        Reason::Banned => format!("{peer} is banned"),
        Reason::Hours => format!("closed by {}", place.key("hours", "access_times")),
        Reason::Rule
        | Reason::NamesFailed
        | Reason::Unreadable
        | Reason::HostsAccess
        | Reason::Listed
        | Reason::ListFailed => {
            format!("{} does not let {peer} in", place.of("an access list"))
        }
        Reason::Instances | Reason::PerSource | Reason::Startups | Reason::PerSourceStartups => {
            format!("{} is reached", place.of("a limit"))
        }
    }
}

fn passed(question: Question, detail: &Detail, peer: IpAddr, place: Place<'_>) -> String {
    match detail {
        Detail::Count { now, limit } => {
            format!("{}, {} allowed", are(*now, "session", "live"), place.of(&limit.to_string()))
        }
        Detail::Source { source, now, limit } => {
            format!("{source} has {now}, {} allowed", place.of(&limit.to_string()))
        }
        Detail::Pause { .. } => "not pausing".into(),
        Detail::Rate { count, rate } => {
            let allowed = format!("{} in {}", rate.connections, span(rate.per));
            format!(
                "{} in this window, {} allowed",
                counted(*count, "connection"),
                place.of(&allowed)
            )
        }
        Detail::Load { now, limit } => {
            let now = now.map_or_else(|| "unknown".into(), hundredths);
            format!("{now}, below {}", place.of(&hundredths(*limit)))
        }
        Detail::Ban { .. } => "banned, but let through".into(),
        Detail::Spared { network, rule } => {
            let rule = place.of(&format!("`{rule}`"));
            format!("{network} is banned, but never-ban rule {rule} covers {peer}")
        }
        Detail::Hours { minute, zone, open } => {
            let (from, to) = open.unwrap_or((0, 1440));
            let to = place.as_written(to);
            let range = place.of(&format!("{}-{}", clock(from), clock(to)));
            format!("{} ({zone} time) is within {range}", clock(*minute))
        }
        Detail::Allowed { rule } => {
            format!("`{rule}` in {} matches {peer}", place.key("allow", "only_from"))
        }
        Detail::DnsLists(listing) => dns_lists::passed(listing, peer, place),
        Detail::Drop { now, limit, chance } => {
            let rule = format!("`{}:{}:{}`", limit.start, limit.rate, limit.full);
            format!(
                "{}; {} refuses {chance} in 100",
                are(*now, "startup", "under way"),
                place.of(&rule)
            )
        }
        Detail::Hosts { rule, outcome } => hosts(rule, outcome, place),
        Detail::Ruled { .. } | Detail::Unruled => rules::let_in(detail, peer, place),
        Detail::Nothing
        | Detail::Errand { .. }
        | Detail::RulesUnclear { .. }
        | Detail::Denied { .. }
        | Detail::NoEntry { .. }
        | Detail::Unnamed { .. }
        | Detail::Unreadable { .. }
        | Detail::Trap { .. } => simply(question, place).into(),
    }
}

/// A question that was passed without figures.
fn simply(question: Question, place: Place<'_>) -> &'static str {
    match question {
        Question::Enabled => "the service is switched on",
        Question::Ban => "not banned",
        Question::Hours => "always open",
        Question::Sources => "all of them can be used",
        Question::List(_) => "nothing in it denies the peer",
        Question::HostsAccess => "no rule is about the peer",
        Question::DnsLists => "on none of the lists",
        Question::Rules => "they let the peer in",
        Question::Ident if place.origin.is_some() => "answered, as the service requires",
        Question::Ident => "not required",
        Question::Pause => "not pausing",
        Question::Trap => "no trap",
        Question::Sessions
        | Question::Load
        | Question::Rate
        | Question::Instances
        | Question::PerSource
        | Question::Startups
        | Question::PerSourceStartups => "no limit",
    }
}

/// What a process has to answer, and who asks.
fn ran(detail: &Detail, place: Place<'_>) -> String {
    let Detail::Errand { errand } = detail else { return place.of("a rule has something run") };
    format!("{}: {} asks for it", errand_sentence(errand), place.of("a rule"))
}

/// What hosts.allow and hosts.deny say.
fn hosts(rule: &str, outcome: &str, place: Place<'_>) -> String {
    match rule {
        "" => format!("no rule of hosts.allow and hosts.deny matches: {outcome}"),
        rule => format!("{}: {outcome}", place.of(&format!("`{rule}`"))),
    }
}

fn sprung(detail: &Detail, peer: IpAddr, place: Place<'_>) -> String {
    let trap = place.of("a trap");
    let Detail::Trap { sentence, spared } = detail else { return trap };
    let cost = match sentence {
        Sentence::For(time) => format!("shut out for {}", span(*time)),
        Sentence::Forever => "shut out for ever".into(),
        Sentence::Never => return format!("{trap}: the touch is recorded"),
    };
    let Some((rule, origin)) = spared else {
        return format!("{trap}: whoever touches it is {cost}");
    };
    let rule = Place { origin: *origin, files: place.files }.of(&format!("`{rule}`"));
    format!("{trap}: others are {cost}, but never-ban rule {rule} spares {peer}")
}

fn shut_out(network: Network, until: Option<i64>, only: &str, cause: &str) -> String {
    let time = until.map_or_else(|| "for ever".into(), |until| format!("until {}", date(until)));
    let of = if only.is_empty() { String::new() } else { format!(" from {}", only.escape_debug()) };
    format!("{network} is banned{of} {time} ({cause})")
}

fn load_is_high(now: Option<Load>, limit: Load, place: Place<'_>) -> String {
    let (key, limit) = (place.key("load", "max_load"), hundredths(limit));
    match now {
        Some(now) => {
            format!("the load average is {}, and {key} refuses from {limit} on", hundredths(now))
        }
        None => format!("the load average cannot be read, and {key} refuses from {limit} on"),
    }
}
