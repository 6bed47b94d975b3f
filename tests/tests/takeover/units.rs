//! Units of a service manager.

use super::host::{
    LONG, Shell, by_units, door, is_as_before, login, phase, portreeve, said, start,
};
use portreeve_testkit::World;

fn calls(world: &World) -> Vec<String> {
    let text = world.read("/run/units/calls");
    let deeds = ["start", "stop", "mask", "unmask"];
    let is_deed = |line: &&str| deeds.iter().any(|deed| line.starts_with(&format!("{deed} ")));
    text.lines().filter(is_deed).map(str::to_owned).collect()
}

fn masks(world: &World, place: &str) -> String {
    world.door_run(&["ls", &format!("/run/units/{place}-masks")]).replace('\n', " ")
}

#[test]
fn a_service_is_stopped_and_masked_and_stays_so_when_confirmed() {
    let world = by_units(&["ssh.service"]);
    let mut shell = Shell::open(&world);
    let door = door(&world);
    let told = said(&door.command(&["status"]));
    for words in [
        "unit ssh.service",
        "systemctl stop ssh.socket ssh.service",
        "systemctl mask ssh.socket ssh.service",
        "portreeve takeover ssh --confirm 60s",
        "KillMode=process",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let mut takeover = start(&world, &["--confirm", "100s"]);
    phase(&world, "trial");
    assert_eq!(masks(&world, "run"), "ssh.service ssh.socket ", "until the next boot");
    assert_eq!(masks(&world, "etc"), "", "nothing lasts before the confirmation");
    let own = world.read("/run/units/systemd-run");
    assert!(own.contains("--unit=portreeve-takeover"), "the guard is a unit of its own: {own}");
    let confirmed = login(&world, &format!("{} confirm", portreeve(&world)));
    assert_eq!(confirmed.status.code(), Some(0), "{confirmed:?}");
    assert_eq!(takeover.wait(LONG).code(), Some(0), "{}", takeover.stdout());
    assert_eq!(masks(&world, "etc"), "ssh.service ssh.socket ");
    assert!(world.exists("/etc/ssh/sshd_not_to_be_run"));
    assert_eq!(
        calls(&world),
        [
            "start ssh.service",
            "stop ssh.socket ssh.service",
            "mask --runtime ssh.socket ssh.service",
            "mask ssh.socket ssh.service"
        ]
    );
    assert_eq!(shell.run("true"), 0, "the session of before goes on");
}

#[test]
fn a_socket_comes_back_with_its_service_where_nobody_confirms() {
    let world = by_units(&["ssh.socket"]);
    let door = door(&world);
    let told = said(&door.command(&["status"]));
    assert!(told.contains("[::]:22 (with IPv4) by the service manager"), "{told}");
    assert!(told.contains("socket unit ssh.socket"), "{told}");
    let mut takeover = start(&world, &["--confirm", "10s"]);
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    is_as_before(&world, &door);
    assert_eq!((masks(&world, "run"), masks(&world, "etc")), (String::new(), String::new()));
    assert_eq!(
        calls(&world),
        [
            "start ssh.socket",
            "stop ssh.socket ssh.service",
            "mask --runtime ssh.socket ssh.service",
            "unmask --runtime ssh.socket ssh.service",
            "start ssh.socket"
        ],
        "the service was not running, and is not started"
    );
}
