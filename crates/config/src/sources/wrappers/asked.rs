//! What the rules are about, beside what services ask: told once, when a configuration is loaded.

use super::super::SourceRead;
use crate::check::{Check, place};
use crate::nearest::nearest;
use portreeve_diag::{Diagnostic, FileId, Level};
use portreeve_dialect::wrappers::{Doubt, codes, doubts};
use portreeve_model::wrappers::{DaemonPattern, Deed, HostImage, Item, Rule};
use portreeve_model::{Refuse, Service, Source, SourceKind};
use portreeve_wire::hosts;
use std::collections::{BTreeMap, BTreeSet};

/// So many names of daemons without a service are told.
const MOST_NAMES: usize = 20;

/// Says which services ask files that have rules, and which daemons of the rules no service is.
pub(crate) fn tell(
    check: &mut Check,
    sources: &[Source],
    read: &[SourceRead],
    services: &[Service],
) {
    for (source, read) in sources.iter().zip(read) {
        let (SourceKind::Wrappers { .. }, Ok(image)) = (&source.kind, &read.outcome) else {
            continue;
        };
        let Ok((head, _)) = hosts::head(&image.bytes) else { continue };
        if head.allow.is_empty() && head.deny.is_empty() {
            continue;
        }
        let mut asked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for service in services {
            let uses = service.admission.wrappers.as_ref();
            if let Some(used) = uses.filter(|used| used.source == read.source) {
                asked.entry(&used.daemon).or_default().push(service.key.as_str());
            }
        }
        let names: Vec<_> = asked
            .iter()
            .map(|(daemon, services)| format!("`{daemon}` ({})", services.join(", ")))
            .collect();
        let at = check.sources.line_span(FileId(source.origin.file), source.origin.line);
        let text = format!("hosts.allow and hosts.deny are asked about {}", names.join(", "));
        let help = "rules of other daemons concern none of these services";
        check.say(Diagnostic::new(Level::Note, codes::ASKED, Some(at), text).help(help));
        strangers(check, &head, &asked);
        for service in services {
            let uses = service.admission.wrappers.as_ref();
            let reset = service.refusals.refuse == Refuse::Reset;
            if let Some(used) = uses.filter(|used| reset && used.source == read.source) {
                unheard(check, &head, service, &used.daemon);
            }
        }
    }
}

fn strangers(check: &mut Check, head: &HostImage, asked: &BTreeMap<&str, Vec<&str>>) {
    let mut told = BTreeSet::new();
    for rule in head.allow.iter().chain(&head.deny).flat_map(rules) {
        for doubt in doubts(rule) {
            let Doubt::Daemon(name) = doubt.value else { continue };
            let known = asked.keys().any(|daemon| daemon.eq_ignore_ascii_case(&name));
            let new = !known && told.len() < MOST_NAMES && told.insert(name.to_ascii_lowercase());
            if new {
                let text = format!("no service asks about `{name}`");
                let at = place(&check.sources, doubt.origin);
                let mut finding = Diagnostic::new(Level::Note, codes::NO_SUCH_DAEMON, at, text);
                if let Some(meant) = nearest(&name, asked.keys().copied()) {
                    finding = finding.help(format!("did you mean `{meant}`?"));
                }
                check.say(finding.help("if another program asks these files, all is well"));
            }
        }
    }
}

/// Banners for whom a service refuses, and resets.
fn unheard(check: &mut Check, head: &HostImage, service: &Service, daemon: &str) {
    for (refuses, items) in [(false, &head.allow), (true, &head.deny)] {
        for rule in items.iter().flat_map(rules).filter(|rule| concerns(rule, daemon)) {
            let has =
                |deed: &Deed| rule.settings.iter().find(|setting| setting.value.deed == *deed);
            let granted = has(&Deed::Allow).is_some() || !refuses && has(&Deed::Deny).is_none();
            let Some(banners) = has(&Deed::Banners).filter(|_| !granted) else { continue };
            let at = place(&check.sources, banners.origin);
            let message =
                format!("`{}` resets whom it refuses, who is told no banner", service.key);
            let finding = Diagnostic::new(Level::Warning, crate::codes::WORDS_UNSAID, at, message);
            check.say(finding.help("write `refuse = \"close\"` for it, or leave `banners` out"));
        }
    }
}

/// Whether a rule may be about a daemon of this name.
fn concerns(rule: &Rule, daemon: &str) -> bool {
    let first = rule.daemons.parts.first().into_iter().flatten();
    first.into_iter().any(|token| match &token.pattern {
        DaemonPattern::Name(word) | DaemonPattern::At(word, _) => word.matches(daemon.as_bytes()),
        DaemonPattern::Port(_) | DaemonPattern::PortAt(..) => true,
    })
}

/// The rules of an item; of plain ones, one of each daemon list.
fn rules(item: &Item) -> Vec<&Rule> {
    match item {
        Item::Rule(rule) => vec![rule],
        Item::Plain(lists) => lists.iter().map(|list| &list.first).collect(),
    }
}
