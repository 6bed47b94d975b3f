//! Windows, counters, successes and pardons.

use super::{ORIGIN, failures, name, offence, scores};
use portreeve_model::preset::{DenyHosts, Fail2ban, portreeve};
use portreeve_model::{Kind, OnSuccess};
use std::time::Duration;

fn jail() -> portreeve_model::Judge {
    let jail = Fail2ban { maxretry: 3, findtime: Duration::from_secs(10), ..Fail2ban::default() };
    jail.judge(name(), ORIGIN)
}

#[test]
fn a_window_is_exact() {
    let mut scores = scores(jail());
    assert_eq!(failures(&mut scores, "192.0.2.1", &[0, 5, 10, 15, 19]), [19]);
    assert_eq!(failures(&mut scores, "192.0.2.2", &[0, 5, 9]), [9]);
    assert_eq!(failures(&mut scores, "192.0.2.3", &[0, 0, 10, 11]), []);
}

#[test]
fn what_was_full_begins_anew() {
    let mut scores = scores(jail());
    assert_eq!(failures(&mut scores, "192.0.2.1", &[0, 0, 0, 0, 0, 0, 0]), [0, 0]);
    assert_eq!(scores.held().cells, 1);
}

#[test]
fn a_late_line_counts_at_its_own_time() {
    let mut scores = scores(jail());
    // The third comes late, but lies inside the window; the ban begins at the latest time.
    assert_eq!(failures(&mut scores, "192.0.2.1", &[100, 105, 97]), [105]);
    // One that would have left the window by then does not count.
    assert_eq!(failures(&mut scores, "192.0.2.2", &[100, 105, 95]), []);
}

#[test]
fn nobody_is_charged_for_what_is_not_certain() {
    let mut scores = scores(jail());
    let certain = offence(0, Kind::AuthFailed, "192.0.2.1", "root");
    for doubtful in [
        portreeve_model::Offence { certain: false, ..certain.clone() },
        portreeve_model::Offence { peer: None, ..certain.clone() },
        offence(0, Kind::Trap, "192.0.2.1", "root"),
    ] {
        assert!((0..9).all(|_| scores.offence(&doubtful).is_empty()), "{doubtful:?}");
    }
    let many = portreeve_model::Offence { count: 3, ..certain };
    assert_eq!(scores.offence(&many).len(), 1);
}

#[test]
fn thresholds_are_exceeded_and_ages_reset() {
    let thresholds = DenyHosts {
        valid: 2,
        restricted_users: vec!["oracle".into()],
        reset_valid: Some(Duration::from_secs(100)),
        ..DenyHosts::default()
    };
    let judge = thresholds.judge(name(), ORIGIN);
    let mut scores = scores(judge);
    let mut told = |at: u64, kind, user: &str| {
        let told = scores.offence(&offence(at, kind, "192.0.2.1", user));
        told.first().map(|proposal| proposal.reason.clone())
    };
    let failed = Kind::AuthFailed;
    // Idle for exactly as long as is allowed: it counts on; for longer: from the beginning.
    assert_eq!([0, 100, 201, 202].map(|at| told(at, failed, "joe")), [None, None, None, None]);
    assert_eq!(told(203, failed, "joe").as_deref(), Some("valid: 3 points, limit 2"));
    assert_eq!(told(203, failed, "root"), None);
    assert_eq!(told(203, failed, "root").as_deref(), Some("root: 2 points, limit 1"));
    assert_eq!(told(203, failed, "oracle").as_deref(), Some("restricted: 2 points, limit 1"));
    assert_eq!(told(203, Kind::InvalidUser, "oracle"), None);
    assert!(
        told(203, Kind::InvalidUser, "oracle").is_some_and(|why| why.starts_with("restricted"))
    );
}

#[test]
fn a_success_takes_back_what_its_own_account_was_charged() {
    let mut judge = jail();
    judge.success = OnSuccess::ForgetsAccount;
    let mut scores = scores(judge);
    let peer = "192.0.2.1".parse().unwrap();
    let mut fails = |user: &str, succeeds: bool| {
        let told = scores.offence(&offence(5, Kind::AuthFailed, "192.0.2.1", user));
        if succeeds {
            scores.success(peer, Some(user), 6000);
        }
        told.len()
    };
    assert_eq!([fails("joe", false), fails("joe", true), fails("ann", false)], [0; 3]);
    assert_eq!([fails("joe", false), fails("ann", false)], [0, 1]);
}

#[test]
fn a_crowd_is_shut_out_when_enough_of_it_have_offended() {
    let mut scores = scores(portreeve(name(), ORIGIN));
    let mut told = |host: u64| {
        let peer = format!("2001:db8:0:{host:x}::1");
        let told = scores.offence(&offence(1, Kind::InvalidUser, &peer, "x"));
        told.first().map(|proposal| (proposal.network.to_string(), proposal.reason.clone()))
    };
    // Three of them, each below its own limit, are no crowd, whatever they add up to.
    let three: Vec<_> = (0..12).filter_map(|time| told(time % 3)).collect();
    assert_eq!(three, []);
    let others: Vec<_> = (3..20).map(&mut told).collect();
    let crowd = others.iter().flatten().next().unwrap();
    assert_eq!(crowd.0, "2001:db8::/56");
    assert_eq!(crowd.1, "burst: 5 points within 10 min from 11 of its networks, limit 5");
    // Then the count begins anew for all of them together, and goes on for each.
    assert_eq!(others.iter().flatten().count(), 1);
    assert_eq!(told(0).unwrap().0, "2001:db8::1");
}

#[test]
fn an_account_under_siege_shuts_out_whoever_fails_next() {
    let mut scores = scores(portreeve(name(), ORIGIN));
    let good = "198.51.100.7";
    scores.success(good.parse().unwrap(), Some("joe"), 0);
    let mut fails =
        |peer: &str, user: &str| scores.offence(&offence(9, Kind::AuthFailed, peer, user)).len();
    for host in 0..60 {
        assert_eq!(fails(&format!("10.{host}.0.1"), "joe"), 0);
    }
    assert_eq!(
        [fails("192.0.2.1", "ann"), fails(good, "joe"), fails("192.0.2.2", "joe")],
        [0, 0, 1]
    );
}

#[test]
fn who_is_pardoned_begins_anew() {
    for (pardoned, want) in [
        ("192.0.2.1/32", vec![]),
        ("192.0.2.0/24", vec![]),
        ("192.0.2.2/32", vec![3]),
        ("2001:db8::/32", vec![3]),
    ] {
        let mut scores = scores(jail());
        assert_eq!(failures(&mut scores, "192.0.2.1", &[1, 2]), []);
        scores.pardon(pardoned.parse().unwrap(), 2500);
        assert_eq!(failures(&mut scores, "192.0.2.1", &[3]), want, "{pardoned}");
    }
    // What came after the pardon, and was heard before it, counts.
    let mut scores = scores(jail());
    assert_eq!(failures(&mut scores, "192.0.2.1", &[1, 4, 5]), [5]);
    assert_eq!(failures(&mut scores, "192.0.2.1", &[1, 4]), []);
    scores.pardon("192.0.2.1/32".parse().unwrap(), 2500);
    assert_eq!(failures(&mut scores, "192.0.2.1", &[5, 6]), [6]);
}
