//! The table of worked values for `PerSourcePenalties`.

use super::{ORIGIN, name, offence, scores};
use crate::Scores;
use portreeve_model::preset::OpenSsh;
use portreeve_model::{Kind, Level};

fn of(penalties: OpenSsh) -> Scores {
    scores(penalties.judge(name(), ORIGIN))
}

/// What each offence proposes: until which second.
fn until(scores: &mut Scores, kind: Kind, at: impl IntoIterator<Item = u64>) -> Vec<Option<u64>> {
    let one = |at| {
        let told = scores.offence(&offence(at, kind, "192.0.2.1", "joe"));
        told.first().map(|proposal| proposal.at / 1000 + proposal.seconds.unwrap())
    };
    at.into_iter().map(one).collect()
}

#[test]
fn four_failures_at_once_are_enough_and_three_are_not() {
    for release in [OpenSsh::V9_8, OpenSsh::V9_9, OpenSsh::V10_3] {
        let told = until(&mut of(release), Kind::AuthFailed, [0, 0, 0, 0]);
        assert_eq!(told, [None, None, None, Some(20)], "{release:?}");
    }
}

#[test]
fn what_drains_between_does_not_add_up() {
    assert_eq!(until(&mut of(OpenSsh::V10_3), Kind::AuthFailed, [0, 4, 8, 12]), [None; 4]);
    assert_eq!(until(&mut of(OpenSsh::V10_3), Kind::NoAuth, 0..1000), [None; 1000]);
}

#[test]
fn a_crash_is_enough_and_there_is_a_cap() {
    let mut scores = of(OpenSsh::V10_3);
    let want = [90, 180, 270, 360, 450, 540, 600].map(Some);
    assert_eq!(until(&mut scores, Kind::Crash, [0; 7]), want);
}

#[test]
fn two_scans_a_second_are_too_many_after_fourteen() {
    let mut scores = of(OpenSsh::V10_3);
    let told = until(&mut scores, Kind::NoAuth, (0..20).flat_map(|at| [at, at]));
    let first = told.iter().position(Option::is_some).unwrap();
    assert_eq!((first / 2, first % 2, told[first]), (14, 1, Some(30)));
}

#[test]
fn grace_costs_ten_seconds_but_twenty_in_the_first_release() {
    assert_eq!(until(&mut of(OpenSsh::V10_3), Kind::Grace, [0, 1]), [None, Some(20)]);
    assert_eq!(until(&mut of(OpenSsh::V9_9), Kind::Grace, [0, 1]), [None, Some(20)]);
    assert_eq!(until(&mut of(OpenSsh::V9_8), Kind::Grace, [0]), [Some(20)]);
}

#[test]
fn what_is_refused_by_a_rule_is_charged_since_9_9() {
    assert_eq!(until(&mut of(OpenSsh::V9_8), Kind::Refused, [0; 9]), [None; 9]);
    assert_eq!(until(&mut of(OpenSsh::V10_3), Kind::Refused, [0, 0]), [None, Some(20)]);
}

#[test]
fn once_full_it_stays_so_until_it_has_drained() {
    let mut scores = of(OpenSsh::V10_3);
    until(&mut scores, Kind::AuthFailed, [0; 4]);
    // Two seconds are left, far below the least: still shut out, and longer.
    assert_eq!(until(&mut scores, Kind::NoAuth, [18]), [Some(21)]);
    assert_eq!(until(&mut scores, Kind::NoAuth, [22]), [None]);
}

#[test]
fn addresses_of_one_network_share_a_sum() {
    let mut judge = OpenSsh::V10_3.judge(name(), ORIGIN);
    judge.levels = vec![Level { v6: 64, ..Level::SINGLE }];
    let mut scores = scores(judge);
    let mut told = Vec::new();
    for peer in ["2001:db8::1", "2001:db8::2", "2001:db8::1", "2001:db8::2"] {
        told = scores.offence(&offence(0, Kind::AuthFailed, peer, "joe"));
    }
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].network, "2001:db8::/64".parse().unwrap());
    assert_eq!((told[0].at, told[0].seconds), (0, Some(20)));
    assert_eq!(told[0].reason, "20 points, limit 15");
}

#[test]
fn a_first_charge_is_not_cut_at_the_most() {
    let crash = std::time::Duration::from_secs(1000);
    let mut scores = of(OpenSsh { crash, ..OpenSsh::V10_3 });
    assert_eq!(until(&mut scores, Kind::Crash, [0, 1]), [Some(1000), Some(601)]);
}
