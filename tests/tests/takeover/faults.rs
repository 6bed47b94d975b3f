//! What may die or fail during a takeover.

use super::host::{
    LONG, Shell, by_init_script, door, is_as_before, login, phase, portreeve, said, start, state,
};
use portreeve_testkit::{Signal, World, wait_for};
use portreeve_tests::{Door, SOON, command};

fn guard(world: &World) -> String {
    state(world).expect("a takeover")["guard"].to_string()
}

/// Kills the guard, and waits until its socket is closed: it dies in its own time.
fn kill_guard(world: &World) {
    let own = guard(world);
    world.door_run(&["kill", "-KILL", &own]);
    let alive = format!("grep -s '^State:' /proc/{own}/status | grep -q '[RSDT] ('");
    let gone = format!("if {alive}; then echo no; else echo yes; fi");
    wait_for(SOON, "the guard to be dead", || world.door_run(&["sh", "-c", &gone]) == "yes\n");
}

#[test]
fn the_guard_outlives_the_command_and_puts_everything_back() {
    let world = by_init_script();
    let door = door(&world);
    for signal in [Signal::KILL, Signal::HUP] {
        let mut takeover = start(&world, &["--confirm", "25s"]);
        phase(&world, "trial");
        let own = guard(&world);
        let session = world.door_run(&["ps", "-o", "sid=", "-p", &own]);
        assert_eq!(session.trim(), own, "a session of its own, away from any terminal");
        takeover.signal(signal);
        takeover.wait(SOON);
        phase(&world, "undone");
        is_as_before(&world, &door);
    }
}

#[test]
fn a_killed_guard_is_made_good_by_the_command() {
    let world = by_init_script();
    let door = door(&world);
    let mut takeover = start(&world, &["--confirm", "100s"]);
    phase(&world, "trial");
    kill_guard(&world);
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    is_as_before(&world, &door);
}

#[test]
fn with_guard_and_command_dead_whoever_comes_next_puts_everything_back() {
    let world = by_init_script();
    let door = door(&world);
    for next in [&["takeover", "--undo"][..], &["takeover", "ssh", "--confirm", "10s"]] {
        let mut takeover = start(&world, &["--confirm", "100s"]);
        phase(&world, "trial");
        takeover.kill();
        kill_guard(&world);
        let told = said(&door.command(&["confirm"]));
        assert!(told.contains("takeover --undo"), "{told}");
        let output = door.command(next);
        assert!(said(&output).contains("everything is"), "{output:?}");
        is_as_before(&world, &door);
    }
}

#[test]
fn a_monitor_that_dies_during_the_trial_gives_the_host_back() {
    let world = by_init_script();
    let mut first = door(&world);
    let mut takeover = start(&world, &["--confirm", "100s"]);
    phase(&world, "trial");
    first.running().kill();
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    assert!(login(&world, "true").status.success());
    assert!(!world.exists("/etc/ssh/sshd_not_to_be_run"));
    drop(first);
    // the next one finds the port held, and says by whom
    let again = Door::start(&world, &[]);
    wait_for(SOON, "the holder to be named", || {
        said(&again.command(&["status"])).contains("started by /etc/init.d/ssh")
    });
}

#[test]
fn a_door_that_cannot_listen_changes_nothing() {
    let world = by_init_script();
    let door = door(&world);
    let held = ["--stop-with", "true", "--start-with", "true", "--confirm", "100s"];
    let mut takeover = start(&world, &held);
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    assert!(takeover.stdout().contains("the door cannot listen on"), "{}", takeover.stdout());
    is_as_before(&world, &door);
}

#[test]
fn a_stop_that_fails_and_a_door_that_is_away_are_said() {
    let world = by_init_script();
    let away = command(&world, &["takeover", "ssh"]);
    assert_eq!(away.status.code(), Some(69), "{away:?}");
    assert!(said(&away).contains("portreeve run"), "{away:?}");
    let door = door(&world);
    let failing = ["--stop-with", "sh -c 'echo not today; exit 3'", "--start-with", "true"];
    let mut takeover = start(&world, &failing);
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    assert!(takeover.stdout().contains("not today"), "{}", takeover.stdout());
    let before = super::host::admitted(&door);
    assert!(login(&world, "true").status.success());
    assert_eq!(super::host::admitted(&door), before);
    assert_eq!(door.command(&["confirm"]).status.code(), Some(1), "nothing is on trial");
}

#[test]
fn the_connection_from_which_it_was_begun_may_break() {
    let world = by_init_script();
    let mut shell = Shell::open(&world);
    let door = door(&world);
    shell.begin(&format!("{} takeover ssh --confirm 100s", portreeve(&world)));
    phase(&world, "trial");
    drop(shell);
    let confirmed = login(&world, &format!("{} confirm", portreeve(&world)));
    assert_eq!(confirmed.status.code(), Some(0), "{confirmed:?}");
    phase(&world, "confirmed");
    assert!(world.exists("/etc/ssh/sshd_not_to_be_run"));
    assert_eq!(super::host::admitted(&door), 1);
}
