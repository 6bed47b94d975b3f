//! Bans: who may be banned and how wide, how long, and what goes when there is no room.

use crate::common::*;
use portreeve_model::{Admission, Network};
use portreeve_policy::{
    Around, Ban, BanOutcome, BanSource, EXPIRE_BATCH, ServiceIndex, Shut, State, Tables, WhyNot,
};

fn tables(never: &str) -> Tables {
    let mut config = config(vec![service("ssh", Admission::default())]);
    config.settings.never_ban = rules(never, 60);
    Tables::compile(&config)
}

fn ban(network: &str, until: Option<i64>) -> Ban {
    Ban {
        since: 0,
        network: net(network),
        until,
        reason: "trap `telnet`".into(),
        source: Default::default(),
    }
}

/// The host of these tests.
const HOST: [&str; 4] = ["192.0.2.1", "2001:db8:1::1", "fe80::1", "10.9.0.5"];

fn holds_host(network: Network) -> bool {
    HOST.iter().any(|address| network.contains(ip(address)))
}

/// Around the door: its gateway, its resolver, and somebody who is inside.
const AROUND: Around<'static> = Around {
    host: &holds_host,
    gateway: &|network| holds(network, &["198.51.100.1", "fe80::ffff"]),
    resolver: &|network| holds(network, &["198.51.100.53", "2001:db8:53::53"]),
    session: &|network| holds(network, &["198.51.100.99", "2001:db8:99:1::99"]),
};

fn holds(network: Network, addresses: &[&str]) -> bool {
    addresses.iter().any(|address| network.contains(ip(address)))
}

#[test]
fn nobody_of_the_never_ban_list_and_no_host_address_is_banned() {
    let never = "10.0.0.0/8 2001:db8:2:0:8::/80 2001:db8:3::/48 192.0.2.77";
    let tables = tables(never);
    for (peer, want) in [
        ("203.0.113.7", Ok("203.0.113.7")),
        ("::ffff:203.0.113.7", Ok("203.0.113.7")),
        ("192.0.2.2", Ok("192.0.2.2")),
        ("192.0.2.1", Err(WhyNot::HostItself)),
        ("::ffff:192.0.2.1", Err(WhyNot::HostItself)),
        ("10.1.2.3", Err(WhyNot::NeverBan(at(60)))),
        ("10.9.0.5", Err(WhyNot::NeverBan(at(60)))),
        ("192.0.2.77", Err(WhyNot::NeverBan(at(63)))),
        ("127.0.0.9", Err(WhyNot::HostItself)),
        ("::1", Err(WhyNot::HostItself)),
        ("2001:db8:7::9", Ok("2001:db8:7::/64")),
        ("2001:db8:1::9", Ok("2001:db8:1::9")), // the host lives in that /64
        ("2001:db8:1::1", Err(WhyNot::HostItself)),
        ("fe80::9", Ok("fe80::9")),
        ("2001:db8:2::9", Ok("2001:db8:2::9")), // a never-ban rule lies inside that /64
        ("2001:db8:2:0:8::9", Err(WhyNot::NeverBan(at(61)))),
        ("2001:db8:3:4::9", Err(WhyNot::NeverBan(at(62)))),
        ("64:ff9b::cb00:7107", Ok("64:ff9b::cb00:7107")), // its /64 is all of IPv4
    ] {
        let judged = State::judge_ban(&tables, ip(peer), AROUND);
        assert_eq!(judged, want.map(net), "{peer}");
    }
}

#[test]
fn a_proposal_that_would_hit_a_bystander_falls_back_to_the_peer_or_nobody() {
    let tables = tables("203.0.113.200 2001:db8:4:5:8::/80");
    for (proposed, peer, want) in [
        ("192.0.5.0/24", "192.0.5.7", Ok("192.0.5.0/24")),
        ("192.0.5.7", "::ffff:192.0.5.7", Ok("192.0.5.7")),
        // somebody else in it is inside: the peer alone; the one who is inside: nobody
        ("198.51.100.64/26", "198.51.100.98", Ok("198.51.100.98")),
        ("198.51.100.64/26", "198.51.100.99", Err(WhyNot::Session)),
        ("198.51.100.0/26", "198.51.100.1", Err(WhyNot::Gateway)),
        ("198.51.100.0/28", "198.51.100.2", Ok("198.51.100.2")),
        ("198.51.100.48/28", "198.51.100.53", Err(WhyNot::Resolver)),
        ("203.0.113.0/24", "203.0.113.7", Ok("203.0.113.7")),
        ("203.0.113.0/24", "203.0.113.200", Err(WhyNot::NeverBan(at(60)))),
        ("192.0.2.0/24", "192.0.2.7", Ok("192.0.2.7")), // the host lives in it
        // a customer's network, where the wide one has somebody inside
        ("2001:db8:99::/48", "2001:db8:99:2::7", Ok("2001:db8:99:2::/64")),
        ("2001:db8:99::/48", "2001:db8:99:1::7", Ok("2001:db8:99:1::7")),
        ("2001:db8:99::/48", "2001:db8:99:1::99", Err(WhyNot::Session)),
        ("2001:db8:4::/48", "2001:db8:4:5::7", Ok("2001:db8:4:5::7")),
        ("2001:db8:4::/48", "2001:db8:4:6::7", Ok("2001:db8:4:6::/64")),
        ("2001:db8:7::7", "2001:db8:7::7", Ok("2001:db8:7::7")),
        ("64:ff9b::/64", "64:ff9b::cb00:7107", Ok("64:ff9b::cb00:7107")),
        // whose deeds are to be paid for by others
        ("192.0.5.0/24", "192.0.6.7", Err(WhyNot::Elsewhere)),
        ("2001:db8::/32", "192.0.5.7", Err(WhyNot::Elsewhere)),
    ] {
        let judged = State::judge_proposal(&tables, net(proposed), ip(peer), AROUND);
        assert_eq!(judged, want.map(net), "{proposed} for {peer}");
    }
    let (wide, inside) = (net("198.51.100.64/26"), AROUND.whoever_is_inside());
    assert_eq!(State::judge_network(&tables, wide, inside), Ok(wide), "meant so");
}

#[test]
fn a_ban_out_of_one_service_leaves_the_others_open() {
    let mut state = State::new(10, 4);
    let mut put = |network: &str, only: &str, judge: &str, until| {
        let (only, judge) = (only.into(), judge.into());
        let source = BanSource { only, judge, ..BanSource::default() };
        state.ban(Ban { source: source.into(), ..ban(network, until) })
    };
    assert_eq!(put("10.0.0.1", "ssh", "guessers", Some(100)), BanOutcome::Added);
    assert_eq!(put("10.0.0.0/24", "", "", Some(90)), BanOutcome::Added);
    assert_eq!(put("10.0.0.1", "imap", "guessers", None), BanOutcome::Added);
    assert_eq!(put("10.0.0.1", "ssh", "guessers", Some(99)), BanOutcome::AlreadyLonger);
    assert_eq!(put("10.0.0.1", "ssh", "guessers", Some(200)), BanOutcome::Lengthened);
    let found = |state: &State, peer: &str, service: &str, wall| {
        state
            .is_banned(ip(peer), service, wall)
            .map(|ban| (ban.network, ban.source.only.to_string()))
    };
    for (peer, service, wall, want) in [
        ("10.0.0.1", "ssh", 0, Some(("10.0.0.1", "ssh"))),
        ("10.0.0.1", "imap", 0, Some(("10.0.0.1", "imap"))),
        ("10.0.0.1", "http", 0, Some(("10.0.0.0/24", ""))),
        ("10.0.0.1", "http", 90, None),
        ("10.0.0.1", "ssh", 90, Some(("10.0.0.1", "ssh"))),
        ("10.0.0.1", "ssh", 200, None),
        ("10.0.0.2", "ssh", 0, Some(("10.0.0.0/24", ""))),
        ("10.0.1.2", "ssh", 0, None),
    ] {
        let want = want.map(|(network, only)| (net(network), only.to_owned()));
        assert_eq!(found(&state, peer, service, wall), want, "{peer} {service} {wall}");
    }
    assert_eq!(state.shut_by_judges(), Shut { v4: 2, v6: 0 }, "each counts, by hand none");
    assert_eq!(state.bans_of(net("10.0.0.1")).count(), 2);
    assert!(state.unban(net("10.0.0.1"), "").is_none());
    assert!(state.unban(net("10.0.0.1"), "imap").is_some());
    assert_eq!(state.bans_of(net("10.0.0.1")).count(), 1);
    assert_eq!(state.expire(200).len(), 2);
    assert_eq!((state.bans_len(), state.shut_by_judges()), (0, Shut::default()));
}

#[test]
fn bans_go_by_a_clock_of_their_own() {
    let mut state = State::new(10, 4);
    state.ban(ban("10.0.0.1", Some(1000)));
    let banned = |state: &State, wall| state.is_banned(ip("10.0.0.1"), "ssh", wall).is_some();
    assert!(banned(&state, 999) && !banned(&state, 1000));
    // somebody sets the clock an hour ahead at 500
    state.set_ban_skew(-3600);
    assert!(banned(&state, 4599) && !banned(&state, 4600));
    assert_eq!(state.next_ban_end(), Some(4600));
    assert!(state.expire(4599).is_empty());
    // and back
    state.set_ban_skew(0);
    assert_eq!(state.expire(1000).len(), 1);
}

#[test]
fn a_network_is_banned_as_given_or_not_at_all() {
    let tables = tables("10.1.2.3 2001:db8:3::/48");
    for (network, want) in [
        ("203.0.113.0/24", Ok(())),
        ("10.1.2.0/24", Err(WhyNot::NeverBan(at(60)))),
        ("10.0.0.0/8", Err(WhyNot::NeverBan(at(60)))),
        ("10.1.3.0/24", Ok(())),
        ("10.1.2.4/30", Ok(())),
        ("10.1.2.0/30", Err(WhyNot::NeverBan(at(60)))),
        ("0.0.0.0/0", Err(WhyNot::NeverBan(at(60)))),
        ("192.0.2.0/24", Err(WhyNot::HostItself)),
        ("126.0.0.0/7", Err(WhyNot::HostItself)),
        ("2001:db8::/32", Err(WhyNot::NeverBan(at(61)))),
        ("2001:db8:3:1::/64", Err(WhyNot::NeverBan(at(61)))),
        ("::/0", Err(WhyNot::NeverBan(at(61)))),
        ("::/96", Err(WhyNot::HostItself)),
        ("2001:db9::/32", Ok(())),
    ] {
        let judged = State::judge_network(&tables, net(network), AROUND);
        assert_eq!(judged, want.map(|()| net(network)), "{network}");
    }
}

#[test]
fn while_a_never_ban_rule_cannot_be_compared_nobody_is_banned() {
    let judged = State::judge_ban(&tables("10.0.0.0/8 .example"), ip("203.0.113.7"), AROUND);
    assert_eq!(judged, Err(WhyNot::NeverBan(at(61))));
}

#[test]
fn a_ban_ends_at_its_second_and_is_taken_out_later() {
    let mut state = State::new(10, 10);
    assert_eq!(state.ban(ban("10.0.0.0/24", Some(100))), BanOutcome::Added);
    assert_eq!(state.ban(ban("10.0.0.0/8", Some(200))), BanOutcome::Added);
    assert_eq!(state.ban(ban("10.0.0.1", None)), BanOutcome::Added);
    for (peer, wall, want) in [
        ("10.0.0.2", 99, Some("10.0.0.0/24")),
        ("10.0.0.2", 100, Some("10.0.0.0/8")), // a wider one still holds
        ("10.0.0.2", 200, None),
        ("10.0.0.1", i64::MAX, Some("10.0.0.1")),
        ("::ffff:10.0.0.1", 0, Some("10.0.0.1")),
        ("11.0.0.1", 0, None),
    ] {
        let found = state.is_banned(ip(peer), "ssh", wall).map(|ban| ban.network);
        assert_eq!(found, want.map(net), "{peer} at {wall}");
    }
    assert_eq!(state.next_ban_end(), Some(100));
    assert_eq!(state.expire(99), []);
    assert_eq!(state.expire(100), [ban("10.0.0.0/24", Some(100))]);
    assert_eq!((state.bans_len(), state.next_ban_end()), (2, Some(200)));
    let left: Vec<_> = state.bans().map(|ban| ban.until).collect();
    assert_eq!(left, [Some(200), None], "for ever comes last");
}

#[test]
fn a_ban_is_lengthened_and_never_shortened() {
    let mut state = State::new(10, 10);
    for (until, want) in [
        (Some(100), BanOutcome::Added),
        (Some(100), BanOutcome::AlreadyLonger),
        (Some(50), BanOutcome::AlreadyLonger),
        (Some(101), BanOutcome::Lengthened),
        (None, BanOutcome::Lengthened),
        (None, BanOutcome::AlreadyLonger),
        (Some(i64::MAX), BanOutcome::AlreadyLonger),
    ] {
        assert_eq!(state.ban(ban("10.0.0.1", until)), want, "{until:?}");
        assert_eq!(state.bans_len(), 1);
    }
    assert_eq!(state.unban(net("10.0.0.1"), "").and_then(|ban| ban.until), None);
    assert_eq!((state.bans_len(), state.next_ban_end()), (0, None));
}

#[test]
fn without_room_the_ban_that_ends_soonest_goes_and_none_for_ever() {
    let mut state = State::new(10, 3);
    for (network, until, want) in [
        ("10.0.0.1", Some(300), BanOutcome::Added),
        ("10.0.0.2", Some(100), BanOutcome::Added),
        ("10.0.0.3", None, BanOutcome::Added),
        ("10.0.0.4", Some(50), BanOutcome::Full), // it would itself end soonest
        ("10.0.0.4", Some(100), BanOutcome::Full),
        ("10.0.0.4", Some(200), BanOutcome::Replaced(ban("10.0.0.2", Some(100)))),
        ("10.0.0.5", None, BanOutcome::Replaced(ban("10.0.0.4", Some(200)))),
        ("10.0.0.6", None, BanOutcome::Replaced(ban("10.0.0.1", Some(300)))),
        ("10.0.0.7", None, BanOutcome::Full),
        ("10.0.0.8", Some(i64::MAX), BanOutcome::Full),
    ] {
        assert_eq!(state.ban(ban(network, until)), want, "{network}");
    }
    assert_eq!((state.bans_len(), state.bans_evicted()), (3, 7));
}

#[test]
fn a_great_expiry_comes_in_batches() {
    let mut state = State::new(10, 10_000);
    for n in 0..=255_u8 {
        for m in 0..=31_u8 {
            let network = Network::host([10, 0, m, n].into());
            state.ban(Ban { network, ..ban("10.0.0.1", Some(i64::from(n))) });
        }
    }
    assert_eq!(state.bans_len(), 8192);
    let first = state.expire(1000);
    assert_eq!((first.len(), state.bans_len()), (EXPIRE_BATCH, 8192 - EXPIRE_BATCH));
    assert!(first.is_sorted_by_key(|ban| ban.until));
    assert_eq!(state.expire(1000).len(), 8192 - EXPIRE_BATCH);
    assert_eq!(state.bans_len(), 0);
}

#[test]
fn a_never_ban_rule_holds_against_a_ban_that_is_there_already() {
    let mut door = Door::new(Admission::default());
    door.state.ban(ban("10.0.0.0/8", None));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "banned");
    door.config.settings.never_ban = rules("10.0.0.1", 60);
    door.reload(door.config.clone());
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "granted");
    assert_eq!(shown(&door.ask(&facts("10.0.0.2"))), "banned");
    let index = door.tables.find(&"ssh".parse().unwrap());
    assert_eq!(index, Some(ServiceIndex(0)));
}
