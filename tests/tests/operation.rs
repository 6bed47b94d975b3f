//! The door in operation: what is missing comes up by itself, helpers that die are no loss, nothing
//! that goes wrong with one service touches another.
#![forbid(unsafe_code)]

use portreeve_testkit::{
    Signal, World, children, poll_for, proc_status, read_to_end_bounded, read_until, wait_for,
};
use portreeve_tests::{Door, SOON};
use std::io::Write;

fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

/// The reason a service is down, from the command.
fn reason(door: &Door<'_>, key: &str) -> String {
    let service = door.service(key);
    let problems = service["problems"].to_string();
    let listeners = service["listeners"].to_string();
    format!("{problems} {listeners}")
}

#[test]
fn what_is_missing_keeps_one_service_down_with_a_reason_until_it_is_there() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write_program(format!("{dir}/bin-true"), "#!/bin/sh\necho fine\n");
    let holder = world.listen("door", "192.168.0.1:705").unwrap();
    let service = |name: &str, port: u16, rest: &str| {
        format!("[service.{name}]\nlisten = [\"192.168.0.1:{port}\"]\n{rest}\n")
    };
    let run = format!("run = [\"{dir}/bin-true\"]");
    let configuration = [
        service("fine", 700, &run),
        service("user", 701, &format!("{run}\nuser = \"newcomer\"")),
        service("server", 702, &format!("run = [\"{dir}/late-server\"]")),
        service("banner", 703, &format!("{run}\nbanner = \"{dir}/late-banner\"")),
        service("address", 704, &run).replace("192.168.0.1", "192.0.2.9"),
        service("port", 705, &run),
    ]
    .concat();
    let door = Door::native(&world, &configuration);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "fine\n");
    for (key, words) in [
        ("user", vec!["newcomer"]),
        ("server", vec!["late-server"]),
        ("banner", vec!["late-banner"]),
        ("address", vec!["192.0.2.9", "not on this host"]),
        ("port", vec!["705", "in use"]),
    ] {
        let said = reason(&door, key);
        assert!(words.iter().all(|word| said.contains(word)), "{key}: {said}");
    }
    assert!(!reason(&door, "fine").contains("in use"));

    let passwd = world.read("/etc/passwd");
    world.write("/etc/passwd", format!("{passwd}newcomer:x:59077:59077::/:/bin/sh\n"));
    world.write_program(format!("{dir}/late-server"), "#!/bin/sh\necho late\n");
    world.write(format!("{dir}/late-banner"), "hello\n");
    world.add_door_address("192.0.2.9");
    drop(holder);
    for (to, want) in [
        ("192.168.0.1:701", "fine\n"),
        ("192.168.0.1:702", "late\n"),
        ("192.168.0.1:703", "hello\nfine\n"),
        ("192.0.2.9:704", "fine\n"),
        ("192.168.0.1:705", "fine\n"),
    ] {
        wait_for(SOON, format!("{to} to come up by itself"), || told(&world, "lan", to) == want);
    }
    door.expect("service-up", |e| e["service"] == "user");
}

#[test]
fn who_holds_a_port_is_named() {
    let world = World::standard();
    let mut squatter = world.door("python3");
    squatter.args([
        "-c",
        "import socket,time\ns=socket.create_server(('192.168.0.1',700))\ntime.sleep(300)",
    ]);
    let squatter = world.start("squatter", squatter);
    wait_for(SOON, "the squatter", || world.connect("lan", "192.168.0.1:700").is_ok());
    let configuration = "[service.held]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/true\"]\n\
                         [service.free]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/true\"]\n";
    let door = Door::native(&world, configuration);
    let holder = format!("process {} (python3)", squatter.inner_pid());
    // the look is bounded in time: on a loaded host a later try finds it
    wait_for(SOON, format!("{holder} to be named"), || reason(&door, "held").contains(&holder));
}

#[test]
fn a_broken_edit_is_refused_whole_and_the_old_configuration_stays() {
    let world = World::standard();
    let good = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n";
    let door = Door::native(&world, good);
    world.write(
        "/etc/portreeve/portreeve.toml",
        format!("{good}alow = [\"10.0.0.0/8\"]\nlimits = 7\n"),
    );
    let reload = door.command(&["reload"]);
    let said = String::from_utf8_lossy(&reload.stderr).into_owned()
        + &String::from_utf8_lossy(&reload.stdout);
    assert_eq!(reload.status.code(), Some(78), "{said}");
    assert!(said.contains("/etc/portreeve/portreeve.toml:4:1"), "{said}");
    assert!(said.contains("allow"), "the nearest key: {said}");
    assert!(said.contains(":5:"), "all at once: {said}");
    let mut peer = world.connect("lan", "192.168.0.1:7").unwrap();
    peer.write_all(b"still\n").unwrap();
    assert_eq!(read_until(&peer, b"\n", SOON).text(), "still\n");
}

#[test]
fn a_killed_clerk_costs_no_session_no_ban_and_no_line_that_comes_after() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write_program(
        format!("{dir}/speaker"),
        "#!/bin/sh\nwhile read line; do echo \"heard $line\" >&2; echo \"$line\"; done\n",
    );
    let configuration = format!(
        "[service.speak]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"{dir}/speaker\"]\n\
         [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n"
    );
    let mut door = Door::native(&world, &configuration);
    let mut peer = world.connect("lan", "192.168.0.1:700").unwrap();
    let mut say = |word: &str| {
        peer.write_all(format!("{word}\n").as_bytes()).unwrap();
        assert_eq!(read_until(&peer, b"\n", SOON).text(), format!("{word}\n"));
    };
    say("one");
    door.expect("evidence", |e| e["text"] == "heard one" && e["peer"] == "192.168.0.50");
    told(&world, "far", "192.168.0.1:23");
    door.expect("banned", |e| e["network"] == "203.0.113.7");
    let monitor = door.running().pid();
    let clerk = || {
        let named =
            |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "portreeve-clerk");
        children(monitor).into_iter().find(named)
    };
    let first = poll_for(SOON, "a clerk", clerk);
    world.door_run(&["kill", "-9", &proc_status(first).unwrap().inner_pid().to_string()]);
    say("two");
    wait_for(SOON, "another clerk", || clerk().is_some_and(|pid| pid != first));
    say("three");
    for word in ["heard two", "heard three"] {
        door.expect("evidence", |e| e["text"] == word && e["peer"] == "192.168.0.50");
    }
    door.expect("helper-died", |e| e["helper"] == "clerk");
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "", "the ban holds");
    assert_eq!(door.status()["bans"], 1);
    drop(peer);
    door.wait_sessions("speak", 0);
}

#[test]
fn a_killed_relay_ends_its_own_sessions_and_no_others() {
    let world = World::standard();
    let configuration = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n\
                         [service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n";
    let mut door = Door::native(&world, configuration);
    let relayed = world.connect("lan", "192.168.0.1:7").unwrap();
    let mut own = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("echo", 1);
    door.wait_sessions("cat", 1);
    let monitor = door.running().pid();
    let named = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "portreeve-relay");
    let relay = poll_for(SOON, "a relay", || children(monitor).into_iter().find(named));
    world.door_run(&["kill", "-9", &proc_status(relay).unwrap().inner_pid().to_string()]);
    door.wait_sessions("echo", 0);
    read_to_end_bounded(&relayed, 16, SOON);
    own.write_all(b"here\n").unwrap();
    assert_eq!(read_until(&own, b"\n", SOON).text(), "here\n");
    wait_for(SOON, "the echo to be back", || {
        let Ok(mut peer) = world.connect("lan", "192.168.0.1:7") else { return false };
        peer.write_all(b"x\n").is_ok() && read_until(&peer, b"\n", SOON).text() == "x\n"
    });
}

#[test]
fn a_stopped_door_takes_nobody_and_ends_with_its_last_session() {
    let world = World::standard();
    let configuration = "[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n";
    let mut door = Door::native(&world, configuration);
    let mut peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("cat", 1);
    let stop = door.command(&["stop"]);
    assert_eq!(stop.status.code(), Some(0), "{stop:?}");
    assert!(told(&world, "lan", "192.168.0.1:700").contains("refused"));
    peer.write_all(b"still here\n").unwrap();
    assert_eq!(read_until(&peer, b"\n", SOON).text(), "still here\n");
    assert!(door.running().try_wait().is_none());
    drop(peer);
    assert!(door.running().wait(SOON).success());
    assert_eq!(door.command(&["status"]).status.code(), Some(69), "the daemon is away");
}

#[test]
fn a_login_watched_on_its_own_pipe_is_no_startup_any_more() {
    let world = World::standard();
    world.ssh_keys();
    let configuration = "[service.ssh]\nlisten = [\"192.168.0.1:22\"]\n\
         run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\nwatch = \"sshd\"\n\
         startups = \"2:100:2\"\ngrace = \"20s\"\n";
    let door = Door::native(&world, configuration);
    let mut session = world.ssh_command("lan", "thisuser", "thisuser", "192.168.0.1", 22);
    session.stdin(std::process::Stdio::piped()).arg("cat");
    let mut login = world.start("ssh", session);
    let mut input = login.take_stdin().unwrap();
    door.expect("authenticated", |e| e["peer"] == "192.168.0.50");
    wait_for(SOON, "the startup to be over", || door.service("ssh")["startups"] == 0);
    let silent: Vec<_> = (0..2).map(|_| world.connect("far", "192.168.0.1:22").unwrap()).collect();
    wait_for(SOON, "two startups", || door.service("ssh")["startups"] == 2);
    let refused = world.ssh("lan", "thisuser", "thisuser", "192.168.0.1", 22, "true");
    assert_eq!(refused.status.code(), Some(255), "two startups fill the door");
    door.expect("refused", |e| e["reason"] == "startups");
    for peer in &silent {
        let end = read_to_end_bounded(peer, 1 << 16, SOON);
        assert_ne!(end.end, portreeve_testkit::End::Deadline, "ended when grace had passed");
    }
    door.expect("grace-passed", |e| e["ended"] == true);
    input.write_all(b"still in\n").unwrap();
    wait_for(SOON, "the login to outlive grace", || login.stdout().contains("still in"));
    drop(input);
    login.wait(SOON);
}

#[test]
fn an_ordinary_user_runs_a_whole_door_in_a_folder() {
    let world = World::standard();
    let root = world.dir().join("home/thisuser/door");
    let folder = root.join("etc/portreeve");
    world.door_run(&["mkdir", "-p", &folder.display().to_string()]);
    world.write(
        folder.join("portreeve.toml"),
        "[service.echo]\nlisten = [\"192.168.0.1:7007\"]\ninternal = \"echo\"\n\
         [service.id]\nlisten = [\"192.168.0.1:7008\"]\nrun = [\"/usr/bin/id\", \"-un\"]\n",
    );
    world.door_run(&["chown", "-R", "thisuser:thisuser", &root.display().to_string()]);
    let root = root.display().to_string();
    let mut command = world.door_as("thisuser", world.bin("portreeved"));
    command.args(["--root", &root]);
    let mut daemon = world.start("portreeved", command);
    wait_for(SOON, "the door", || world.connect("lan", "192.168.0.1:7008").is_ok());
    assert_eq!(told(&world, "lan", "192.168.0.1:7008"), "thisuser\n");
    let mut peer = world.connect("lan", "192.168.0.1:7007").unwrap();
    peer.write_all(b"hello\n").unwrap();
    assert_eq!(read_until(&peer, b"\n", SOON).text(), "hello\n");
    let mut status = world.door_as("thisuser", world.bin("portreeve"));
    status.args(["--root", &root, "status"]);
    let status = world.run(status, SOON);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(text.contains("as other users"), "it says what it cannot do: {text}");
    daemon.signal(Signal::TERM);
    drop(peer);
    daemon.wait(SOON);
}

#[test]
fn without_its_users_root_does_not_open_the_door_and_says_how_to_make_them() {
    let world = World::standard();
    let passwd = world.read("/etc/passwd");
    let without: String = passwd
        .lines()
        .filter(|l| !l.starts_with("portreeve-relay:"))
        .map(|l| format!("{l}\n"))
        .collect();
    world.write("/etc/passwd", without);
    let configuration = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n";
    world.write("/etc/portreeve/portreeve.toml", configuration);
    let output = world.run(world.door(world.bin("portreeved")), SOON);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("useradd --system") && said.contains("portreeve-relay"), "{said}");
    assert!(!world.exists("/run/portreeve/control.sock"), "nothing on the host has changed");
}

#[test]
fn a_second_door_is_refused_and_a_killed_ones_socket_is_no_obstacle() {
    let world = World::standard();
    let configuration = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n";
    let mut door = Door::native(&world, configuration);
    let output = world.run(world.door(world.bin("portreeved")), SOON);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(71), "{said}");
    assert!(said.contains("another door is open"), "{said}");
    assert_eq!(door.command(&["status"]).status.code(), Some(0), "the first goes on");
    door.running().kill();
    drop(door);
    let again = Door::start(&world, &[]);
    assert_eq!(again.command(&["status"]).status.code(), Some(0));
}

#[test]
fn a_login_name_with_a_line_feed_forges_no_authentication() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    // what sshd -e writes for a stranger's name `x`, line feed, `Accepted none for root`: one write
    let sentence = "Accepted none for root from 203.0.113.7 port 4711 ssh2";
    world.write_program(
        format!("{dir}/forged"),
        format!(
            "#!/bin/sh\nprintf 'Failed password for invalid user x\\n{sentence}\\n' >&2\nexec cat\n"
        ),
    );
    world.write_program(
        format!("{dir}/true"),
        format!("#!/bin/sh\nprintf '{sentence}\\n' >&2\nexec cat\n"),
    );
    let service = |name: &str, port: u16| {
        format!(
            "[service.{name}]\nlisten = [\"192.168.0.1:{port}\"]\nrun = [\"{dir}/{name}\", \"-e\"]\n\
             watch = \"sshd\"\nstartups = 10\ngrace = \"1h\"\n"
        )
    };
    let door = Door::native(&world, &(service("forged", 700) + &service("true", 701)));
    let forged = world.connect("far", "192.168.0.1:700").unwrap();
    let genuine = world.connect("far", "192.168.0.1:701").unwrap();
    door.expect("evidence", |e| e["service"] == "forged" && e["text"] == sentence);
    door.expect("authenticated", |e| e["service"] == "true");
    wait_for(SOON, "the login to be no startup", || door.service("true")["startups"] == 0);
    assert_eq!(door.service("forged")["startups"], 1, "still a startup");
    drop((forged, genuine));
}
