//! Under a service manager: restarts and crashes lose no connection, and a restart no session.

use crate::kit::{Login, expect, service, talk, while_knocking, while_knocking_at_crashes};
use portreeve_testkit::{Manager, Setup, World, read_to_end_bounded, wait_for};
use portreeve_tests::{SOON, command, events};
use std::io::Write;

fn configuration(world: &World) -> String {
    let dir = world.dir().display();
    world.write_program(
        format!("{dir}/speaker"),
        "#!/bin/sh\nwhile read line; do echo \"heard $line\" >&2; echo \"$line\"; done\n",
    );
    format!(
        "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
         [service.speak]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"{dir}/speaker\"]\ninstances = 2\n\
         [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\ninstances = 2\n\
         [service.ssh]\nlisten = [\"192.168.0.1:22\"]\nrun = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\n\
         watch = \"sshd\"\ninstances = 2\n\
         [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n"
    )
}

fn managed(world: &World, setup: Setup<'_>) -> Manager {
    let daemon = world.bin("portreeved").display().to_string();
    Manager::start(world, setup, &[&daemon])
}

#[test]
fn a_restart_by_the_manager_loses_nobody() {
    let world = World::standard();
    world.ssh_keys();
    world.write("/etc/portreeve/portreeve.toml", configuration(&world));
    let mut manager = managed(&world, Setup::default());
    let mut speak = world.connect("lan", "192.168.0.1:701").unwrap();
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    let mut login = Login::new(&world);
    talk(&mut speak, "one");
    talk(&mut echo, "one");
    let trapped = world.connect("far", "192.168.0.1:23").unwrap();
    read_to_end_bounded(&trapped, 16, SOON);
    expect(&world, "banned", |_| true);
    while_knocking(&world, "restarts by the manager", "192.168.0.1:700", "in\n", |knocks| {
        for round in ["two", "three", "four"] {
            let before = knocks.served();
            manager.again("restart");
            talk(&mut speak, round);
            talk(&mut echo, round);
            login.say(round);
            wait_for(SOON, "more to be served", || knocks.served() > before + 50);
        }
    });
    assert_eq!(manager.stored().len(), 5, "the sockets alone: {:?}", manager.stored());
    for key in ["speak", "echo", "ssh"] {
        assert_eq!(service(&world, key)["sessions"], 1, "{key} is counted still");
    }
    let mut second = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut second, "second");
    let third = world.connect("lan", "192.168.0.1:701").unwrap();
    assert_eq!(read_to_end_bounded(&third, 16, SOON).text(), "", "the limit counts the old one");
    let shut_out = world.connect("far", "192.168.0.1:700").unwrap();
    assert_eq!(read_to_end_bounded(&shut_out, 16, SOON).text(), "", "the ban holds");
    for word in ["one", "two", "three", "four"] {
        expect(&world, "evidence", |e| e["text"] == format!("heard {word}").as_str());
    }
    let succeeded = events(&world).into_iter().filter(|e| e["event"] == "door-succeeded");
    assert!(succeeded.clone().all(|e| e.get("lost").is_none()), "{succeeded:?}");
    assert_eq!(succeeded.count(), 3);
    drop((speak, echo, second));
    login.end();
    for key in ["speak", "echo", "ssh"] {
        expect(&world, "session-ended", |e| e["service"] == key);
        wait_for(SOON, "nobody to be inside", || service(&world, key)["sessions"] == 0);
    }
    manager.order("stop");
    manager.wait_count("ended", 4);
    assert!(manager.count("stopping") >= 4, "{:?}", manager.lines());
}

#[test]
fn a_crash_refuses_nobody_and_ends_no_process() {
    let world = World::standard();
    world.ssh_keys();
    world.write("/etc/portreeve/portreeve.toml", configuration(&world));
    let mut manager = managed(&world, Setup { notify: "@portreeve-test", ..Setup::default() });
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    let mut login = Login::new(&world);
    talk(&mut echo, "one");
    while_knocking_at_crashes(&world, 2, "192.168.0.1:700", "in\n", |knocks| {
        for round in ["two", "three"] {
            let before = knocks.served();
            manager.again("crash");
            talk(&mut echo, round);
            login.say(round);
            wait_for(SOON, "more to be served", || knocks.served() > before + 50);
        }
    });
    login.end();
}

#[test]
fn the_sockets_of_a_unit_are_used_and_those_that_nobody_wants_are_named() {
    let world = World::standard();
    world.write("/etc/portreeve/portreeve.toml", configuration(&world));
    let sockets = ["192.168.0.1:700", "192.168.0.1:9999"];
    let mut manager = managed(&world, Setup { sockets: &sockets, ..Setup::default() });
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    assert_eq!(read_to_end_bounded(&peer, 16, SOON).text(), "in\n");
    expect(&world, "alarm", |e| e["text"].to_string().contains("192.168.0.1:9999"));
    let stored = manager.stored();
    assert_eq!(stored.len(), 4, "the unit keeps its own: {stored:?}");
    assert!(stored.iter().all(|name| !name.ends_with("-700")), "{stored:?}");
    // what a reload takes away is stored no more, what it adds is
    let fewer = configuration(&world).replace("192.168.0.1:701", "192.168.0.1:702");
    world.write("/etc/portreeve/portreeve.toml", fewer);
    manager.order("hup");
    manager.wait_count("reloading", 1);
    manager.wait_count("ready", 2);
    wait_for(SOON, "the store to follow", || {
        let stored = manager.stored();
        stored.iter().any(|n| n.ends_with("-702")) && !stored.iter().any(|n| n.ends_with("-701"))
    });
    manager.wait_count("watchdog", 2);
}

#[test]
fn a_restart_with_a_bad_configuration_goes_on_with_the_one_of_before() {
    let world = World::standard();
    world.write("/etc/portreeve/portreeve.toml", configuration(&world));
    let mut manager = managed(&world, Setup::default());
    let mut speak = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut speak, "one");
    world.write("/etc/portreeve/portreeve.toml", "[service.brief]\nlisten = [\"oh no\n");
    manager.again("restart");
    talk(&mut speak, "two");
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    assert_eq!(read_to_end_bounded(&peer, 16, SOON).text(), "in\n");
    expect(&world, "alarm", |e| e["text"].to_string().contains("was refused at the start"));
    world.write("/etc/portreeve/portreeve.toml", configuration(&world));
    assert_eq!(command(&world, &["reload"]).status.code(), Some(0));
    let status = command(&world, &["status", "--json"]);
    assert!(!String::from_utf8_lossy(&status.stdout).contains("refused at the start"));
    speak.write_all(b"three\n").unwrap();
    expect(&world, "evidence", |e| e["text"] == "heard three");
}
