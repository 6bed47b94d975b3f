//! Logins with the real ssh and sshd: grace, a cut link, and startups of one source.

use crate::{Login, over, seconds, ssh, timed, told, world};
use portreeve_testkit::{End, World, read_to_end_bounded};
use portreeve_tests::{Door, SOON};
use std::io::Write;
use std::thread::sleep;
use std::time::Instant;

#[test]
fn an_authenticated_login_outlives_both_graces_and_a_silent_peer_is_ended_at_the_doors() {
    let world = world();
    let configuration = ssh(", \"-o\", \"LoginGraceTime=15\"", "grace = \"4s\"\nstartups = 10\n");
    let door = Door::native(&world, &configuration);
    let mut login = Login::new(&world, &door, "lan", "192.168.0.1", "cat");
    let since = Instant::now();

    // one that says nothing at all, and one that speaks and does not go on
    for words in [&b""[..], b"SSH-2.0-half\r\n"] {
        let (got, took) = timed(|| {
            let mut peer = world.connect("far", "192.168.0.1:22").unwrap();
            peer.write_all(words).unwrap();
            read_to_end_bounded(&peer, 1 << 16, crate::LATER)
        });
        assert_ne!(got.end, End::Deadline, "{got:?}");
        assert!(took >= seconds(4), "grace is four seconds: {took:?}");
    }
    let passed = || {
        let events = door.events().into_iter();
        events.filter(|event| event["event"] == "grace-passed").collect::<Vec<_>>()
    };
    portreeve_testkit::wait_for(SOON, "both to be told of", || passed().len() == 2);
    for passed in passed() {
        let session = passed["session"].as_u64().unwrap();
        assert_eq!(passed["ended"], true, "{passed}");
        assert_eq!(passed["peer"], "203.0.113.7", "{passed}");
        assert_eq!(told(&door, "session-ending", session)[0]["reason"], "grace");
        assert_eq!(over(&door, session)["reason"], "grace");
    }
    sleep(seconds(16).saturating_sub(since.elapsed()));
    login.answers("still here after both graces");
    assert!(told(&door, "session-ending", login.session).is_empty());
    drop(login.input);
    assert!(login.program.wait(SOON).success());
    assert_eq!(over(&door, login.session)["reason"], serde_json::Value::Null);
}

#[test]
fn the_grace_of_sshd_ends_a_silent_peer_where_it_is_shorter() {
    let world = world();
    let configuration = ssh(", \"-o\", \"LoginGraceTime=2\"", "grace = \"10m\"\n");
    let door = Door::native(&world, &configuration);
    let mut login = Login::new(&world, &door, "lan", "192.168.0.1", "cat");
    let (got, took) = timed(|| {
        let peer = world.connect("far", "192.168.0.1:22").unwrap();
        read_to_end_bounded(&peer, 1 << 16, crate::LATER)
    });
    assert!(got.end != End::Deadline && took >= seconds(2), "{got:?} {took:?}");
    let ended = door.expect("session-ended", |e| e["peer"] == "203.0.113.7");
    assert_eq!((&ended["ending"], &ended["reason"]), (&"exit".into(), &serde_json::Value::Null));
    login.answers("still here");
}

/// Cuts a client off: from now on nothing comes from it, and nobody says so.
fn cut(world: &World, client: &str) -> Instant {
    let before = Instant::now();
    world.door_run(&["ip", "-n", client, "link", "set", "eth0", "down"]);
    before
}

/// The configuration of a distant host would say `every = "15s"`: one minute.
const PROBES: &str = "keep-alive = { every = \"1s\", tries = 4 }\nno-delay = true\n";

#[test]
fn a_cut_link_ends_a_login_in_every_times_tries_and_leaves_the_others_alone() {
    let world = world();
    let door = Door::native(&world, &ssh("", PROBES));
    for (address, client) in [("192.168.0.1", "lan"), ("2001:db8::1", "far")] {
        let name = format!("other-{client}");
        world.add_client(&name, &[if client == "lan" { "192.0.2.7" } else { "2001:db8:e::7" }]);
        let mut other = Login::new(&world, &door, &name, address, "cat");
        let cut_off = Login::new(&world, &door, client, address, "cat");
        // silence is no reason: the peer answers the probes
        sleep(seconds(7));
        assert!(told(&door, "session-ended", cut_off.session).is_empty());
        let since = cut(&world, client);
        let ended = over(&door, cut_off.session);
        let took = since.elapsed();
        // the last sign came up to one interval before the cut; without probes it took two hours
        assert!(took >= seconds(3), "{took:?}: {ended}");
        assert_eq!(ended["reason"], serde_json::Value::Null, "the kernel gave up, not the door");
        let timed_out = |e: &serde_json::Value| e["text"].to_string().contains("timed out");
        door.expect("evidence", |e| e["session"] == cut_off.session && timed_out(e));
        other.answers("still here");
    }
}

#[test]
fn what_a_cut_off_peer_never_acknowledges_is_given_up_as_soon() {
    let world = world();
    let door = Door::native(&world, &ssh("", PROBES));
    let talking = "while :; do echo on and on; sleep 0.2; done";
    let login = Login::new(&world, &door, "lan", "192.168.0.1", talking);
    portreeve_testkit::wait_for(SOON, "words", || login.program.stdout().contains("on and on"));
    let since = cut(&world, "lan");
    let ended = over(&door, login.session);
    let took = since.elapsed();
    // without probes: a quarter of an hour
    assert!(took >= seconds(3), "{took:?}: {ended}");
    assert_eq!(ended["reason"], serde_json::Value::Null, "{ended}");
}

#[test]
fn startups_of_one_source_refuse_its_next_one_with_the_reason() {
    let world = world();
    let door = Door::native(&world, &ssh("", "per-source-startups = 2\ngrace = \"10m\"\n"));
    let mut login = Login::new(&world, &door, "far", "192.168.0.1", "cat");
    let held: Vec<_> = (0..2).map(|_| world.connect("far", "192.168.0.1:22").unwrap()).collect();
    door.wait_sessions("ssh", 3);
    let attempt = |client| {
        let output = world.ssh(client, "thisuser", "thisuser", "192.168.0.1", 22, "true");
        output.status.code()
    };
    assert_eq!(attempt("far"), Some(255));
    let refused = door.expect("refused", |e| e["peer"] == "203.0.113.7");
    assert_eq!(refused["reason"], "per-source-startups", "{refused}");
    assert_eq!(refused["class"], "full", "{refused}");
    assert!(refused["text"].to_string().contains('2'), "{refused}");
    assert!(refused["origin"].to_string().contains("portreeve.toml:"), "{refused}");
    assert_eq!(attempt("lan"), Some(0), "another source");
    login.answers("an open login is no startup");
    drop(held);
    door.wait_sessions("ssh", 1);
    assert_eq!(attempt("far"), Some(0), "there is room again");
}
