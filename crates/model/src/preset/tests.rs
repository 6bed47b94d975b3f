use super::*;
use crate::{Dialect, Growth, Points};
use std::time::Duration;

fn frame() -> (ServiceName, Origin) {
    ("x".parse().unwrap(), Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native })
}

fn growth(increment: Increment) -> Growth {
    let (name, origin) = frame();
    Fail2ban { increment: Some(increment), ..Fail2ban::default() }.judge(name, origin).term.growth
}

#[test]
fn jails_grow_by_their_formula_or_their_multipliers() {
    let plain = Increment::default();
    assert_eq!(growth(plain.clone()), Growth::Factor(2000));
    let Growth::Factors(thrice) = growth(Increment { factor: 3000, ..plain.clone() }) else {
        panic!("no factors")
    };
    assert_eq!((&thrice[..4], thrice.len()), (&[1000, 6000, 12_000, 24_000][..], 21));
    let multipliers = vec![1, 5, 30];
    assert_eq!(
        growth(Increment { multipliers, ..plain.clone() }),
        Growth::Factors(vec![1000, 5000, 30_000])
    );
    let multipliers = vec![4];
    assert_eq!(
        growth(Increment { multipliers, ..plain.clone() }),
        Growth::Factors(vec![1000, 4000])
    );
    // nothing makes a ban shorter than the first one
    let Growth::Factors(half) = growth(Increment { factor: 100, ..plain }) else {
        panic!("no factors")
    };
    assert_eq!(&half[..5], &[1000, 1000, 1000, 1000, 1600]);
}

#[test]
fn openssh_is_known_by_its_version() {
    for (version, want) in [
        ("9.7", None),
        ("9.8", Some(OpenSsh::V9_8)),
        ("9.8p1", Some(OpenSsh::V9_8)),
        ("9.9p2", Some(OpenSsh::V9_9)),
        ("10.2", Some(OpenSsh::V9_9)),
        ("10.3", Some(OpenSsh::V10_3)),
        ("11.0", Some(OpenSsh::V10_3)),
        ("10", None),
        ("x.y", None),
        ("8.9", None),
    ] {
        assert_eq!(OpenSsh::of_version(version), want, "{version}");
    }
    let (name, origin) = frame();
    let tally = &OpenSsh::V9_8.judge(name, origin).tallies[0];
    assert_eq!((tally.limit, tally.most), (Points::whole(15), Some(Points::whole(600))));
}

#[test]
fn denyhosts_counts_restricted_users_only_where_there_are_some() {
    let names = |judge: Judge| judge.tallies.into_iter().map(|t| t.name).collect::<Vec<_>>();
    let (name, origin) = frame();
    assert_eq!(names(DenyHosts::default().judge(name, origin)), ["invalid", "valid", "root"]);
    let restricted_users = vec!["backup".to_owned()];
    let rules = DenyHosts { restricted_users, reset_on_success: true, ..DenyHosts::default() };
    let (name, origin) = frame();
    let judge = rules.judge(name, origin);
    assert_eq!(judge.success, OnSuccess::ForgetsAll);
    assert!(judge.tallies.iter().all(|tally| tally.lasting == (tally.name == "restricted")));
}

#[test]
fn the_native_judge_gives_time_to_slow_ones() {
    let (name, origin) = frame();
    let judge = portreeve(name, origin);
    assert!(judge.tallies.len() <= Judge::MOST_TALLIES && judge.levels.len() <= Judge::MOST_LEVELS);
    assert_eq!(judge.term.first, Some(Duration::from_secs(600)));
}

#[test]
fn how_far_back_a_judge_must_be_told_of() {
    let days = |days: u64| Some(Duration::from_secs(days * 86_400));
    let reach = |judge: fn(ServiceName, Origin) -> Judge| {
        let (name, origin) = frame();
        judge(name, origin).reach()
    };
    assert_eq!(reach(|n, o| Fail2ban::default().judge(n, o)), Some(Duration::from_secs(1200)));
    assert_eq!(reach(|n, o| OpenSsh::V10_3.judge(n, o)), Some(Duration::from_secs(601)));
    // A failure of root every 24 days is never idle for 25: the second is one too many.
    assert_eq!(reach(|n, o| DenyHosts::default().judge(n, o)), days(75));
    let never = |n, o| DenyHosts { reset_valid: None, ..DenyHosts::default() }.judge(n, o);
    assert_eq!(reach(never), None);
    assert_eq!(reach(portreeve), days(2));
}
