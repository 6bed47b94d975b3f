//! What a live door made of lines as they were written, and what `replay` makes of the same lines
//! afterwards: the same bans.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test, whose lines are stamped as they are written"
)]

use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON, command, example};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::process::Output;
use std::time::{Duration, SystemTime};

const RULES: &str = r#"
[ban]
never = ["198.18.99.7"]

[service.echo]
listen = ["127.0.0.1:7007"]
internal = "echo"

[watch.ssh]
files = [{ path = "/var/log/auth.log", start = "beginning" }]
detectors = ["sshd"]

[watch.ftp]
files = [{ path = "/var/log/vsftpd.log", start = "beginning" }]
detectors = ["vsftpd"]

# a window that is crossed, and networks
[judge.window]
watches = ["ssh"]
on-success = "nothing"
tallies = [{ window = "2s", limit = 3 }]
levels = [{ ipv4 = 32, ipv6 = 64 }]
term = "1h"

# successes, crowds, and a random part of the term
[judge.accounts]
watches = ["ssh"]
on-success = "forgets-account"
tallies = [{ window = "1h", limit = 5, charges = [{ kinds = ["auth-failed"] }] }]
levels = [{ ipv4 = 32, ipv6 = 128 }, { ipv4 = 24, ipv6 = 64, offenders = 3 }]
term = { first = "2h", random = "10m" }

# a second time that is longer
[judge.growth]
watches = ["ssh"]
on-success = "nothing"
tallies = [{ window = "1m", limit = 2, charges = [{ kinds = ["not-allowed"] }] }]
term = { first = "4s", factor = 1000, most = "1w" }

# a bucket, which lengthens
[judge.bucket]
watches = ["ftp"]
preset = "openssh"
authfail = "10m"
min = "25m"
max = "2h"
"#;

/// The logs of a host, written as the time goes by.
struct Logs {
    auth: File,
    ftp: File,
    lines: u32,
}

/// Now, as a line says it, by UTC.
fn stamp() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let (second, micros) = (now.as_secs(), now.subsec_micros());
    let (days, rest) = (i64::try_from(second / 86_400).unwrap(), second % 86_400);
    // the day by counting years and months from the epoch
    let (mut year, mut left) = (1970_i64, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in months {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let day = left + 1;
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

impl Logs {
    fn new(world: &World) -> Self {
        let open = |path: &str| {
            world.write(path, "");
            let there = format!("/proc/{}/root{path}", world.door_pid());
            OpenOptions::new().append(true).open(there).unwrap()
        };
        Self { auth: open("/var/log/auth.log"), ftp: open("/var/log/vsftpd.log"), lines: 0 }
    }

    /// A line of sshd's, each from a process of its own.
    fn sshd(&mut self, text: &str) {
        self.lines += 1;
        let line = format!("{} box sshd[{}]: {text}\n", stamp(), 10_000 + self.lines);
        // in pieces, as a pipe may bring them
        let (first, rest) = line.as_bytes().split_at(line.len() / 2);
        self.auth.write_all(first).unwrap();
        self.auth.write_all(rest).unwrap();
    }

    fn failed(&mut self, user: &str, peer: &str) {
        let port = 40_000 + self.lines;
        self.sshd(&format!("Failed password for {user} from {peer} port {port} ssh2"));
    }

    fn not_allowed(&mut self, peer: &str) {
        self.sshd(&format!("User root from {peer} not allowed because not listed in AllowUsers"));
    }

    fn vsftpd(&mut self, peer: &str) {
        self.lines += 1;
        let at = stamp();
        let line =
            format!("{at} box vsftpd[{}]: [joe] FAIL LOGIN: Client \"{peer}\"\n", self.lines);
        self.ftp.write_all(line.as_bytes()).unwrap();
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

/// Network, end and judge of each ban that was told of, in their order.
fn told(all: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("for ever").to_owned();
    all.iter()
        .map(|ban| (text(&ban["network"]), text(&ban["until"]), text(&ban["judge"])))
        .collect()
}

fn live(door: &Door<'_>) -> Vec<Value> {
    door.events().into_iter().filter(|event| event["event"] == "banned").collect()
}

fn bans_of(door: &Door<'_>, network: &str) -> usize {
    live(door).iter().filter(|ban| ban["network"] == network).count()
}

/// Two bans of one source, the second longer, once the first is over. A machine that holds the clerk up for
/// longer than the first ban lasts keeps it from being made at all: then it is another source's turn.
/// Gives the sources whose bans came too late.
fn grow(door: &Door<'_>, logs: &mut Logs) -> BTreeSet<String> {
    let mut late = BTreeSet::new();
    for number in 1..=5 {
        let peer = format!("198.51.100.{number}");
        for time in 1..=2 {
            let lines = logs.lines + 2;
            logs.not_allowed(&peer);
            logs.not_allowed(&peer);
            wait_for(SOON, "the lines to be read", || read(door) >= u64::from(lines));
            // what was read has been told to the monitor before the lines were counted
            if bans_of(door, &peer) < time {
                wait_a_moment();
            }
            if bans_of(door, &peer) < time {
                late.insert(peer.clone());
                break;
            }
            if time == 2 {
                return late;
            }
            wait_for(SOON, "the first ban to be over", || {
                door.command(&["bans", &peer]).status.code() == Some(1)
            });
        }
    }
    panic!("every first ban of four seconds came too late: {late:?}");
}

/// So that a ban which is on its way is told of; that it may not be is provided for.
fn wait_a_moment() {
    std::thread::sleep(Duration::from_secs(5));
}

/// Lines that were read of all files.
fn read(door: &Door<'_>) -> u64 {
    let status = door.status();
    let watches = status["watches"].as_array().unwrap();
    let files = watches.iter().flat_map(|watch| watch["files"].as_array().unwrap());
    files.map(|file| file["lines"].as_u64().unwrap_or(0)).sum()
}

/// A day at that host, in some seconds. Gives the sources whose bans came too late.
fn live_through(door: &Door<'_>, logs: &mut Logs) -> BTreeSet<String> {
    // a window that is crossed: two, and two more when the first are out of it
    for _ in 0..2 {
        logs.failed("root", "198.18.1.7");
    }
    // three within it; somebody else in the same moments; and one who is never banned
    for n in 1..=3 {
        logs.failed("root", "198.18.2.7");
        logs.failed("deploy", &format!("2001:db8:7::{n}"));
        logs.failed("deploy", "198.18.99.7");
        logs.vsftpd("198.18.50.7");
    }
    // a success in between takes back what was charged for its account alone
    for (user, peer) in [("alice", "198.18.3.7"), ("bob", "198.18.4.7")] {
        for _ in 0..2 {
            logs.failed(user, peer);
        }
    }
    logs.sshd("Accepted publickey for alice from 198.18.3.7 port 5000 ssh2: ED25519 SHA256:x");
    logs.sshd("Accepted password for alice from 198.18.4.7 port 5001 ssh2");
    let late = grow(door, logs); // takes longer than the window
    for (user, peer) in [("alice", "198.18.3.7"), ("bob", "198.18.4.7")] {
        for _ in 0..2 {
            logs.failed(user, peer);
        }
    }
    for _ in 0..2 {
        logs.failed("root", "198.18.1.7");
    }
    // a crowd of a network, each with too little
    for n in 10..=15 {
        logs.failed("root", &format!("198.18.200.{n}"));
    }
    // a fifth for bob; and the bucket runs over once more
    logs.failed("bob", "198.18.4.7");
    logs.vsftpd("198.18.50.7");
    let lines = u64::from(logs.lines);
    wait_for(SOON, "all lines to be read", || read(door) == lines);
    late
}

/// Each rule has had its say.
fn every_rule_has_spoken(replayed: &Value, of_replay: &[Value]) {
    let judges: BTreeSet<_> = told(of_replay).into_iter().map(|(_, _, judge)| judge).collect();
    let all = ["accounts", "bucket", "growth", "window"].map(str::to_owned);
    assert_eq!(judges, all.into(), "{of_replay:#?}");
    let networks: Vec<_> = told(of_replay).into_iter().map(|(network, ..)| network).collect();
    let times = |network: &str| networks.iter().filter(|one| *one == network).count();
    assert_eq!((times("198.18.1.7"), times("198.18.2.7")), (0, 1));
    assert_eq!(times("198.18.3.7"), 0);
    assert!(times("198.18.4.7") >= 1);
    assert_eq!((times("2001:db8:7::/64"), times("198.18.99.7")), (1, 0));
    assert_eq!(times("198.18.50.7"), 2, "it lengthens");
    assert_eq!(times("198.18.200.0/24"), 1, "a crowd");
    let refused = replayed["refused"].as_array().unwrap();
    assert!(refused.iter().all(|one| one["network"] == "198.18.99.7"), "{refused:#?}");
    assert_eq!(replayed["known-good"][0]["peers"][0]["peer"], "198.18.4.7");
}

/// The same of copies elsewhere, and of those that were rotated away and compressed.
fn replayed_again(world: &World, replayed: &Value) {
    let copies = ["/var/log/auth.log", "/var/log/vsftpd.log"].map(|path| {
        let copy = format!("/etc/copies/{}", path.rsplit('/').next().unwrap());
        world.write(&copy, world.read(path));
        copy
    });
    let of_copies = json(&command(world, &["replay", "--json", &copies[0], &copies[1]]));
    assert_eq!(
        told(of_copies["bans"].as_array().unwrap()),
        told(replayed["bans"].as_array().unwrap())
    );
    let mut rotate = world.door("bash");
    rotate.args([
        "-c",
        "cd /var/log && head -n 5 auth.log >auth.log.2 && gzip auth.log.2 && \
         tail -n +6 auth.log >auth.log.new && mv auth.log.new auth.log && \
         mv vsftpd.log vsftpd.log.1 && gzip vsftpd.log.1",
    ]);
    let rotated = world.run(rotate, Duration::from_secs(60));
    assert!(rotated.status.success(), "{rotated:?}");
    let of_rotated = json(&command(world, &["replay", "--json"]));
    let files = of_rotated["files"].as_array().unwrap();
    assert_eq!(files.len(), 3, "{files:?}");
    assert_eq!(
        told(of_rotated["bans"].as_array().unwrap()),
        told(replayed["bans"].as_array().unwrap())
    );
}

#[test]
fn a_log_replayed_gives_the_bans_of_the_live_run() {
    let world = World::standard();
    let mut logs = Logs::new(&world);
    let door = Door::native(&world, RULES);
    let late = live_through(&door, &mut logs);

    let replayed = command(&world, &["replay", "--json"]);
    assert_eq!(replayed.status.code(), Some(1), "who has logged in is hit: {replayed:?}");
    let replayed = json(&replayed);
    let is_late = |ban: &Value| late.contains(ban["network"].as_str().unwrap_or_default());
    let of_replay = replayed["bans"].as_array().unwrap().clone();
    let of_replay: Vec<_> = of_replay.into_iter().filter(|ban| !is_late(ban)).collect();
    let sorted = |all: Vec<Value>| {
        let mut all = told(&all);
        all.sort();
        all
    };
    let live_ones = || live(&door).into_iter().filter(|ban| !is_late(ban)).collect::<Vec<_>>();
    wait_for(SOON, "the last ban to be told", || live_ones().len() >= of_replay.len());
    assert_eq!(sorted(live_ones()), sorted(of_replay.clone()));

    every_rule_has_spoken(&replayed, &of_replay);

    // and those in force began and end when the replay says
    let bans = json(&door.command(&["bans", "--json"]));
    for ban in bans["bans"].as_array().unwrap().iter().filter(|ban| !is_late(ban)) {
        let last = of_replay.iter().rfind(|one| one["network"] == ban["network"]).unwrap();
        assert_eq!((&ban["since"], &ban["until"]), (&last["since"], &last["until"]), "{ban}");
    }
    door.stop();
    replayed_again(&world, &replayed);
}

/// What the page of the example says comes of it.
#[test]
fn the_example_is_what_its_page_says() {
    let world = World::standard();
    for name in ["new.toml", "today.toml", "auth.log"] {
        world.write(format!("/etc/replay/{name}"), example(&format!("replay/{name}")));
    }
    let page = example("replay/README.md");
    let mut shown = page.split("```").skip(1).step_by(2);
    let (line, want) = shown.next().unwrap().split_once("$ ").unwrap().1.split_once('\n').unwrap();
    let mut run = world.door("bash");
    let program = world.bin("portreeve").display().to_string();
    let line = line.replacen("portreeve", &program, 1);
    run.args(["-c", &format!("cd /etc/replay && TZ=UTC {line}")]);
    let output = world.run(run, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), want, "{output:?}");
}
