//! Refusals as the owner wants them: closed, told, reset, or kept waiting.

use crate::{LATER, seconds, timed};
use portreeve_testkit::{End, World, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::strain::rests;
use portreeve_tests::{Door, SOON, processor_ticks};
use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

const KINDS: &str = "[defaults]\nallow = []\nbanner-refused = \"/etc/go-away\"\n\
    [service.closed]\nlisten = [\"192.168.0.1:700\", \"[2001:db8::1]:700\"]\nrun = [\"/bin/cat\"]\n\
    [service.told]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\n\
    refuse = { words = \"Not you.\\r\\n\" }\n\
    [service.reset]\nlisten = [\"192.168.0.1:702\"]\nrun = [\"/bin/cat\"]\nrefuse = \"reset\"\n\
    [service.tar]\nlisten = [\"192.168.0.1:703\"]\nrun = [\"/bin/cat\"]\nrefuse = { delay = \"8s\" }\n\
    [trap.pit]\nlisten = [\"192.168.0.1:704\"]\nban = \"never\"\n\
    refuse = { delay = \"8s\", words = \"Caught.\\r\\n\" }\n\
    [service.fine]\nlisten = [\"192.168.0.1:705\"]\nrun = [\"/bin/echo\", \"in\"]\nallow = \"everybody\"\n";

/// What a peer that speaks first, as ssh does, is told, and how it ends.
fn refused(world: &World, to: &str) -> (String, End, Duration) {
    let mut peer = world.connect("far", to).unwrap();
    // whoever is reset at once may not get so far
    let _ = peer.write_all(b"SSH-2.0-eager\r\n");
    let (got, took) = timed(|| read_to_end_bounded(&peer, 1 << 16, LATER));
    (got.text(), got.end, took)
}

#[test]
fn each_kind_of_refusal_is_seen_by_the_peer_as_its_owner_wants_it() {
    let world = World::standard();
    world.write("/etc/go-away", "Go away.\r\n");
    let door = Door::native(&world, KINDS);
    let told = |to| refused(&world, to);
    for (to, words) in [
        ("192.168.0.1:700", "Go away.\r\n"),
        ("[2001:db8::1]:700", "Go away.\r\n"),
        ("192.168.0.1:701", "Not you.\r\n"),
    ] {
        let (text, end, _) = told(to);
        assert_eq!((text.as_str(), end), (words, End::Closed), "{to}");
    }
    // the reset may come before connecting is over
    let reset = world.connect("far", "192.168.0.1:702");
    let end = reset.map_or(End::Reset, |peer| read_to_end_bounded(&peer, 64, SOON).end);
    assert_eq!(end, End::Reset);
    door.expect("refused", |e| e["service"] == "reset");

    for (to, key, words) in
        [("192.168.0.1:703", "tar", "Go away.\r\n"), ("192.168.0.1:704", "pit", "Caught.\r\n")]
    {
        let (got, took) = timed(|| {
            let mut peer = world.connect("far", to).unwrap();
            peer.write_all(b"SSH-2.0-eager\r\n").unwrap();
            // the event does not wait, and neither does anybody else
            door.expect(if key == "pit" { "trap-touched" } else { "refused" }, |e| {
                e["service"] == key && e["peer-port"] == peer.local_addr().unwrap().port()
            });
            assert_eq!(door.status()["delayed"], 1);
            let other = world.connect("far", "192.168.0.1:705").unwrap();
            assert_eq!(read_to_end_bounded(&other, 16, SOON).text(), "in\n");
            read_to_end_bounded(&peer, 1 << 16, LATER)
        });
        assert_eq!((got.text().as_str(), got.end), (words, End::Closed), "{to}");
        assert!(took >= seconds(8), "{to}: {took:?}");
    }
    let explained = door.command(&["explain", "tar", "203.0.113.7"]);
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.contains("then: kept silent for 8 s, then closed"), "{explained}");
    assert_eq!(door.service("reset")["refusals"], "reset at once");
}

#[test]
fn who_leaves_early_frees_its_place_and_a_reload_leaves_the_words_as_they_were() {
    let world = World::standard();
    world.write("/etc/go-away", "Go away.\r\n");
    let configuration = KINDS.replace("delay = \"8s\"", "delay = \"10m\"");
    let door = Door::native(&world, &configuration);
    let delayed = |count: u64| {
        wait_for(SOON, format!("{count} to be kept"), || door.status()["delayed"] == count);
    };
    let early = world.connect("far", "192.168.0.1:703").unwrap();
    let half = world.connect("far", "192.168.0.1:703").unwrap();
    let stays = world.connect("lan", "192.168.0.1:703").unwrap();
    delayed(3);
    drop(early);
    delayed(2);
    // one that will send no more gets its words at once: it waits for nothing else
    half.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_to_end_bounded(&half, 64, SOON).text(), "Go away.\r\n");
    delayed(1);
    let changed = configuration.replace("delay = \"10m\"", "delay = \"1s\"").replace("Caught", "X");
    world.write("/etc/go-away", "Changed.\r\n");
    world.write("/etc/portreeve/portreeve.toml", changed);
    assert_eq!(door.command(&["reload"]).status.code(), Some(0));
    let (text, end, _) = refused(&world, "192.168.0.1:703");
    assert_eq!((text.as_str(), end), ("Changed.\r\n", End::Closed));
    delayed(1);
    stays.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_to_end_bounded(&stays, 64, SOON).text(), "Go away.\r\n");
    delayed(0);
}

/// So many connections from one address, kept open.
fn crowd(world: &World, to: &str, count: usize) -> Vec<TcpStream> {
    world.within("far", || {
        let connect = |_| {
            let peer = TcpStream::connect(to);
            peer.unwrap_or_else(|error| panic!("{to}: {error}"))
        };
        (0..count).map(connect).collect()
    })
}

#[test]
fn two_thousand_peers_in_the_pit_stop_nobody_and_it_takes_no_more_than_its_bound() {
    let world = World::standard();
    let configuration = "[portreeve]\ndelayed = { max = 1000, per-source = 5000 }\n\
        [service.tar]\nlisten = [\"192.168.0.1:703\"]\nrun = [\"/bin/cat\"]\nallow = []\n\
        refuse = { delay = \"10m\", words = \"Go away.\\r\\n\" }\n\
        [service.fine]\nlisten = [\"192.168.0.1:705\"]\nrun = [\"/bin/echo\", \"in\"]\n";
    let door = Door::native(&world, configuration);
    let peers = crowd(&world, "192.168.0.1:703", 2000);
    wait_for(LATER, "the pit to be full", || {
        let status = door.status();
        status["delayed"] == 1000 && status["delayed-crowded"] == 1000
    });
    // those without a place were told at once, and the others nothing
    let told = |peer: &TcpStream| {
        let got = read_to_end_bounded(peer, 64, Duration::from_millis(20));
        got.text() == "Go away.\r\n"
    };
    assert_eq!(peers.iter().skip(1000).filter(|peer| told(peer)).count(), 1000);
    assert_eq!(peers.iter().take(50).filter(|peer| told(peer)).count(), 0);
    let other = world.connect("lan", "192.168.0.1:705").unwrap();
    assert_eq!(read_to_end_bounded(&other, 16, SOON).text(), "in\n");
    // what they send wakes nobody
    for mut peer in peers.iter().take(1000) {
        peer.write_all(&[b'x'; 512]).unwrap();
    }
    rests(&door, "with a thousand peers who talked");
    let before = processor_ticks(door.monitor());
    for mut peer in peers.iter().take(1000) {
        peer.write_all(&[b'x'; 512]).unwrap();
    }
    sleep(seconds(1));
    let spent = processor_ticks(door.monitor()) - before;
    assert!(spent < 20, "{spent} ticks for a thousand peers who talk to nobody");
    let shown = String::from_utf8_lossy(&door.command(&["status"]).stdout).into_owned();
    assert!(shown.contains("1000 of 1000 refused peers; 1000 closed at once"), "{shown}");
    drop(peers);
    wait_for(LATER, "the pit to be empty", || door.status()["delayed"] == 0);
}

#[test]
fn one_source_has_its_share_of_the_pit_and_no_more() {
    let world = World::standard();
    let configuration = "[portreeve]\ndelayed = { per-source = 3 }\n\
        [service.tar]\nlisten = [\"192.168.0.1:703\"]\nrun = [\"/bin/cat\"]\nallow = []\n\
        refuse = { delay = \"10m\" }\n";
    let door = Door::native(&world, configuration);
    let far = crowd(&world, "192.168.0.1:703", 8);
    let lan = world.connect("lan", "192.168.0.1:703").unwrap();
    wait_for(SOON, "the pit to have four", || {
        let status = door.status();
        status["delayed"] == 4 && status["delayed-crowded"] == 5
    });
    drop((far, lan));
}

#[test]
fn short_of_descriptors_the_door_takes_them_from_who_is_only_kept_waiting() {
    let world = World::standard();
    let configuration = "[portreeve]\ndelayed = { per-source = 5000 }\n\
        [service.tar]\nlisten = [\"192.168.0.1:703\"]\nrun = [\"/bin/cat\"]\nallow = []\n\
        refuse = { delay = \"10m\" }\n\
        [service.fine]\nlisten = [\"192.168.0.1:705\"]\nrun = [\"/bin/echo\", \"in\"]\n";
    world.write("/etc/portreeve/portreeve.toml", configuration);
    // the helpers inherit the limit; the monitor keeps its own numbers above 256
    let mut command = world.door("prlimit");
    command.arg("--nofile=330:330").arg(world.bin("portreeved"));
    let door = Door::run(&world, command);
    let peers = crowd(&world, "192.168.0.1:703", 400);
    wait_for(SOON, "descriptors to be short", || {
        door.status()["delayed-crowded"].as_u64().is_some_and(|count| count > 0)
    });
    for _ in 0..5 {
        let served = || {
            let other = world.connect("lan", "192.168.0.1:705");
            other.is_ok_and(|peer| read_to_end_bounded(&peer, 16, SOON).text() == "in\n")
        };
        wait_for(LATER, "another to be served", served);
    }
    drop(peers);
}

#[test]
fn peers_who_never_read_their_refusal_stop_nobody() {
    let world = World::standard();
    world.write("/etc/go-away", "no. ".repeat(250_000));
    let configuration = "[service.long]\nlisten = [\"192.168.0.1:703\"]\nrun = [\"/bin/cat\"]\nallow = []\n\
        banner-refused = \"/etc/go-away\"\n\
        [service.fine]\nlisten = [\"192.168.0.1:705\"]\nrun = [\"/bin/echo\", \"in\"]\n";
    let door = Door::native(&world, configuration);
    let peers = crowd(&world, "192.168.0.1:703", 100);
    door.expect("refused", |e| e["service"] == "long");
    for _ in 0..20 {
        let other = world.connect("lan", "192.168.0.1:705").unwrap();
        assert_eq!(read_to_end_bounded(&other, 16, SOON).text(), "in\n");
    }
    // and one who reads gets all of it
    let reader = world.connect("lan", "192.168.0.1:703").unwrap();
    let got = read_to_end_bounded(&reader, 2 << 20, LATER);
    assert_eq!((got.bytes.len(), got.end), (1_000_000, End::Closed));
    assert_eq!(read_until(&peers[0], b"no. ", SOON).end, End::Enough);
}
