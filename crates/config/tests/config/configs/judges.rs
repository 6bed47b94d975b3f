//! Judges of every shape the model has.

use super::{HERE, network};
use portreeve_model::{
    By, Charge, Decay, Growth, Hears, Judge, Kind, Level, OnSuccess, Pattern, Points, Service,
    ServiceName, Sited, Tally, Term, Users, Watch, When,
};
use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::time::Duration;

fn time() -> impl Strategy<Value = Duration> {
    (1000u64..40_000_000_000).prop_map(Duration::from_millis)
}

fn names() -> impl Strategy<Value = Vec<ServiceName>> {
    btree_set("[a-z][a-z0-9.+-]{0,6}", 0..3)
        .prop_map(|names| names.iter().map(|name| name.parse().unwrap()).collect())
}

fn accounts(least: usize) -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof!["[a-z][a-z0-9]{0,6}", "[é\"\\\\ #\u{202e}]{1,3}"];
    btree_set(name, least..4).prop_map(|names| names.into_iter().collect())
}

fn charge() -> impl Strategy<Value = Charge> {
    let users = prop_oneof![
        Just(Users::Any),
        Just(Users::Invalid),
        accounts(0).prop_map(Users::ValidBut),
        accounts(1).prop_map(Users::These),
    ];
    (subsequence(Kind::ALL.to_vec(), 0..4), users, 0u32..=10_000_000)
        .prop_map(|(kinds, users, points)| Charge { kinds, users, points: Points(points) })
}

fn tally() -> impl Strategy<Value = Tally> {
    let decay = prop_oneof![
        time().prop_map(Decay::Window),
        of(time()).prop_map(Decay::Idle),
        (1u64..100_000).prop_map(|ms| Decay::Drain(Duration::from_millis(ms))),
    ];
    let by = select(vec![By::Network, By::NetworkAndUser, By::User]);
    let sums = (1u32..=10_000_000, of(1u32..1_000_000), any::<(bool, bool)>());
    (vec(charge(), 1..4), by, decay, sums).prop_map(
        |(mut charges, by, decay, (limit, more, (exceeded, lasting)))| {
            if charges.iter().all(|charge| charge.points == Points(0)) {
                charges[0].points = Points(1);
            }
            Tally {
                name: String::new(),
                charges,
                by,
                decay,
                limit: Points(limit),
                when: if exceeded { When::Exceeded } else { When::Reached },
                most: more.map(|more| Points(limit + more)),
                lasting,
            }
        },
    )
}

fn term() -> impl Strategy<Value = Term> {
    let factors = vec(1000u32.., 0..4).prop_map(|mut factors| {
        factors.insert(0, 1000);
        Growth::Factors(factors)
    });
    let growth =
        prop_oneof![Just(Growth::None), (1001u32..=1_000_000).prop_map(Growth::Factor), factors];
    let more = (of(time()), of(time()), any::<bool>(), of(1u32..=1_000_000));
    (of(time()), growth, 0u64..1_000_000, more).prop_map(
        |(first, growth, random, (most, remembered, overall, patience))| {
            let growth = if first.is_some() { growth } else { Growth::None };
            let longer = first.zip(most).map(|(first, most)| first + most);
            Term {
                first,
                most: longer.filter(|_| growth != Growth::None),
                growth,
                random: Duration::from_millis(random),
                remembered,
                overall,
                patience,
            }
        },
    )
}

fn levels() -> impl Strategy<Value = Vec<Level>> {
    let steps = vec((0u8..5, 1u8..20, 1u16..=1000, 1u8..), 0..3);
    (24u8..=32, 96u8..=128, steps).prop_map(|(v4, v6, steps)| {
        let mut levels = vec![Level { v4, v6, share: 1000, offenders: 1 }];
        for (four, six, share, offenders) in steps {
            let before = levels[levels.len() - 1];
            let (v4, v6) = (before.v4.saturating_sub(four).max(16), before.v6 - six);
            levels.push(Level { v4, v6, share, offenders });
        }
        levels
    })
}

/// Lets a judge name what there is.
pub(super) fn among(judge: &mut Judge, services: &[Service], watches: &[Watch]) {
    let names: BTreeSet<_> = services.iter().map(|service| &service.name).collect();
    let watched = watches.iter().map(|watch| &watch.name);
    let take = |list: &mut Vec<ServiceName>, names: Vec<&ServiceName>| {
        *list = names.into_iter().take(list.len()).cloned().collect();
    };
    take(&mut judge.hears.services, names.iter().copied().collect());
    take(&mut judge.only, names.into_iter().rev().collect());
    take(&mut judge.hears.watches, watched.collect());
}

/// A judge.
pub(super) fn judge(number: usize) -> impl Strategy<Value = Judge> {
    let hears = (names(), names(), accounts(0));
    let hears =
        hears.prop_map(|(services, watches, detectors)| Hears { services, watches, detectors });
    let success =
        select(vec![OnSuccess::Nothing, OnSuccess::ForgetsAccount, OnSuccess::ForgetsAll]);
    let tallies = vec(tally(), 1..4);
    (hears, vec(network(), 0..3), tallies, levels(), success, term(), names()).prop_map(
        move |(hears, spares, mut tallies, levels, success, term, only)| {
            if tallies.len() > 1 {
                let named = tallies.iter_mut().enumerate();
                named.for_each(|(at, tally)| tally.name = format!("tally-{at}"));
            }
            for tally in &mut tallies {
                // what a window cannot hold exactly is refused
                let held = levels.iter().map(|level| tally.charges_held(level)).max();
                if held > Some(4096) {
                    tally.decay = Decay::Idle(None);
                }
            }
            let network = |pattern| match pattern {
                Pattern::Network(network) => Some(network),
                Pattern::Range(_) | Pattern::Host(_) | Pattern::Listed(_) => None,
            };
            Judge {
                name: format!("judge-{number}").parse().unwrap(),
                hears,
                spares: spares.into_iter().filter_map(network).collect(),
                tallies,
                levels,
                success,
                term,
                only,
                origin: Sited::new((), HERE),
            }
        },
    )
}
