//! Memory: bounded by live sessions and the bound on bans, never by the number of sources.

use super::*;
use crate::{Ban, Facts, IdentAnswer, Names, NoTrace, Own, Reservation, Verdict, admit};
use portreeve_model::{
    Admission, Config, Dialect, Internal, Network, Offer, Origin, PerSource, Rate, Service, Sited,
    SourceWidth, Startups,
};
use std::collections::VecDeque;
use std::net::IpAddr;

const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

impl State {
    /// Everything that could grow, in entries and in reserved places.
    fn footprint(&self) -> usize {
        let slots = self.slots.iter().flatten();
        let counted = slots.map(|slot| slot.startups.len() + slot.sources.footprint());
        self.slots.capacity()
            + self.free.capacity()
            + self.by_key.capacity()
            + self.pauses.len()
            + self.graces.len()
            + self.bans.footprint()
            + counted.sum::<usize>()
    }
}

fn config(keys: &[&str]) -> Config {
    let limit = |max| Some(Sited::new(PerSource { max, width: SourceWidth::DEFAULT }, HERE));
    let admission = Admission {
        per_source: limit(10),
        per_source_startups: limit(10),
        startups: Some(Sited::new(Startups { start: 100_000, rate: 1, full: 100_000 }, HERE)),
        grace: Some(Sited::new(Duration::from_secs(120), HERE)),
        ..Admission::default()
    };
    let service = |key: &&str| Service {
        key: key.parse().unwrap(),
        name: "ssh".parse().unwrap(),
        listen: Vec::new(),
        socket: Default::default(),
        offer: Offer::Internal(Internal::Echo),
        admission: admission.clone(),
        banners: Default::default(),
        refusals: Default::default(),
        ends: Default::default(),
        log: Default::default(),
        origin: Sited::new((), HERE),
    };
    Config { services: keys.iter().map(service).collect(), ..Config::default() }
}

fn facts(peer: IpAddr) -> Facts<'static> {
    Facts {
        peer,
        port: 1,
        now: Duration::ZERO,
        wall: 0,
        load: None,
        dice: 0,
        names: Names::NotAsked,
        server_names: Default::default(),
        own: Own::default(),
        answered: &[],
        listed: None,
        ident: IdentAnswer::NotAsked,
    }
}

/// The n-th of very many sources, of both families.
fn source(n: u32) -> IpAddr {
    let [a, b, c, d] = n.to_be_bytes();
    match n % 2 {
        0 => IpAddr::from([10_u8.wrapping_add(a), b, c, d]),
        _ => IpAddr::from([0x20, 1, 0xd, 0xb8, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 1]),
    }
}

fn take(state: &mut State, tables: &Tables, peer: IpAddr) -> Option<Reservation> {
    match admit(tables, ServiceIndex(0), state, &facts(peer), &mut NoTrace) {
        Verdict::Grant(reservation, _) => Some(reservation),
        Verdict::Refuse(_) | Verdict::Need(_) | Verdict::Run(_) | Verdict::Sprung(_) => None,
    }
}

#[test]
fn a_million_sources_leave_nothing_behind() {
    let tables = Tables::compile(&config(&["ssh"]));
    let mut state = State::new(0, 10);
    state.adopt(&tables);
    let mut held = VecDeque::new();
    let mut after_warming_up = 0;
    for n in 0..1_000_000 {
        held.push_back(take(&mut state, &tables, source(n)).unwrap());
        if held.len() > 500 {
            state.release(held.pop_front().unwrap());
        }
        if n == 10_000 {
            after_warming_up = state.footprint();
        }
    }
    assert!(state.footprint() <= 2 * after_warming_up, "{} {after_warming_up}", state.footprint());
    assert!(after_warming_up < 10_000, "{after_warming_up}");
    for reservation in held {
        state.release(reservation);
    }
    assert_eq!((state.sessions(), state.graces.len()), (0, 0));
    assert_eq!(state.slots.iter().flatten().map(|slot| slot.sources.len()).sum::<usize>(), 0);
}

#[test]
fn refused_sources_leave_a_number() {
    let mut config = config(&["ssh"]);
    config.services[0].admission.instances = Some(Sited::new(0, HERE));
    let rate = Rate { connections: u32::MAX, per: Duration::from_secs(1), pause: Duration::ZERO };
    config.services[0].admission.rate = Some(Sited::new(rate, HERE));
    let tables = Tables::compile(&config);
    let mut state = State::new(0, 10);
    state.adopt(&tables);
    let before = state.footprint();
    for n in 0..200_000 {
        assert!(take(&mut state, &tables, source(n)).is_none());
    }
    assert_eq!(state.footprint(), before);
    let status = state.status(&tables, ServiceIndex(0), Duration::ZERO).unwrap();
    assert_eq!(status.refused, [(crate::Reason::Instances, 200_000)]);
}

#[test]
fn too_many_bans_fill_the_set_and_no_more() {
    let mut state = State::new(10, 5_000);
    let mut full = 0;
    for n in 0..600_000_u32 {
        let until = (n % 100 > 0).then(|| i64::from(n));
        state.ban(Ban {
            since: 0,
            network: Network::host(source(n)),
            until,
            reason: "x".into(),
            source: Default::default(),
        });
        if n == 20_000 {
            full = state.footprint();
        }
    }
    assert_eq!(state.bans_len(), 5_000);
    assert_eq!(state.bans_evicted(), 595_000);
    assert!(state.footprint() <= 2 * full, "{} {full}", state.footprint());
    assert!(state.bans().all(|ban| ban.until.is_none()), "those for ever stay to the last");
}

#[test]
fn a_thousand_reloads_with_new_services_leave_no_old_ones() {
    let mut state = State::new(0, 10);
    let mut most = 0;
    for n in 0..1000 {
        let keys = [format!("a{n}"), "ssh".to_owned(), format!("b{n}")];
        let tables = Tables::compile(&config(&keys.each_ref().map(String::as_str)));
        state.adopt(&tables);
        let held = take(&mut state, &tables, source(n)).unwrap();
        state.adopt(&Tables::compile(&config(&["ssh"])));
        assert_eq!(state.vanished(Duration::ZERO).count(), 1);
        state.release(held);
        assert_eq!(state.vanished(Duration::ZERO).count(), 0);
        most = most.max(state.footprint());
    }
    assert!(most < 100, "{most}");
    assert_eq!(state.by_key.len(), 1);
}

#[test]
fn a_reload_keeps_the_sums_its_limits_ask_for() {
    let mut config = config(&["ssh"]);
    let mut state = State::new(0, 10);
    for width in [SourceWidth::DEFAULT, SourceWidth { v4: 24, v6: 48 }] {
        let limit = Some(Sited::new(PerSource { max: 10, width }, HERE));
        config.services[0].admission.per_source = limit;
        config.services[0].admission.per_source_startups = limit;
        state.adopt(&Tables::compile(&config));
        let slot = state.slots.iter().flatten().next().unwrap();
        assert_eq!(slot.sources.widths(), [Some(width); 2], "else each look-up would scan");
    }
}
