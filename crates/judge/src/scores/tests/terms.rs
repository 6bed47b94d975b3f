//! How long, and how that grows.

use super::{ORIGIN, failures, name, offence, scores};
use portreeve_model::preset::{DenyHosts, Fail2ban, Increment};
use portreeve_model::{Kind, Network};
use std::time::Duration;

fn growing(increment: Increment) -> portreeve_model::Judge {
    let hour = Some(Duration::from_secs(3600));
    let increment = Some(increment);
    let jail = Fail2ban { maxretry: 1, bantime: hour, increment, ..Fail2ban::default() };
    jail.judge(name(), ORIGIN)
}

fn increment() -> Increment {
    Increment { dbpurgeage: Duration::from_secs(86_400 * 365), ..Increment::default() }
}

/// Hours of so many bans, one after another.
fn hours(judge: portreeve_model::Judge, times: usize) -> Vec<u64> {
    let mut scores = scores(judge);
    let mut at = 1;
    let mut told = Vec::new();
    for _ in 0..times {
        let proposal = scores.offence(&offence(at, Kind::AuthFailed, "192.0.2.1", "x")).remove(0);
        let seconds = proposal.seconds.unwrap();
        scores.banned(proposal.network, "ssh", at * 1000, Some((at + seconds) * 1000));
        told.push(seconds / 3600);
        at += seconds + 1;
    }
    told
}

#[test]
fn terms_grow_as_a_jail_says() {
    assert_eq!(hours(growing(increment()), 5), [1, 2, 4, 8, 16]);
    let capped = Increment { maxtime: Some(Duration::from_secs(5 * 3600)), ..increment() };
    assert_eq!(hours(growing(capped), 4), [1, 2, 4, 5]);
    let listed = Increment { multipliers: vec![1, 5, 30], factor: 2000, ..increment() };
    assert_eq!(hours(growing(listed), 4), [1, 10, 60, 60]);
}

#[test]
fn a_ban_made_longer_is_no_second_one_and_old_ones_are_forgotten() {
    let dbpurgeage = Duration::from_secs(1000);
    let mut scores = scores(growing(Increment { dbpurgeage, ..increment() }));
    let network: Network = "192.0.2.1/32".parse().unwrap();
    scores.banned(network, "ssh", 0, Some(100_000));
    scores.banned(network, "ssh", 0, Some(100_000));
    scores.banned(network, "ssh", 50_000, Some(200_000));
    scores.banned(network, "other", 200_000, Some(300_000));
    scores.banned(network, "", 200_000, Some(300_000));
    let mut time =
        |at| scores.offence(&offence(at, Kind::AuthFailed, "192.0.2.1", "")).remove(0).time;
    assert_eq!([time(150), time(200), time(1200), time(1201)], [1, 2, 2, 1]);
}

#[test]
fn patience_ends() {
    let thresholds = DenyHosts {
        valid: 0,
        purge: Some(Duration::from_secs(60)),
        purge_threshold: Some(1),
        ..DenyHosts::default()
    };
    let mut scores = scores(thresholds.judge(name(), ORIGIN));
    let mut seconds = |at: u64| {
        let told = scores.offence(&offence(at, Kind::AuthFailed, "192.0.2.1", "joe")).remove(0);
        scores.banned(told.network, "ssh", at * 1000, told.seconds.map(|s| (at + s) * 1000));
        told.seconds
    };
    assert_eq!([0, 100, 200].map(&mut seconds), [Some(60), Some(60), None]);
    scores.pardon("192.0.0.0/16".parse().unwrap(), 300_000);
    assert_eq!(failures(&mut scores, "192.0.2.2", &[300]), []);
    let told = scores.offence(&offence(400, Kind::AuthFailed, "192.0.2.1", "joe"));
    assert_eq!((told[0].time, told[0].seconds), (1, Some(60)));
}

#[test]
fn the_random_part_is_the_same_each_time_and_within_its_bound() {
    let random = Increment { rndtime: Duration::from_secs(600), ..increment() };
    let one = |peer: &str| {
        let mut scores = scores(growing(random.clone()));
        scores.offence(&offence(7, Kind::AuthFailed, peer, "")).remove(0).seconds.unwrap()
    };
    let drawn: Vec<u64> = (1..50).map(|host| one(&format!("192.0.2.{host}"))).collect();
    assert!(drawn.iter().all(|seconds| (3600..=4200).contains(seconds)), "{drawn:?}");
    assert!(drawn.iter().any(|seconds| *seconds != drawn[0]), "{drawn:?}");
    assert_eq!(one("192.0.2.1"), drawn[0]);
}
