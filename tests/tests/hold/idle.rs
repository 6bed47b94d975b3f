//! Idle limits, and how sessions are ended.

use crate::{LATER, Login, over, seconds, ssh, timed, told, world};
use portreeve_testkit::{End, World, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::{Door, SOON};
use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn an_idle_login_ends_at_its_limit_and_a_typing_one_does_not() {
    let world = world();
    // each probe is a sign of life, and none of use
    let keys = "idle = \"8s\"\nkeep-alive = { every = \"1s\" }\n";
    let door = Door::native(&world, &ssh("", keys));
    // one that types without a pause, also while the other logs in
    let chatter = "while :; do echo on and on; sleep 0.2; done & exec cat";
    let mut typing = Login::new(&world, &door, "lan", "192.168.0.1", chatter);
    let mut idle = Login::new(&world, &door, "far", "192.168.0.1", "cat");
    idle.answers("first words");
    let since = Instant::now();
    idle.answers("last words");
    over(&door, idle.session);
    let took = since.elapsed();
    assert!(took >= seconds(8), "its limit is eight seconds: {took:?}");
    assert_eq!(told(&door, "session-ending", idle.session)[0]["reason"], "idle");
    let ended = over(&door, idle.session);
    assert_eq!(ended["reason"], "idle", "{ended}");
    assert!(ended["duration-ms"].as_u64().unwrap() >= 8000, "{ended}");
    assert_eq!(idle.program.wait(LATER).code(), Some(255), "ssh sees the end");
    typing.answers("still here");
    assert!(told(&door, "session-ending", typing.session).is_empty());
}

/// Talks each half second until `limit` has passed; whether all came back.
fn talks(mut peer: &TcpStream, limit: Duration) -> bool {
    let since = Instant::now();
    while since.elapsed() < limit {
        if peer.write_all(b"x\n").is_err() || read_until(peer, b"\n", SOON).text() != "x\n" {
            return false;
        }
        sleep(Duration::from_millis(400));
    }
    true
}

#[test]
fn echo_and_programs_keep_the_limit_on_every_family() {
    let world = World::standard();
    let configuration = "[defaults]\nidle = \"6s\"\n\
         [service.echo]\nlisten = [\"*:7\"]\ninternal = \"echo\"\n\
         [service.cat]\nlisten = [\"*:700\"]\nrun = [\"/bin/cat\"]\n\
         [service.echo4]\nlisten = [\"192.168.0.1:8\"]\ninternal = \"echo\"\n\
         [service.free]\nlisten = [\"*:9\"]\ninternal = \"echo\"\nidle = \"none\"\n";
    let door = Door::native(&world, configuration);
    let free = world.connect("far", "192.168.0.1:9").unwrap();
    let places = [
        "192.168.0.1:7",
        "[2001:db8::1]:7",
        "192.168.0.1:700",
        "[2001:db8::1]:700",
        "192.168.0.1:8",
    ];
    std::thread::scope(|scope| {
        for place in places {
            let (world, door) = (&world, &door);
            scope.spawn(move || {
                let busy = world.connect("far", place).unwrap();
                let talking = scope.spawn(move || talks(&busy, seconds(15)));
                let ((idle, got), took) = timed(|| {
                    let idle = world.connect("far", place).unwrap();
                    let got = read_to_end_bounded(&idle, 16, LATER);
                    (idle, got)
                });
                assert_eq!((got.bytes.len(), got.end), (0, End::Closed), "{place}");
                assert!(took >= seconds(6), "{place}: {took:?}");
                assert!(talking.join().unwrap(), "{place}: one that talks goes on");
                let port = idle.local_addr().unwrap().port();
                door.expect("session-ending", |e| e["peer-port"] == port && e["reason"] == "idle");
                let ended = door.expect("session-ended", |e| e["peer-port"] == port);
                assert_eq!(ended["reason"], "idle", "{place}: {ended}");
            });
        }
    });
    assert!(talks(&free, Duration::from_millis(1)), "one without a limit goes on");
    // all those that talked are idle now
    for (key, count) in [("echo", 0), ("cat", 0), ("echo4", 0), ("free", 1)] {
        door.wait_sessions(key, count);
    }
    let endings = door.service("cat")["endings"].to_string();
    assert!(endings.contains("no data moved for 6 s"), "{endings}");
}

#[test]
fn what_ignores_sigterm_is_killed_with_its_group_and_the_peer_sees_the_end_at_once() {
    let world = World::standard();
    let deaf = world.dir().join("bin-deaf").display().to_string();
    // the child holds the connection too, and ignores the signal as well
    world.write_program(&deaf, "#!/bin/sh\ntrap '' TERM\necho in\nsleep 3600 &\nwait\nwait\n");
    let configuration = format!(
        "[service.deaf]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"{deaf}\"]\n\
         idle = \"5s\"\nkill-after = \"2s\"\n\
         [service.polite]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\n\
         idle = \"1s\"\nkill-after = \"10m\"\n"
    );
    let door = Door::native(&world, &configuration);
    let (deaf, polite) =
        (world.connect("lan", "192.168.0.1:700"), world.connect("lan", "192.168.0.1:701"));
    let got = read_to_end_bounded(&polite.unwrap(), 16, LATER);
    assert_eq!(got.end, End::Closed, "told, and gone long before it would be killed");
    let (got, took) = timed(|| read_to_end_bounded(&deaf.unwrap(), 16, LATER));
    assert_eq!((got.text().as_str(), got.end), ("in\n", End::Closed));
    let ended = door.expect("session-ended", |e| e["service"] == "deaf");
    assert_eq!((&ended["ending"], &ended["signal"]), (&"signal".into(), &9.into()), "{took:?}");
    assert!(ended["duration-ms"].as_u64().unwrap() >= 7000, "{ended}");
    let ended = door.expect("session-ended", |e| e["service"] == "polite");
    assert_eq!(ended["signal"], 15, "{ended}");
}

#[test]
fn keep_alives_change_in_place_with_a_reload() {
    let world = World::standard();
    let configuration = |keep: &str| {
        format!("[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n{keep}")
    };
    let door = Door::native(&world, &configuration(""));
    let timers = || world.door_run(&["ss", "-Htno", "sport", "=", ":700"]);
    let has = |count: usize| timers().matches("timer:(keepalive,").count() == count;
    let reload = |keep: &str| {
        world.write("/etc/portreeve/portreeve.toml", configuration(keep));
        let output = door.command(&["reload"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let peer = world.connect("lan", "192.168.0.1:700").unwrap();
        assert!(talks(&peer, Duration::from_millis(1)));
        peer
    };
    let first = world.connect("lan", "192.168.0.1:700").unwrap();
    assert!(talks(&first, Duration::from_millis(1)));
    wait_for(SOON, "a connection without a timer", || has(0));
    let second = reload("keep-alive = { every = \"15s\", tries = 4 }\n");
    wait_for(SOON, "one with", || has(1));
    let within = |most: u32| {
        let text = timers();
        let left = text.split("timer:(keepalive,").nth(1).unwrap_or_default();
        let whole = left.split_once("sec").and_then(|(n, _)| n.parse().ok());
        left.split_once("ms").is_some_and(|(n, _)| n.len() < 6)
            || whole.is_some_and(|n: u32| n <= most)
    };
    assert!(within(15), "{}", timers());
    drop(second);
    let third = reload("keep-alive = true\n");
    door.wait_sessions("cat", 2);
    wait_for(SOON, "one with the system's times", || has(1));
    assert!(timers().contains("min"), "two hours: {}", timers());
    drop(third);
    let fourth = reload("");
    door.wait_sessions("cat", 2);
    wait_for(SOON, "none again", || has(0));
    drop((first, fourth));
    let opened = door.events().iter().filter(|e| e["event"] == "listener-up").count();
    assert_eq!(opened, 1, "the socket stays");
}

#[test]
fn limits_go_over_an_upgrade() {
    let world = World::standard();
    let configuration = "[service.cat]\nlisten = [\"*:700\"]\nrun = [\"/bin/cat\"]\nidle = \"15s\"\n\
         [service.echo]\nlisten = [\"*:7\"]\ninternal = \"echo\"\nidle = \"15s\"\n";
    let door = Door::native(&world, configuration);
    let places = ["192.168.0.1:700", "[2001:db8::1]:700", "[2001:db8::1]:7"];
    let idle = places.map(|place| world.connect("far", place).unwrap());
    let busy = places.map(|place| world.connect("far", place).unwrap());
    door.wait_sessions("cat", 4);
    std::thread::scope(|scope| {
        let talking: Vec<_> =
            busy.iter().map(|peer| scope.spawn(|| talks(peer, seconds(25)))).collect();
        let upgrade = door.command(&["upgrade"]);
        assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
        assert_eq!(door.service("cat")["sessions"], 4, "nobody was ended by it");
        for peer in &idle {
            assert_eq!(read_to_end_bounded(peer, 16, LATER).end, End::Closed);
            let port = peer.local_addr().unwrap().port();
            let ended = door.expect("session-ended", |e| e["peer-port"] == port);
            assert_eq!(ended["reason"], "idle", "{ended}");
            assert!(ended["duration-ms"].as_u64().unwrap() >= 14_900, "{ended}");
        }
        assert!(talking.into_iter().all(|talk| talk.join().unwrap()));
    });
}
