//! Who judges, in full, whatever preset it came of.

use super::Page;
use crate::native::judge::{BY, SUCCESS};
use crate::words::{duration, quote};
use portreeve_model::{
    Charge, Decay, Growth, Judge, Level, Points, ServiceName, Tally, Term, Users, When,
};
use std::fmt::Write as _;
use std::time::Duration;

/// One judge.
pub(super) fn print(page: &mut Page<'_>, judge: &Judge) {
    let name = quote::key(judge.name.as_str());
    page.header(&format!("judge.{name}"), Some(judge.origin.origin));
    let names = |names: &[ServiceName]| quote::list(names.iter().map(|n| quote::text(n.as_str())));
    let hears = &judge.hears;
    let detectors = quote::list(hears.detectors.iter().map(|name| quote::text(name)));
    let spares = quote::list(judge.spares.iter().map(|net| quote::text(&net.to_string())));
    for (key, entries, text) in [
        ("services", hears.services.len(), names(&hears.services)),
        ("watches", hears.watches.len(), names(&hears.watches)),
        ("detectors", hears.detectors.len(), detectors),
        ("only", judge.only.len(), names(&judge.only)),
        ("spares", judge.spares.len(), spares),
    ] {
        if entries > 0 {
            page.line(key, &text);
        }
    }
    rows(page, "tallies", judge.tallies.iter().map(tally));
    rows(
        page,
        "levels",
        judge.levels.iter().enumerate().map(|(at, level)| self::level(at, *level)),
    );
    let word = SUCCESS.iter().find(|(_, success)| *success == judge.success);
    page.line("on-success", &quote::text(word.map_or("nothing", |(word, _)| word)));
    page.line("term", &term(&judge.term));
}

fn rows(page: &mut Page<'_>, key: &str, rows: impl Iterator<Item = String>) {
    let _ = writeln!(page.text, "{key} = [");
    rows.for_each(|row| {
        let _ = writeln!(page.text, "  {row},");
    });
    page.text.push_str("]\n");
}

fn table(keys: &[String]) -> String {
    if keys.is_empty() { "{}".into() } else { format!("{{ {} }}", keys.join(", ")) }
}

/// Thousandths as a number.
pub(super) fn number(thousandths: u32) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let decimals = format!("{rest:03}");
    match decimals.trim_end_matches('0') {
        "" => whole.to_string(),
        decimals => format!("{whole}.{decimals}"),
    }
}

fn time(time: Duration) -> String {
    quote::text(&duration::show(time))
}

fn time_or(time: Option<Duration>, word: &str) -> String {
    time.map_or_else(|| quote::text(word), self::time)
}

fn tally(tally: &Tally) -> String {
    let mut keys = Vec::new();
    if !tally.name.is_empty() {
        keys.push(format!("name = {}", quote::text(&tally.name)));
    }
    keys.push(format!("charges = {}", quote::list(tally.charges.iter().map(charge))));
    if let Some((word, _)) = BY.iter().skip(1).find(|(_, by)| *by == tally.by) {
        keys.push(format!("by = \"{word}\""));
    }
    keys.push(match tally.decay {
        Decay::Window(window) => format!("window = {}", time(window)),
        Decay::Idle(idle) => format!("idle = {}", time_or(idle, "never")),
        Decay::Drain(drain) => format!("drain = {}", time(drain)),
    });
    keys.push(format!("limit = {}", number(tally.limit.0)));
    if tally.when == When::Exceeded {
        keys.push("exceeded = true".into());
    }
    keys.extend(tally.most.map(|most| format!("most = {}", number(most.0))));
    if tally.lasting {
        keys.push("lasting = true".into());
    }
    table(&keys)
}

fn charge(charge: &Charge) -> String {
    let mut keys = Vec::new();
    if !charge.kinds.is_empty() {
        let kinds = quote::list(charge.kinds.iter().map(|kind| quote::text(kind.word())));
        keys.push(format!("kinds = {kinds}"));
    }
    let names = |names: &[String]| quote::list(names.iter().map(|name| quote::text(name)));
    match &charge.users {
        Users::Any => {}
        Users::Invalid => keys.push("users = \"invalid\"".into()),
        Users::ValidBut(but) => keys.push(format!("users = {{ except = {} }}", names(but))),
        Users::These(these) => keys.push(format!("users = {}", names(these))),
    }
    if charge.points != Points::ONE {
        keys.push(format!("points = {}", number(charge.points.0)));
    }
    table(&keys)
}

fn level(at: usize, level: Level) -> String {
    let Level { v4, v6, share, offenders } = level;
    let mut keys = vec![format!("ipv4 = {v4}"), format!("ipv6 = {v6}")];
    if share != 1000 {
        keys.push(format!("share = {}", number(share.into())));
    }
    if at > 0 {
        keys.push(format!("offenders = {offenders}"));
    }
    table(&keys)
}

fn term(term: &Term) -> String {
    let mut keys = vec![format!("first = {}", time_or(term.first, "forever"))];
    match &term.growth {
        Growth::None => {}
        Growth::Factor(factor) => keys.push(format!("factor = {}", number(*factor))),
        Growth::Factors(factors) => {
            let factors = quote::list(factors.iter().map(|factor| number(*factor)));
            keys.push(format!("factors = {factors}"));
        }
    }
    keys.extend(term.most.map(|most| format!("most = {}", time(most))));
    if term.random > Duration::ZERO {
        keys.push(format!("random = {}", time(term.random)));
    }
    keys.push(format!("remembered = {}", time_or(term.remembered, "forever")));
    if term.overall {
        keys.push("overall = true".into());
    }
    keys.extend(term.patience.map(|times| format!("patience = {times}")));
    table(&keys)
}
