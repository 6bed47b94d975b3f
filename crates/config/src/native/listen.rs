//! `listen`.

use super::Desk;
use super::fields::Fields;
use super::item::Item;
use crate::check;
use crate::codes;
use crate::keys::Scope;
use crate::words::address::{self, Host};
use portreeve_model::{Bind, Family, Listen};

/// Addresses of one service at most.
const MOST: usize = 256;

/// Where a service listens.
pub(super) fn read(desk: &mut Desk<'_>, fields: Fields<'_>) -> Vec<Listen> {
    let Some(item) = fields.require(desk.check, "listen") else { return Vec::new() };
    let Some(entries) = item.entries_or_one(desk.check) else { return Vec::new() };
    if entries.is_empty() || entries.len() > MOST {
        item.refuse(desk.check, &format!("it has from 1 to {MOST} addresses"));
    }
    entries.into_iter().filter_map(|entry| one(desk, entry)).collect()
}

fn one(desk: &mut Desk<'_>, entry: Item<'_>) -> Option<Listen> {
    let (host, port) =
        if entry.is_table() { from_table(desk, entry)? } else { from_text(desk, entry)? };
    let origin = desk.check.origin(entry.at);
    Some(Listen { bind: host.bind, port, family: host.family, origin })
}

fn from_text(desk: &mut Desk<'_>, entry: Item<'_>) -> Option<(Host, u16)> {
    let text = entry.text(desk.check)?;
    match address::parse(text) {
        Ok((host, port)) => Some((host, named_port(desk, entry, port)?)),
        Err(reason) => refuse(desk, entry, &reason),
    }
}

fn from_table(desk: &mut Desk<'_>, entry: Item<'_>) -> Option<(Host, u16)> {
    let table = entry.table(desk.check, Scope::Listen)?;
    let host = table.require(desk.check, "host");
    let host = host.and_then(|item| match address::named(item.text(desk.check)?) {
        Ok(host) => Some(host),
        Err(reason) => refuse(desk, item, &reason),
    });
    let port = table.require(desk.check, "port").and_then(|item| {
        if item.integer().is_some() {
            return item.count(desk.check, 1..=65535).and_then(|n| u16::try_from(n).ok());
        }
        let text = item.text(desk.check)?;
        named_port(desk, item, text)
    });
    let words = [("v4", Family::V4), ("v6", Family::V6), ("both", Family::Dual)];
    let family = table.get("family").map(|item| (item.one_of(desk.check, &words), item));
    let mut host = host?;
    if let Some((family, item)) = family {
        let family = family?;
        let fits = match host.bind {
            Bind::Address(address) => address.is_ipv6() || family == Family::V4,
            Bind::Host(_) => true,
        };
        if !fits || (host.family == Family::V6 && family == Family::V4) {
            return refuse(desk, item, "the address is of the other family");
        }
        host.family = family;
    }
    Some((host, port?))
}

fn named_port(desk: &mut Desk<'_>, entry: Item<'_>, port: &str) -> Option<u16> {
    let found = address::number(port).or_else(|| (desk.ports)(port));
    match found {
        Some(port) => Some(port),
        None if port.bytes().all(|b| b.is_ascii_digit()) => {
            refuse(desk, entry, &format!("`{port}` is no port: ports are 1 to 65535"))
        }
        None => refuse(desk, entry, &format!("no service `{port}` is known: write its number")),
    }
}

fn refuse<T>(desk: &mut Desk<'_>, entry: Item<'_>, reason: &str) -> Option<T> {
    let help = "write `192.0.2.1:22`, `[2001:db8::1]:22`, `*:22` for every address, or \
                `host.name:22`";
    desk.check.say(check::error(codes::BAD_LISTEN, entry.at, reason).help(help));
    None
}
