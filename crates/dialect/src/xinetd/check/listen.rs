//! Where a service listens: `bind`, the flags `IPv4` and `IPv6`, `v6only`.

use super::{Context, Subject};
use crate::xinetd::codes;
use crate::xinetd::report::{Report, error, note, quote, warning};
use crate::xinetd::settings::Settings;
use crate::xinetd::value::At;
use crate::xinetd::value::word::Flag;
use portreeve_diag::Span;
use portreeve_model::{Bind, Family, Listen};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What flags and `v6only` ask for.
struct Asked {
    /// `flags = IPv4` without `IPv6`.
    only_v4: Option<Span>,
    /// `flags = IPv6` without `IPv4`.
    only_v6: Option<Span>,
    /// `v6only = yes`, in the entry or in `defaults`.
    v6only: Option<Span>,
    /// `v6only = yes` in the entry.
    own_v6only: Option<Span>,
}

/// The listening addresses, each with its place.
pub(super) fn of(
    cx: &Context<'_>,
    subject: &Subject<'_>,
    port: u16,
    report: &mut Report<'_>,
) -> Vec<(Listen, Span)> {
    let asked = asked(cx, subject, report);
    let bind = subject.settings.bind.as_ref().or_else(|| cx.defaults.first(|s| &s.bind));
    let mut listening: Vec<(Listen, Span)> = Vec::new();
    let mut add = |bind: Bind, family: Family, at: Span| {
        let listen = Listen { bind, port, family, origin: cx.origin(at) };
        if !listening.iter().any(|(other, _)| *other == listen) {
            listening.push((listen, at));
        }
    };
    match bind {
        None => {
            if let Some((bind, family)) = anywhere(&asked, report) {
                add(bind, family, subject.name.at);
            }
        }
        Some(addresses) => {
            for address in &addresses.value {
                if let Some(family) = family(address, &asked, report) {
                    add(address.value.clone(), family, address.at);
                }
            }
        }
    }
    differences(subject.settings, report);
    listening
}

/// Says where an entry, or `defaults`, means something else to xinetd.
pub(in crate::xinetd) fn differences(settings: &Settings, report: &mut Report<'_>) {
    if let Some(bind) = settings.bind.as_ref().filter(|bind| bind.value.len() > 1) {
        let message = "all of these addresses are bound";
        let help = "xinetd ignores the line for their number, and listens on every address";
        report.push(warning(codes::BIND_SEVERAL, bind.at, message).help(help));
    }
    if let Some(no) = settings.v6only.as_ref().filter(|v6only| !v6only.value) {
        let message = "`v6only = no` lets IPv4 in; in xinetd the line shuts it out";
        let help = "remove the line for both families, or write `yes` for IPv6 alone";
        report.push(warning(codes::V6ONLY_NO, no.at, message).help(help));
    }
}

fn asked(cx: &Context<'_>, subject: &Subject<'_>, report: &mut Report<'_>) -> Asked {
    let (v4, v6) = (subject.flag(Flag::Ipv4), subject.flag(Flag::Ipv6));
    if let (Some(at), Some(_)) = (v4, v6) {
        let message = "both families on one IPv6 socket, or IPv4 alone where there is no IPv6";
        let help = "remove both flags, which means the same";
        report.push(note(codes::BOTH_FAMILIES, at, message).help(help));
    }
    let own = subject.settings.v6only.as_ref();
    let in_force = own.or_else(|| cx.defaults.first(|s| &s.v6only));
    let yes = |v6only: &&At<bool>| v6only.value;
    Asked {
        only_v4: v4.filter(|_| v6.is_none()),
        only_v6: v6.filter(|_| v4.is_none()),
        v6only: in_force.filter(yes).map(|v6only| v6only.at),
        own_v6only: own.filter(yes).map(|v6only| v6only.at),
    }
}

/// Without `bind`: every address of the family.
fn anywhere(asked: &Asked, report: &mut Report<'_>) -> Option<(Bind, Family)> {
    let any_v6 = Bind::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    match (asked.only_v4, asked.v6only) {
        (Some(_), _) => {
            if let (Some(flag), Some(line)) = (asked.only_v4, asked.own_v6only) {
                report.push(contradiction(line, flag, "`v6only = yes` contradicts `flags = IPv4`"));
                return None;
            }
            Some((Bind::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), Family::V4))
        }
        (None, Some(_)) => Some((any_v6, Family::V6)),
        (None, None) => Some((any_v6, Family::Dual)),
    }
}

/// The family of a bound address.
fn family(address: &At<Bind>, asked: &Asked, report: &mut Report<'_>) -> Option<Family> {
    let mut clash = |other: Option<Span>, message: String| {
        other.map(|other| report.push(contradiction(address.at, other, &message))).is_some()
    };
    match &address.value {
        Bind::Address(ip @ IpAddr::V4(_)) => {
            let flag = clash(asked.only_v6, format!("`{ip}` is no IPv6 address"));
            let v6only = clash(asked.own_v6only, format!("`{ip}` contradicts `v6only = yes`"));
            (!flag && !v6only).then_some(Family::V4)
        }
        Bind::Address(ip @ IpAddr::V6(v6)) => {
            let clashes = clash(asked.only_v4, format!("`{ip}` is no IPv4 address"));
            let dual = v6.is_unspecified() && asked.v6only.is_none();
            (!clashes).then_some(if dual { Family::Dual } else { Family::V6 })
        }
        Bind::Host(name) => {
            let message = format!("every address of {} is bound", quote(name));
            let help = "write the address that is meant; xinetd takes one of them";
            report.push(note(codes::BIND_NAME, address.at, message).help(help));
            Some(match (asked.only_v4, asked.only_v6.or(asked.v6only)) {
                (Some(_), _) => Family::V4,
                (None, Some(_)) => Family::V6,
                (None, None) => Family::Dual,
            })
        }
    }
}

fn contradiction(at: Span, other: Span, message: &str) -> portreeve_diag::Diagnostic {
    error(codes::BIND_FAMILY, at, message)
        .also(other, "which is asked for here")
        .help("remove one of the two, or give each family an entry of its own")
}
