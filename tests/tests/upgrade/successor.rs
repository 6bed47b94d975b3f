//! Another process takes over, without a service manager: from a door that is closing, and from an
//! open one when that is wanted.

use crate::kit::{Login, expect, service, talk, while_knocking};
use portreeve_testkit::{Signal, World, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON, events};

const SERVICES: &str = "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
     [service.cat]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\ninstances = 2\n\
     [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\ninstances = 2\n\
     [service.ssh]\nlisten = [\"192.168.0.1:22\"]\nrun = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\n\
     watch = \"sshd\"\n";

#[test]
fn a_successor_takes_an_open_door_over_under_constant_knocking() {
    let world = World::standard();
    world.ssh_keys();
    let mut first = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    let mut login = Login::new(&world);
    talk(&mut cat, "one");
    talk(&mut echo, "one");
    let mut second = None;
    while_knocking(&world, "a successor", "192.168.0.1:700", "in\n", |knocks| {
        second = Some(Door::start(&world, &["--successor"]));
        assert!(first.running().wait(SOON).success());
        talk(&mut cat, "two");
        talk(&mut echo, "two");
        login.say("two");
        let before = knocks.served();
        wait_for(SOON, "more to be served", || knocks.served() > before + 50);
    });
    let second = second.unwrap();
    for key in ["cat", "echo", "ssh"] {
        assert_eq!(service(&world, key)["sessions"], 1, "{key} is counted still");
    }
    let mut other = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut other, "other");
    let third = world.connect("lan", "192.168.0.1:701").unwrap();
    assert_eq!(read_to_end_bounded(&third, 16, SOON).text(), "", "the limit counts the old one");
    expect(&world, "door-succeeded", |e| {
        e["sessions"].as_u64() >= Some(3) && e.get("lost").is_none()
    });
    let end = second.command(&["end", "--service", "echo", "--yes"]);
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    assert_eq!(read_to_end_bounded(&echo, 16, SOON).text(), "", "the old relay closes it");
    drop((cat, other));
    login.end();
    for key in ["cat", "echo", "ssh"] {
        second.wait_sessions(key, 0);
    }
    second.stop();
}

#[test]
fn a_door_can_be_opened_while_the_one_before_waits_for_its_sessions() {
    let world = World::standard();
    let mut first = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut cat, "one");
    let daemon = world.bin("portreeved");
    let refused = world.run(world.door(&daemon), SOON);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(71), "{said}");
    assert!(said.contains("--successor takes it over"), "{said}");
    first.running().signal(Signal::TERM);
    wait_for(SOON, "the door to close", || {
        events(&world).iter().any(|e| e["event"] == "door-closing")
    });
    let second = Door::start(&world, &[]);
    assert!(first.running().wait(SOON).success());
    talk(&mut cat, "two");
    assert_eq!(second.service("cat")["sessions"], 1);
    let end = second.command(&["end", "--service", "cat", "--yes"]);
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    read_to_end_bounded(&cat, 16, SOON);
    second.wait_sessions("cat", 0);
    second.expect("session-ended", |e| e["service"] == "cat" && e["ending"] == "lost");
    second.stop();
}

#[test]
fn a_session_of_a_door_before_is_watched_still_after_an_upgrade_in_place() {
    let world = World::standard();
    let mut first = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    let mut other = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut cat, "one");
    talk(&mut other, "one");
    let second = Door::start(&world, &["--successor"]);
    assert!(first.running().wait(SOON).success());
    // neither is its child, nor that of what takes its place
    let upgrade = second.command(&["upgrade"]);
    assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
    talk(&mut cat, "two");
    assert_eq!(second.service("cat")["sessions"], 2);
    drop(other);
    second.wait_sessions("cat", 1);
    let end = second.command(&["end", "--service", "cat", "--yes"]);
    assert_eq!(end.status.code(), Some(0), "{end:?}");
    read_to_end_bounded(&cat, 16, SOON);
    second.wait_sessions("cat", 0);
    second.stop();
}
