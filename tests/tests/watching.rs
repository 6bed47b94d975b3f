//! Changes of access lists that the kernel does not tell of: no watches are left, or too much has
//! happened at once. The lists decide nevertheless, later, and the door says so.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "sources/list.rs"]
mod list;

use list::{LISTED, List, OPEN, OTHER, SERVICES, SHUT, is_in};
use portreeve_testkit::{Signal, World, wait_for};
use portreeve_tests::{Door, SOON};
use std::fs;

fn wait_until(world: &World, wanted: bool) {
    wait_for(SOON, format!("lan to be let in: {wanted}"), || is_in(world, "lan", LISTED) == wanted);
    assert!(is_in(world, "far", LISTED), "it is on no list");
    assert!(is_in(world, "lan", OTHER), "there is no list");
}

/// Becomes the program behind it, as the same users in a user namespace of its own that is allowed no
/// watch. The maps are written by a process outside, since no program of this name space may be
/// executed with its powers before they are.
const WATCHLESS: &str = r#"
me=$$
( ( n=0
    until [ "$(readlink /proc/$me/ns/user)" != "$(readlink /proc/self/ns/user)" ] || [ $n = 600 ]; do
      n=$((n + 1)); sleep 0.1; done
    echo "0 0 4294967295" >/proc/$me/uid_map
    echo "0 0 4294967295" >/proc/$me/gid_map ) & )
exec unshare --user bash -c '
n=0
until [ -n "$(cat /proc/self/gid_map)" ] || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
exec bash -c "echo 0 >/proc/sys/user/max_inotify_watches || exit 1; exec \"\$@\"" door "$@"' door "$@"
"#;

#[test]
fn without_watches_a_list_is_looked_at_and_the_door_says_so() {
    let world = World::standard();
    world.write("/etc/portreeve/deny", OPEN);
    world.write("/etc/portreeve/portreeve.toml", SERVICES);
    let mut command = world.door("bash");
    command.args(["-c", WATCHLESS, "door"]).arg(world.bin("portreeved"));
    let door = Door::run(&world, command);
    let alarms = || door.status()["alarms"].to_string();
    wait_for(SOON, "the alarm", || alarms().contains("looked for every 2 s"));
    for round in 0..3 {
        let shut = round % 2 == 0;
        List(&world).replace(if shut { SHUT } else { OPEN });
        wait_until(&world, !shut);
    }
    // in place, and nothing but its content
    fs::write(world.etc("portreeve/deny"), OPEN).unwrap();
    wait_until(&world, true);
    // a bad one keeps the old one
    List(&world).replace("no address at all!\n");
    door.expect("source-refused", |_| true);
    wait_until(&world, true);
    assert!(alarms().contains("looked for every 2 s"), "{}", alarms());
    door.stop();
}

#[test]
fn more_changes_than_the_kernel_keeps_lose_none_that_counts() {
    let world = World::standard();
    world.write("/etc/portreeve/deny", OPEN);
    let mut door = Door::native(&world, SERVICES);
    wait_until(&world, true);
    let queue = world.read("/proc/sys/fs/inotify/max_queued_events");
    let queue: usize = queue.trim().parse().unwrap();
    for shut in [true, false] {
        let late =
            |door: &Door<'_>| door.events().iter().filter(|e| e["event"] == "source-late").count();
        let before = late(&door);
        door.running().signal(Signal::STOP);
        let other = world.etc("portreeve/other");
        for _ in 0..=queue / 2 {
            // two events at least, and no two alike that follow one another
            fs::write(&other, "").unwrap();
            fs::remove_file(&other).unwrap();
        }
        List(&world).replace(if shut { SHUT } else { OPEN }); // nobody is told of it
        door.running().signal(Signal::CONT);
        let came_in = is_in(&world, "lan", LISTED);
        if came_in == shut {
            wait_for(SOON, "the door to say that it was late", || late(&door) > before);
        }
        wait_until(&world, !shut);
    }
    door.stop();
}
