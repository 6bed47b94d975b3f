//! Images against a plain scan of the entries, and images that somebody damaged.

use super::*;
use portreeve_model::{AddressRange, HostPattern, Network};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What was put in, one after the other, to be scanned.
#[derive(Clone, Debug)]
enum Entry {
    Range(AddressRange),
    Network(Network),
    Host(HostPattern),
}

impl Entry {
    fn holds(&self, peer: IpAddr) -> bool {
        match self {
            Self::Range(range) => range.contains(peer),
            Self::Network(network) => network.contains(peer),
            Self::Host(_) => false,
        }
    }
}

fn image(entries: &[(Entry, u32)], seed: u64) -> Vec<u8> {
    let mut builder = Builder::new(seed);
    for (entry, value) in entries {
        match entry {
            Entry::Range(range) => builder.range(*range, *value),
            Entry::Network(network) => builder.network(*network, *value),
            Entry::Host(host) => builder.host(host, *value),
        }
    }
    builder.build().unwrap()
}

fn set(entries: &[(Entry, u32)]) -> Set<Vec<u8>> {
    Set::new(image(entries, 42)).unwrap()
}

fn net(text: &str) -> Entry {
    Entry::Network(text.parse().unwrap())
}

fn host(text: &str) -> Entry {
    Entry::Host(HostPattern::parse(text).unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Addresses that are close to one another, so that entries overlap and touch.
fn v4() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        0..600_u32,
        (0..600_u32).prop_map(|n| u32::MAX - n),
        (0..4096_u32).prop_map(|n| 0x0a00_0000 + n)
    ]
}

fn v6() -> impl Strategy<Value = u128> {
    let block = 0x2001_0db8_u128 << 96;
    prop_oneof![
        any::<u128>(),
        0..600_u128,
        (0..600_u128).prop_map(|n| u128::MAX - n),
        (0..600_u128).prop_map(move |n| block + n),
        (0..600_u128).prop_map(move |n| block + (n << 64)),
    ]
}

fn address() -> impl Strategy<Value = IpAddr> {
    let six = v6().prop_map(|n| IpAddr::V6(Ipv6Addr::from(n)));
    prop_oneof![v4().prop_map(|n| IpAddr::V4(Ipv4Addr::from(n))), six]
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("mail"), Just("x-y"), Just("q_1")].prop_map(String::from)
}

fn name() -> impl Strategy<Value = String> {
    (vec(label(), 1..4), any::<bool>())
        .prop_map(|(labels, below)| format!("{}{}", if below { "." } else { "" }, labels.join(".")))
}

fn entry() -> impl Strategy<Value = Entry> {
    let range = (address(), address()).prop_filter_map("a range", |(a, b)| {
        AddressRange::new(a.min(b), a.max(b)).ok().map(Entry::Range)
    });
    let network = (address(), 0..=128_u8)
        .prop_map(|(at, length)| Entry::Network(Network::around(at, length.min(32), length)));
    let host = name().prop_filter_map("a name", |text| HostPattern::parse(&text).map(Entry::Host));
    prop_oneof![range, network, host]
}

/// Addresses at which an answer may change.
fn interesting(entries: &[(Entry, u32)]) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for (entry, _) in entries {
        let range = match entry {
            Entry::Range(range) => *range,
            Entry::Network(network) => (*network).into(),
            Entry::Host(_) => continue,
        };
        for end in [range.first(), range.last()] {
            all.push(end);
            match end {
                IpAddr::V4(v4) => {
                    all.push(Ipv4Addr::from(u32::from(v4).wrapping_add(1)).into());
                    all.push(Ipv4Addr::from(u32::from(v4).wrapping_sub(1)).into());
                }
                IpAddr::V6(v6) => {
                    all.push(Ipv6Addr::from(u128::from(v6).wrapping_add(1)).into());
                    all.push(Ipv6Addr::from(u128::from(v6).wrapping_sub(1)).into());
                }
            }
        }
    }
    all
}

fn agrees(entries: &[(Entry, u32)], peers: &[IpAddr], names: &[String]) {
    let set = set(entries);
    for peer in peers {
        let peer = portreeve_model::unmapped(*peer);
        let scan = entries.iter().filter(|(entry, _)| entry.holds(peer)).map(|(_, value)| *value);
        assert_eq!(set.by_address(peer), scan.min(), "{peer}");
    }
    let hosts = entries.iter().filter_map(|(entry, value)| match entry {
        Entry::Host(host) => Some((host, *value)),
        Entry::Range(_) | Entry::Network(_) => None,
    });
    for name in names {
        let scan = hosts.clone().filter(|(host, _)| host.matches(name)).map(|(_, value)| value);
        assert_eq!(set.by_name(name), scan.min(), "{name}");
    }
    assert_eq!(set.first_name(), hosts.map(|(_, value)| value).min());
}

proptest! {
    #[test]
    fn an_image_answers_as_a_scan_of_its_entries(
        entries in vec((entry(), 0..50_u32), 0..120),
        peers in vec(address(), 40),
        names in vec(name(), 20),
    ) {
        let peers: Vec<IpAddr> = peers.into_iter().chain(interesting(&entries)).collect();
        agrees(&entries, &peers, &names);
        prop_assert_eq!(image(&entries, 7), image(&entries, 7));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..400), peer in address()) {
        ask(&bytes, &[peer], &["a.b".to_owned()]);
        let mut led = image(&[], 1);
        led.truncate(16);
        led.extend(bytes);
        ask(&led, &[peer], &["a.b".to_owned()]);
    }

    #[test]
    fn a_header_of_any_numbers_reads_no_further(
        numbers in vec(prop_oneof![0..40_u32, any::<u32>()], 20),
        peer in address(),
    ) {
        let entries = [(net("10.0.0.0/8"), 1), (net("2001:db8::/32"), 2), (host("a.b"), 3)];
        let mut bytes = image(&entries, 1);
        for (at, number) in numbers.iter().enumerate() {
            bytes[16 + at * 4..20 + at * 4].copy_from_slice(&number.to_le_bytes());
        }
        ask(&bytes, &[peer], &["a.b".to_owned()]);
    }
}

/// Asks everything of some bytes, if they pass for an image.
fn ask(bytes: &[u8], peers: &[IpAddr], names: &[String]) {
    let Ok(set) = Set::new(bytes) else { return };
    for peer in peers {
        let _ = set.by_address(*peer);
    }
    for name in names {
        let _ = set.by_name(name);
    }
    let _ = (set.first_name(), set.counts(), set.is_empty());
}

/// SplitMix64, for lists that a strategy would draw too slowly.
fn random(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 31)
}

fn truncated(number: u64) -> u32 {
    u32::try_from(number >> 32).unwrap()
}

#[test]
fn long_lists_of_every_spread_answer_as_a_scan() {
    // addresses spread evenly, crowded into a few networks, and all within one /64
    let spreads: [fn(u64) -> IpAddr; 6] = [
        |n| Ipv4Addr::from(truncated(random(n))).into(),
        |n| Ipv4Addr::from(0x0a01_0000 + (truncated(random(n)) & 0xffff)).into(),
        |n| Ipv4Addr::from((1 << (random(n) % 32)) + u32::try_from(n % 50).unwrap()).into(),
        |n| Ipv6Addr::from(u128::from(random(n)) << 64 | u128::from(random(n + 1))).into(),
        |n| Ipv6Addr::from((0x2001_0db8_u128 << 96) + u128::from(random(n) % 5000)).into(),
        |n| Ipv6Addr::from((0x2a00_u128 << 112) + (1_u128 << (random(n) % 110))).into(),
    ];
    for spread in spreads {
        let entries: Vec<(Entry, u32)> = (0..3000_u32)
            .map(|n| {
                let at = spread(u64::from(n));
                let (v4, v6) = if n % 10 == 0 { (28, 124) } else { (32, 128) };
                (Entry::Network(Network::around(at, v4, v6)), n)
            })
            .collect();
        let peers: Vec<IpAddr> =
            interesting(&entries).into_iter().step_by(7).chain((5000..5300).map(spread)).collect();
        agrees(&entries, &peers, &[]);
    }
}

#[test]
fn the_whole_of_a_family_can_be_listed() {
    let entries =
        [(net("0.0.0.0/0"), 5), (net("10.0.0.0/8"), 3), (net("10.1.0.0/16"), 9), (net("::/0"), 7)];
    let set = set(&entries);
    for (peer, want) in [
        ("0.0.0.0", Some(5)),
        ("255.255.255.255", Some(5)),
        ("10.1.2.3", Some(3)),
        ("::ffff:10.1.2.3", Some(3)),
        ("::", Some(7)),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(7)),
    ] {
        assert_eq!(set.by_address(ip(peer)), want, "{peer}");
    }
    assert_eq!(set.counts(), (3, 1, 0));
}

#[test]
fn a_value_past_the_greatest_is_the_greatest() {
    let mut builder = Builder::new(0);
    builder.range("::ffff:10.0.0.1-10.0.0.2".parse().unwrap(), u32::MAX);
    let set = Set::new(builder.build().unwrap()).unwrap();
    assert_eq!(set.by_address(ip("10.0.0.2")), Some(Builder::MAX_VALUE));
    assert_eq!(set.by_address(ip("10.0.0.3")), None);
}

#[test]
fn names_are_whole_names_and_domains_are_what_is_below_them() {
    let entries = [
        (host(".example"), 4),
        (host("a.example"), 2),
        (host(".b.example"), 3),
        (host("A.example."), 9),
        (host("foo"), 6),
    ];
    let set = set(&entries);
    for (name, want) in [
        ("a.example", Some(2)),
        ("A.Example.", Some(2)),
        ("x.a.example", Some(4)),
        ("c.b.example", Some(3)),
        ("example", None),
        (".example", None),
        ("..example", Some(4)),
        ("foo.", Some(6)),
        (".foo", None),
        ("", None),
        (".", None),
        ("é.example", Some(4)),
    ] {
        assert_eq!(set.by_name(name), want, "{name}");
    }
    assert_eq!(set.first_name(), Some(2));
}

#[test]
fn an_image_is_the_same_each_time_and_depends_on_its_seed() {
    let entries = [(host(".example"), 4), (host("a.example"), 2), (net("10.0.0.0/8"), 1)];
    assert_eq!(image(&entries, 1), image(&entries, 1));
    assert_ne!(image(&entries, 1), image(&entries, 2));
    assert!(Set::new(image(&[], 3)).unwrap().is_empty());
}

#[test]
fn a_damaged_image_is_refused_or_answers_but_never_panics() {
    let mut entries: Vec<(Entry, u32)> = (0..300_u32)
        .map(|n| (Entry::Network(Network::host(Ipv4Addr::from(0x0a00_0000 + n * 3).into())), n))
        .collect();
    entries.extend((0..60).map(|n| {
        let at = Ipv6Addr::from((0x2001_0db8_u128 << 96) + (u128::from(n) << 66) + 9);
        (Entry::Network(Network::host(at.into())), n)
    }));
    entries.extend([(host(".example"), 1), (host("mail.example"), 2), (host("a.b.c"), 3)]);
    let whole = image(&entries, 5);
    let peers: Vec<IpAddr> =
        ["10.0.0.3", "10.0.1.44", "0.0.0.0", "2001:db8::9", "2001:db8:0:8::9"].map(ip).to_vec();
    let names: Vec<String> = ["x.example", "mail.example", "a.b.c", "q"].map(String::from).to_vec();
    for at in 0..whole.len() {
        assert!(Set::new(&whole[..at]).is_err(), "cut at {at}");
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            ask(&bytes, &peers, &names);
        }
    }
    let longer: Vec<u8> = whole.iter().copied().chain([0]).collect();
    assert!(Set::new(longer).is_err());
}

#[test]
fn an_ipv4_entry_takes_less_than_20_bytes() {
    for within in ["10.0.0.0/8", "0.0.0.0/0"] {
        // a wide network behind all others makes two steps of each
        let mut entries: Vec<(Entry, u32)> = (0..20_000_u32)
            .map(|n| {
                let at = Ipv4Addr::from(0x0a00_0000 | (truncated(random(u64::from(n))) >> 8));
                (Entry::Network(Network::host(at.into())), n)
            })
            .collect();
        entries.push((net(within), 20_000));
        let bytes = image(&entries, 1).len();
        assert!(bytes < 20 * entries.len(), "{within}: {bytes}");
    }
}

#[test]
fn an_image_that_has_whole_tables_walked_along_is_none() {
    let host = Entry::Host(HostPattern::Exact("a.example".into()));
    let good = image(&[(host, 1)], 42);
    // behind the mark, the seed, and two numbers
    let with = |probes: u32| {
        let mut image = good.clone();
        image[24..28].copy_from_slice(&probes.to_le_bytes());
        Set::new(image)
    };
    assert_eq!(with(1).unwrap().by_name("a.example"), Some(1));
    assert!(with(u32::MAX).is_err());
}
