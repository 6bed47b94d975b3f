//! Commands without end, floods of them, and an upgrade under them.

use crate::kit::{out, rules, service, told};
use portreeve_testkit::{World, wait_for};
use portreeve_tests::strain::{Crowd, Manner};
use portreeve_tests::{Door, SOON};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const RUN: &str = "run = [\"/bin/echo\", \"in\"]\nuser = \"thisuser\"";

/// Commands of one source that run at once.
const MOST_OF_ONE: usize = 8;
/// After so long a command has been ended, whatever it does.
const ENDED: Duration = Duration::from_secs(180);

/// How many commands have begun.
fn begun(world: &World) -> usize {
    let path = "/run/out/begun";
    if world.exists(path) { world.read(path).lines().count() } else { 0 }
}

#[test]
fn a_flood_of_commands_is_bounded_also_over_an_upgrade_and_each_is_ended() {
    let world = World::standard();
    out(&world);
    // neither the shell nor what it leaves behind heeds SIGTERM
    let command = "trap '' TERM; (while true; do sleep 1; done) & echo $$ >>/run/out/begun; \
                   test %a = 203.0.113.7 || wait";
    rules(&world, &format!("flood: ALL: spawn {command}\n"), "ALL: ALL\n");
    let door = Door::native(&world, &service("flood", 700, RUN));
    for _ in 0..MOST_OF_ONE + 4 {
        assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n", "who comes in is not held up");
    }
    let too_many = "not run: too many of them run already";
    let not_run = || {
        let events = door.events();
        let those =
            events.iter().filter(|e| e["event"] == "rule-command" && e["outcome"] == too_many);
        those.map(|e| e["count"].as_u64().unwrap_or(0)).sum::<u64>()
    };
    wait_for(SOON, "those past the bound to be counted", || not_run() == 4);
    wait_for(SOON, "those within it to begin", || begun(&world) == MOST_OF_ONE);
    // another source has its own part, and what a command leaves in its group counts on
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "in\n");
    wait_for(SOON, "the other's to begin", || begun(&world) == MOST_OF_ONE + 1);

    let upgrade = door.command(&["upgrade"]);
    assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    wait_for(SOON, "the successor to know of them", || not_run() == 5);
    assert_eq!(begun(&world), MOST_OF_ONE + 1);

    let groups: Vec<String> = world.read("/run/out/begun").lines().map(str::to_owned).collect();
    wait_for(ENDED, "all of them to be ended", || {
        let running = world.door_run(&["sh", "-c", "ps -e -o pgid= -o stat= || true"]);
        let lives = |group: &String| {
            running.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(group) && !words.next().is_some_and(|it| it.starts_with('Z'))
            })
        };
        !groups.iter().any(lives)
    });
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    wait_for(SOON, "there to be room again", || begun(&world) == MOST_OF_ONE + 2);
    drop(door);
}

#[test]
fn a_connection_that_waits_for_an_answer_is_decided_after_an_upgrade() {
    let world = World::standard();
    out(&world);
    // the first time it is asked it gives no answer; any further time it agrees at once
    let command = "test -e /run/out/asked && exit 0; echo >/run/out/asked; exec sleep 600";
    rules(&world, &format!("asks: ALL: aclexec {command}\n"), "ALL: ALL\n");
    let door = Door::native(&world, &service("asks", 700, RUN));
    // on a machine so slow that it is refused in time before the upgrade, it is tried again
    for round in 0..5 {
        world.door_run(&["rm", "-f", "/run/out/asked"]);
        let waiting = world.connect("lan", "192.168.0.1:700").expect("connect");
        wait_for(SOON, "it to be asked", || world.exists("/run/out/asked"));
        let upgrade = door.command(&["upgrade"]);
        assert_eq!(upgrade.status.code(), Some(0), "{upgrade:?}");
        let said = portreeve_testkit::read_to_end_bounded(&waiting, 1 << 16, SOON).text();
        if said == "in\n" {
            return;
        }
        let refused = door.expect("refused", |e| e["service"] == "asks");
        assert_eq!(refused["reason"], "hosts-access", "{round}: {refused:#}");
    }
    panic!("never decided after the upgrade");
}

#[test]
fn a_peer_that_takes_nothing_holds_nobody_up_however_long_its_rule_lingers() {
    let world = World::standard();
    world.door_run(&["mkdir", "-p", "/run/banners"]);
    world.write("/run/banners/out", "go away, and take this with you\n".repeat(110));
    let deny = "out: ALL: banners /run/banners : linger 600\nALL: ALL\n";
    rules(&world, "in: ALL: linger 600\n", deny);
    let services = service("in", 700, RUN) + &service("out", 701, RUN);
    let door = Door::native(&world, &services);
    let open = || {
        let listed = fs::read_dir(format!("/proc/{}/fd", door.monitor())).expect("its descriptors");
        let leads = |entry: fs::DirEntry| fs::read_link(entry.path()).ok();
        let sockets = |path: &PathBuf| path.to_string_lossy().starts_with("socket:");
        listed.flatten().filter_map(leads).filter(sockets).count()
    };
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    wait_for(SOON, "the served connection to be closed here", || {
        door.events().iter().any(|e| e["event"] == "session-ended")
    });
    let before = open();
    let deaf = Crowd::gather(&world, "lan", "192.168.0.1:701", 2, Manner::Deaf);
    door.expect("refused", |e| e["service"] == "out");
    // they acknowledge the end no more than the rest, and are closed all the same
    wait_for(SOON, "them to be let go", || open() <= before);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    drop(deaf);
    door.stop();
}
