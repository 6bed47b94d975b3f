//! Debian's own /etc/init.d/ssh.

use super::host::{
    LONG, Shell, admitted, by_init_script, door, is_as_before, login, phase, portreeve, said, start,
};
use portreeve_tests::{SOON, command};

#[test]
fn a_new_login_through_the_door_confirms_and_old_sessions_go_on() {
    let world = by_init_script();
    let mut shell = Shell::open(&world);
    let door = door(&world);
    let told = said(&door.command(&["status"]));
    for words in ["started by /etc/init.d/ssh", "/etc/init.d/ssh stop", "touch /etc/ssh/sshd_not"] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let checked = said(&command(&world, &["check"]));
    assert!(checked.contains("host-port") && checked.contains("/etc/init.d/ssh stop"), "{checked}");

    let dry = door.command(&["takeover", "ssh", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    assert!(said(&dry).contains("Nothing was done"), "{dry:?}");
    assert_eq!(admitted(&door), 0);

    let mut takeover = start(&world, &["--confirm", "100s"]);
    phase(&world, "trial");
    assert!(!world.exists("/etc/ssh/sshd_not_to_be_run"), "nothing lasts before the confirmation");
    let told = said(&door.command(&["status"]));
    assert!(told.contains("takeover: ssh is on trial"), "{told}");
    // a shell that was there before proves nothing
    assert_eq!(shell.run(&format!("{} confirm", portreeve(&world))), 1, "{}", shell.said());
    let why = shell.said();
    assert!(why.contains("did not come in through ssh"), "{why}");
    assert!(why.contains("ssh -t this-host portreeve confirm"), "{why}");

    let confirmed = login(&world, &format!("{} confirm", portreeve(&world)));
    assert_eq!(confirmed.status.code(), Some(0), "{confirmed:?}");
    assert_eq!(takeover.wait(LONG).code(), Some(0), "{}", takeover.stdout());
    assert!(world.exists("/etc/ssh/sshd_not_to_be_run"));
    assert_eq!(admitted(&door), 1);
    world.door_run(&["/etc/init.d/ssh", "start"]);
    assert!(login(&world, "true").status.success());
    assert_eq!(admitted(&door), 2, "the old sshd does not come back");
    assert_eq!(shell.run("true"), 0, "the session of before goes on");
    let again = door.command(&["takeover", "ssh"]);
    assert!(said(&again).contains("listens on every address of ssh already"), "{again:?}");

    let undone = door.command(&["takeover", "--undo"]);
    assert_eq!(undone.status.code(), Some(0), "{undone:?}");
    is_as_before(&world, &door);
}

#[test]
fn without_a_confirmation_everything_is_as_it_was() {
    let world = by_init_script();
    let door = door(&world);
    let mut takeover = start(&world, &["--confirm", "30s"]);
    phase(&world, "trial");
    assert!(login(&world, "true").status.success());
    assert_eq!(admitted(&door), 1, "it is the door that lets in meanwhile");
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    assert!(takeover.stdout().contains("everything is as it was before"), "{}", takeover.stdout());
    is_as_before(&world, &door);
    door.expect("given-back", |e| e["service"] == "ssh");

    // and it can be tried again
    let mut takeover = start(&world, &["--confirm", "100s"]);
    phase(&world, "trial");
    let second = door.command(&["takeover", "ssh"]);
    assert_eq!(second.status.code(), Some(69), "one at a time: {second:?}");
    assert!(said(&second).contains("a takeover of ssh is on trial"), "{second:?}");
    assert_eq!(door.command(&["takeover", "--undo"]).status.code(), Some(0));
    assert_eq!(takeover.wait(SOON).code(), Some(1));
    is_as_before(&world, &door);
}

#[test]
fn an_ordinary_user_is_told_who_may_see_and_may_not_take_over() {
    let world = by_init_script();
    let _door = door(&world);
    let mut checked = world.door_as("thisuser", world.bin("portreeve"));
    checked.arg("check");
    let told = said(&world.run(checked, LONG));
    assert!(!told.contains("/etc/init.d/ssh stop"), "{told}");
    let mut takeover = world.door_as("thisuser", world.bin("portreeve"));
    takeover.args(["takeover", "ssh"]);
    let output = world.run(takeover, LONG);
    assert_eq!(output.status.code(), Some(77), "{output:?}");
    let mut status = world.door_as("otheruser", world.bin("portreeve"));
    status.args(["takeover", "ssh", "--dry-run"]);
    assert_eq!(world.run(status, LONG).status.code(), Some(77));
}
