//! DenyHosts' place taken: the fourth text's set-up with its keys, allowed hosts, plug-in and hosts.deny,
//! by the commands of its names and at the door; and what the real program has written, taken over.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON, command, example};
use serde_json::Value;
use std::process::Output;

const FOLDER: &str = "/usr/share/denyhosts";
const CONFIG: &str = "/usr/share/denyhosts/denyhosts.cfg";
const LOG: &str = "/var/log/secure.log";
/// Attackers' addresses are those of the Internet: others are passed over. They are text here.
const GUESSER: &str = "5.188.10.7";
const OWNER: &str = "45.33.7.20";
const VICTIM: &str = "91.5.6.7";

/// A host as the text leaves it, with the commands where it has them.
fn world() -> World {
    let world = World::standard();
    world.overlay("/usr/share");
    world.door_run(&["mkdir", "-p", &format!("{FOLDER}/data"), "/etc/denyhosts/plugins"]);
    world.door_run(&["mkdir", "-p", "/var/lock/subsys", "/var/log"]);
    world.write(CONFIG, example("seed-4-denyhosts/denyhosts.cfg"));
    world.write(format!("{FOLDER}/data/allowed-hosts"), example("seed-4-denyhosts/allowed-hosts"));
    world.write_program(
        "/etc/denyhosts/plugins/notify_isp.rb",
        "#!/bin/bash\necho \"$# $1\" >> /var/log/notify_isp.log\n",
    );
    world.write("/etc/hosts.deny", "# ours\nALL: .evil.example\n");
    let portreeve = world.bin("portreeve").display().to_string();
    for name in ["denyhosts", "daemon-control"] {
        world.door_run(&["ln", "-s", &portreeve, &format!("{FOLDER}/{name}")]);
    }
    world
}

/// Runs it: its exit, and what it writes to standard output, its errors too.
fn denyhosts(world: &World, args: &[&str]) -> (Option<i32>, String) {
    let mut command = world.door(format!("{FOLDER}/denyhosts"));
    command.args(["-c", CONFIG]).args(args);
    said(&world.run(command, SOON))
}

fn control(world: &World, args: &[&str]) -> (Option<i32>, String) {
    let mut command = world.door(format!("{FOLDER}/daemon-control"));
    command.env("DENYHOSTS_CFG", CONFIG).env("DENYHOSTS_BIN", FOLDER).args(args);
    said(&world.run(command, SOON))
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines of sshd's of now, each of a process of its own from this number on.
fn lines(world: &World, from: u32, words: &[String]) -> String {
    let now = world.door_run(&["date", "+%b %e %H:%M:%S"]);
    let line = |(at, words): (usize, &String)| {
        let pid = from + u32::try_from(at).unwrap();
        format!("{} gate sshd[{pid}]: {words}\n", now.trim_end())
    };
    words.iter().enumerate().map(line).collect()
}

fn append(world: &World, text: &str) {
    let before = if world.exists(LOG) { world.read(LOG) } else { String::new() };
    world.write(LOG, format!("{before}{text}"));
}

fn guesses(address: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| {
            format!("Failed password for invalid user oracle{at} from {address} port 4{at:03} ssh2")
        })
        .collect()
}

/// Published injections, each with the victim's address where the old programs looked for it.
fn injections() -> Vec<String> {
    let (a, v) = (GUESSER, VICTIM);
    let each = [
        format!("Invalid user x from {v} from {a} port 4000"),
        format!(
            "Bad protocol version identification 'Failed password for root from {v}' from {a} port 4001"
        ),
        format!(
            "Bad protocol version identification 'User root from {v} not allowed because not listed in AllowUsers' from {a} port 4002"
        ),
        format!("input_userauth_request: invalid user Invalid user root from {v} [preauth]"),
        format!(
            "Received disconnect from {a} port 4003:11: Failed password for root from {v} port 22 ssh2 [preauth]"
        ),
    ];
    each.iter().cycle().take(30).cloned().collect()
}

#[test]
fn the_texts_set_up_runs_by_the_commands_of_its_names() {
    let world = world();
    append(&world, &lines(&world, 100, &guesses(GUESSER, 6)));
    append(&world, &lines(&world, 200, &guesses(OWNER, 20)));
    append(&world, &lines(&world, 300, &injections()));
    let root = "Failed password for root from 2a01:4f8::7 port 22 ssh2".to_owned();
    append(&world, &lines(&world, 400, &[root]));
    let (code, told) = denyhosts(&world, &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(GUESSER) && !told.contains(OWNER) && !told.contains(VICTIM), "{told}");
    let deny = world.read("/etc/hosts.deny");
    assert!(deny.starts_with("# ours\nALL: .evil.example\n# DenyHosts: "), "{deny}");
    assert!(deny.ends_with(&format!(" | sshd: {GUESSER}\nsshd: {GUESSER}\n")), "{deny}");
    assert!(!deny.contains(VICTIM) && !deny.contains(OWNER) && !deny.contains("2a01"), "{deny}");
    assert_eq!(world.read("/var/log/notify_isp.log"), format!("1 {GUESSER}\n"));
    let of_ipv6 = world.read(format!("{FOLDER}/data/hosts-root.ipv6"));
    assert!(of_ipv6.starts_with("2a01:4f8::7:1:"), "{of_ipv6}");
    assert!(!world.exists("/var/lock/subsys/denyhosts"), "the lock is gone");
    // nothing new, nothing done
    assert_eq!(denyhosts(&world, &[]), (Some(0), String::new()));
    // a threshold that is reached by a line of a later run
    append(
        &world,
        &lines(&world, 500, &["Failed password for root from 77.1.2.3 port 22 ssh2".to_owned()]),
    );
    assert_eq!(denyhosts(&world, &["-n"]), (Some(0), String::new()));
    // the daemon, by its own control; lines of now are read by it
    assert!(control(&world, &["status"]).1.contains("is not running"));
    let (code, told) = control(&world, &["start"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(control(&world, &["status"]).1.contains("is running, pid "));
    let (code, told) = control(&world, &["start"]);
    assert!(code == Some(1) && told.contains("is locked by"), "{told}");
    append(
        &world,
        &lines(&world, 501, &["Failed password for root from 77.1.2.3 port 23 ssh2".to_owned()]),
    );
    wait_for(SOON, "the daemon to deny", || {
        world.read("/etc/hosts.deny").contains("sshd: 77.1.2.3\n")
    });
    wait_for(SOON, "its plug-in", || {
        world.read("/var/log/notify_isp.log").ends_with("1 77.1.2.3\n")
    });
    assert!(control(&world, &["stop"]).1.contains("sent SIGTERM"));
    wait_for(SOON, "the lock to go", || !world.exists("/var/lock/subsys/denyhosts"));
    assert!(world.read("/var/log/denyhosts").contains("denied: 77.1.2.3"));
    // and out again
    assert_eq!(denyhosts(&world, &["--purgeip", GUESSER]), (Some(0), String::new()));
    let deny = world.read("/etc/hosts.deny");
    assert!(!deny.contains(GUESSER) && deny.contains("sshd: 77.1.2.3\n"), "{deny}");
    assert!(
        world.read(format!("{FOLDER}/data/purge-history")).starts_with(&format!("{GUESSER}:1:"))
    );
    assert!(denyhosts(&world, &["--sync"]).1.contains("not served"));
}

#[test]
fn the_door_does_it_by_the_same_configuration() {
    let world = world();
    world.write(LOG, "");
    let toml = example("seed-4-denyhosts/portreeve.toml");
    let (head, _) = toml.split_once("[service.ssh]").unwrap();
    let echo = "[service.echo]\nlisten = [\"127.0.0.1:7007\"]\ninternal = \"echo\"\n";
    let door = Door::native(&world, &format!("{head}{echo}"));
    let bans = || -> Vec<String> {
        let told: Value =
            serde_json::from_slice(&door.command(&["bans", "--json"]).stdout).unwrap();
        let all = told["bans"].as_array().unwrap().iter();
        all.map(|ban| ban["network"].as_str().unwrap().to_owned()).collect()
    };
    let text = [
        lines(&world, 100, &guesses(GUESSER, 5)),
        lines(&world, 200, &guesses(OWNER, 20)),
        lines(&world, 300, &injections()),
    ];
    append(&world, &text.concat());
    // by then the injections are read: they name the guesser too, or nobody
    append(&world, &lines(&world, 400, &guesses(GUESSER, 6)));
    wait_for(SOON, "the guesser to be banned", || bans().contains(&GUESSER.to_owned()));
    wait_for(SOON, "hosts.deny", || {
        world.read("/etc/hosts.deny").contains(&format!("sshd: {GUESSER}\n"))
    });
    wait_for(SOON, "the plug-in", || {
        world.exists("/var/log/notify_isp.log")
            && world.read("/var/log/notify_isp.log") == format!("1 {GUESSER}\n")
    });
    append(
        &world,
        &lines(
            &world,
            500,
            &[
                "Failed password for root from 77.1.2.3 port 23 ssh2".to_owned(),
                "Failed password for root from 77.1.2.3 port 24 ssh2".to_owned(),
            ],
        ),
    );
    wait_for(SOON, "who tries to be root", || bans().contains(&"77.1.2.3".to_owned()));
    assert_eq!(bans().len(), 2, "neither the owner nor the victim: {:?}", bans());
    let deny = world.read("/etc/hosts.deny");
    assert!(
        deny.contains("ALL: .evil.example\n") && deny.contains(" | sshd: 5.188.10.7\n"),
        "{deny}"
    );
    door.stop();
}

#[test]
fn what_the_real_program_has_written_is_taken_over() {
    let world = world();
    let left = "seed-4-denyhosts/written-by-denyhosts";
    let work = format!("{FOLDER}/data");
    for name in [
        "hosts",
        "hosts-root",
        "hosts-valid",
        "offset",
        "purge-history",
        "suspicious-logins",
        "users-hosts",
        "users-invalid",
        "users-valid",
    ] {
        world.write(format!("{work}/{name}"), example(&format!("{left}/work/{name}")));
    }
    world.write("/etc/hosts.deny", example(&format!("{left}/hosts.deny")));
    // long enough for the markers' dates to be within it
    let config =
        example("seed-4-denyhosts/denyhosts.cfg").replace("PURGE_DENY = 4w", "PURGE_DENY = 90y");
    world.write(CONFIG, &config);
    // the log as it was read, and one line more: the second failure of root was long ago
    world.write(LOG, example(&format!("{left}/auth.log")));
    let more =
        "Nov 22 07:02:00 gate sshd[62]: Failed password for root from 77.1.2.3 port 99 ssh2\n";
    append(&world, more);
    let (code, told) = denyhosts(&world, &["-n"]);
    assert_eq!(code, Some(0), "{told}");
    let root = world.read(format!("{work}/hosts-root"));
    assert!(root.contains("45.33.1.2:2:Sun Nov 22 ") && root.contains("77.1.2.3:1:"), "{root}");
    // at the door
    let door = Door::native(
        &world,
        "[service.echo]\nlisten = [\"127.0.0.1:7007\"]\ninternal = \"echo\"\n",
    );
    let told = command(&world, &["import", "denyhosts", "--config", CONFIG, "--json"]);
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    let ban = |network: &str| {
        let all = json["bans"].as_array().unwrap();
        all.iter()
            .find(|ban| ban["network"] == network)
            .cloned()
            .unwrap_or_else(|| panic!("{network}: {json:#}"))
    };
    let marked = ban(GUESSER);
    assert_eq!(marked["outcome"], "taken", "{marked}");
    assert!(marked["until"].is_string(), "its marker has a time, over a blank line: {marked}");
    assert_eq!(ban("45.9.9.9")["until"], Value::Null, "it has no marker");
    let passed: Vec<&str> = json["passed-over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["why"].as_str().unwrap())
        .collect();
    assert!(passed.iter().any(|why| why.contains("`2001` is no address")), "{passed:?}");
    assert!(passed.iter().any(|why| why.contains(".example.net")), "{passed:?}");
    door.stop();
}
