//! How long a decision takes with few and with very many rules, names and bans.
//!
//! `cargo bench -p portreeve-policy` prints one line for each case: nanoseconds for each decision,
//! the fastest of several rounds, which was disturbed least. The peers are drawn from a seeded generator, half of them listed.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints"
)]

use portreeve_model::{
    AccessList, Admission, AllowList, Config, Dialect, HostPattern, Internal, Network, Offer,
    Origin, Pattern, PerSource, Rate, Rule, Service, Sited, SourceWidth, Startups,
};
use portreeve_policy::{
    Ban, Facts, IdentAnswer, Names, NoTrace, Own, ServiceIndex, State, Tables, Verdict, admit,
};
use std::hint::black_box;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const MANY: u64 = 1_000_000;
const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

/// SplitMix64's mixing step: a distinct number for each number.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 31)
}

/// The n-th peer of a family; those of one half of the numbers are never listed.
fn peer(n: u64, v6: bool) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = mix(n).to_be_bytes();
    match v6 {
        false => IpAddr::from([a & 127, b, c, d]),
        true => IpAddr::from([0x20, 1, a & 127, b, c, d, e, f, 0, 0, 0, 0, 0, 0, g, h]),
    }
}

fn stranger(n: u64, v6: bool) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = mix(n).to_be_bytes();
    match v6 {
        false => IpAddr::from([a | 128, b, c, d]),
        true => IpAddr::from([0x20, 1, a | 128, b, c, d, e, f, 0, 0, 0, 0, 0, 0, g, h]),
    }
}

/// Mostly single peers, some networks of several lengths, as lists in the wild are.
fn network(n: u64, v6: bool) -> Network {
    let (v4, six) = match n % 100 {
        0 => (24, 48),
        1 => (20, 40),
        2 => (16, 32),
        _ => (32, 64),
    };
    Network::around(peer(n, v6), v4, six)
}

fn rules(count: u64, v6: bool) -> Vec<Rule> {
    let rule = |n| {
        let network = network(n, v6);
        Rule { pattern: Pattern::Network(network), text: network.to_string(), origin: HERE }
    };
    (0..count).map(rule).collect()
}

fn name_rules(count: u64) -> Vec<Rule> {
    let rule = |n: u64| {
        let text =
            if n.is_multiple_of(2) { format!("h{n}.example.net") } else { format!(".d{n}.net") };
        let pattern = HostPattern::parse(&text).map(Pattern::Host);
        pattern.map(|pattern| Rule { pattern, text, origin: HERE })
    };
    (0..count).filter_map(rule).collect()
}

fn config(deny: Vec<Rule>, allow: Option<Vec<Rule>>) -> Config {
    let source = PerSource { max: 1000, width: SourceWidth::DEFAULT };
    let rate = Rate { connections: u32::MAX, per: Duration::from_secs(1), pause: Duration::ZERO };
    let allow = allow.map(|rules| AllowList { rules, origin: HERE });
    let admission = Admission {
        lists: vec![AccessList { dialect: Dialect::Native, allow, deny }],
        rate: Some(Sited::new(rate, HERE)),
        instances: Some(Sited::new(1000, HERE)),
        per_source: Some(Sited::new(source, HERE)),
        startups: Some(Sited::new(Startups { start: 900, rate: 30, full: 1000 }, HERE)),
        per_source_startups: Some(Sited::new(source, HERE)),
        grace: Some(Sited::new(Duration::from_secs(120), HERE)),
        ..Admission::default()
    };
    let name = "ssh".parse().ok();
    let service = "ssh".parse().ok().zip(name).map(|(key, name)| Service {
        key,
        name,
        listen: Vec::new(),
        socket: portreeve_model::SocketOptions::default(),
        offer: Offer::Internal(Internal::Echo),
        admission,
        banners: portreeve_model::Banners::default(),
        refusals: portreeve_model::Refusals::default(),
        ends: portreeve_model::Ends::default(),
        log: portreeve_model::ServiceLog::default(),
        origin: Sited::new((), HERE),
    });
    Config { services: service.into_iter().collect(), ..Config::default() }
}

/// Nanoseconds for one decision, and the share of peers granted.
fn measure(tables: &Tables, state: &mut State, peers: &[IpAddr], names: Names<'_>) -> (f64, f64) {
    let mut facts = Facts {
        peer: IpAddr::from([0, 0, 0, 0]),
        port: 40_000,
        now: Duration::ZERO,
        wall: 0,
        load: None,
        dice: 50,
        names,
        server_names: Names::NotAsked,
        own: Own::default(),
        answered: &[],
        listed: None,
        ident: IdentAnswer::NotAsked,
    };
    let mut fastest = f64::INFINITY;
    let mut granted = 0_u32;
    for _ in 0..9 {
        granted = 0;
        let start = Instant::now();
        for peer in peers {
            facts.peer = *peer;
            if let Verdict::Grant(reservation, _) =
                black_box(admit(tables, ServiceIndex(0), state, &facts, &mut NoTrace))
            {
                granted = granted.saturating_add(1);
                state.release(reservation);
            }
        }
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e9 / (peers.len().max(1) as f64));
    }
    (fastest, f64::from(granted) / (peers.len().max(1) as f64))
}

fn show(case: &str, tables: &Tables, state: &mut State, peers: &[IpAddr], names: Names<'_>) {
    let (ns, granted) = measure(tables, state, peers, names);
    println!("{case:<44} {ns:>7.0} ns a decision, {:>3.0} % granted", granted * 100.0);
}

fn new_state(tables: &Tables, bans: u64) -> State {
    let mut state = State::new(0, usize::try_from(bans).unwrap_or(usize::MAX));
    state.adopt(tables);
    state
}

/// All cases of one family with so many rules and bans.
fn cases(family: &str, v6: bool, count: u64) {
    let no_names = Names::NotAsked;
    let inside: Vec<IpAddr> = (0..100_000).map(|n| peer(n % count, v6)).collect();
    let outside: Vec<IpAddr> = (0..100_000).map(|n| stranger(n, v6)).collect();
    let case = |what: &str| format!("{family}: {count} {what}");

    let deny = Tables::compile(&config(rules(count, v6), None));
    let mut state = new_state(&deny, 1);
    show(&case("rules deny, none matches"), &deny, &mut state, &outside, no_names);
    show(&case("rules deny, one matches"), &deny, &mut state, &inside, no_names);

    let allow = Tables::compile(&config(Vec::new(), Some(rules(count, v6))));
    let mut state = new_state(&allow, 1);
    show(&case("rules allow, one matches"), &allow, &mut state, &inside, no_names);

    let open = Tables::compile(&config(Vec::new(), None));
    let mut state = new_state(&open, count);
    for n in 0..count {
        let network = network(n, v6);
        state.ban(Ban {
            since: 0,
            network,
            until: None,
            reason: "bench".into(),
            source: Default::default(),
        });
    }
    show(&case("bans, none matches"), &open, &mut state, &outside, no_names);
    show(&case("bans, one matches"), &open, &mut state, &inside, no_names);
}

fn main() {
    let strangers: Vec<IpAddr> = (0..100_000).map(|n| stranger(n, false)).collect();
    let none = Tables::compile(&config(Vec::new(), None));
    show("no rule, no ban", &none, &mut new_state(&none, 1), &strangers, Names::NotAsked);
    for (family, v6) in [("IPv4", false), ("IPv6", true)] {
        for count in [10, MANY] {
            cases(family, v6, count);
        }
    }
    for count in [10, MANY] {
        let named = Tables::compile(&config(name_rules(count), None));
        let names = ["mail.dept.d4.net".to_owned()];
        let mut state = new_state(&named, 1);
        let case = format!("{count} names deny, none matches");
        show(&case, &named, &mut state, &strangers, Names::Confirmed(&names));
    }
}
