use crate::harness::{Clerk, Home, end, wait_for};
use portreeve_model::{Network, Sentence};
use portreeve_wire::clerk::{BanRecord, FromClerk, ToClerk};
use portreeve_wire::event::What;
use std::collections::BTreeSet;
use std::time::Duration;

fn ban(network: &str, until: Option<i64>) -> BanRecord {
    BanRecord {
        network: network.parse().unwrap(),
        since: 1_700_000_000,
        until,
        service: "telnet".into(),
        reason: "touched the trap `telnet`".into(),
        origin: Some("/etc/xinetd.d/telnet:3:9".into()),
    }
}

#[test]
fn bans_survive_a_kill_right_after_they_were_stored() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let long = 4_000_000_000;
    let (a, b, over) =
        (ban("192.0.2.7", None), ban("2001:db8::/64", Some(long)), ban("192.0.2.9", Some(1)));
    for one in [&a, &b, &over] {
        clerk.tell(&ToClerk::Ban(one.clone()));
    }
    let stored: Vec<_> = (0..3).map(|_| clerk.hear()).collect();
    let expected = [&a, &b, &over].map(|one| FromClerk::Stored(one.network));
    assert_eq!(stored, expected);
    clerk.kill();
    let (clerk, bans) = Clerk::at_work(&home);
    assert_eq!(bans, [a.clone(), b.clone()], "one is over already");
    clerk.tell(&ToClerk::Unban(a.network));
    assert_eq!(clerk.hear(), FromClerk::Stored(a.network));
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
    for network in &networks {
        clerk.tell(&ToClerk::Ban(BanRecord { reason: long.clone(), ..ban(network, None) }));
    }
    let mut missing: BTreeSet<Network> = networks.iter().map(|n| n.parse().unwrap()).collect();
    while !missing.is_empty() {
        let FromClerk::Stored(network) = clerk.hear() else { panic!() };
        assert!(missing.remove(&network));
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
    assert_eq!((rows.len(), rows[0].peer.as_str(), rows[0].seconds), (1, "198.51.100.9", Some(60)));
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
    clerk.tell(&ToClerk::Ban(ban("192.0.2.7", None)));
    assert!(matches!(clerk.hear(), FromClerk::Stored(_)));
}

#[test]
fn a_ledger_that_cannot_be_opened_is_tried_again() {
    let home = Home::new();
    let path = home.state().join("ledger.sqlite");
    std::fs::create_dir(&path).unwrap();
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    assert!(matches!(ready, FromClerk::Ready { ledger: Some(_), .. }), "{ready:?}");
    assert!(matches!(clerk.hear(), FromClerk::Bans { last: true, .. }));
    let one = ban("192.0.2.7", None);
    clerk.tell(&ToClerk::Ban(one.clone()));
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    std::fs::remove_dir(&path).unwrap();
    let mut rest = BTreeSet::new();
    wait_for("the ledger", || {
        rest.insert(match clerk.hear() {
            FromClerk::Bans { last: true, .. } => "bans",
            FromClerk::Stored(network) if network == one.network => "stored",
            FromClerk::AlarmOver(over) if over == text => "over",
            other => panic!("{other:?}"),
        });
        (rest.len() == 3).then_some(())
    });
}
