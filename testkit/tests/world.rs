//! A world comes up, is reached from chosen addresses, and leaves nothing behind.

#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use portreeve_testkit::{End, Signal, World, proc_status, read_to_end_bounded, wait_for};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn clients_reach_a_listener_from_the_addresses_chosen_for_them() {
    let world = World::standard();
    world.add_client("many", &["198.51.100.0/24", "2001:db8:5::/48"]);
    world.add_client_address("lan", "192.168.0.51");
    for (client, from, to, seen) in [
        ("lan", "192.168.0.50", "192.168.0.1", "192.168.0.50"),
        ("lan", "192.168.0.51", "88.1.2.3", "192.168.0.51"),
        ("far", "203.0.113.7", "88.1.2.3", "203.0.113.7"),
        ("far", "2001:db8:f::7", "2001:db8::1", "2001:db8:f::7"),
        ("many", "198.51.100.1", "192.168.0.1", "198.51.100.1"),
        ("many", "198.51.100.254", "192.168.0.1", "198.51.100.254"),
        ("many", "2001:db8:5:6::7", "2001:db8::1", "2001:db8:5:6::7"),
        ("door", "127.0.0.1", "127.0.0.1", "127.0.0.1"),
    ] {
        let seen: IpAddr = seen.parse().unwrap();
        let to = if to.contains(':') { format!("[{to}]:700") } else { format!("{to}:700") };
        let listener = world.listen("door", &to).unwrap();
        let near = world.connect_from(client, from, &to).unwrap();
        let (far, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), seen, "{client} from {from} to {to}");
        drop(far);
        assert_eq!(read_to_end_bounded(&near, 1, LIMIT).end, End::Closed);
    }
}

#[test]
fn the_first_address_of_a_client_is_the_one_it_comes_from() {
    let world = World::standard();
    let listener = world.listen("door", "192.168.0.1:22").unwrap();
    let _near = world.connect("lan", "192.168.0.1:22").unwrap();
    assert_eq!(listener.accept().unwrap().1.ip().to_string(), "192.168.0.50");
    let refused = world.connect("far", "88.1.2.3:22").unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn the_addresses_of_the_door_come_and_go() {
    let world = World::standard();
    assert!(world.listen("door", "192.0.2.99:80").is_err(), "not there yet");
    world.add_door_address("192.0.2.99");
    let _listener = world.listen("door", "192.0.2.99:80").unwrap();
    world.connect("far", "192.0.2.99:80").unwrap();
    world.remove_door_address("192.0.2.99");
    assert!(world.listen("door", "192.0.2.99:81").is_err());
}

#[test]
fn the_private_host_has_users_and_files_of_its_own() {
    let world = World::new();
    let who = world.door_run(&["id", "thisuser"]);
    assert!(who.starts_with("uid=59001(thisuser) gid=59001(thisuser)"), "{who}");
    assert!(who.contains("portreeve-extra"), "{who}");
    let mut command = world.door_as("thisuser", "sh");
    command.args(["-c", "id -un; id -gn; umask; echo $HOME; touch $HOME/mine"]);
    let output = world.run(command, LIMIT);
    let home = world.dir().join("home/thisuser").display().to_string();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["thisuser", "thisuser", "0022", &home]);
    assert!(output.status.success(), "{output:?}");
    world.door_run(&["id", "portreeve-clerk"]);
    world.door_run(&["getent", "group", "portreeve-admin"]);
    assert_eq!(world.door_run(&["cat", "/etc/shadow"]).matches(":$").count(), 0, "no hash");

    world.write("/etc/xinetd.d/mine", "private\n");
    world.write("/var/lib/portreeve/there", "private\n");
    world.write("/run/portreeve-there", "private\n");
    assert_eq!(world.read("/etc/xinetd.d/mine"), "private\n");
    world.overlay("/usr/local");
    world.write("/usr/local/sbin/there", "private\n");
    world.overlay("/usr/lib");
    world.write_program("/usr/lib/dovecot/imap-login", "#!/bin/sh\necho stands in\n");
    assert_eq!(world.door_run(&["/usr/lib/dovecot/imap-login"]), "stands in\n");
    for path in [
        "/etc/xinetd.d/mine",
        "/var/lib/portreeve/there",
        "/run/portreeve-there",
        "/usr/local/sbin/there",
    ] {
        assert_eq!(world.read(path), "private\n");
        assert!(world.exists(path) && !world.exists(format!("{path}.not")));
        assert!(!Path::new(path).exists(), "{path} on the host");
    }
}

#[test]
#[should_panic(expected = "belongs to the host")]
fn a_file_of_the_host_is_not_written() {
    World::new().write("/usr/share/portreeve-was-here", "");
}

#[test]
fn a_program_is_seen_by_its_own_pid_and_dies_with_the_world() {
    let world = World::new();
    let mut sleeper = world.door("sh");
    // A process that leaves its session and its parent is killed like any other.
    sleeper.args(["-c", "setsid sleep 1000 & echo up; exec sleep 1001"]);
    let sleeper = world.start("sleeper", sleeper);
    wait_for(LIMIT, "the sleepers", || {
        sleeper.stdout() == "up\n"
            && proc_status(sleeper.pid()).is_some_and(|status| status.get("Name") == "sleep")
    });
    assert!(sleeper.inner_pid() < sleeper.pid());
    let pids = world.processes();
    assert!(pids.len() >= 3 && pids.contains(&sleeper.pid()), "{pids:?}");
    let folder = world.dir().to_path_buf();
    drop(world);
    for pid in pids {
        let status = proc_status(pid);
        let gone = status.is_none_or(|status| status.get("State").starts_with('Z'));
        assert!(gone, "{pid} survived its world");
    }
    assert!(!folder.exists());
}

#[test]
fn a_world_is_torn_down_when_its_test_panics() {
    let (send, receive) = std::sync::mpsc::channel();
    let failing = std::thread::spawn(move || {
        let world = World::new();
        let mut command = world.door("sh");
        command.args(["-c", "echo said; exec sleep 1000"]);
        let running = world.start("talker", command);
        let seen = (world.dir().to_path_buf(), world.door_pid(), running.pid());
        send.send(seen).unwrap();
        panic!("as it should");
    });
    let (folder, door, pid) = receive.recv().unwrap();
    assert!(failing.join().is_err());
    assert!(proc_status(door).is_none() && proc_status(pid).is_none() && !folder.exists());
}

#[test]
fn a_stopped_program_can_be_woken_and_killed() {
    let world = World::new();
    let mut command = world.door("sh");
    command.args(["-c", "trap 'echo woken; exit 7' TERM; echo up; while :; do sleep 0.02; done"]);
    let mut running = world.start("stopped", command);
    wait_for(LIMIT, "the trap", || running.stdout() == "up\n");
    let state = |pid| proc_status(pid).map(|status| status.get("State").to_owned());
    running.signal(Signal::STOP);
    wait_for(LIMIT, "the stop", || state(running.pid()).is_some_and(|s| s.starts_with('T')));
    running.signal(Signal::TERM);
    running.signal(Signal::CONT);
    assert_eq!(running.wait(LIMIT).code(), Some(7));
    let mut command = world.door("sleep");
    command.arg("1000");
    let mut running = world.start("killed", command);
    running.signal(Signal::STOP);
    assert!(!running.kill().success());
}

#[test]
fn what_is_sent_to_syslog_is_kept() {
    let world = World::new();
    world.door_run(&["logger", "-t", "someone", "-p", "auth.info", "a word"]);
    wait_for(LIMIT, "the message", || {
        world.syslog().iter().any(|line| line.starts_with("<38>") && line.ends_with("a word"))
    });
}
