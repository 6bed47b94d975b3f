//! Services with `keep = true`: what the door puts where the keeper finds it, on load and on reload,
//! with no keeper about.
#![forbid(unsafe_code)]

use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON, command};

const CONFIGURATION: &str = "/etc/portreeve/portreeve.toml";
const SERVICES: &str = "/run/portreeve/services";

/// A door is open when it listens: one service behind it.
const ECHO: &str = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n";

fn kept(name: &str, rest: &str) -> String {
    format!("[service.{name}]\nkeep = true\nrun = [\"/bin/sleep\", \"600\"]\n{rest}\n")
}

fn reload(world: &World, door: &Door<'_>, kept: &[String]) -> String {
    world.write(CONFIGURATION, format!("{ECHO}{}", kept.concat()));
    let output = door.command(&["reload"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

/// The names in a folder, as the shell lists them.
fn names(world: &World, folder: &str) -> Vec<String> {
    world.door_run(&["ls", "-A", folder]).lines().map(str::to_owned).collect()
}

fn mode(world: &World, path: &str) -> String {
    world.door_run(&["stat", "-c", "%U:%G %a", path]).trim().to_owned()
}

/// Two services and a folder of service directories.
fn first() -> [String; 3] {
    [
        kept("plain", "user = \"nobody\""),
        kept("rich", "user = \"root\"\ndown = true\nready = 3\nlog = { user = \"nobody\" }"),
        "[import]\nservice-directories = [\"/etc/service\"]\n".to_owned(),
    ]
}

/// A door with them, when all is where the keeper finds it.
fn opened(world: &World) -> Door<'_> {
    world.door_run(&["mkdir", "/etc/service"]);
    let door = Door::native(world, &format!("{ECHO}{}", first().concat()));
    for name in ["plain", "rich"] {
        door.expect("service-kept", |e| e["service"] == name && e["new"] == true);
    }
    wait_for(SOON, "the link", || world.exists(LINK));
    door
}

const LINK: &str = "/run/portreeve/services/.directories/etc%2Fservice";

#[test]
fn what_the_configuration_says_is_where_the_keeper_finds_it() {
    let world = World::standard();
    let door = opened(&world);
    let nobody = world.door_run(&["id", "-u", "nobody"]).trim().to_owned();
    let group = world.door_run(&["id", "-g", "nobody"]).trim().to_owned();
    let plain = world.read(format!("{SERVICES}/plain/plan"));
    assert_eq!(
        plain,
        format!(
            "plan 1\nfile /bin/sleep\nargument sleep\nargument 600\nuser {nobody}\ngroup {group}\n\
             directory /\nenvironment-empty\n\
             environment-set PATH /usr/sbin:/usr/bin:/sbin:/bin\nnew-session\n"
        )
    );
    assert_eq!(names(&world, &format!("{SERVICES}/plain")), ["plan"]);
    assert_eq!(names(&world, &format!("{SERVICES}/rich")), ["down", "log", "plan"]);
    let log = world.read(format!("{SERVICES}/rich/log/plan"));
    let start = "plan 1\nlog /var/log/portreeve-services/rich\nlog-size 1048576\nlog-files 10\n";
    assert!(log.starts_with(start) && log.contains(&format!("\nuser {nobody}\n")), "{log}");
    let rich = world.read(format!("{SERVICES}/rich/plan"));
    assert!(rich.contains("\nready 3\n") && rich.contains("\nstderr-to-stdout\n"), "{rich}");
    assert_eq!(mode(&world, SERVICES), "root:root 755");
    assert_eq!(mode(&world, &format!("{SERVICES}/rich/plan")), "root:root 600");
    assert_eq!(world.door_run(&["readlink", LINK]), "/etc/service\n");
    assert_eq!(door.service("echo")["problems"], serde_json::json!([]));
}

#[test]
fn a_reload_changes_what_differs_and_what_goes_can_come_back() {
    let world = World::standard();
    let door = opened(&world);
    let before = world.door_run(&["stat", "-c", "%i", &format!("{SERVICES}/rich/plan")]);
    world.write(format!("{SERVICES}/plain/supervise"), "what a supervisor wrote");
    let rich = kept("rich", "user = \"root\"\nready = 3\nlog = { user = \"nobody\" }");
    let said = reload(&world, &door, &[rich, kept("more", "user = \"root\"")]);
    for line in [
        "removed: plain (kept)",
        "added: more (kept)",
        "changed: rich (kept): down: from its next start",
        "service directories -/etc/service",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    door.expect("service-released", |e| e["service"] == "plain");
    wait_for(SOON, "the link to go", || !world.exists(LINK));
    assert_eq!(names(&world, SERVICES), [".directories", ".removed", "more", "rich"]);
    assert_eq!(names(&world, &format!("{SERVICES}/rich")), ["log", "plan"]);
    let after = world.door_run(&["stat", "-c", "%i", &format!("{SERVICES}/rich/plan")]);
    assert_eq!(before, after, "it is as it was");

    // it comes back with what its supervisor wrote; the door ends, and all stays
    reload(&world, &door, &[kept("plain", "user = \"nobody\"\nnice = 5")]);
    wait_for(SOON, "it to be back", || world.exists(format!("{SERVICES}/plain/supervise")));
    wait_for(SOON, "the others to go", || !world.exists(format!("{SERVICES}/rich")));
    assert!(world.read(format!("{SERVICES}/plain/plan")).contains("\nnice 5\n"));
    door.stop();
    assert_eq!(names(&world, &format!("{SERVICES}/plain")), ["plan", "supervise"]);
}

#[test]
fn disabled_services_are_down_and_what_a_stranger_made_is_refused() {
    let world = World::standard();
    world.write("/etc/portreeve/down/off", "");
    let both = [kept("off", "user = \"root\""), kept("on", "user = \"root\"")];
    let door = Door::native(&world, &format!("{ECHO}{}", both.concat()));
    door.expect("service-kept", |e| e["service"] == "on");
    assert_eq!(names(&world, &format!("{SERVICES}/off")), ["down", "plan"]);
    assert_eq!(names(&world, &format!("{SERVICES}/on")), ["plan"]);
    world.door_run(&["mv", "/etc/portreeve/down/off", "/etc/portreeve/down/on"]);
    reload(&world, &door, &both);
    wait_for(SOON, "the other to be down", || world.exists(format!("{SERVICES}/on/down")));
    wait_for(SOON, "this one not", || !world.exists(format!("{SERVICES}/off/down")));

    // a folder that others may write, a link: an alarm, and everything else goes on
    world.door_run(&["mkdir", &format!("{SERVICES}/open")]);
    world.door_run(&["chmod", "0777", &format!("{SERVICES}/open")]);
    world.door_run(&["ln", "-s", "/etc", &format!("{SERVICES}/linked")]);
    let more = ["open", "linked", "fine"].map(|name| kept(name, "user = \"root\""));
    reload(&world, &door, &[both.as_slice(), &more].concat());
    door.expect("service-kept", |e| e["service"] == "fine");
    for name in ["open", "linked"] {
        let alarm = format!("services that are kept up: `{name}`");
        door.expect("alarm", |e| e["text"].as_str().is_some_and(|text| text.contains(&alarm)));
    }
    assert!(!world.exists("/etc/plan") && !world.exists(format!("{SERVICES}/open/plan")));
    // mended, it is tried again by itself at the next reload
    world.door_run(&["rm", &format!("{SERVICES}/linked")]);
    world.door_run(&["chmod", "0755", &format!("{SERVICES}/open")]);
    reload(&world, &door, &[both.as_slice(), &more].concat());
    for name in ["open", "linked"] {
        door.expect("service-kept", |e| e["service"] == name);
    }
    wait_for(SOON, "the alarms to end", || door.status()["alarms"] == serde_json::json!([]));
}

#[test]
fn one_that_cannot_run_is_named_and_comes_by_itself() {
    let world = World::standard();
    let late = [kept("late", "user = \"newcomer\""), kept("now", "user = \"root\"")];
    let door = Door::native(&world, &format!("{ECHO}{}", late.concat()));
    door.expect("service-kept", |e| e["service"] == "now");
    let down = door.expect("service-down", |e| e["service"] == "late");
    assert_eq!(down["reason"], "user `newcomer` does not exist");
    assert!(!world.exists(format!("{SERVICES}/late")));
    let reason = "user `newcomer` does not exist (/etc/portreeve/portreeve.toml:";
    wait_for(SOON, "the reason", || world.exists(format!("{SERVICES}/.held/late")));
    let said = |words: &[&str], code| {
        let output = command(&world, words);
        let said =
            [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said:?}");
        said.concat()
    };
    let list = said(&["service", "list"], 0);
    let held = list.lines().any(|line| line.starts_with("late") && line.contains("held back"));
    assert!(held, "{list}");
    let status = said(&["service", "status", "late"], 0);
    let status = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(status.contains("held back") && status.contains(reason), "{status}");
    let up = said(&["service", "up", "late"], 69);
    assert!(up.contains(&format!("`late` is held back: {reason}")), "{up}");
    let passwd = world.read("/etc/passwd");
    world.write("/etc/passwd", format!("{passwd}newcomer:x:59077:59077::/:/bin/sh\n"));
    door.expect("service-up", |e| e["service"] == "late");
    door.expect("service-kept", |e| e["service"] == "late");
    let plan = world.read(format!("{SERVICES}/late/plan"));
    assert!(plan.contains("\nuser 59077\n"), "{plan}");
    wait_for(SOON, "it to be held back no longer", || {
        !said(&["service", "list"], 0).contains("held back")
    });

    // check and explain say what it is
    let check = command(&world, &["check"]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("1 service, 0 traps, 2 services kept up"), "{said}");
    for offline in
        [&["explain", "now", "10.0.0.1"][..], &["explain", "--offline", "now", "10.0.0.1"]]
    {
        let explain = command(&world, offline);
        let said = String::from_utf8_lossy(&explain.stderr).into_owned();
        assert_eq!(explain.status.code(), Some(64), "{said}");
        assert!(said.contains("`now` is kept up and listens itself"), "{said}");
    }
}

#[test]
fn without_such_services_nothing_is_made() {
    let world = World::standard();
    let door = Door::native(&world, ECHO);
    reload(&world, &door, &[]);
    assert!(!world.exists(SERVICES));
}
