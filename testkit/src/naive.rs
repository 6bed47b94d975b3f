//! Admission once more, as slowly and plainly as it can be written.
//!
//! A third opinion beside the door and `explain`: it reads the model, not the compiled tables, runs
//! over every rule, ban and session from first to last, and shares no code with the policy. It knows
//! nothing of time passing: whatever has been counted is handed in.

use portreeve_model::{
    AccessList, Config, DnsList, HostPattern, Hours, Ident, Network, Offer, Origin, Pattern,
    PerSource, Rule, Service, Startups, WhenUnknown, may_be_listed,
};
use std::net::{IpAddr, Ipv6Addr};

/// The peer's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NaiveNames {
    /// Nobody has asked yet.
    NotAsked,
    /// These are confirmed.
    Confirmed(Vec<String>),
    /// It has no name.
    None,
    /// It has names, and none leads back to it.
    Unconfirmed,
    /// Asking failed.
    Failed,
}

/// What has been counted when the connection comes.
#[derive(Clone, Debug)]
pub struct NaiveCounts {
    /// Whether the service is switched off.
    pub disabled: bool,
    /// Live sessions of all services.
    pub all_sessions: u32,
    /// Whether the service pauses.
    pub pausing: bool,
    /// The load average in hundredths, where it can be read.
    pub load: Option<u32>,
    /// Connections already in the window of the rate; 0 when there is no open window.
    pub in_window: u32,
    /// The service's live sessions: the peer, and whether it is a startup.
    pub live: Vec<(IpAddr, bool)>,
    /// The dice of the early drop, 0 to 99.
    pub dice: u32,
    /// Whether the peer's ident server answered; `None` when nobody has asked.
    pub ident: Option<bool>,
    /// Which DNS lists were asked, by name, and whether they have the peer; `None` where one does
    /// not say.
    pub listed: Vec<(String, Option<bool>)>,
}

impl Default for NaiveCounts {
    fn default() -> Self {
        Self {
            disabled: false,
            all_sessions: 0,
            pausing: false,
            load: Some(0),
            in_window: 0,
            live: Vec::new(),
            dice: 99,
            ident: None,
            listed: Vec::new(),
        }
    }
}

/// A ban.
#[derive(Clone, Debug)]
pub struct NaiveBan {
    /// Who.
    pub network: Network,
    /// Until when, in seconds since the epoch; `None` for ever.
    pub until: Option<i64>,
}

/// Whether the connection is served; else a word: the class of refusal (`paused`, `banned`,
/// `hours`, `rule`, `full`), `trap` for a touched trap, `names`, `dns-lists` or `ident` for what has
/// to be asked first. With the place of what decided, where it has one.
pub type Opinion = (bool, &'static str, Option<Origin>);

/// Decides about a connection from `peer` to the service with this key.
#[must_use]
pub fn decide(
    config: &Config,
    service_key: &str,
    peer: IpAddr,
    wall: i64,
    names: &NaiveNames,
    counts: &NaiveCounts,
    bans: &[NaiveBan],
) -> Opinion {
    let Some(service) = config.services.iter().find(|s| s.key.as_str() == service_key) else {
        return (false, "paused", None);
    };
    let peer = canonical(peer);
    paused(config, service, counts)
        .or_else(|| banned(config, peer, wall, bans))
        .or_else(|| closed(service.admission.hours.as_ref(), wall))
        .or_else(|| ruled_out(&service.admission.lists, peer, names))
        .or_else(|| on_dns_list(service, peer, counts))
        .or_else(|| trapped(service))
        .or_else(|| unidentified(service, counts))
        .or_else(|| full(service, peer, counts))
        .unwrap_or((true, "granted", None))
}

fn paused(config: &Config, service: &Service, counts: &NaiveCounts) -> Option<Opinion> {
    if counts.disabled {
        return Some((false, "paused", Some(service.origin.origin)));
    }
    if counts.all_sessions >= config.settings.max_sessions {
        return Some((false, "paused", None));
    }
    if let (true, Some(rate)) = (counts.pausing, &service.admission.rate) {
        return Some((false, "paused", Some(rate.origin)));
    }
    let limit = service.admission.load?;
    match counts.load {
        Some(load) if load < limit.value.0 => None,
        Some(_) | None => Some((false, "paused", Some(limit.origin))),
    }
}

fn banned(config: &Config, peer: IpAddr, wall: i64, bans: &[NaiveBan]) -> Option<Opinion> {
    for rule in &config.settings.never_ban {
        if by_address(&rule.pattern, peer) {
            return None;
        }
    }
    for ban in bans {
        let over = ban.until.is_some_and(|until| wall >= until);
        if !over && inside(ban.network, peer) {
            return Some((false, "banned", None));
        }
    }
    None
}

fn closed(hours: Option<&Hours>, wall: i64) -> Option<Opinion> {
    let hours = hours?;
    let mut offset = hours.zone.offsets.first().map_or(0, |(_, offset)| *offset);
    for (from, then) in &hours.zone.offsets {
        if *from <= wall {
            offset = *then;
        }
    }
    let minute = (wall + i64::from(offset)).rem_euclid(24 * 60 * 60) / 60;
    for range in &hours.ranges {
        let (from, to) = (i64::from(range.from), i64::from(range.to));
        let open = if to > from {
            minute >= from && minute < to
        } else {
            minute >= from || minute < to // over midnight
        };
        if open {
            return None;
        }
    }
    Some((false, "hours", Some(hours.origin)))
}

/// Every list must grant. What addresses alone decide is decided first; only then are names looked
/// at, and only in lists that hang on one.
fn ruled_out(lists: &[AccessList], peer: IpAddr, names: &NaiveNames) -> Option<Opinion> {
    let mut hanging = Vec::new();
    for list in lists {
        if let Some(rule) = first_network(&list.deny, peer) {
            return Some((false, "rule", Some(rule.origin)));
        }
        let mut hangs = has_hosts(&list.deny);
        if let Some(allow) = &list.allow
            && first_network(&allow.rules, peer).is_none()
        {
            if !has_hosts(&allow.rules) {
                return Some((false, "rule", Some(allow.origin)));
            }
            hangs = true;
        }
        if hangs {
            hanging.push(list);
        }
    }
    hanging.into_iter().find_map(|list| ruled_out_by_name(list, peer, names))
}

fn ruled_out_by_name(list: &AccessList, peer: IpAddr, names: &NaiveNames) -> Option<Opinion> {
    let first_host = |rules: &[Rule]| {
        let hosts = rules.iter().filter(|rule| matches!(rule.pattern, Pattern::Host(_)));
        hosts.map(|rule| rule.origin).next()
    };
    let asked = first_host(&list.deny)
        .or_else(|| list.allow.as_ref().and_then(|allow| first_host(&allow.rules)));
    let confirmed: &[String] = match names {
        NaiveNames::NotAsked => return Some((false, "names", asked)),
        NaiveNames::Failed => {
            if let Some(origin) = first_host(&list.deny) {
                return Some((false, "rule", Some(origin)));
            }
            &[]
        }
        NaiveNames::Confirmed(confirmed) => confirmed,
        NaiveNames::None | NaiveNames::Unconfirmed => &[],
    };
    if let Some(rule) = first_host_match(&list.deny, confirmed) {
        return Some((false, "rule", Some(rule.origin)));
    }
    let allow = list.allow.as_ref()?;
    let matched = first_network(&allow.rules, peer).is_some()
        || first_host_match(&allow.rules, confirmed).is_some();
    (!matched).then_some((false, "rule", Some(allow.origin)))
}

/// Every list must have been asked; then the first that has the peer refuses, then the first that
/// does not say and refuses for it; but not whom an exception has.
fn on_dns_list(service: &Service, peer: IpAddr, counts: &NaiveCounts) -> Option<Opinion> {
    let lists = &service.admission.dns_lists;
    let first = lists.deny.first()?;
    if !may_be_listed(peer) {
        return None;
    }
    let said = |list: &DnsList| {
        let known = counts.listed.iter().find(|(name, _)| *name == list.zone.name);
        known.map(|(_, said)| *said)
    };
    for list in lists.deny.iter().chain(&lists.except) {
        if said(list).is_none() {
            return Some((false, "dns-lists", Some(first.origin)));
        }
    }
    if lists.except.iter().any(|list| said(list) == Some(Some(true))) {
        return None;
    }
    for wanted in [Some(true), None] {
        for list in &lists.deny {
            let counts = wanted.is_some() || list.when_unknown == WhenUnknown::Refuse;
            if counts && said(list) == Some(wanted) {
                return Some((false, "rule", Some(list.origin)));
            }
        }
    }
    None
}

fn trapped(service: &Service) -> Option<Opinion> {
    let trap = matches!(service.offer, Offer::Trap(_));
    trap.then_some((false, "trap", Some(service.origin.origin)))
}

fn unidentified(service: &Service, counts: &NaiveCounts) -> Option<Opinion> {
    if service.log.ident != Ident::Require {
        return None;
    }
    let origin = Some(service.origin.origin);
    match counts.ident {
        None => Some((false, "ident", origin)),
        Some(false) => Some((false, "rule", origin)),
        Some(true) => None,
    }
}

fn full(service: &Service, peer: IpAddr, counts: &NaiveCounts) -> Option<Opinion> {
    let admission = &service.admission;
    if let Some(rate) = admission.rate
        && counts.in_window >= rate.value.connections
    {
        return Some((false, "full", Some(rate.origin)));
    }
    if let Some(instances) = admission.instances
        && counts.live.len() >= instances.value as usize
    {
        return Some((false, "full", Some(instances.origin)));
    }
    if let Some(limit) = admission.per_source
        && of_source(&counts.live, peer, limit.value, false) >= limit.value.max as usize
    {
        return Some((false, "full", Some(limit.origin)));
    }
    let startups = counts.live.iter().filter(|(_, startup)| *startup).count();
    if let Some(limit) = admission.startups
        && dropped(limit.value, startups as u64, u64::from(counts.dice))
    {
        return Some((false, "full", Some(limit.origin)));
    }
    if let Some(limit) = admission.per_source_startups
        && of_source(&counts.live, peer, limit.value, true) >= limit.value.max as usize
    {
        return Some((false, "full", Some(limit.origin)));
    }
    None
}

/// The five lines of OpenSSH's `MaxStartups`.
fn dropped(limit: Startups, n: u64, dice: u64) -> bool {
    let (begin, rate, full) =
        (u64::from(limit.start), u64::from(limit.rate), u64::from(limit.full));
    if n < begin {
        false
    } else if n >= full || rate == 100 {
        true
    } else {
        dice < rate + (100 - rate) * (n - begin) / (full - begin)
    }
}

fn of_source(live: &[(IpAddr, bool)], peer: IpAddr, limit: PerSource, startups: bool) -> usize {
    let near = |other: IpAddr| {
        let other = canonical(other);
        let same_family = other.is_ipv4() == peer.is_ipv4();
        let length = if peer.is_ipv4() { limit.width.v4 } else { limit.width.v6 };
        same_family && same_prefix(other, peer, length)
    };
    live.iter().filter(|(other, startup)| (*startup || !startups) && near(*other)).count()
}

fn first_network(rules: &[Rule], peer: IpAddr) -> Option<&Rule> {
    rules.iter().find(|rule| by_address(&rule.pattern, peer))
}

/// List files are not for this twin: it reads no files.
fn by_address(pattern: &Pattern, peer: IpAddr) -> bool {
    match pattern {
        Pattern::Network(network) => inside(*network, peer),
        Pattern::Range(range) => range.networks().into_iter().any(|network| inside(network, peer)),
        Pattern::Host(_) | Pattern::Listed(_) => false,
    }
}

fn has_hosts(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| matches!(rule.pattern, Pattern::Host(_)))
}

fn first_host_match<'a>(rules: &'a [Rule], names: &[String]) -> Option<&'a Rule> {
    rules.iter().find(|rule| match &rule.pattern {
        Pattern::Host(host) => names.iter().any(|name| called(host, name)),
        Pattern::Network(_) | Pattern::Range(_) | Pattern::Listed(_) => false,
    })
}

fn called(pattern: &HostPattern, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    match pattern {
        HostPattern::Exact(exact) => name == exact,
        HostPattern::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
    }
}

fn inside(network: Network, peer: IpAddr) -> bool {
    let address = network.address();
    address.is_ipv4() == peer.is_ipv4() && same_prefix(address, peer, network.length())
}

/// Whether the first bits of two addresses of one family are the same, bit by bit.
fn same_prefix(a: IpAddr, b: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let octets = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        octets.iter().flat_map(|o| (0..8).rev().map(move |bit| o >> bit & 1 == 1)).collect()
    };
    bits(a).iter().zip(bits(b)).take(usize::from(length)).all(|(a, b)| *a == b)
}

/// An IPv4 peer of a dual-stack socket is an IPv4 peer.
fn canonical(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(v6) => match v6.octets() {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => IpAddr::from([a, b, c, d]),
            octets => IpAddr::V6(Ipv6Addr::from(octets)),
        },
        IpAddr::V4(_) => peer,
    }
}
