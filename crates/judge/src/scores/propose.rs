//! A ban is proposed.

use super::Case;
use super::cell::Sum;
use super::judged::Judged;
use super::past::Bans;
use super::rule::millis;
use super::term;
use crate::Proposal;
use portreeve_model::{By, Decay, Network, Points, Tally, span};
use std::fmt::Write as _;

/// A sum that is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub(super) network: Network,
    /// Its place among the judge's tallies.
    pub(super) tally: usize,
    pub(super) sum: Sum,
}

/// What a judge asks for. `place`: the judge's.
pub(super) fn propose(
    judged: &Judged,
    place: usize,
    case: &Case<'_>,
    filled: &Filled,
    bans: &Bans,
) -> Proposal {
    let (judge, sum) = (&judged.judge, &filled.sum);
    let name = judge.name.as_str();
    let whose = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
    let remembered = judge.term.remembered.map(millis);
    let time = bans.time(filled.network, whose, sum.at, remembered);
    let random = || term::random(&judge.term, filled.network, name, sum.at);
    let grown = || term::term(&judge.term, time).map(|span| span.saturating_add(random()));
    let span = sum.drains.map_or_else(grown, Some);
    let tally = judged.tallies.get(filled.tally).map(|tallied| &tallied.tally);
    Proposal {
        network: filled.network,
        peer: case.peer,
        at: sum.at,
        seconds: span.map(|span| span.div_ceil(1000)),
        only: judge.only.iter().map(|service| service.as_str().to_owned()).collect(),
        judge: name.to_owned(),
        time,
        service: case.offence.service.clone(),
        reason: tally.map_or_else(String::new, |tally| reason(tally, sum, case)),
        strength: sum.strength,
    }
}

fn reason(tally: &Tally, sum: &Sum, case: &Case<'_>) -> String {
    let mut text = String::new();
    if !tally.name.is_empty() {
        text = format!("{}: ", tally.name);
    }
    let total = Points(u32::try_from(sum.points).unwrap_or(u32::MAX));
    let _ = write!(text, "{}", points(total));
    if let Decay::Window(within) = tally.decay {
        let _ = write!(text, " within {}", span(within));
    }
    if tally.by != By::Network
        && let Some(user) = &case.offence.user
    {
        let _ = write!(text, " against `{user}`");
    }
    if tally.by == By::User {
        text.push_str(" from everywhere");
    } else if sum.offenders > 1 {
        let _ = write!(text, " from {} of its networks", sum.offenders);
    }
    let _ = write!(text, ", limit {}", number(tally.limit));
    text
}

fn number(points: Points) -> String {
    let (whole, rest) = (points.0 / 1000, points.0 % 1000);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:03}").trim_end_matches('0').to_owned(),
    }
}

fn points(points: Points) -> String {
    let unit = if points == Points::ONE { "point" } else { "points" };
    format!("{} {unit}", number(points))
}
