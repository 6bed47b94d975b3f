//! DNS lists.

use super::Page;
use crate::words::quote;
use portreeve_model::{DnsList, DnsLists, WhenUnknown};

/// Lists that refuse, then exceptions.
pub(super) fn print(page: &mut Page<'_>, lists: &DnsLists) {
    for (key, lists) in [("deny-listed", &lists.deny), ("except-listed", &lists.except)] {
        if !lists.is_empty() {
            page.list(key, lists.iter().map(|list| (one(list), list.origin)));
        }
    }
}

fn one(list: &DnsList) -> String {
    let name = quote::text(&list.zone.name);
    let mut parts = vec![format!("zone = {name}")];
    if !list.zone.codes.is_empty() {
        let range = |(first, last): &(_, _)| match first == last {
            true => quote::text(&format!("{first}")),
            false => quote::text(&format!("{first}-{last}")),
        };
        let codes = list.zone.codes.iter().map(range);
        parts.push(format!("codes = {}", quote::list(codes)));
    }
    if list.when_unknown == WhenUnknown::Refuse {
        parts.push("when-unknown = \"refuse\"".to_owned());
    }
    if parts.len() == 1 { name } else { format!("{{ {} }}", parts.join(", ")) }
}
