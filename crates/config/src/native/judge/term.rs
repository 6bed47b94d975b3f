//! `term` and `on-success` of a judge.

use super::{time, time_or};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::Fields;
use crate::native::item::Item;
use crate::words::duration;
use portreeve_model::{Growth, OnSuccess, Term};

/// What a success changes.
pub(crate) const SUCCESS: [(&str, OnSuccess); 3] = [
    ("nothing", OnSuccess::Nothing),
    ("forgets-account", OnSuccess::ForgetsAccount),
    ("forgets-all", OnSuccess::ForgetsAll),
];

/// The term; `None` where it cannot be read.
pub(super) fn read(check: &mut Check, item: Item<'_>) -> Option<Term> {
    let always = |first| Term { first, ..Term::default() };
    if !item.is_table() {
        return time_or(check, item, "forever").map(always);
    }
    let table = item.table(check, Scope::Term)?;
    let first = table.get("first").map(|item| time_or(check, item, "forever"));
    let growth = growth(check, table);
    let most = table.get("most").map(|item| (time(check, item), item));
    let random = table.get("random").and_then(|item| item.parsed(check, duration::parse));
    let remembered = table.get("remembered").map(|item| time_or(check, item, "forever"));
    let overall = table.get("overall").and_then(|item| item.boolean(check));
    let patience = table.get("patience").and_then(|item| item.count(check, 1..=1_000_000));
    let (first, growth) = (first.unwrap_or(Some(Term::default().first))?, growth?);
    if let Some((Some(most), item)) = most {
        if growth == Growth::None {
            without_growth(check, item, "factor = 2");
        } else if first.is_some_and(|first| most < first) {
            item.refuse(check, "shorter than the first ban");
        }
    }
    if let (None, Some(item)) = (first, table.get("factor").or(table.get("factors"))) {
        item.refuse(check, "what is for ever does not grow");
    }
    Some(Term {
        first,
        growth,
        most: most.and_then(|(most, _)| most),
        random: random.unwrap_or_default(),
        remembered: remembered.unwrap_or(Some(Term::default().remembered))?,
        overall: overall.unwrap_or(false),
        patience,
    })
}

/// Says that a key about growth means nothing where nothing grows.
pub(super) fn without_growth(check: &mut Check, item: Item<'_>, help: &str) {
    let message = format!("`{}` means nothing where bans do not grow", item.key.name);
    let finding = check::warning(codes::UNUSED_KEY, item.named, message);
    check.say(finding.help(format!("add `{help}`, or remove it")));
}

fn growth(check: &mut Check, table: Fields<'_>) -> Option<Growth> {
    let (factor, factors) = (table.get("factor"), table.get("factors"));
    if let (Some(factor), Some(factors)) = (factor, factors) {
        let message = "`factor` and `factors` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, factors.named, message);
        check.say(finding.also(factor.named, "already said here").help("keep one of them"));
    }
    if let Some(item) = factors {
        let entries = item.entries(check)?;
        if !(1..=64).contains(&entries.len()) {
            item.refuse(check, "not from 1 to 64 numbers");
            return None;
        }
        let read = entries.iter().map(|entry| entry.thousandths(check, 1000..=u32::MAX));
        let factors = read.collect::<Vec<_>>().into_iter().collect::<Option<Vec<u32>>>()?;
        if factors.first() != Some(&1000) {
            item.refuse(check, "the first of them is for the first ban, and is 1");
        }
        return Some(Growth::Factors(factors));
    }
    match factor {
        Some(item) => Some(match item.thousandths(check, 1000..=1_000_000)? {
            1000 => Growth::None,
            factor => Growth::Factor(factor),
        }),
        None => Some(Growth::None),
    }
}
