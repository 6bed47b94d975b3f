//! What is wrong among services.

use crate::check::{self, Check};
use crate::codes;
use portreeve_diag::{Diagnostic, FileId, Level, Sources, Span};
use portreeve_model::{Bind, Dialect, Family, Kept, Listen, Origin, Service};
use std::collections::HashMap;
use std::net::IpAddr;

/// Services with one key.
pub(crate) fn duplicates(check: &mut Check, services: &[Service], kept: &[Kept]) {
    let mut first: HashMap<&str, Origin> = HashMap::new();
    let services = services.iter().map(|service| (service.key.as_str(), service.origin.origin));
    let kept = kept.iter().map(|kept| (kept.name.as_str(), kept.origin.origin));
    for (key, origin) in services.chain(kept) {
        let Some(before) = first.insert(key, origin) else { continue };
        let at = place(&check.sources, origin);
        let message = format!("`{key}` is written twice");
        let finding = Diagnostic::new(Level::Error, codes::DUPLICATE_SERVICE, Some(at), message)
            .also(place(&check.sources, before), "first here")
            .help(
                "give one of them another key, such as `NAME@ADDRESS:PORT` with `name = \"NAME\"`",
            );
        check.say(finding);
    }
}

/// Which pairs of services are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// All.
    All,
    /// Those with a native one: a dialect has looked at its own.
    WithNative,
}

/// Listening addresses that cannot both be bound.
pub(crate) fn across(check: &mut Check, services: &[Service], pairs: Pairs) {
    let mut by_port: HashMap<u16, Vec<(&Service, &Listen)>> = HashMap::new();
    for service in services {
        for listen in &service.listen {
            by_port.entry(listen.port).or_default().push((service, listen));
        }
    }
    let mut findings = Vec::new();
    for held in by_port.values() {
        for (at, (service, listen)) in held.iter().enumerate() {
            let mut before = held.iter().take(at);
            let ours = |other| pairs == Pairs::All || native(listen) || native(other);
            let clash = before.find(|(_, other)| clash(listen, other) && ours(other));
            let Some((other_service, other)) = clash else { continue };
            findings
                .push((listen.origin, finding(check, (service, listen), (other_service, other))));
        }
    }
    findings.sort_by_key(|(origin, _)| *origin);
    findings.into_iter().for_each(|(_, finding)| check.say(finding));
}

fn native(listen: &Listen) -> bool {
    listen.origin.dialect == Dialect::Native
}

fn finding(check: &Check, one: (&Service, &Listen), other: (&Service, &Listen)) -> Diagnostic {
    let at = place(&check.sources, one.1.origin);
    let message = format!(
        "`{}` of `{}` cannot be bound beside `{}` of `{}`",
        shown(one.1),
        one.0.key,
        shown(other.1),
        other.0.key
    );
    Diagnostic::new(Level::Error, codes::LISTEN_CLASH, Some(at), message)
        .also(place(&check.sources, other.1.origin), "the other address")
        .help("give each service an address or a port of its own, or disable one of them")
}

fn shown(listen: &Listen) -> String {
    crate::words::address::show(listen).trim_matches('"').to_owned()
}

/// Whether two addresses of one port exclude one another: the same, or one that means every
/// address of a family beside one of that family.
fn clash(one: &Listen, other: &Listen) -> bool {
    match (&one.bind, &other.bind) {
        (Bind::Host(a), Bind::Host(b)) => a.eq_ignore_ascii_case(b) && one.family == other.family,
        (Bind::Address(a), Bind::Address(b)) => {
            [Family::V4, Family::V6].into_iter().any(|family| {
                match (reach(*a, one.family, family), reach(*b, other.family, family)) {
                    (Some(a), Some(b)) => a == b || a.is_unspecified() || b.is_unspecified(),
                    (None, _) | (_, None) => false,
                }
            })
        }
        (Bind::Host(_), Bind::Address(_)) | (Bind::Address(_), Bind::Host(_)) => false,
    }
}

/// The address that a socket holds in one family, if it holds any there.
fn reach(address: IpAddr, family: Family, within: Family) -> Option<IpAddr> {
    let v4_any = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    match (within, family) {
        (Family::V4, Family::V4) => Some(address).filter(IpAddr::is_ipv4),
        (Family::V4, Family::Dual) => match portreeve_model::unmapped(address) {
            v4 @ IpAddr::V4(_) => Some(v4),
            v6 @ IpAddr::V6(_) => Some(v4_any).filter(|_| v6.is_unspecified()),
        },
        (Family::V6, Family::V6 | Family::Dual) => Some(address).filter(IpAddr::is_ipv6),
        (Family::V4, Family::V6) | (Family::V6, Family::V4) | (Family::Dual, _) => None,
    }
}

/// Where an origin is; the beginning of its file when its text is not at hand.
fn place(sources: &Sources, origin: Origin) -> Span {
    check::place(sources, origin).unwrap_or(Span::new(FileId(origin.file), 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> Listen {
        let (host, port) = crate::words::address::parse(text).unwrap();
        let origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };
        Listen { bind: host.bind, port: port.parse().unwrap(), family: host.family, origin }
    }

    #[test]
    fn an_address_clashes_with_itself_and_with_every_address() {
        for (one, other, want) in [
            ("192.0.2.1:22", "192.0.2.1:22", true),
            ("192.0.2.1:22", "192.0.2.2:22", false),
            ("192.0.2.1:22", "0.0.0.0:22", true),
            ("192.0.2.1:22", "*:22", true),
            ("0.0.0.0:22", "*:22", true),
            ("0.0.0.0:22", "[::]:22", false),
            ("[::]:22", "*:22", true),
            ("[2001:db8::1]:22", "*:22", true),
            ("[2001:db8::1]:22", "[::]:22", true),
            ("[2001:db8::1]:22", "0.0.0.0:22", false),
            ("a.example:22", "A.example:22", true),
            ("a.example:22", "*:22", false),
        ] {
            let (one, other) = (listen(one), listen(other));
            assert_eq!(clash(&one, &other), want, "{one:?} {other:?}");
            assert_eq!(clash(&other, &one), want, "{other:?} {one:?}");
        }
    }
}
