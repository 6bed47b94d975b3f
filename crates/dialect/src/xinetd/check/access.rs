//! `only_from` and `no_access`. A match in `no_access` refuses, whatever else matches.

use super::{Context, Subject};
use crate::xinetd::attribute::Attribute;
use crate::xinetd::merge::{self, List};
use crate::xinetd::report::{Report, error, quote, warning};
use crate::xinetd::settings::Peer;
use crate::xinetd::value::At;
use crate::xinetd::{bounds, codes};
use portreeve_model::{AccessList, AllowList, Dialect, HostPattern, Network, Pattern, Rule};
use std::collections::HashMap;

/// The access list of a service, if it has one.
pub(super) fn of(
    cx: &mut Context<'_>,
    subject: &Subject<'_>,
    report: &mut Report<'_>,
) -> Option<AccessList> {
    let settings = subject.settings;
    let inherited = |list: &Option<List<Peer>>| list.as_ref().map_or(0, |list| list.items.len());
    let (only_from, no_access) = (&cx.defaults.only_from, &cx.defaults.no_access);
    cx.rules = cx.rules.saturating_add(inherited(only_from) + inherited(no_access));
    let own = settings.only_from.iter().chain(&settings.no_access);
    cx.rules = cx.rules.saturating_add(own.map(|edit| edit.items.len()).sum());
    if cx.rules > bounds::RULES {
        let message =
            format!("all services together have more than {} access rules", bounds::RULES);
        let help = "name networks instead of addresses, or use a packet filter";
        report.push(error(codes::TOO_LARGE, subject.header, message).help(help));
        return None;
    }
    let allow =
        merge::service(Attribute::OnlyFrom, only_from.as_ref(), &settings.only_from, report);
    let deny = merge::service(Attribute::NoAccess, no_access.as_ref(), &settings.no_access, report);
    if let Some(allow) = &allow {
        merge::nobody(allow, &settings.only_from, report);
        let denied = deny.as_ref().map_or(&[] as &[_], |deny| &deny.items);
        overlaps(cx, &allow.items, denied, report);
    }
    if allow.is_none() && deny.is_none() {
        return None;
    }
    let rule = |peer: At<Peer>| Rule {
        pattern: peer.value.pattern,
        text: peer.value.text,
        origin: cx.origin(peer.at),
    };
    let deny = deny.map_or(Vec::new(), |deny| deny.items.into_iter().map(rule).collect());
    let allow = allow.map(|allow| AllowList {
        origin: cx.origin(allow.at),
        rules: allow.items.into_iter().map(rule).collect(),
    });
    Some(AccessList { dialect: Dialect::Xinetd, allow, deny })
}

/// Items of `only_from` that lie within `no_access` and so admit nobody. The manual promises that
/// the closer match wins; neither xinetd nor portreeve does that.
fn overlaps(cx: &mut Context<'_>, allow: &[At<Peer>], deny: &[At<Peer>], report: &mut Report<'_>) {
    let mut networks: HashMap<Network, &At<Peer>> = HashMap::new();
    let mut hosts: HashMap<&HostPattern, &At<Peer>> = HashMap::new();
    for peer in deny {
        match &peer.value.pattern {
            Pattern::Network(network) => drop(networks.entry(*network).or_insert(peer)),
            Pattern::Host(host) => drop(hosts.entry(host).or_insert(peer)),
            Pattern::Range(_) | Pattern::Listed(_) => {} // no words of this language
        }
    }
    if deny.is_empty() {
        return;
    }
    for peer in allow {
        let over = match &peer.value.pattern {
            Pattern::Network(network) => around(*network).find_map(|wider| networks.get(&wider)),
            Pattern::Host(host) => hosts.get(host),
            Pattern::Range(_) | Pattern::Listed(_) => None,
        };
        let Some(over) = over else { continue };
        if cx.overlaps.insert((peer.at, over.at)) {
            let message = format!("`only_from` {} admits nobody", quote(&peer.value.text));
            report.push(
                warning(codes::LIST_OVERLAP, peer.at, message)
                    .also(over.at, "`no_access` wins, however close the match")
                    .help("remove one of the two, or make the denied networks smaller"),
            );
        }
    }
}

/// A network and all that contain it.
fn around(network: Network) -> impl Iterator<Item = Network> {
    let lengths = (0..=network.length()).rev();
    lengths.filter_map(move |length| Network::new(network.address(), length).ok())
}
