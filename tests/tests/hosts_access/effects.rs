//! What the rule that decided has done.

use crate::kit::{out, rules, service, told};
use portreeve_testkit::{DnsServer, IdentReply, IdentServer, World, Zone, wait_for};
use portreeve_tests::{Door, SOON, example};

const SERVICE: &str = "#!/bin/sh\n\
    echo \"$(id -un) umask $(umask) nice $(nice) WHO=$WHO REMOTE_HOST=$REMOTE_HOST\"\n";

/// Waits until a command has written a file, and gives what is in it.
fn written(world: &World, path: &str) -> String {
    wait_for(SOON, format!("{path} to be written"), || {
        world.exists(path) && world.read(path).ends_with('\n')
    });
    world.read(path)
}

#[test]
fn the_service_is_started_as_the_rule_wants_it() {
    let world = World::standard();
    out(&world);
    world.write_program("/run/service", SERVICE);
    let allow = "plain: ALL\n\
        changed: ALL: setenv WHO  %a at %d : nice 5 : umask 027 : user otheruser : keepalive : linger 3\n\
        renamed: ALL: setenv REMOTE_HOST mine\n\
        nobody-there: ALL: user no-such-user-here\n";
    rules(&world, allow, "ALL: ALL\n");
    let run = "run = [\"/run/service\"]\nuser = \"thisuser\"";
    let services: String =
        [("plain", 700), ("changed", 701), ("renamed", 702), ("nobody-there", 703)]
            .map(|(daemon, port)| service(daemon, port, run))
            .concat();
    let door = Door::native(&world, &services);
    let said = |port: u16| told(&world, "lan", &format!("192.168.0.1:{port}"));
    let plain = "thisuser umask 0022 nice 0 WHO= REMOTE_HOST=192.168.0.50\n";
    assert_eq!(said(700), plain);
    let changed =
        "otheruser umask 0027 nice 5 WHO=192.168.0.50 at changed REMOTE_HOST=192.168.0.50\n";
    assert_eq!(said(701), changed);
    assert_eq!(said(700), plain, "only that rule's connection is changed");
    assert_eq!(said(702), "thisuser umask 0022 nice 0 WHO= REMOTE_HOST=mine\n");
    assert_eq!(said(703), "", "a user that is not there lets nobody in");
    door.expect("refused", |e| e["service"] == "nobody-there" && e["reason"] == "hosts-access");
    door.stop();
}

#[test]
fn the_seeds_spawn_and_twist_do_what_they_say() {
    let world = World::standard();
    world.ssh_keys();
    out(&world);
    world.add_client_address("far", "192.0.2.53");
    world.set_resolver("192.0.2.53");
    world.add_client("friend", &["198.51.100.9"]);
    let zone = Zone::new()
        .host("lan.example.com", "192.168.0.50")
        .host("friend.example.org", "198.51.100.9");
    let _dns = DnsServer::start(&world, "far", "192.0.2.53:53", zone);
    let example = |name: &str| example(&format!("seed-2-tcp-wrappers/{name}"));
    let allow = example("hosts.allow").replace("/var/log/sshd.log", "/run/out/sshd.log");
    rules(&world, &allow, &example("hosts.deny"));
    let native = &example("portreeve.toml");
    let xinetd = "service ssh\n{\n socket_type = stream\n protocol = tcp\n wait = no\n \
        user = root\n server = /usr/sbin/sshd\n server_args = -i\n}\n";
    for (dialect, open) in [("native", 0), ("xinetd", 1)] {
        let door = match open {
            0 => Door::native(&world, native),
            _ => Door::xinetd(&world, xinetd),
        };
        let key = if open == 0 { "sshd" } else { "ssh" };
        let before = door.events().len();
        let login = world.ssh("lan", "thisuser", "thisuser", "192.168.0.1", 22, "id -un");
        assert_eq!(String::from_utf8_lossy(&login.stdout), "thisuser\n", "{dialect}: {login:?}");
        let log = written(&world, "/run/out/sshd.log");
        assert!(log.starts_with("20") && log.ends_with(" UTC from lan.example.com\n"), "{log}");
        world.door_run(&["rm", "/run/out/sshd.log"]);
        let login = world.ssh("friend", "thisuser", "thisuser", "192.168.0.1", 22, "id -un");
        assert_eq!(String::from_utf8_lossy(&login.stdout), "thisuser\n", "{dialect}: {login:?}");
        // a honeypot: a session like any other, with another program
        assert_eq!(told(&world, "far", "192.168.0.1:22"), "Sorry, fresh out.\n", "{dialect}");
        let twisted = door.expect("rule-command", |e| e["option"] == "twist");
        assert_eq!(twisted["command"], "/bin/echo \"Sorry, fresh out.\"", "{twisted:#}");
        wait_for(SOON, "the session of the honeypot to end", || {
            door.events().iter().skip(before).any(|e| {
                e["event"] == "session-ended" && e["peer"] == "203.0.113.7" && e["status"] == 0
            })
        });
        door.wait_sessions(key, 0);
        assert!(!world.exists("/run/out/sshd.log"), "{dialect}: only its own rule writes");
        door.stop();
        world.door_run(&["rm", "-f", "/var/log/portreeve/events.jsonl"]);
    }
}

#[test]
fn what_a_peer_chose_reaches_a_shell_as_harmless_characters() {
    let world = World::standard();
    out(&world);
    world.write_program("/run/service", "#!/bin/sh\necho in\n");
    let allow = "a: ALL: rfc931 : spawn echo \"%u|%c\" >/run/out/user\n\
        b: ALL: spawn echo \"%u\" '%u' %u >/run/out/bare\n\
        c: ALL: twist echo %u\n\
        d: ALL: setenv WHO %u\n";
    rules(&world, allow, "ALL: ALL\n");
    let user = "joe;touch /run/out/hacked`touch /run/out/hacked`$(touch /run/out/hacked)%h\"'|&<>*";
    let reply = IdentReply::User(user.to_owned());
    let _ident = IdentServer::start(&world, "lan", "192.168.0.50:113", reply);
    let run = "run = [\"/run/service\"]\nuser = \"thisuser\"";
    let env = "run = [\"/bin/sh\", \"-c\", \"echo \\\"$WHO\\\"\"]\nuser = \"thisuser\"";
    let services: String = [("a", 700, run), ("b", 701, run), ("c", 702, run), ("d", 703, env)]
        .map(|(daemon, port, run)| service(daemon, port, run))
        .concat();
    let door = Door::native(&world, &services);
    let harmless =
        "joe_touch_/run/out/hacked_touch_/run/out/hacked___touch_/run/out/hacked_%h_______";
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    assert_eq!(written(&world, "/run/out/user"), format!("{harmless}|{harmless}@192.168.0.50\n"));
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "in\n");
    assert_eq!(written(&world, "/run/out/bare"), format!("{harmless} {harmless} {harmless}\n"));
    assert_eq!(told(&world, "lan", "192.168.0.1:702"), format!("{harmless}\n"));
    assert_eq!(told(&world, "lan", "192.168.0.1:703"), format!("{harmless}\n"));
    door.stop();
    assert!(!world.exists("/run/out/hacked"), "nothing of it was run");
}

#[test]
fn banners_and_severities_are_those_of_the_rule() {
    let world = World::standard();
    out(&world);
    world.door_run(&["mkdir", "-p", "/run/banners"]);
    for (daemon, text) in [("in", "hello %a\nby %d\n"), ("out", "not you, %h\n")] {
        world.write(format!("/run/banners/{daemon}"), text);
    }
    let allow = "in: ALL: banners /run/banners : severity auth.warning\n";
    let deny = "out: ALL: severity local3.err : banners /run/banners\nALL: ALL\n";
    rules(&world, allow, deny);
    let run = "run = [\"/bin/echo\", \"served\"]\nuser = \"thisuser\"";
    let log = "[portreeve]\nlog = { to = [\"file\", \"syslog\"] }\n";
    let services = format!("{log}{}{}", service("in", 700, run), service("out", 701, run));
    let door = Door::native(&world, &services);
    let banner = "hello 192.168.0.50\r\nby in\r\nserved\n";
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), banner);
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "not you, 192.168.0.50\r\n");
    let started = door.expect("session-started", |e| e["service"] == "in");
    assert_eq!((&started["severity"], &started["facility"]), (&"warning".into(), &"auth".into()));
    let refused = door.expect("refused", |e| e["service"] == "out");
    assert_eq!((&refused["severity"], &refused["facility"]), (&"err".into(), &"local3".into()));
    wait_for(SOON, "both lines in the system log", || {
        let lines = world.syslog();
        let has = |start: &str, what: &str| {
            lines.iter().any(|line| line.starts_with(start) && line.contains(what))
        };
        has("<36>", "in: session") && has("<155>", "out: refused")
    });
    door.stop();
}

#[test]
fn an_internal_service_and_one_of_ours_have_commands_run_as_they_would_run() {
    let world = World::standard();
    out(&world);
    let allow = "echo: ALL: spawn id -un >/run/out/echo-user\n\
        own: ALL: spawn id -un >/run/out/own-user ; env >/run/out/own-env\n";
    rules(&world, allow, "ALL: ALL\n");
    let services = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n\
        hosts-access = true\n"
        .to_owned()
        + &service("own", 700, "run = [\"/bin/echo\", \"in\"]\nuser = \"thisuser\"");
    let door = Door::native(&world, &services);
    let stream = world.connect("lan", "192.168.0.1:7").expect("connect");
    assert_eq!(written(&world, "/run/out/echo-user"), "nobody\n");
    drop(stream);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    assert_eq!(written(&world, "/run/out/own-user"), "thisuser\n");
    let env = written(&world, "/run/out/own-env");
    assert!(env.contains("REMOTE_HOST=192.168.0.50\n"), "{env}");
    door.stop();
}
