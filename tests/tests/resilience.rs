//! What a hostile reader found once: the door neither spins nor goes deaf, and ends nobody unheard.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{
    Signal, World, children, poll_for, proc_status, read_to_end_bounded, read_until, wait_for,
};
use portreeve_tests::strain::rests;
use portreeve_tests::{Door, SOON};
use std::io::Write;
use std::time::Duration;

fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

fn clerk(door: &Door<'_>) -> u32 {
    let named = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "portreeve-clerk");
    poll_for(SOON, "the clerk", || children(door.monitor()).into_iter().find(named))
}

fn signal(world: &World, pid: u32, name: &str) {
    let inner = proc_status(pid).unwrap().inner_pid().to_string();
    world.door_run(&["kill", name, &inner]);
}

#[test]
fn a_closing_door_with_a_service_that_is_down_waits() {
    let world = World::standard();
    let configuration = "[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n\
                         [service.down]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/no/such/server\"]\n";
    let mut door = Door::native(&world, configuration);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("cat", 1);
    door.running().signal(Signal::TERM);
    door.expect("door-closing", |_| true);
    std::thread::sleep(Duration::from_secs(5));
    rests(&door, "closing, past the time at which the host is asked again");
    drop(peer);
    assert!(door.running().wait(SOON).success());
}

#[test]
fn more_askers_than_there_are_places_do_not_spin_the_door() {
    let world = World::standard();
    let door =
        Door::native(&world, "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n");
    let script = "import socket,time\nl=[]\nfor i in range(40):\n s=socket.socket(socket.AF_UNIX)\n \
                  s.connect('/run/portreeve/control.sock')\n l.append(s)\nprint('up',flush=True)\n\
                  time.sleep(600)\n";
    let mut askers = world.door("python3");
    askers.args(["-c", script]);
    let askers = world.start("askers", askers);
    wait_for(SOON, "the askers", || askers.stdout().contains("up"));
    rests(&door, "with forty silent askers");
    wait_for(SOON, "the door to answer again", || {
        door.command(&["status"]).status.code() == Some(0)
    });
}

#[test]
fn a_login_is_not_ended_at_grace_while_the_clerk_cannot_say_that_it_succeeded() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write_program(
        format!("{dir}/login"),
        "#!/bin/sh\nread go\necho 'Accepted none for joe from 192.0.2.1 port 1 ssh2' >&2\nexec cat\n",
    );
    let configuration = format!(
        "[service.login]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"{dir}/login\", \"-e\"]\n\
         watch = \"sshd\"\nstartups = 10\ngrace = \"8s\"\n"
    );
    let door = Door::native(&world, &configuration);
    let clerk = clerk(&door);
    signal(&world, clerk, "-STOP");
    let mut peer = world.connect("lan", "192.168.0.1:700").unwrap();
    peer.write_all(b"go\nhello\n").unwrap();
    assert_eq!(read_until(&peer, b"hello\n", SOON).text(), "hello\n");
    std::thread::sleep(Duration::from_secs(16));
    rests(&door, "with a stopped clerk");
    peer.write_all(b"still here\n").unwrap();
    assert_eq!(read_until(&peer, b"here\n", SOON).text(), "still here\n", "grace has passed twice");
    signal(&world, clerk, "-CONT");
    door.expect("authenticated", |_| true);
    std::thread::sleep(Duration::from_secs(3));
    peer.write_all(b"and now\n").unwrap();
    assert_eq!(read_until(&peer, b"now\n", SOON).text(), "and now\n");
}

#[test]
fn a_ledger_that_is_busy_at_the_start_is_read_when_it_can_be() {
    let world = World::standard();
    let configuration = "[service.fine]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
                         [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n";
    let door = Door::native(&world, configuration);
    told(&world, "far", "192.168.0.1:23");
    door.expect("banned", |_| true);
    door.stop();
    let hold = "import sqlite3,time\nd=sqlite3.connect('/var/lib/portreeve/ledger.sqlite',isolation_level=None)\n\
                d.execute('PRAGMA locking_mode=EXCLUSIVE')\nd.execute('BEGIN EXCLUSIVE')\nprint('held',flush=True)\n\
                time.sleep(14)\n";
    let mut holder = world.door("python3");
    holder.args(["-c", hold]);
    let mut holder = world.start("holder", holder);
    wait_for(SOON, "the lock", || holder.stdout().contains("held"));
    let door = Door::start(&world, &[]);
    holder.wait(SOON);
    wait_for(Duration::from_secs(40), "the ban to be in force again", || {
        told(&world, "far", "192.168.0.1:700").is_empty()
    });
    assert_eq!(door.status()["bans"], 1);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
}

#[test]
fn a_name_with_one_family_listens_and_a_relative_root_is_the_callers() {
    let world = World::standard();
    let hosts = world.read("/etc/hosts");
    world.write("/etc/hosts", format!("{hosts}192.168.0.1 four.example\n"));
    let root = world.dir().join("home/thisuser/door");
    let folder = root.join("etc/portreeve");
    world.door_run(&["mkdir", "-p", &folder.display().to_string()]);
    let configuration =
        "[service.named]\nlisten = [\"four.example:7000\"]\nrun = [\"/bin/echo\", \"in\"]\n";
    world.write(folder.join("portreeve.toml"), configuration);
    world.door_run(&["chown", "-R", "thisuser:thisuser", &root.display().to_string()]);
    let mut command = world.door_as("thisuser", "sh");
    let script = "cd \"$1\" && exec \"$0\" --root door";
    command.args(["-c", script]).arg(world.bin("portreeved")).arg(root.parent().unwrap());
    let mut daemon = world.start("portreeved", command);
    wait_for(SOON, "the door", || told(&world, "lan", "192.168.0.1:7000") == "in\n");
    wait_for(SOON, "the event log", || {
        let log = root.join("var/log/portreeve/events.jsonl");
        world.exists(&log) && world.read(&log).contains("session-started")
    });
    daemon.signal(Signal::TERM);
    daemon.wait(SOON);
}

#[test]
fn a_new_never_rule_lifts_a_ban_and_touches_are_counted() {
    let world = World::standard();
    let configuration = "[service.fine]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
                         [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n";
    let door = Door::native(&world, configuration);
    told(&world, "far", "192.168.0.1:23");
    door.expect("banned", |_| true);
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "");
    let refused = door.service("telnet")["refused"].to_string();
    assert!(refused.contains("trap"), "{refused}");
    let never = format!("{configuration}[ban]\nnever = [\"203.0.113.0/24\"]\n");
    world.write("/etc/portreeve/portreeve.toml", never);
    assert_eq!(door.command(&["reload"]).status.code(), Some(0));
    assert_eq!(door.status()["bans"], 0);
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "in\n");
    door.expect("ban-ended", |e| e["network"] == "203.0.113.7");
    world.write("/etc/portreeve/portreeve.toml", configuration);
    assert_eq!(door.command(&["reload"]).status.code(), Some(0));
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "in\n", "it was lifted, not only ignored");
}

#[test]
fn a_killed_monitors_clerk_is_gone_before_another_one_writes() {
    let world = World::standard();
    let configuration = "[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n";
    let mut door = Door::native(&world, configuration);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("cat", 1);
    let first = clerk(&door);
    door.running().kill();
    let again = Door::start(&world, &[]);
    // the door listens once its clerk has told the bans, so that clerk is at work
    let alive = proc_status(first).is_some_and(|s| !s.get("State").starts_with('Z'));
    assert!(!alive, "two clerks write one log");
    assert_ne!(clerk(&again), first);
    drop(peer);
}

#[test]
fn refusals_counted_together_are_told_when_the_door_closes_at_once() {
    let world = World::standard();
    let configuration = "[service.shut]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\nallow = []\n";
    let mut door = Door::native(&world, configuration);
    let count = 300;
    let peers: Vec<_> =
        (0..count).map(|_| world.connect("far", "192.168.0.1:700").unwrap()).collect();
    for peer in &peers {
        read_to_end_bounded(peer, 16, SOON);
    }
    door.running().signal(Signal::TERM);
    assert!(door.running().wait(SOON).success());
    let told: u64 = door
        .events()
        .iter()
        .filter(|e| e["event"] == "refused")
        .filter_map(|e| e["count"].as_u64())
        .sum();
    assert_eq!(told, count, "every refusal is in the log");
}
