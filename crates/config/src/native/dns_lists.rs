//! `deny-listed` and `except-listed`.

use super::fields::Fields;
use super::item::Item;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use portreeve_model::{
    DnsList, DnsLists, DnsZone, HostPattern, MAX_CODES, MAX_DNS_LISTS, MAX_ZONE, WhenUnknown,
};
use std::net::Ipv4Addr;

/// The DNS lists of a service.
pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> DnsLists {
    let (denying, excepting) = (fields.get("deny-listed"), fields.get("except-listed"));
    let deny = denying.map(|item| lists(check, item)).unwrap_or_default();
    let except = excepting.map(|item| lists(check, item)).unwrap_or_default();
    if let (Some(item), true) = (excepting, deny.len() + except.len() > MAX_DNS_LISTS) {
        let most = format!("more than {MAX_DNS_LISTS} lists together with `deny-listed`");
        item.refuse(check, &most);
    }
    if let (Some(own), true) = (fields.own("except-listed"), deny.is_empty()) {
        let message = "`except-listed` excepts nobody: there is no `deny-listed`";
        let finding = check::warning(codes::UNUSED_KEY, own.named, message);
        check.say(finding.help("add the lists whose peers are refused, or remove this"));
    }
    DnsLists { deny, except }
}

fn lists(check: &mut Check, item: Item<'_>) -> Vec<DnsList> {
    let Some(entries) = item.entries_or_one(check) else { return Vec::new() };
    if entries.len() > MAX_DNS_LISTS {
        item.refuse(check, &format!("more than {MAX_DNS_LISTS} lists"));
        return Vec::new();
    }
    entries.into_iter().filter_map(|entry| list(check, entry)).collect()
}

fn list(check: &mut Check, entry: Item<'_>) -> Option<DnsList> {
    let origin = check.origin(entry.at);
    if !entry.is_table() {
        let name = entry.parsed(check, zone)?;
        let zone = DnsZone { name, codes: Vec::new() };
        return Some(DnsList { zone, when_unknown: WhenUnknown::default(), origin });
    }
    let table = entry.table(check, Scope::DnsList)?;
    let name = table.require(check, "zone").and_then(|item| item.parsed(check, zone));
    let codes = match table.get("codes") {
        None => Some(Vec::new()),
        Some(item) => codes_of(check, item),
    };
    let when_unknown = table.get("when-unknown").and_then(|item| {
        let unknown =
            item.one_of(check, &[("pass", WhenUnknown::Pass), ("refuse", WhenUnknown::Refuse)])?;
        if entry.key.name == "except-listed" {
            item.refuse(check, "an exception is never made for whom a list does not know");
        }
        Some(unknown)
    });
    let zone = DnsZone { name: name?, codes: codes? };
    Some(DnsList { zone, when_unknown: when_unknown.unwrap_or_default(), origin })
}

/// The name of a zone: lower case, without final dot.
fn zone(text: &str) -> Result<String, String> {
    let Some(HostPattern::Exact(name)) = HostPattern::parse(text) else {
        return Err(format!("`{text}` is no name of a zone, such as `bl.example.org`"));
    };
    if name.len() > MAX_ZONE {
        return Err(format!("a name of more than {MAX_ZONE} bytes leaves no room for an address"));
    }
    Ok(name)
}

fn codes_of(check: &mut Check, item: Item<'_>) -> Option<Vec<(Ipv4Addr, Ipv4Addr)>> {
    let entries = item.entries_or_one(check)?;
    if !(1..=MAX_CODES).contains(&entries.len()) {
        item.refuse(check, &format!("not from one to {MAX_CODES} answers or ranges"));
        return None;
    }
    // each mistake is named, not only the first
    let ranges: Vec<_> = entries.into_iter().map(|entry| entry.parsed(check, range)).collect();
    ranges.into_iter().collect()
}

/// `127.0.0.2`, or `127.0.0.2-127.0.0.11`.
fn range(text: &str) -> Result<(Ipv4Addr, Ipv4Addr), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let address = |text: &str| text.trim().parse::<Ipv4Addr>().ok();
    match address(first).zip(address(last)) {
        None => Err(format!("`{text}` is no IPv4 address, nor two with a `-` between")),
        Some((first, last)) if first > last => Err(format!("`{text}` ends before it starts")),
        Some((first, last)) if !(first.is_loopback() && last.is_loopback()) => {
            Err(format!("`{text}` is not in 127.0.0.0/8, where every answer of a list is"))
        }
        Some(range) => Ok(range),
    }
}
