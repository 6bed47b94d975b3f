//! What judges ask for, judged again by the door: whom no ban may hit, out of what somebody is shut
//! out, which sessions end, when judges are stopped, and that neither a restart nor a clock that jumps
//! loses a ban.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test, which builds a clock of its own and says how long things took"
)]

use portreeve_testkit::{Dir, World, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Command, Output};
use std::time::Instant;

/// One service whose sessions say that they have authenticated, one that never does, and a log beside
/// the door, of which two judges read.
const DOOR: &str = r#"
[defaults]
user = "root"

[service.inside]
listen = ["192.168.0.1:700"]
run = ["/bin/bash", "-c", "echo 'Accepted password for root from 203.0.113.7 port 1 ssh2' >&2; exec cat"]
watch = "sshd"
stderr = "evidence"

[service.open]
listen = ["192.168.0.1:701"]
run = ["/bin/cat"]
watch = "sshd"
stderr = "evidence"
grace = "1h"

[watch.beside]
files = ["/var/log/auth.log"]
detectors = ["sshd"]
service = "beside"

[judge.quick]
services = ["beside"]
tallies = [{ window = "10m", limit = 3 }]
levels = [{ ipv4 = 32, ipv6 = 64 }]
term = "1h"

[judge.patient]
services = ["beside"]
tallies = [{ window = "10m", limit = 6 }]
levels = [{ ipv4 = 32, ipv6 = 64 }]
term = "forever"
only = ["open"]

[ban]
breaker = { per-minute-logs = 6, pause = "1h" }
"#;

fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    (output.status.code().unwrap_or(-1), text.concat())
}

/// So many failures of each of these stand in the log.
fn guesses(world: &World, peers: &[&str], times: u32) {
    let script = format!(
        "d=$(date -Is); for a in {}; do for n in $(seq {times}); do p=$((RANDOM % 60000 + 1000)); \
         echo \"$d host sshd[$p$n]: Failed password for root from $a port $p ssh2\"; done; done \
         >> /var/log/auth.log",
        peers.join(" ")
    );
    world.door_run(&["bash", "-c", &script]);
}

/// What a judge wanted of a network that was not done, and why.
fn refused(door: &Door<'_>, network: &str) -> Value {
    door.expect("ban-refused", |event| event["network"] == network)
}

/// Out of one service alone, and lifted alone.
fn out_of_one_service(world: &World, door: &Door<'_>) {
    guesses(world, &["198.51.100.8"], 3);
    let banned = door.expect("banned", |e| e["network"] == "198.51.100.8" && e["only"] == "open");
    assert_eq!((&banned["judge"], &banned["until"]), (&"patient".into(), &Value::Null), "{banned}");
    let (exit, text) = said(&door.command(&["unban", "198.51.100.8", "--service", "inside"]));
    assert_eq!(exit, 1, "it has no such ban: {text}");
    let everywhere = |door: &Door<'_>| {
        let explained = ["open", "inside"]
            .map(|service| said(&door.command(&["explain", service, "198.51.100.8"])).0);
        explained.map(|exit| exit == 0)
    };
    assert_eq!(everywhere(door), [false, false]);
    let (exit, text) = said(&door.command(&["unban", "198.51.100.8", "--service", "open"]));
    assert_eq!(exit, 0, "{text}");
    assert_eq!(everywhere(door), [false, false], "the other ban is in force");
    let (exit, text) = said(&door.command(&["unban", "198.51.100.8"]));
    assert_eq!(exit, 0, "{text}");
    door.expect("ban-ended", |e| e["network"] == "198.51.100.8" && e["only"].is_null());
    assert_eq!(everywhere(door), [true, true]);
}

/// Too many at once: the breaker opens, is told of, and is closed by hand.
fn breaker(world: &World, door: &Door<'_>) {
    let many: Vec<String> = (1..=12).map(|n| format!("192.0.2.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    guesses(world, &many, 3);
    let opened = door.expect("breaker-opened", |_| true);
    assert!(opened["why"].as_str().unwrap().contains("more than 6 new bans"), "{opened}");
    door.expect("ban-refused", |event| event["class"] == "breaker");
    let status = door.status();
    assert!(status["judging"]["breaker"]["left"].as_u64() > Some(3000), "{status:#}");
    let alarm = |status: &Value| status["alarms"].to_string().contains("judges shut nobody out");
    assert!(alarm(&status), "{status:#}");
    let (exit, text) = said(&door.command(&["ban", "192.0.2.77"]));
    assert_eq!(exit, 0, "by hand nothing is stopped: {text}");
    assert_eq!(said(&door.command(&["breaker", "close"])).0, 0);
    assert_eq!(said(&door.command(&["breaker", "close"])).0, 1, "it is closed");
    door.expect("breaker-closed", |event| event["by-uid"] == 0);
    assert!(!alarm(&door.status()));
    guesses(world, &["192.0.2.99"], 3);
    door.expect("banned", |event| event["network"] == "192.0.2.99");
}

#[test]
fn judges_hit_nobody_they_may_not_and_are_stopped_when_they_hit_too_many() {
    let world = World::standard();
    world.write("/var/log/auth.log", "");
    world.write("/etc/resolv.conf", "nameserver 198.51.100.53\n");
    world.add_client_address("far", "198.51.100.1");
    world.add_client_address("far", "198.51.100.8");
    world.door_run(&["ip", "route", "add", "192.0.2.128/25", "via", "198.51.100.1"]);
    let door = Door::native(&world, DOOR);

    // who is inside, the gateway and the resolver are not shut out, this host neither
    let mut inside = world.connect_from("far", "203.0.113.7", "192.168.0.1:700").unwrap();
    door.expect("authenticated", |event| event["peer"] == "203.0.113.7");
    let spared = ["203.0.113.7", "198.51.100.1", "198.51.100.53", "192.168.0.1"];
    guesses(&world, &spared, 3);
    for (peer, class) in spared.iter().zip(["session", "gateway", "resolver", "this-host"]) {
        let event = refused(&door, peer);
        assert_eq!((&event["class"], &event["judge"]), (&class.into(), &"quick".into()), "{event}");
    }
    assert_eq!(door.status()["bans"], 0);

    // a startup of whoever is shut out ends; others go on
    let mut startup = world.connect_from("far", "198.51.100.8", "192.168.0.1:701").unwrap();
    let mut other = world.connect_from("far", "203.0.113.7", "192.168.0.1:701").unwrap();
    door.wait_sessions("open", 2);
    guesses(&world, &["198.51.100.8"], 3);
    let banned = door.expect("banned", |event| event["network"] == "198.51.100.8");
    assert_eq!((&banned["judge"], &banned["only"]), (&"quick".into(), &Value::Null), "{banned}");
    door.expect("session-ending", |e| e["peer"] == "198.51.100.8" && e["reason"] == "banned");
    startup.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(startup.read(&mut [0; 8]).unwrap_or(0), 0, "it is over");
    for stream in [&mut inside, &mut other] {
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(b"still here\n").unwrap();
        let mut heard = [0; 11];
        stream.read_exact(&mut heard).unwrap();
    }

    out_of_one_service(&world, &door);
    breaker(&world, &door);
    drop((inside, other));
    door.stop();
}

#[test]
fn a_clock_that_jumps_ends_no_ban_and_a_restart_keeps_them_all() {
    const MANY: u64 = 100_000;
    let world = World::standard();
    let dir = Dir::new();
    let (library, offset) = (dir.path().join("clock.so"), dir.path().join("offset"));
    fs::write(&offset, 0_i64.to_ne_bytes()).unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keeper/clock.c");
    let mut build = Command::new("cc");
    build.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source);
    assert!(build.output().unwrap().status.success());
    let with_clock = |command: &mut Command| {
        command.env("LD_PRELOAD", &library).env("CLOCK_OFFSET", &offset);
    };
    let set = |seconds: i64| {
        let mut file = File::options().write(true).open(&offset).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    };
    world.write(
        "/etc/portreeve/portreeve.toml",
        "[service.cat]\nlisten = [\"192.168.0.1:700\"]\n\
                 run = [\"/bin/cat\"]\nuser = \"root\"\n",
    );
    let door = Door::start_with(&world, &[], with_clock);
    let (exit, text) = said(&door.command(&["ban", "203.0.113.7", "--for", "1h"]));
    assert_eq!(exit, 0, "{text}");
    let banned = || said(&door.command(&["explain", "cat", "203.0.113.7"])).0 != 0;
    let jumped = |to: i64| {
        set(to);
        wait_for(SOON, "the ban under another clock", &banned);
        assert_eq!(door.status()["bans"], 1);
        assert!(!door.events().iter().any(|event| event["event"] == "ban-ended"));
    };
    jumped(7 * 86_400);
    jumped(-86_400);
    jumped(0);
    door.stop();

    // a restart and an upgrade with many: in force before the first connection is let in
    let script = format!(
        "import sqlite3,glob,time\nt=int(time.time())\n\
         db=sqlite3.connect(glob.glob('/var/lib/portreeve/**/ledger.sqlite',recursive=True)[0])\n\
         with db: db.executemany('insert into bans(network,only,family,length,since,until,judge,\
         service,reason,origin) values(?,char(),4,32,?,?,?,?,?,null)',\
         [('10.%d.%d.%d'%(n>>16&255,n>>8&255,n&255),t,t+86400,'quick','ssh','guesses') \
         for n in range({MANY})])\n"
    );
    world.door_run(&["python3", "-c", &script]);
    world.door_run(&["sh", "-c", "chown -R portreeve-clerk: /var/lib/portreeve/*"]);
    let began = Instant::now();
    let door = Door::start(&world, &[]);
    let opened = began.elapsed();
    assert_eq!(door.status()["bans"], MANY + 1, "all are there when it opens");
    let began = Instant::now();
    let (exit, text) = said(&door.command(&["upgrade"]));
    let upgraded = began.elapsed();
    assert_eq!(exit, 0, "{text}");
    assert_eq!(door.status()["bans"], MANY + 1);
    assert_ne!(said(&door.command(&["explain", "cat", "10.1.134.159"])).0, 0, "the last of them");
    assert_ne!(said(&door.command(&["explain", "cat", "203.0.113.7"])).0, 0);
    portreeve_tests::figures(&format!("{MANY} bans: open in {opened:?}, upgraded in {upgraded:?}"));
    let ended = door.events().iter().filter(|event| event["event"] == "ban-ended").count();
    assert_eq!(ended, 0, "none lost");
    door.stop();
}
