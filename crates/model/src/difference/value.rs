//! Values, short enough for a line.

use crate::{
    Asked, Bind, Config, Family, Hours, Listen, Load, MissingRules, PerSource, Rate, Service,
    Sited, Source, SourceKind, SourceWidth, Startups, span,
};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

/// So many members that came, and that went, are named.
const NAMED: usize = 6;

/// `word old → new`, if they differ.
pub(super) fn now<T: Display + PartialEq>(word: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| format!("{word} {old} → {new}"))
}

/// As [`now`], of what may be absent.
pub(super) fn maybe(word: &str, old: Option<String>, new: Option<String>) -> Option<String> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    now(word, &shown(old), &shown(new))
}

/// `word +new -old`, if one has what the other has not.
pub(super) fn members(word: &str, old: &[String], new: &[String]) -> Option<String> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let came: Vec<_> = new.iter().filter(|one| !before.contains(one)).collect();
    let went: Vec<_> = old.iter().filter(|one| !after.contains(one)).collect();
    let named = |sign: &str, all: &[&String]| {
        let mut text: String = all.iter().take(NAMED).map(|one| format!(" {sign}{one}")).collect();
        if let Some(more) = all.len().checked_sub(NAMED).filter(|more| *more > 0) {
            text.push_str(&format!(" {sign}{more} more"));
        }
        text
    };
    let differs = !came.is_empty() || !went.is_empty();
    differs.then(|| format!("{word}{}{}", named("+", &came), named("-", &went)))
}

pub(super) fn listen(listen: &Listen) -> String {
    let Listen { bind, port, family, .. } = listen;
    let host = match (bind, family) {
        (Bind::Address(address), Family::Dual) if address.is_unspecified() => "*".to_owned(),
        (Bind::Address(address), _) if address.is_ipv6() => format!("[{address}]"),
        (Bind::Address(address), _) => address.to_string(),
        (Bind::Host(name), _) => name.clone(),
    };
    format!("{host}:{port}")
}

pub(super) fn hours(hours: &Hours) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let ranges: Vec<_> =
        hours.ranges.iter().map(|r| format!("{}-{}", clock(r.from), clock(r.to))).collect();
    let ranges = if ranges.is_empty() { "never".to_owned() } else { ranges.join(" ") };
    format!("{ranges} ({})", hours.zone.name)
}

pub(super) fn rate(rate: &Rate) -> String {
    let Rate { connections, per, pause } = rate;
    format!("{connections} in {} with a pause of {}", span(*per), span(*pause))
}

pub(super) fn number(limit: Option<Sited<u32>>) -> Option<String> {
    limit.map(|limit| limit.value.to_string())
}

pub(super) fn sources(limit: Option<Sited<PerSource>>) -> Option<String> {
    limit.map(|limit| match limit.value {
        PerSource { max, width: SourceWidth::DEFAULT } => max.to_string(),
        PerSource { max, width } => format!("{max} of a /{} or a /{}", width.v4, width.v6),
    })
}

pub(super) fn load(load: Load) -> String {
    format!("{}.{:02}", load.0 / 100, load.0 % 100)
}

pub(super) fn startups(limit: Option<Sited<Startups>>) -> Option<String> {
    limit.map(|limit| {
        let Startups { start, rate, full } = limit.value;
        format!("{start}:{rate}:{full}")
    })
}

pub(super) fn time(time: Option<Sited<Duration>>) -> Option<String> {
    time.map(|time| span(time.value))
}

/// The files of hosts.allow and hosts.deny, if it is that pair.
pub(super) fn wrappers(source: &Source) -> Option<String> {
    let SourceKind::Wrappers { allow, deny } = &source.kind else { return None };
    Some(format!("{} and {}", allow.path, deny.path))
}

/// The rules of a service, with what is said of them.
pub(super) fn rules(config: &Config, service: &Service) -> Option<String> {
    let used = service.admission.rules.as_ref()?;
    let source = config.sources.get(used.source.0 as usize)?;
    let SourceKind::Rules { file, missing } = &source.kind else { return None };
    let mut text = file.path.clone();
    if *missing == MissingRules::Allow {
        text.push_str(" (may be missing)");
    }
    for (what, asked) in [("names", used.names), ("ident", used.ident)] {
        match asked {
            Asked::Needed => {}
            Asked::Always => text.push_str(&format!(" ({what} always asked)")),
            Asked::Never => text.push_str(&format!(" ({what} never asked)")),
        }
    }
    Some(text)
}
