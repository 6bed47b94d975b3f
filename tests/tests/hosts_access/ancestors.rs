//! The same files before the same sshd: ours in both dialects, xinetd with libwrap, and tcpd.

use crate::kit::{greeted, rules};
use portreeve_testkit::{World, Xinetd, wait_for};
use portreeve_tests::{Door, SOON};

/// The files of the cookbook, and more that decide by what is known without asking anybody.
const FILES: &[(&str, &str, &str)] = &[
    ("cookbook", "sshd: 192.0.32.0/20\nsshd: 127.0.0.0/8\n", "sshd: ALL\n"),
    ("nothing", "", ""),
    ("everybody-out", "", "ALL: ALL\n"),
    ("except", "sshd: ALL EXCEPT 192.0.32.0/255.255.240.0\n", "ALL: ALL\n"),
    ("another-daemon", "in.ftpd: ALL\n", "sshd: 203.0.113.\n"),
    ("reversed", "sshd: 203.0.113.7 : deny\nsshd: ALL\n", "ALL: ALL\n"),
    ("bad-option", "sshd: 192.168.0.50 : bogus\nsshd: ALL\n", ""),
    ("by-server", "sshd@192.168.0.1: ALL EXCEPT 192.168.0.50\n", "ALL: ALL\n"),
];

/// Who tries, and from where they come.
const CLIENTS: [&str; 4] = ["lan", "far", "net", "door"];

fn sshd(port: u16, server: &str, args: &str, flags: &str) -> String {
    format!(
        "service ssh-{port}\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n \
         wait = no\n user = root\n flags = {flags}\n port = {port}\n server = {server}\n \
         server_args = {args}\n}}\n"
    )
}

#[test]
fn who_comes_in_is_who_comes_in_with_xinetd_and_tcpd() {
    let world = World::standard();
    world.ssh_keys();
    world.add_client("net", &["192.0.32.9"]);
    let theirs = sshd(2200, "/usr/sbin/sshd", "-i", "IPv4")
        + &sshd(2300, "/usr/sbin/tcpd", "/usr/sbin/sshd -i", "IPv4 NOLIBWRAP NAMEINARGS")
        + &sshd(2400, "/run/d/sshd", "-i", "IPv4 NOLIBWRAP");
    // Debian's sshd asks libwrap itself: one that does not stands in where nobody is to be asked
    world.door_run(&["mkdir", "-p", "/run/d"]);
    world.write_program("/run/d/sshd", "#!/bin/sh\necho SSH-2.0-stand-in\n");
    rules(&world, "", "");
    let _xinetd = Xinetd::start(&world, &theirs);
    let ours = sshd(3200, "/usr/sbin/sshd", "-i", "IPv4")
        + &sshd(3400, "/run/d/sshd", "-i", "IPv4 NOLIBWRAP");
    let native = "[import]\nhosts-access = true\n\
                  [service.ssh]\nlisten = [\"0.0.0.0:3200\"]\nuser = \"root\"\n\
                  run = [\"/usr/sbin/sshd\", \"-i\"]\n\
                  [service.other]\nlisten = [\"0.0.0.0:3400\"]\nuser = \"root\"\n\
                  run = [\"/run/d/sshd\", \"-i\"]\nhosts-access = false\n";
    let mut differing = 0;
    for (name, allow, deny) in FILES {
        rules(&world, allow, deny);
        let came_in = |port: u16| {
            let world = &world;
            // all at once: tcpd keeps whom it refuses for five seconds
            std::thread::scope(|scope| {
                let asked = CLIENTS.map(|client| {
                    let address = if client == "door" { "127.0.0.1" } else { "192.168.0.1" };
                    scope.spawn(move || greeted(world, client, &format!("{address}:{port}")))
                });
                asked.map(|one| one.join().expect("an answer"))
            })
        };
        let want = came_in(2200);
        assert_eq!(came_in(2300), want, "{name}: tcpd and libwrap agree");
        assert_eq!(came_in(2400), [true; 4], "{name}: NOLIBWRAP");
        for dialect in ["xinetd", "native"] {
            let door = match dialect {
                "xinetd" => Door::xinetd(&world, &ours),
                _ => Door::native(&world, native),
            };
            let before = door.events().len();
            assert_eq!(came_in(3200), want, "{name}");
            // and it was the door that refused, not an sshd that asks libwrap too
            let refused = want.iter().filter(|came| !**came).count();
            wait_for(SOON, format!("{name}: {refused} refusals"), || {
                let events = door.events();
                let ours = events.iter().skip(before).filter(|e| e["reason"] == "hosts-access");
                ours.count() == refused
            });
            assert_eq!(came_in(3400), [true; 4], "{name}: who does not ask");
            door.stop();
        }
        differing += usize::from(want != [true; 4] && want != [false; 4]);
    }
    assert!(differing >= 5, "most files tell clients apart");
}

#[test]
fn a_refusal_cites_the_rule_and_who_comes_in_can_log_in() {
    let world = World::standard();
    world.ssh_keys();
    let allow = "sshd: 192.0.32.0/20\nsshd: 127.0.0.0/8\nsshd: 192.168.0.0/24\n";
    rules(&world, allow, "# nobody else\nsshd: ALL\n");
    let door = Door::xinetd(&world, &sshd(22, "/usr/sbin/sshd", "-i", "IPv4"));
    let login = world.ssh("lan", "thisuser", "thisuser", "192.168.0.1", 22, "id -un");
    assert_eq!(String::from_utf8_lossy(&login.stdout), "thisuser\n", "{login:?}");
    assert!(!greeted(&world, "far", "192.168.0.1:22"));
    let refused = door.expect("refused", |e| e["peer"] == "203.0.113.7");
    assert_eq!(refused["reason"], "hosts-access", "{refused:#}");
    assert_eq!(refused["class"], "rule", "{refused:#}");
    let origin = refused["origin"].as_str().unwrap_or_default();
    assert!(origin.starts_with("/etc/hosts.deny:2:"), "{refused:#}");
    let text = refused["text"].as_str().unwrap_or_default();
    assert!(text.contains("`sshd: ALL`"), "{refused:#}");
    door.stop();
}
