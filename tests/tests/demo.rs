//! The README's first command, as root and as an ordinary user.
#![forbid(unsafe_code)]

use portreeve_testkit::World;
use std::process::Command;
use std::time::Duration;

/// What is shown after one round of the demo.
fn shown(world: &World, mut command: Command) -> String {
    // the programs are built already: the demo's own build is left out
    command.args(["demo", "--once"]).env("CARGO", "/bin/true");
    command.env("PORTREEVE_BIN_DIR", world.dir().join("bin"));
    let output = world.run(command, Duration::from_secs(180));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{said}");
    text
}

fn whole(text: &str, user: &str) {
    for want in [
        &format!("ssh says: logged in as {user}, let in by portreeve"),
        "the echo says: hello",
        "echo: refused (rule)",
        "has authenticated",
        "trap touched by 127.0.0.1",
        "The door is closed; its folder is removed.",
    ] {
        assert!(text.contains(want), "{want:?} in:\n{text}");
    }
}

#[test]
fn the_demo_shows_the_main_job_as_root_and_as_an_ordinary_user() {
    let world = World::standard();
    let program = world.bin("xtask");
    whole(&shown(&world, world.door(&program)), "root");
    whole(&shown(&world, world.door_as("thisuser", &program)), "thisuser");
    let left = world.door_run(&["sh", "-c", "ls /tmp | grep -c portreeve-demo- || true"]);
    assert_eq!(left.trim(), "0");
    let users = world.read("/etc/passwd");
    assert!(!users.contains("64801"), "the host's users are as before");
}
