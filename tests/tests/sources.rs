//! What access lists are read from is changed while the door runs.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "sources/list.rs"]
mod list;

use list::{LISTED, List, OPEN, OTHER, SERVICES, SHUT, is_in};
use portreeve_testkit::{World, children, poll_for, proc_status, wait_for};
use portreeve_tests::{Door, SOON, figures};
use serde_json::Value;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

impl List<'_> {
    fn remove(&self) {
        fs::remove_file(self.0.etc("portreeve/deny")).unwrap();
    }
}

fn open(world: &World) -> (Door<'_>, List<'_>) {
    world.write("/etc/portreeve/deny", OPEN);
    (Door::native(world, SERVICES), List(world))
}

fn count(door: &Door<'_>, kind: &str) -> usize {
    door.events().iter().filter(|event| event["event"] == kind).count()
}

/// The one list of the status.
fn status(door: &Door<'_>) -> Value {
    door.status()["lists"][0].clone()
}

/// Whether a change of verdict was seen, however long it takes.
fn wait_until(world: &World, client: &str, wanted: bool) {
    wait_for(SOON, format!("{client} to be let in: {wanted}"), || {
        is_in(world, client, LISTED) == wanted
    });
}

/// Replaces the list again and again under load. A connection that was made after the renaming
/// returned is decided by the new list; by the old one only where the door says that it came too
/// late, which on a host with too much to do it may.
#[test]
fn a_list_that_is_replaced_decides_about_everybody_who_comes_after_it() {
    const ROUNDS: usize = 40;
    const EACH: usize = 5;
    let world = World::standard();
    let (door, list) = open(&world);
    let (stop, others) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut decided = 0;
    std::thread::scope(|scope| {
        let knock = || {
            while !stop.load(Ordering::Relaxed) {
                assert!(is_in(&world, "far", LISTED), "no list denies it");
                assert!(is_in(&world, "lan", OTHER), "there is no list");
                others.fetch_add(2, Ordering::Relaxed);
            }
        };
        let knockers: Vec<_> = (0..2).map(|_| scope.spawn(knock)).collect();
        let flipped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut clean = 0;
            for round in 0..10 * ROUNDS {
                if clean == ROUNDS {
                    return;
                }
                let (before, shut) = (count(&door, "source-late"), round % 2 == 0);
                list.replace(if shut { SHUT } else { OPEN });
                let peers: Vec<_> = (0..10)
                    .map(|_| {
                        let each = || (0..EACH).filter(|_| is_in(&world, "lan", LISTED)).count();
                        scope.spawn(each)
                    })
                    .collect();
                let came_in: usize = peers.into_iter().map(|peer| peer.join().unwrap()).sum();
                if came_in == if shut { 0 } else { 10 * EACH } {
                    clean += 1;
                    decided += 10 * EACH;
                } else {
                    wait_for(SOON, "the door to say that it was late", || {
                        count(&door, "source-late") > before
                    });
                    wait_until(&world, "lan", !shut);
                }
            }
            panic!("{clean} rounds of {ROUNDS} without a late reading");
        }));
        stop.store(true, Ordering::Relaxed);
        for knocker in knockers {
            knocker.join().unwrap();
        }
        flipped.unwrap();
    });
    let others = others.load(Ordering::Relaxed);
    figures(&format!("{decided} connects decided by the list just put there, {others} others"));
    assert!(decided >= 2000 && others > 0);
    assert_eq!(door.status()["alarms"].to_string(), "[]");
}

#[test]
fn however_a_list_is_changed_it_is_read_and_what_is_bad_keeps_the_old_one() {
    let world = World::standard();
    let (door, list) = open(&world);
    assert_eq!(status(&door)["entries"], 1);
    list.write("deny", SHUT); // in place
    wait_until(&world, "lan", false);
    let changed = door.expect("source-changed", |e| e["entries"] == 2);
    assert_eq!((&changed["path"], &changed["before"]), (&"/etc/portreeve/deny".into(), &1.into()));
    let lists = status(&door);
    assert_eq!((&lists["entries"], &lists["refused"]), (&2.into(), &Value::Null));

    let alarms = || door.status()["alarms"].as_array().unwrap().len();
    for (number, spoil) in [
        (1, &(|| list.remove()) as &dyn Fn()),
        (2, &|| list.replace("198.51.100.0/24\nno address at all!\n")),
    ] {
        spoil();
        wait_for(SOON, "it to be refused", || count(&door, "source-refused") == number);
        wait_for(SOON, "an alarm", || alarms() == 1);
        let lists = status(&door);
        assert!(lists["entries"] == 2 && lists["refused"].is_string(), "{lists}");
        assert!(!is_in(&world, "lan", LISTED), "what it held before is in force");
        assert!(is_in(&world, "far", LISTED) && is_in(&world, "lan", OTHER));
    }
    let refused = door.expect("source-refused", |e| e["findings"].to_string().contains(":2:"));
    assert_eq!(refused["path"], "/etc/portreeve/deny");
    let said = door.command(&["status"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("\n  kept ") && said.contains("cannot be used"), "{said}");

    list.replace(OPEN);
    wait_until(&world, "lan", true);
    wait_for(SOON, "the alarm to end", || alarms() == 0);
    assert_eq!(status(&door)["refused"], Value::Null);
    assert_eq!(count(&door, "source-refused"), 2, "each is told once");
}

#[test]
fn a_list_behind_links_in_a_folder_that_is_swapped_is_followed() {
    let world = World::standard();
    let folder = world.etc("portreeve");
    fs::create_dir_all(folder.join("one")).unwrap();
    let list = List(&world);
    list.write("one/deny", OPEN);
    std::os::unix::fs::symlink("one", folder.join("current")).unwrap();
    std::os::unix::fs::symlink("current/deny", folder.join("deny")).unwrap();
    let door = Door::native(&world, SERVICES);
    assert!(is_in(&world, "lan", LISTED));
    fs::create_dir(folder.join("two")).unwrap();
    list.write("two/deny", SHUT);
    std::os::unix::fs::symlink("two", folder.join("next")).unwrap();
    fs::rename(folder.join("next"), folder.join("current")).unwrap();
    wait_until(&world, "lan", false);
    fs::rename(folder.join("two"), folder.join("away")).unwrap();
    door.expect("source-refused", |_| true);
    fs::rename(folder.join("one"), folder.join("two")).unwrap();
    wait_until(&world, "lan", true);
    list.write("two/deny", SHUT);
    wait_until(&world, "lan", false);
}

#[test]
fn a_million_lines_are_read_while_everybody_goes_on() {
    let world = World::standard();
    let (door, list) = open(&world);
    let mut text = String::from(SHUT);
    for number in 0..1_000_000_u32 {
        let [_, b, c, d] = number.to_be_bytes();
        text.push_str(&format!("10.{b}.{c}.{d}\n"));
    }
    list.replace(&text);
    let mut meanwhile = 0;
    wait_for(SOON, "a million entries", || {
        assert!(is_in(&world, "lan", OTHER), "another service has nothing to do with it");
        assert!(is_in(&world, "far", LISTED), "neither list denies it");
        meanwhile += 1;
        count(&door, "source-changed") > 0
    });
    figures(&format!("{meanwhile} rounds while a million lines were read"));
    assert!(!is_in(&world, "lan", LISTED));
    assert_eq!(status(&door)["entries"], 1_000_002);
    list.replace(OPEN);
    wait_until(&world, "lan", true);
}

#[test]
fn an_upgrade_keeps_what_was_read_even_when_it_could_not_be_read_again() {
    let world = World::standard();
    let (door, list) = open(&world);
    list.replace(SHUT);
    wait_until(&world, "lan", false);
    let stop = AtomicBool::new(false);
    let knocks = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let knocker = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert!(!is_in(&world, "lan", LISTED), "it is denied all the time");
                knocks.fetch_add(1, Ordering::Relaxed);
            }
        });
        let upgrades = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 1..=3 {
                let before = knocks.load(Ordering::Relaxed);
                let upgrade = door.command(&["upgrade"]);
                assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
                wait_for(SOON, "the event", || count(&door, "door-succeeded") == round);
                wait_for(SOON, "knocks", || knocks.load(Ordering::Relaxed) > before + 10);
                if round == 1 {
                    list.replace("no address at all!\n");
                    door.expect("source-refused", |_| true);
                }
            }
        }));
        stop.store(true, Ordering::Relaxed);
        knocker.join().unwrap();
        upgrades.unwrap();
    });
    assert!(
        is_in(&world, "far", LISTED),
        "the list of before is known still, not only that there is one"
    );
    assert_eq!(status(&door)["entries"], 2);
    list.replace(OPEN);
    wait_until(&world, "lan", true);
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

fn kill_sleeper(world: &World, door: &Door<'_>) {
    let sleeps = |pid: &u32| proc_status(*pid).is_some_and(|status| status.get("Name") == "sleep");
    // one that has not reached its exec yet has another name
    let pid = poll_for(SOON, "the sleeper", || children(door.monitor()).into_iter().find(sleeps));
    world.door_run(&["kill", "-9", &proc_status(pid).unwrap().inner_pid().to_string()]);
}

#[test]
fn without_a_compiler_the_old_list_decides_and_the_door_says_so() {
    let world = World::standard();
    let folder = own_programs(&world);
    world.write("/etc/portreeve/deny", OPEN);
    world.write("/etc/portreeve/portreeve.toml", SERVICES);
    let door = Door::run(&world, world.door(format!("{folder}/portreeved")));
    let list = List(&world);
    let compiler = format!("{folder}/portreeve-compile");
    let good = format!("{folder}/good");
    world.door_run(&["mv", &compiler, &good]);
    let broken = [
        None,
        Some("#!/bin/sh\nexit 1\n"),
        Some("#!/bin/sh\nkill -9 $$\n"),
        Some("#!/bin/sh\nexec sleep 600\n"),
    ];
    for (round, broken) in broken.into_iter().enumerate() {
        if let Some(script) = broken {
            world.write_program(&compiler, script);
        }
        list.replace(SHUT);
        assert!(is_in(&world, "lan", LISTED), "the old list decides");
        wait_for(SOON, "the door to say so", || count(&door, "source-late") > round);
        assert!(is_in(&world, "lan", OTHER));
        world.door_run(&["cp", &good, &format!("{compiler}.next")]);
        world.door_run(&["mv", &format!("{compiler}.next"), &compiler]);
        if broken.is_some_and(|script| script.contains("sleep")) {
            kill_sleeper(&world, &door);
        }
        wait_until(&world, "lan", false);
        list.replace(OPEN);
        wait_until(&world, "lan", true);
        wait_for(SOON, "the alarm to end", || {
            door.status()["alarms"].as_array().is_some_and(Vec::is_empty)
        });
        world.door_run(&["rm", &compiler]);
    }
}
