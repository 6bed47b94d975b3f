//! What becomes of the sessions when the door is told to stop, by choice.

use crate::kit::talk;
use portreeve_testkit::{Signal, World, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON};

const STUBBORN: &str = "#!/bin/bash\ntrap '' TERM\nwhile read -r line; do echo \"$line\"; done\n";

fn configuration(world: &World, on_stop: &str) -> String {
    let dir = world.dir().display();
    world.write_program(format!("{dir}/stubborn"), STUBBORN);
    format!(
        "[portreeve]\n{on_stop}\n\
         [service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n\
         [service.stubborn]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"{dir}/stubborn\"]\n\
         [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n"
    )
}

#[test]
fn told_to_end_they_are_ended_and_the_stubborn_killed() {
    let world = World::standard();
    let on_stop = "on-stop = { sessions = \"end\", within = \"1s\" }";
    let mut door = Door::native(&world, &configuration(&world, on_stop));
    let peers: Vec<_> = ["700", "701", "7"]
        .iter()
        .map(|port| {
            let mut peer = world.connect("lan", &format!("192.168.0.1:{port}")).unwrap();
            talk(&mut peer, "here");
            peer
        })
        .collect();
    door.running().signal(Signal::TERM);
    assert!(door.running().wait(SOON).success());
    for peer in &peers {
        read_to_end_bounded(peer, 16, SOON);
    }
    door.expect("session-ending", |e| e["reason"] == "shutdown" && e["service"] == "echo");
    door.expect("session-ended", |e| e["service"] == "cat" && e["signal"] == 15);
    door.expect("session-ended", |e| e["service"] == "stubborn" && e["signal"] == 9);
}

#[test]
fn waited_for_so_long_they_are_told_to_end() {
    let world = World::standard();
    let mut door = Door::native(&world, &configuration(&world, ""));
    let mut peer = world.connect("lan", "192.168.0.1:700").unwrap();
    talk(&mut peer, "here");
    let stop = door.command(&["stop", "--wait", "--within", "2s", "--json"]);
    assert_eq!(stop.status.code(), Some(0), "{stop:?}");
    assert!(String::from_utf8_lossy(&stop.stdout).contains("\"wait\""), "{stop:?}");
    talk(&mut peer, "still");
    assert!(door.running().wait(SOON).success());
    read_to_end_bounded(&peer, 16, SOON);
    door.expect("session-ended", |e| e["service"] == "cat" && e["signal"] == 15);
}

#[test]
fn left_they_go_on_without_the_door() {
    let world = World::standard();
    let mut door =
        Door::native(&world, &configuration(&world, "on-stop = { sessions = \"leave\" }"));
    let mut peer = world.connect("lan", "192.168.0.1:700").unwrap();
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    talk(&mut peer, "here");
    talk(&mut echo, "here");
    door.running().signal(Signal::TERM);
    assert!(door.running().wait(SOON).success());
    talk(&mut peer, "still");
    talk(&mut echo, "still");
}

#[test]
fn a_closing_door_can_be_told_to_end_what_it_waits_for() {
    let world = World::standard();
    let mut door = Door::native(&world, &configuration(&world, ""));
    let mut peer = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut peer, "here");
    door.running().signal(Signal::TERM);
    wait_for(SOON, "the door to close", || world.connect("lan", "192.168.0.1:700").is_err());
    talk(&mut peer, "still");
    let stop = door.command(&["stop", "--end", "--within", "1s"]);
    assert_eq!(stop.status.code(), Some(0), "{stop:?}");
    assert!(door.running().wait(SOON).success());
    door.expect("session-ended", |e| e["signal"] == 9);
}
