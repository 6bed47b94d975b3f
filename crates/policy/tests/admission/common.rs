//! Configurations and facts, written shortly.

use portreeve_model::{
    AccessList, Admission, AllowList, Bind, Config, Dialect, Family, HostPattern, Internal, Listen,
    Load, Network, Offer, Origin, Pattern, PerSource, Rate, Rule, Service, Sited, SourceWidth,
    Startups,
};
use portreeve_policy::{
    Facts, IdentAnswer, Names, Need, NoTrace, Own, Refusal, Reservation, ServiceIndex, State,
    Tables, Verdict, admit,
};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A place, told apart by its line.
pub(crate) fn at(line: u32) -> Origin {
    Origin { file: 0, line, column: 3, dialect: Dialect::Xinetd }
}

pub(crate) fn sited<T>(value: T, line: u32) -> Option<Sited<T>> {
    Some(Sited::new(value, at(line)))
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn net(text: &str) -> Network {
    text.parse().unwrap()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A rule, by address or by name.
pub(crate) fn rule(text: &str, line: u32) -> Rule {
    let pattern = match text.parse() {
        Ok(network) => Pattern::Network(network),
        Err(_) => match text.parse() {
            Ok(range) => Pattern::Range(range),
            Err(_) => Pattern::Host(HostPattern::parse(text).unwrap()),
        },
    };
    Rule { pattern, text: text.into(), origin: at(line) }
}

/// Rules separated by blanks, on lines counted from `line`.
pub(crate) fn rules(text: &str, line: u32) -> Vec<Rule> {
    (line..).zip(text.split_whitespace()).map(|(line, text)| rule(text, line)).collect()
}

/// A list: who may come in (written on line 100, its entries from 101) and who may not (from 201).
pub(crate) fn list(allow: Option<&str>, deny: &str) -> AccessList {
    AccessList {
        dialect: Dialect::Xinetd,
        allow: allow.map(|text| AllowList { rules: rules(text, 101), origin: at(100) }),
        deny: rules(deny, 201),
    }
}

pub(crate) fn service(key: &str, admission: Admission) -> Service {
    Service {
        key: key.parse().unwrap(),
        name: key.parse().unwrap(),
        listen: vec![Listen {
            bind: Bind::Address(Ipv4Addr::UNSPECIFIED.into()),
            port: 22,
            family: Family::V4,
            origin: at(1),
        }],
        socket: Default::default(),
        offer: Offer::Internal(Internal::Echo),
        admission,
        banners: Default::default(),
        refusals: Default::default(),
        ends: Default::default(),
        log: Default::default(),
        origin: Sited::new((), at(1)),
    }
}

pub(crate) fn config(services: Vec<Service>) -> Config {
    Config { files: vec!["/etc/xinetd.d/ssh".into()], services, ..Config::default() }
}

pub(crate) fn per_source(max: u32, width: SourceWidth) -> PerSource {
    PerSource { max, width }
}

pub(crate) fn rate(connections: u32, per: u64, pause: u64) -> Rate {
    Rate { connections, per: secs(per), pause: secs(pause) }
}

pub(crate) fn startups(start: u32, rate: u32, full: u32) -> Startups {
    Startups { start, rate, full }
}

pub(crate) const MIDDAY: i64 = 1_795_262_400; // 2026-11-21 12:00:00 UTC

pub(crate) fn facts(peer: &str) -> Facts<'static> {
    facts_of(ip(peer))
}

pub(crate) fn facts_of(peer: IpAddr) -> Facts<'static> {
    Facts {
        peer,
        port: 40_000,
        now: Duration::ZERO,
        wall: MIDDAY,
        load: Some(Load(0)),
        dice: 0,
        names: Names::NotAsked,
        server_names: Names::NotAsked,
        own: Own::default(),
        answered: &[],
        listed: None,
        ident: IdentAnswer::NotAsked,
    }
}

/// One service of a configuration, and its state.
pub(crate) struct Door {
    pub(crate) config: Config,
    pub(crate) tables: Tables,
    pub(crate) state: State,
}

impl Door {
    pub(crate) fn new(admission: Admission) -> Self {
        Self::of(config(vec![service("ssh", admission)]))
    }

    pub(crate) fn of(config: Config) -> Self {
        let tables = Tables::compile(&config);
        let mut state = State::new(config.settings.max_sessions, 1000);
        state.adopt(&tables);
        Self { config, tables, state }
    }

    pub(crate) fn ask(&mut self, facts: &Facts<'_>) -> Verdict {
        admit(&self.tables, ServiceIndex(0), &mut self.state, facts, &mut NoTrace)
    }

    pub(crate) fn reload(&mut self, config: Config) {
        self.tables = Tables::compile(&config);
        self.state.adopt(&self.tables);
        self.config = config;
    }
}

pub(crate) fn granted(verdict: Verdict) -> Reservation {
    match verdict {
        Verdict::Grant(reservation, _) => reservation,
        other => panic!("{other:?}"),
    }
}

/// A verdict as `granted`, `names`, `ident`, `sprung`, or the word and the line of a refusal.
pub(crate) fn shown<G>(verdict: &Verdict<G>) -> String {
    match verdict {
        Verdict::Grant(..) => "granted".into(),
        Verdict::Need(Need::Names) => "names".into(),
        Verdict::Need(Need::ServerNames) => "server-names".into(),
        Verdict::Need(Need::DnsLists) => "dns-lists".into(),
        Verdict::Need(Need::Ident | Need::User(_)) => "ident".into(),
        Verdict::Run(errand) => format!("{errand:?}"),
        Verdict::Sprung(_) => "sprung".into(),
        Verdict::Refuse(Refusal { reason, origin: Some(origin), .. }) => {
            format!("{} {}", reason.word(), origin.line)
        }
        Verdict::Refuse(refusal) => refusal.reason.word().into(),
    }
}

/// SplitMix64: a seeded generator, the same on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    pub(crate) fn chance(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
