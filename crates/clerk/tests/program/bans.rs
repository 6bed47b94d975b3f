use crate::harness::{Clerk, Home, end, over, wait_for};
use portreeve_model::Sentence;
use portreeve_wire::clerk::{BanRecord, FromClerk, ToClerk};
use portreeve_wire::event::What;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn ban(network: &str, until: Option<i64>) -> BanRecord {
    BanRecord {
        network: network.parse().unwrap(),
        since: 1_700_000_000,
        until,
        service: "telnet".into(),
        reason: "touched the trap `telnet`".into(),
        origin: Some("/etc/xinetd.d/telnet:3:9".into()),
        only: String::new(),
        judge: String::new(),
    }
}

#[test]
fn bans_survive_a_kill_right_after_they_were_stored() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let long = 4_000_000_000;
    let (a, b, past) =
        (ban("192.0.2.7", None), ban("2001:db8::/64", Some(long)), ban("192.0.2.9", Some(1)));
    for (one, serial) in [&a, &b, &past].into_iter().zip(7..) {
        clerk.tell(&ToClerk::Ban { serial, ban: one.clone() });
    }
    let stored: Vec<_> = (0..3).map(|_| clerk.hear()).collect();
    assert_eq!(stored, [7, 8, 9].map(FromClerk::Stored));
    clerk.kill();
    let (clerk, bans) = Clerk::at_work(&home);
    assert_eq!(bans, [a.clone(), b.clone()], "one is over already");
    clerk.tell(&ToClerk::Unban { serial: 3, end: over(a.key()) });
    assert_eq!(clerk.hear(), FromClerk::Stored(3));
    clerk.kill();
    let (_clerk, bans) = Clerk::at_work(&home);
    assert_eq!(bans, [b]);
}

#[test]
fn many_bans_come_in_messages_of_500() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let networks: Vec<String> =
        (0..1234_u32).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect();
    let long = "x".repeat(1000);
    for (network, serial) in networks.iter().zip(1..) {
        let ban = BanRecord { reason: long.clone(), ..ban(network, None) };
        clerk.tell(&ToClerk::Ban { serial, ban });
    }
    for serial in 1..=1234 {
        assert_eq!(clerk.hear(), FromClerk::Stored(serial));
    }
    assert_eq!(clerk.finish(), Some(0));
    let (_clerk, bans) = Clerk::at_work(&home);
    assert_eq!(bans.len(), 1234);
    assert!(bans.iter().all(|ban| ban.reason == long));
}

#[test]
fn touched_traps_are_offences_in_the_ledger() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let sentence = Sentence::For(Duration::from_secs(60));
    let peer = end("198.51.100.9", 1025);
    clerk.events([What::TrapTouched {
        service: 0,
        key: "telnet".into(),
        peer,
        sentence,
        spared: None,
        origin: None,
    }]);
    assert_eq!(clerk.finish(), Some(0));
    let ledger = portreeve_ledger::open(&home.state(), 0).unwrap();
    let rows = ledger.offences(10).unwrap();
    assert_eq!(
        (rows.len(), rows[0].peer.as_deref(), rows[0].seconds),
        (1, Some("198.51.100.9"), Some(60))
    );
}

#[test]
fn a_damaged_ledger_is_set_aside_with_an_alarm() {
    let home = Home::new();
    let path = home.state().join("ledger.sqlite");
    std::fs::write(&path, "nonsense ".repeat(1000)).unwrap();
    crate::harness::own(&path);
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    assert!(matches!(ready, FromClerk::Ready { ledger: None, .. }), "{ready:?}");
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    assert!(text.contains("kept as") && text.contains("ledger.sqlite.damaged-"), "{text}");
    assert!(matches!(clerk.hear(), FromClerk::Bans { last: true, .. }));
    clerk.tell(&ToClerk::Ban { serial: 1, ban: ban("192.0.2.7", None) });
    assert_eq!(clerk.hear(), FromClerk::Stored(1));
}

/// The next three things it says: the last bans, the end of an alarm, an acknowledgement of 2.
fn all_is_well_again(clerk: &Clerk, alarm: &str, mut expected: Vec<BanRecord>) {
    let mut rest = BTreeSet::new();
    wait_for("the ledger", || {
        rest.insert(match clerk.hear() {
            FromClerk::Bans { bans, last: true } => {
                assert_eq!(bans, std::mem::take(&mut expected));
                "bans"
            }
            FromClerk::Stored(2) => "stored",
            FromClerk::AlarmOver(over) if over == alarm => "over",
            other => panic!("{other:?}"),
        });
        (rest.len() == 3).then_some(())
    });
    clerk.settle(); // and each is said once
}

#[test]
fn a_ledger_that_cannot_be_opened_is_tried_again() {
    let home = Home::new();
    let path = home.state().join("ledger.sqlite");
    std::fs::create_dir(&path).unwrap();
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    assert!(matches!(ready, FromClerk::Ready { ledger: Some(_), .. }), "{ready:?}");
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    assert!(text.starts_with("the ledger cannot be used: "), "{text}");
    clerk.tell(&ToClerk::Ban { serial: 2, ban: ban("192.0.2.7", None) });
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!clerk.has_said_something(), "there may be bans");
    std::fs::remove_dir(&path).unwrap();
    all_is_well_again(&clerk, &text, vec![]);
}

/// A home where a clerk has kept these bans.
fn home_with(bans: &[BanRecord]) -> Home {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    for ban in bans {
        clerk.tell(&ToClerk::Ban { serial: 1, ban: ban.clone() });
        assert_eq!(clerk.hear(), FromClerk::Stored(1));
    }
    assert_eq!(clerk.finish(), Some(0));
    home
}

#[test]
fn bans_of_a_ledger_that_is_busy_at_the_start_come_when_it_is_free() {
    let (a, b, c) = (ban("192.0.2.7", None), ban("192.0.2.8", None), ban("192.0.2.9", None));
    let home = home_with(&[a.clone(), b.clone(), c.clone()]);
    let other = Connection::open(home.state().join("ledger.sqlite")).unwrap();
    let lock = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM offences;";
    other.execute_batch(lock).unwrap();
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    assert!(matches!(ready, FromClerk::Ready { ledger: Some(_), .. }), "{ready:?}");
    let before = Instant::now();
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    assert!(text.contains("cannot be used") && text.contains("locked"), "{text}");
    // the patience with which it reads and writes later
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    // What is told meanwhile is newer than what will be read.
    clerk.tell(&ToClerk::Unban { serial: 1, end: over(b.key()) });
    clerk.tell(&ToClerk::Ban { serial: 2, ban: BanRecord { until: Some(4_000_000_000), ..c } });
    std::thread::sleep(Duration::from_secs(1));
    assert!(!clerk.has_said_something(), "nobody knows whether there are none");
    drop(other);
    let mut bans = Vec::new();
    wait_for("all", || match clerk.hear() {
        FromClerk::Bans { bans: some, last } => {
            assert!(last && bans.is_empty());
            bans = some;
            None
        }
        FromClerk::Stored(1 | 2) => None,
        FromClerk::AlarmOver(over) => (over == text).then_some(()),
        other => panic!("{other:?}"),
    });
    assert_eq!(bans, [a]);
    clerk.settle();
}

#[test]
fn bans_that_cannot_be_read_are_not_said_to_be_all() {
    let one = ban("192.0.2.7", None);
    let home = home_with(std::slice::from_ref(&one));
    let rename = |from: &str, to: &str| {
        let ledger = Connection::open(home.state().join("ledger.sqlite")).unwrap();
        ledger.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
    };
    rename("bans", "elsewhere");
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    assert!(matches!(ready, FromClerk::Ready { ledger: None, .. }), "{ready:?}");
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    assert!(text.starts_with("not all bans could be read: "), "{text}");
    let mut seen = BTreeSet::new();
    rename("elsewhere", "bans");
    wait_for("the bans", || {
        seen.insert(match clerk.hear() {
            FromClerk::Bans { bans, last: true } => {
                assert_eq!(bans, std::slice::from_ref(&one));
                "bans"
            }
            FromClerk::AlarmOver(over) if over == text => "over",
            // The table was away also when bans that are over were to be removed.
            FromClerk::Alarm(other) | FromClerk::AlarmOver(other)
                if other.starts_with("the ledger cannot be written: ") =>
            {
                "more"
            }
            other => panic!("{other:?}"),
        });
        (seen.contains("bans") && seen.contains("over")).then_some(())
    });
}
