//! A configuration on trial.

use super::host::{CONFIGURATION, LONG, Shell, login, portreeve, said, world};
use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON};

const PATH: &str = "/etc/portreeve/portreeve.toml";

fn reload(world: &World, time: &str) -> portreeve_testkit::Running {
    let mut command = world.door(world.bin("portreeve"));
    command.args(["reload", "--confirm", time]);
    world.start("reload", command)
}

fn on_trial(door: &Door<'_>) {
    wait_for(SOON, "the trial to begin", || {
        let trial = &door.status()["trial"];
        !trial.is_null() && trial["kept"].is_null()
    });
}

#[test]
fn a_configuration_that_locks_its_owner_out_goes_away_by_itself() {
    let world = world();
    let door = Door::native(&world, CONFIGURATION);
    let mut shell = Shell::open(&world);
    world.write(PATH, format!("{CONFIGURATION}allow = [\"203.0.113.0/24\"]\n"));
    let mut trial = reload(&world, "40s");
    on_trial(&door);
    door.expect("trial-began", |e| e["seconds"] == 40);
    assert_eq!(login(&world, "true").status.code(), Some(255), "locked out");
    // the shell of before is still there, and proves nothing
    assert_eq!(shell.run(&format!("{} confirm", portreeve(&world))), 1);
    assert!(shell.said().contains("was there before the trial began"), "{}", shell.said());
    let other = door.command(&["reload"]);
    assert_eq!(other.status.code(), Some(78), "{other:?}");
    assert!(said(&other).contains("on trial"), "{other:?}");
    assert!(!said(&other).contains("refused"), "nothing was read: {other:?}");
    let told = said(&door.command(&["status"]));
    assert!(told.contains("the configuration in force is on trial"), "{told}");
    assert_eq!(trial.wait(LONG).code(), Some(1), "{}", trial.stdout());
    assert!(trial.stdout().contains("still have the new one"), "{}", trial.stdout());
    door.expect("trial-rolled-back", |_| true);
    assert!(login(&world, "true").status.success(), "in again");
    assert_eq!(door.status()["trial"]["kept"], false);
    assert_eq!(shell.run("true"), 0, "sessions go on");
}

#[test]
fn a_new_login_keeps_the_new_configuration() {
    let world = world();
    let door = Door::native(&world, CONFIGURATION);
    world.write(PATH, format!("{CONFIGURATION}allow = [\"192.168.0.0/24\"]\n"));
    let mut trial = reload(&world, "100s");
    on_trial(&door);
    let confirmed = login(&world, &format!("{} confirm", portreeve(&world)));
    assert_eq!(confirmed.status.code(), Some(0), "{confirmed:?}");
    assert_eq!(trial.wait(LONG).code(), Some(0), "{}", trial.stdout());
    let event = door.expect("trial-confirmed", |_| true);
    assert!(event["by"].to_string().contains("a session of ssh"), "{event}");
    let far = world.ssh("far", "root", "root", "192.168.0.1", 22, "true");
    assert_eq!(far.status.code(), Some(255), "the new configuration is in force");
    let late = door.command(&["confirm"]);
    assert_eq!(late.status.code(), Some(1), "{late:?}");
    assert!(said(&late).contains("no configuration is on trial"), "{late:?}");
}

#[test]
fn a_trial_goes_on_without_its_command_and_begins_only_with_a_sound_configuration() {
    let world = world();
    let door = Door::native(&world, CONFIGURATION);
    world.write(PATH, format!("{CONFIGURATION}alow = 1\n"));
    let refused = door.command(&["reload", "--confirm", "60s"]);
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    assert!(door.status()["trial"].is_null());
    for time in ["1s", "2h", "soon"] {
        let wrong = door.command(&["reload", "--confirm", time]);
        assert_eq!(wrong.status.code(), Some(64), "{time}: {wrong:?}");
    }
    world.write(PATH, CONFIGURATION.replace("192.168.0.1:7\"", "192.168.0.1:9\""));
    let mut trial = reload(&world, "25s");
    on_trial(&door);
    trial.kill();
    assert!(world.connect("lan", "192.168.0.1:9").is_ok());
    door.expect("trial-rolled-back", |_| true);
    assert!(world.connect("lan", "192.168.0.1:7").is_ok(), "the old address is back");
    assert!(world.connect("lan", "192.168.0.1:9").is_err());
}
