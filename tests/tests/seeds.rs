//! The published configurations, unchanged but for the placeholder address: real logins, strangers
//! refused with a reason, limits, hours, banners, traps, and an edit by SIGHUP.
#![forbid(unsafe_code)]

use portreeve_testkit::{World, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON, command, example};
use std::process::Output;

/// The entries of "Securing … services … using xinetd" and of the cookbook, as printed. The one
/// edit is the one the text asks for: the host's own address for the placeholder.
fn seed(name: &str) -> String {
    example(name).replace("203.0.113.88", "88.1.2.3")
}

const SECURING: &str = "seed-3-xinetd/xinetd.conf";
const COOKBOOK: &str = "seed-2-load-balancing/xinetd.conf";

fn world() -> World {
    let world = World::standard();
    world.ssh_keys();
    let services = world.read("/etc/services");
    let added = "rootexternalssh 33333/tcp\nrootexternalssh 33333/udp\n";
    world.write("/etc/services", format!("{services}{added}"));
    world
}

/// Dovecot has no inetd mode any more: a program of the same path that speaks first, as it did.
fn stand_in_for_dovecot(world: &World) {
    world.overlay("/usr/lib");
    let script = "#!/bin/sh\necho \"* OK stand-in $*\"\n";
    world.door_run(&["mkdir", "-p", "/usr/lib/dovecot"]);
    world.write("/usr/lib/dovecot/imap-login", script);
    world.door_run(&["chmod", "755", "/usr/lib/dovecot/imap-login"]);
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// What a peer is told before the connection ends.
fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn the_printed_entries_serve_real_logins_and_refuse_strangers_with_a_reason() {
    let world = world();
    stand_in_for_dovecot(&world);
    let door = Door::xinetd(&world, &seed(SECURING));

    let login =
        |client, user, address, port| said(&world.ssh(client, user, user, address, port, "id -un"));
    assert_eq!(login("lan", "thisuser", "192.168.0.1", 22), (Some(0), "thisuser".into()));
    assert_eq!(login("lan", "root", "192.168.0.1", 22), (Some(0), "root".into()));
    assert_eq!(login("far", "thisuser", "88.1.2.3", 22), (Some(0), "thisuser".into()));
    assert_eq!(login("far", "root", "88.1.2.3", 22).0, Some(255), "PermitRootLogin=no");
    assert_eq!(login("far", "otheruser", "88.1.2.3", 22).0, Some(255), "AllowUsers=thisuser");
    assert_eq!(login("far", "root", "88.1.2.3", 33333), (Some(0), "root".into()));
    assert_eq!(login("far", "thisuser", "88.1.2.3", 33333).0, Some(255), "AllowUsers=root");

    let stranger = world.ssh("far", "thisuser", "thisuser", "192.168.0.1", 22, "id");
    assert_eq!(stranger.status.code(), Some(255), "outside only_from");
    let refused = door.expect("refused", |e| e["peer"] == "203.0.113.7");
    assert_eq!(refused["reason"], "rule", "{refused:#}");
    let origin = refused["origin"].as_str().unwrap_or_default();
    assert!(origin.starts_with("/etc/xinetd.conf:"), "the deciding line: {refused:#}");

    assert_eq!(told(&world, "lan", "192.168.0.1:993"), "* OK stand-in --ssl\n");
    assert_eq!(told(&world, "far", "192.168.0.1:993"), "", "outside only_from");
    assert!(told(&world, "lan", "88.1.2.3:993").contains("refused"), "bound elsewhere");
    door.stop();
}

#[test]
fn the_sixth_connection_of_one_source_is_refused_and_the_first_five_go_on() {
    let world = world();
    let door = Door::xinetd(&world, &seed(SECURING));
    let held: Vec<_> = (0..5).map(|_| world.connect("far", "88.1.2.3:22").unwrap()).collect();
    door.wait_sessions("ssh@88.1.2.3:22", 5);
    assert_eq!(told(&world, "far", "88.1.2.3:22"), "");
    let refused = door.expect("refused", |e| e["reason"] == "per-source");
    assert_eq!(refused["class"], "full", "{refused:#}");
    let other = world.connect("lan", "88.1.2.3:22").unwrap();
    door.wait_sessions("ssh@88.1.2.3:22", 6);
    drop((held, other));
    door.wait_sessions("ssh@88.1.2.3:22", 0);
    assert_eq!(said(&world.ssh("far", "thisuser", "thisuser", "88.1.2.3", 22, "true")).0, Some(0));
}

#[test]
fn a_rate_of_thirty_a_second_pauses_the_service_and_it_comes_back() {
    let world = world();
    world.add_client("many", &["198.51.100.0/24"]);
    let door = Door::xinetd(&world, &seed(SECURING));
    let from = |n: u32| format!("198.51.100.{}", n + 1);
    let burst: Vec<_> =
        (0..40).map(|n| world.connect_from("many", &from(n), "88.1.2.3:22")).collect();
    let paused = door.expect("paused", |e| e["service"] == "ssh@88.1.2.3:22");
    assert_eq!(paused["seconds"], 10, "{paused:#}");
    let admitted = door.service("ssh@88.1.2.3:22")["admitted"].clone();
    assert_eq!(admitted, 30, "exactly the rate");
    assert_eq!(told(&world, "far", "88.1.2.3:22"), "");
    let login = world.ssh("lan", "thisuser", "thisuser", "192.168.0.1", 22, "true");
    assert_eq!(login.status.code(), Some(0), "the other service goes on");
    drop(burst);
    door.expect("resumed", |e| e["service"] == "ssh@88.1.2.3:22");
    let login = world.ssh("far", "thisuser", "thisuser", "88.1.2.3", 22, "true");
    assert_eq!(login.status.code(), Some(0), "{login:?}");
}

#[test]
fn a_trap_shuts_its_source_out_of_ssh_also_after_a_restart() {
    let world = world();
    let door = Door::xinetd(&world, &seed(SECURING));
    let ssh = || world.ssh("far", "thisuser", "thisuser", "88.1.2.3", 22, "true").status.code();
    assert_eq!(ssh(), Some(0));
    assert_eq!(told(&world, "far", "88.1.2.3:23"), "", "telnet is a trap");
    let banned = door.expect("banned", |e| e["network"] == "203.0.113.7");
    assert!(!banned["until"].is_null(), "{banned:#}");
    assert_eq!(ssh(), Some(255));
    let refused = door.expect("refused", |e| e["reason"] == "banned");
    assert_eq!(refused["peer"], "203.0.113.7");
    assert_eq!(
        world.ssh("lan", "thisuser", "thisuser", "192.168.0.1", 22, "true").status.code(),
        Some(0)
    );
    door.stop();

    let again = Door::start(&world, &["--xinetd", "/etc/xinetd.conf"]);
    assert_eq!(again.status()["bans"], 1, "{:#}", again.status());
    assert_eq!(ssh(), Some(255), "also after a restart");
    for port in [21, 115, 194] {
        assert_eq!(told(&world, "far", &format!("88.1.2.3:{port}")), "", "every trap listens");
    }
}

#[test]
fn the_cookbook_entry_keeps_hours_and_tells_each_peer_its_banner() {
    let world = world();
    world.write("/etc/banner.inetd.connection.txt", "you are connected\n");
    world.write("/etc/banner.inetd.welcome.txt", "welcome\n");
    world.write("/etc/banner.inetd.takeahike.txt", "take a hike\n");
    let printed = seed(COOKBOOK);
    assert!(printed.contains("access_times = 08:00-15:25"), "as printed");
    let minute = |at: &str| {
        said(&command(
            &world,
            &["explain", "ssh", "192.168.0.50", "--at", at, "--xinetd", "/etc/xinetd.conf"],
        ))
    };
    let door = Door::xinetd(&world, &printed.replace("08:00-15:25", "00:00-23:59"));
    let peer = world.connect("lan", "192.168.0.1:22").unwrap();
    let greeting = portreeve_testkit::read_until(&peer, b"SSH-2.0", SOON).text();
    assert_eq!(greeting, "you are connected\nwelcome\nSSH-2.0");
    let now = world.door_run(&["date", "+%H %M"]);
    let (hour, _) = now.trim().split_once(' ').unwrap();
    let hour: u32 = hour.parse().unwrap();
    // hours that surely exclude now, whichever minute this test runs in
    let (from, to) = ((hour + 3) % 24, (hour + 5) % 24);
    let closed = if from < to { format!("{from:02}:00-{to:02}:00") } else { "12:00-12:30".into() };
    world.write("/etc/xinetd.conf", printed.replace("08:00-15:25", &closed));
    let reload = door.command(&["reload"]);
    assert_eq!(reload.status.code(), Some(0), "{reload:?}");
    assert_eq!(told(&world, "lan", "192.168.0.1:22"), "you are connected\ntake a hike\n");
    let refused = door.expect("refused", |e| e["reason"] == "hours");
    assert_eq!(refused["class"], "hours", "{refused:#}");
    world.write("/etc/xinetd.conf", &printed);
    for (at, code) in [("07:59", 1), ("08:00", 0), ("15:25", 0), ("15:26", 1)] {
        assert_eq!(minute(at).0, Some(code), "{at}: {:?}", minute(at));
    }
}

#[test]
fn sighup_applies_an_edit_while_a_login_stays_open() {
    let world = world();
    let mut door = Door::xinetd(&world, &seed(SECURING));
    let mut session = world.ssh_command("lan", "thisuser", "thisuser", "192.168.0.1", 22);
    session.stdin(std::process::Stdio::piped()).arg("cat");
    let mut login = world.start("ssh", session);
    let mut input = login.take_stdin().unwrap();
    door.wait_sessions("ssh@192.168.0.1:22", 1);
    let edited = seed(SECURING).replace(
        "only_from = 192.168.0.0\nserver = /usr/sbin/sshd",
        "only_from = 192.168.7.7\nserver = /usr/sbin/sshd",
    );
    assert_ne!(edited, seed(SECURING));
    world.write("/etc/xinetd.conf", edited);
    door.running().signal(portreeve_testkit::Signal::HUP);
    let reloaded = door.expect("reloaded", |_| true);
    assert!(reloaded["changes"].to_string().contains("ssh@192.168.0.1:22"), "{reloaded:#}");
    assert_eq!(told(&world, "lan", "192.168.0.1:22"), "", "the edit holds");
    std::io::Write::write_all(&mut input, b"still here\n").unwrap();
    wait_for(SOON, "the login to answer", || login.stdout().contains("still here"));
    drop(input);
    assert!(login.wait(SOON).success());
    door.wait_sessions("ssh@192.168.0.1:22", 0);
}
