//! The new program in the old one's place: same process, nothing lost.

use crate::kit::{talk, while_knocking};
use portreeve_testkit::{Signal, World, wait_for};
use portreeve_tests::{Door, SOON};

const SERVICES: &str = "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
     [service.cat]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\ninstances = 2\n\
     [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\ninstances = 2\n";

#[test]
fn under_constant_knocking_nobody_is_refused_and_no_session_is_lost() {
    let world = World::standard();
    let door = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    talk(&mut cat, "one");
    talk(&mut echo, "one");
    let monitor = door.monitor();
    while_knocking(&world, "upgrades in place", "192.168.0.1:700", "in\n", |knocks| {
        for round in 1..=5 {
            let before = knocks.served();
            let upgrade = door.command(&["upgrade", "--json"]);
            assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
            talk(&mut cat, "again");
            talk(&mut echo, "again");
            wait_for(SOON, "more to be served", || knocks.served() > before + 50);
            wait_for(SOON, "the event", || {
                door.events().iter().filter(|e| e["event"] == "door-succeeded").count() == round
            });
        }
    });
    assert_eq!(door.monitor(), monitor);
    for (key, to) in [("cat", "192.168.0.1:701"), ("echo", "192.168.0.1:7")] {
        assert_eq!(door.service(key)["sessions"], 1, "it is counted still");
        let mut second = world.connect("lan", to).unwrap();
        talk(&mut second, "second");
        let third = world.connect("lan", to).unwrap();
        let got = portreeve_testkit::read_to_end_bounded(&third, 16, SOON).text();
        assert_eq!(got, "", "the limit counts the old session of {key}");
    }
    drop((cat, echo));
    for key in ["cat", "echo"] {
        door.wait_sessions(key, 0);
        door.expect("session-ended", |e| e["service"] == key);
    }
    let alarms = door.status()["alarms"].to_string();
    assert_eq!(alarms, "[]");
}

#[test]
fn a_signal_does_it_too() {
    let world = World::standard();
    let mut door = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut cat, "one");
    door.running().signal(Signal::USR1);
    door.expect("door-succeeded", |e| e["sessions"] == 1 && e.get("lost").is_none());
    talk(&mut cat, "two");
    drop(cat);
    door.stop();
}
