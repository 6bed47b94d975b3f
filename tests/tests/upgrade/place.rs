//! The new program in the old one's place: same process, nothing lost.

use crate::kit::{Login, talk, while_knocking};
use portreeve_testkit::{Signal, World, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON};

const SERVICES: &str = "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
     [service.cat]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\ninstances = 2\n\
     [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\ninstances = 2\n\
     [service.ssh]\nlisten = [\"192.168.0.1:22\"]\nrun = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\nwatch = \"sshd\"\n";

#[test]
fn under_constant_knocking_nobody_is_refused_and_no_session_is_lost() {
    let world = World::standard();
    world.ssh_keys();
    let door = Door::native(&world, SERVICES);
    let mut login = Login::new(&world);
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
            login.say(&format!("again {round}"));
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
        let got = read_to_end_bounded(&third, 16, SOON).text();
        assert_eq!(got, "", "the limit counts the old session of {key}");
    }
    login.end();
    door.expect("evidence", |e| {
        e["service"] == "ssh" && e["text"].to_string().contains("isconnected")
    });
    door.expect("session-ended", |e| e["service"] == "ssh" && e["ending"] == "exit");
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

/// The programs in a folder of the test's own, where they can be replaced.
fn own_programs(world: &World) -> String {
    let folder = format!("{}/own", world.dir().display());
    world.door_run(&["mkdir", "-m", "755", &folder]);
    for program in ["portreeved", "portreeve-compile", "portreeve-clerk", "portreeve-relay"] {
        world.door_run(&["cp", &world.bin(program).display().to_string(), &folder]);
    }
    folder
}

#[test]
fn what_is_not_fit_to_take_over_changes_nothing() {
    let world = World::standard();
    let folder = own_programs(&world);
    world.write("/etc/portreeve/portreeve.toml", SERVICES);
    let mut door = Door::run(&world, world.door(format!("{folder}/portreeved")));
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut cat, "one");
    let program = format!("{folder}/portreeved");
    let good = format!("{folder}/good");
    world.door_run(&["mv", &program, &good]);
    let broken = [
        (None, "cannot"),
        (Some("no program at all\n"), "cannot"),
        (Some("#!/bin/sh\nexit 0\n"), "no portreeved that can take this one's place"),
        (Some("#!/bin/sh\necho 'no such library' ; exit 127\n"), "exited with status 127: no such"),
        (Some("#!/bin/sh\necho fit; kill -9 $$\n"), "was ended by signal 9"),
    ];
    for (text, why) in broken {
        if let Some(text) = text {
            world.write_program(&program, text);
        }
        let upgrade = door.command(&["upgrade"]);
        let said = String::from_utf8_lossy(&upgrade.stderr).into_owned();
        assert_ne!(upgrade.status.code(), Some(0), "{said}");
        assert!(said.contains("goes on as it is") && said.contains(why), "{why}: {said}");
        talk(&mut cat, "still");
    }
    // one that passes the trial, and then cannot be executed
    let fickle = "#!/bin/sh\necho 'fit portreeved 9'\nchmod 000 \"$0\"\nrm -f \"$0\"\n";
    world.write_program(&program, fickle);
    let upgrade = door.command(&["upgrade"]);
    let said = String::from_utf8_lossy(&upgrade.stderr).into_owned();
    assert!(said.contains("cannot execute"), "{said}");
    talk(&mut cat, "still");
    door.expect("alarm", |e| e["text"].to_string().contains("the upgrade was given up"));
    door.expect("session-started", |e| e["service"] == "cat");
    // the clerk and the relay of the old one are at work again
    let mut echo = world.connect("lan", "192.168.0.1:7").unwrap();
    talk(&mut echo, "echo");
    world.door_run(&["mv", &good, &program]);
    assert_eq!(door.command(&["upgrade"]).status.code(), Some(0));
    talk(&mut cat, "at last");
    assert_eq!(door.status()["alarms"].to_string(), "[]");
    assert!(door.running().try_wait().is_none());
}

#[test]
fn a_trial_of_a_configuration_and_an_upgrade_keep_out_of_each_others_way() {
    let world = World::standard();
    let folder = own_programs(&world);
    world.write("/etc/portreeve/portreeve.toml", SERVICES);
    let door = Door::run(&world, world.door(format!("{folder}/portreeved")));
    let ask = |args: &[&str]| {
        let mut command = world.door(world.bin("portreeve"));
        command.args(args);
        world.start("portreeve", command)
    };
    let (begun, over) = (format!("{folder}/begun"), format!("{folder}/over"));
    let slow =
        format!("#!/bin/sh\ntouch {begun}\nuntil [ -e {over} ]; do sleep 0.1; done\nexit 7\n");
    let program = format!("{folder}/portreeved");
    world.door_run(&["rm", &program]);
    world.write_program(&program, &slow);
    let mut upgrade = ask(&["upgrade"]);
    wait_for(SOON, "the new program to be tried", || std::path::Path::new(&begun).exists());
    // what would come back would be forgotten by the successor
    let trial = door.command(&["reload", "--confirm", "600s"]);
    let said = String::from_utf8_lossy(&trial.stdout).into_owned();
    assert!(!trial.status.success() && said.contains("an upgrade is under way"), "{said}");
    world.door_run(&["touch", &over]);
    assert!(!upgrade.wait(SOON).success());
    let mut trial = ask(&["reload", "--confirm", "600s"]);
    door.expect("trial-began", |_| true);
    let upgrade = door.command(&["upgrade"]);
    let said = String::from_utf8_lossy(&upgrade.stderr).into_owned();
    assert!(!upgrade.status.success() && said.contains("is on trial"), "{said}");
    let mut successor = world.door(world.bin("portreeved"));
    successor.arg("--successor");
    let second = world.run(successor, SOON);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(second.status.code() == Some(71) && said.contains("is on trial"), "{said}");
    trial.kill();
}

#[test]
fn an_upgrade_with_a_bad_configuration_goes_on_with_the_one_of_before() {
    let world = World::standard();
    let door = Door::native(&world, SERVICES);
    let mut cat = world.connect("lan", "192.168.0.1:701").unwrap();
    talk(&mut cat, "one");
    world.write("/etc/portreeve/portreeve.toml", format!("{SERVICES}what = 7\n"));
    assert_eq!(door.command(&["upgrade"]).status.code(), Some(0));
    door.expect("reload-refused", |_| true);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    assert_eq!(read_to_end_bounded(&peer, 16, SOON).text(), "in\n");
    talk(&mut cat, "two");
    wait_for(SOON, "the alarm", || {
        door.status()["alarms"].to_string().contains("was refused at the start")
    });
    let more = format!(
        "{SERVICES}[service.more]\nlisten = [\"192.168.0.1:702\"]\nrun = [\"/bin/echo\", \"more\"]\n"
    );
    world.write("/etc/portreeve/portreeve.toml", more);
    assert_eq!(door.command(&["reload"]).status.code(), Some(0));
    assert_eq!(door.status()["alarms"].to_string(), "[]");
    // and an upgrade reads what is new by itself
    world.write("/etc/portreeve/portreeve.toml", SERVICES);
    assert_eq!(door.command(&["upgrade"]).status.code(), Some(0));
    wait_for(SOON, "the service to go", || world.connect("lan", "192.168.0.1:702").is_err());
}

#[test]
fn who_waits_for_the_first_relay_meets_the_same_service_after_a_reload() {
    let world = World::standard();
    let folder = own_programs(&world);
    let relay = format!("{folder}/portreeve-relay");
    world.door_run(&["rm", &relay]);
    world.write_program(&relay, "#!/bin/sh\nexec sleep 600\n");
    let named = "[service.named]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
                 allow = [\"friend.example\"]\n";
    world.write("/etc/portreeve/portreeve.toml", named);
    let door = Door::run(&world, world.door(format!("{folder}/portreeved")));
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    // its number is another service's from now on
    let first =
        "[service.first]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/echo\", \"other\"]\n";
    world.write("/etc/portreeve/portreeve.toml", format!("{first}{named}"));
    assert_eq!(door.command(&["reload"]).status.code(), Some(0));
    assert_eq!(read_to_end_bounded(&peer, 16, SOON).text(), "", "nobody knows its name");
    door.expect("refused", |e| e["service"] == "named");
}
