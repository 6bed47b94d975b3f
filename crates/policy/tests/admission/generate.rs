//! Random configurations and peers over a small world, so that things meet.

use crate::common::*;
use portreeve_model::{
    AccessList, AddressRange, Admission, AllowList, Authentication, Config, Dialect, DnsList,
    DnsLists, DnsZone, HostPattern, HourRange, Hours, Ident, ListAnswer, Load, Network, Offer,
    Pattern, Rule, Sentence, Service, SourceWidth, Trap, WhenUnknown, Zone,
};
use std::net::{IpAddr, Ipv6Addr};

pub(crate) const KEYS: [&str; 6] = ["ssh", "imaps", "echo", "ssh@10.0.0.1:22", "telnet", "pop3"];
pub(crate) const NAMES: [&str; 6] =
    ["a.example", "B.example.", "x.b.example", "example", "c.org", "org"];
const PATTERNS: [&str; 6] =
    ["a.example", ".example", ".b.example", "x.b.example", ".org", "example"];

pub(crate) fn peer(random: &mut Random) -> IpAddr {
    let (net, host) = (random.below(3) as u8, random.below(4) as u8);
    match random.below(5) {
        0 => IpAddr::V6(Ipv6Addr::from([
            0,
            0,
            0,
            0,
            0,
            0xffff,
            0x0a00,
            u16::from(net) << 8 | u16::from(host),
        ])),
        1 | 2 => IpAddr::from([10, 0, net, host]),
        _ => {
            let address = [0x2001, 0xdb8, 0, u16::from(net), 0, 0, 0, u16::from(host)];
            IpAddr::V6(Ipv6Addr::from(address))
        }
    }
}

pub(crate) fn network(random: &mut Random) -> Network {
    let peer = portreeve_model::unmapped(peer(random));
    let v4 = *random.pick(&[0, 8, 16, 22, 23, 24, 30, 31, 32, 32, 32]);
    let v6 = *random.pick(&[0, 32, 62, 63, 64, 64, 65, 126, 127, 128, 128]);
    Network::around(peer, v4, v6)
}

fn random_rule(random: &mut Random, line: u32) -> Rule {
    let (pattern, text) = if random.chance(20) {
        let text = *random.pick(&PATTERNS);
        (Pattern::Host(HostPattern::parse(text).unwrap()), text.to_owned())
    } else if random.chance(20) {
        let (a, b) = (network(random).address(), network(random).address());
        let range =
            AddressRange::new(a.min(b), a.max(b)).unwrap_or_else(|_| network(random).into());
        (Pattern::Range(range), range.to_string())
    } else {
        let network = network(random);
        (Pattern::Network(network), network.to_string())
    };
    Rule { pattern, text, origin: at(line) }
}

fn random_rules(random: &mut Random, most: u64, line: &mut u32) -> Vec<Rule> {
    let count = random.below(most + 1);
    let mut next = || {
        *line += 1;
        *line
    };
    (0..count).map(|_| random_rule(random, next())).collect()
}

fn random_list(random: &mut Random, line: &mut u32) -> AccessList {
    *line += 1;
    let origin = at(*line);
    let allow = random.chance(50);
    let rules = random_rules(random, 6, line);
    AccessList {
        dialect: Dialect::Xinetd,
        allow: allow.then_some(AllowList { rules, origin }),
        deny: random_rules(random, 3, line),
    }
}

const ZONES: [&str; 3] = ["a.list", "b.list", "c.list"];

fn random_dns_lists(random: &mut Random, line: &mut u32) -> DnsLists {
    let mut some = |random: &mut Random, per_cent, refuse| {
        let zones = ZONES.iter().filter(|_| random.chance(per_cent)).collect::<Vec<_>>();
        let list = |name: &&str| {
            *line += 1;
            let refuses = refuse && random.chance(50);
            DnsList {
                zone: DnsZone { name: (*name).into(), codes: Vec::new() },
                when_unknown: if refuses { WhenUnknown::Refuse } else { WhenUnknown::Pass },
                origin: at(*line),
            }
        };
        zones.into_iter().map(list).collect()
    };
    DnsLists { deny: some(random, 50, true), except: some(random, 20, false) }
}

/// What lists say, and the same for the naive twin; now and then one has not been asked.
pub(crate) type Said = (Vec<(DnsZone, ListAnswer)>, Vec<(String, Option<bool>)>);

pub(crate) fn listed(random: &mut Random) -> Said {
    let mut said: Said = Default::default();
    for name in ZONES {
        let (answer, naive) = match random.below(8) {
            0 | 1 => (ListAnswer::Unknown("timeout".into()), None),
            2 | 3 => (ListAnswer::Listed(String::new()), Some(true)),
            4 => continue,
            _ => (ListAnswer::NotListed, Some(false)),
        };
        said.0.push((DnsZone { name: name.into(), codes: Vec::new() }, answer));
        said.1.push((name.into(), naive));
    }
    said
}

fn random_hours(random: &mut Random, line: &mut u32) -> Hours {
    let offsets =
        (0..random.below(3)).map(|n| (MIDDAY - 40_000 + 30_000 * n as i64, 3600 * n as i32));
    let zone = Zone { name: "local".into(), offsets: offsets.collect() };
    let ranges = (0..random.below(4)).map(|_| {
        *line += 1;
        HourRange {
            from: random.below(1440) as u16,
            to: random.below(1440) as u16 + 1,
            origin: at(*line),
        }
    });
    let ranges = ranges.collect();
    *line += 1;
    Hours { ranges, zone, origin: at(*line) }
}

fn random_service(random: &mut Random, key: &str, line: &mut u32) -> Service {
    let width = |random: &mut Random| {
        *random.pick(&[SourceWidth::DEFAULT, SourceWidth::EXACT, SourceWidth { v4: 24, v6: 63 }])
    };
    let dns_lists = random.chance(25).then(|| random_dns_lists(random, line));
    let mut maybe = |random: &mut Random, per_cent| {
        *line += 1;
        random.chance(per_cent).then_some(*line)
    };
    let dns_lists = dns_lists.unwrap_or_default();
    let mut admission = Admission { dns_lists, ..Admission::default() };
    if let Some(line) = maybe(random, 40) {
        let (connections, per) = (random.below(6) as u32, 1 + random.below(3));
        admission.rate = sited(rate(connections, per, random.below(4)), line);
    }
    if let Some(line) = maybe(random, 40) {
        admission.instances = sited(random.below(12) as u32, line);
    }
    if let Some(line) = maybe(random, 50) {
        admission.per_source = sited(per_source(random.below(5) as u32, width(random)), line);
    }
    if let Some(line) = maybe(random, 50) {
        admission.per_source_startups =
            sited(per_source(random.below(4) as u32, width(random)), line);
    }
    if let Some(line) = maybe(random, 50) {
        let start = random.below(6) as u32;
        let full = start + random.below(10) as u32;
        admission.startups = sited(startups(start, 1 + random.below(100) as u32, full), line);
    }
    if let Some(line) = maybe(random, 20) {
        admission.load = sited(Load(random.below(1000) as u32), line);
    }
    if let Some(line) = maybe(random, 60) {
        admission.grace = sited(secs(1 + random.below(20)), line);
    }
    admission.authentication = *random.pick(&[Authentication::None, Authentication::Notify(3)]);
    admission.hours = random.chance(20).then(|| random_hours(random, line));
    admission.lists = (0..random.below(3)).map(|_| random_list(random, line)).collect();
    let mut service = service("x", admission);
    *line += 1;
    service.origin.origin = at(*line);
    service.key = key.parse().unwrap();
    if random.chance(15) {
        service.log.ident = Ident::Require;
    }
    if random.chance(10) {
        service.offer = Offer::Trap(Trap { sentence: Sentence::Forever });
    }
    service
}

pub(crate) fn random_config(random: &mut Random) -> Config {
    let mut line = 0;
    let keys: Vec<_> = KEYS.into_iter().filter(|_| random.chance(70)).collect();
    let services = keys.into_iter().map(|key| random_service(random, key, &mut line)).collect();
    let mut config = config(services);
    config.settings.max_sessions = 10 + random.below(40) as u32;
    config.settings.never_ban = random_rules(random, 2, &mut line);
    config.settings.never_ban.retain(|rule| !matches!(rule.pattern, Pattern::Host(_)));
    config
}
