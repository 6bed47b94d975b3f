//! `limits`.

use super::fields::Fields;
use super::item::Item;
use crate::check::Check;
use crate::keys::Scope;
use crate::words::{duration, size};
use portreeve_model::{Limit, Resource, ResourceLimit};
use std::time::Duration;

/// The resource limits of a program.
pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> Vec<ResourceLimit> {
    let table = fields.get("limits").and_then(|item| item.table(check, Scope::Limits));
    let written = table.into_iter().flat_map(|table| table.written());
    written.filter_map(|item| one(check, item)).collect()
}

fn one(check: &mut Check, item: Item<'_>) -> Option<ResourceLimit> {
    let (resource, _) = Resource::ALL.into_iter().find(|(_, name)| *name == item.key.name)?;
    if !item.is_table() {
        let both = limit(check, item, resource)?;
        return Some(ResourceLimit { resource, soft: both, hard: both });
    }
    let table = item.table(check, Scope::Limit)?;
    let mut half = |name| {
        let half = table.require(check, name)?;
        limit(check, Item { key: item.key, ..half }, resource)
    };
    let (soft, hard) = (half("soft"), half("hard"));
    let limit = ResourceLimit { resource, soft: soft?, hard: hard? };
    let over = match (limit.soft, limit.hard) {
        (Limit::At(soft), Limit::At(hard)) => soft > hard,
        (Limit::Unlimited, Limit::At(_)) => true,
        (_, Limit::Unlimited) => false,
    };
    if over {
        item.refuse(check, "`soft` is more than `hard`");
        return None;
    }
    Some(limit)
}

fn limit(check: &mut Check, item: Item<'_>, resource: Resource) -> Option<Limit> {
    if item.is_word("unlimited") {
        return Some(Limit::Unlimited);
    }
    if let Some(number) = item.integer() {
        let number = number.ok().and_then(|n| u64::try_from(n).ok());
        if number.is_none() {
            item.refuse(check, "a limit cannot be negative");
        }
        return number.map(Limit::At);
    }
    let at = match resource {
        Resource::CpuTime => item.parsed(check, |text| {
            if digits(text) { size::parse(text) } else { whole_seconds(duration::parse(text)?) }
        }),
        Resource::OpenFiles | Resource::Processes => item.parsed(check, |text| {
            if digits(text) { size::parse(text) } else { Err("a count has no unit".into()) }
        }),
        Resource::AddressSpace
        | Resource::CoreSize
        | Resource::Data
        | Resource::FileSize
        | Resource::LockedMemory
        | Resource::ResidentSet
        | Resource::Stack => item.parsed(check, size::parse),
    };
    at.map(Limit::At)
}

/// A number in quotes: the way to write one past the range of TOML's integers.
fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn whole_seconds(time: Duration) -> Result<u64, String> {
    if time.subsec_millis() > 0 {
        return Err("processor time is in whole seconds".into());
    }
    Ok(time.as_secs())
}
