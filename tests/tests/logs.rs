//! The event log under faults: a full disk, a clerk killed and stopped at random, a directory that
//! goes away, receivers that hang. Sessions go on, and each event is told once or counted.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

use portreeve_testkit::{World, children, proc_status, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::{Door, SOON, command};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const LOG: &str = "/var/log/portreeve";

/// Long enough for a clerk that was killed several times to be started again.
const LONG: Duration = Duration::from_secs(90);

const BRIEF: &str = "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
                     [service.cat]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\n\
                     [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n";

fn with_log(log: &str) -> String {
    format!("[portreeve]\nlog = {log}\n{BRIEF}")
}

fn inside(world: &World, path: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{path}", world.door_pid()))
}

/// Every line of the log's files, oldest first; lines that are no JSON object fail the test.
fn all_events(world: &World) -> Vec<Value> {
    let all = all_events_so_far(world);
    let text = fs::read_to_string(inside(world, &format!("{LOG}/events.jsonl")));
    assert!(text.is_ok_and(|text| text.ends_with('\n')), "the last line is finished");
    all
}

/// As [`all_events`], while the log is written: the last line may not be finished.
fn all_events_so_far(world: &World) -> Vec<Value> {
    let numbers = (1..=1000).rev().map(|number| format!("{LOG}/events.jsonl.{number}"));
    let mut all = Vec::new();
    for path in numbers.chain([format!("{LOG}/events.jsonl")]) {
        let Ok(text) = fs::read_to_string(inside(world, &path)) else { continue };
        for line in text.split_inclusive('\n') {
            let torn = |why| -> Value { panic!("a torn line: {why}: {line:?} in {path}") };
            if path.ends_with("jsonl") && !line.ends_with('\n') {
                break;
            }
            all.push(serde_json::from_str(line).unwrap_or_else(torn));
        }
    }
    all
}

/// How many events of each session there are, by kind and number.
fn sessions(events: &[Value]) -> BTreeMap<(String, u64), usize> {
    let mut seen = BTreeMap::new();
    for event in events {
        let kind = event["event"].as_str().unwrap_or_default();
        if ["session-started", "session-ended"].contains(&kind) {
            let number = event["session"].as_u64().unwrap();
            *seen.entry((kind.to_owned(), number)).or_default() += 1;
        }
    }
    seen
}

fn lost(events: &[Value]) -> u64 {
    events.iter().filter(|e| e["event"] == "events-lost").filter_map(|e| e["count"].as_u64()).sum()
}

/// One connection after another to the brief service, each served.
fn visit(world: &World, count: usize) {
    for _ in 0..count {
        let peer = world.connect("lan", "192.168.0.1:700").unwrap();
        assert_eq!(read_to_end_bounded(&peer, 16, SOON).text(), "in\n");
    }
}

fn clerk(door: &Door<'_>) -> Option<u32> {
    let named = |pid: &u32| {
        proc_status(*pid)
            .is_some_and(|s| s.get("Name") == "portreeve-clerk" && !s.get("State").starts_with('Z'))
    };
    children(door.monitor()).into_iter().find(named)
}

fn signal(world: &World, pid: u32, name: &str) {
    let Some(status) = proc_status(pid) else { return };
    let mut kill = world.door("kill");
    kill.args([name, &status.inner_pid().to_string()]);
    let _ = world.run(kill, SOON); // it may have gone meanwhile
}

fn alarms(door: &Door<'_>) -> String {
    door.status()["alarms"].to_string()
}

#[test]
fn a_full_log_disk_ends_no_session_and_nothing_is_torn_or_missing() {
    let world = World::standard();
    world.door_run(&["mkdir", "-p", LOG]);
    world.door_run(&["mount", "-t", "tmpfs", "-o", "size=128k,mode=0750", "log", LOG]);
    let log = "{ to = [\"file\", \"syslog\"], size = \"64K\", keep = 1000 }";
    let door = Door::native(&world, &with_log(log));
    let mut held = world.connect("lan", "192.168.0.1:701").unwrap();
    visit(&world, 600); // some 200 kB of events
    wait_for(SOON, "the alarm", || alarms(&door).contains("the event log cannot be written"));
    visit(&world, 100);
    held.write_all(b"still here\n").unwrap();
    assert_eq!(read_until(&held, b"here\n", SOON).text(), "still here\n");
    let others = || world.syslog().iter().filter(|m| m.contains("brief: session")).count();
    wait_for(SOON, "the other target, which goes on", || others() == 2 * 700);
    let blocked = all_events_until_torn(&world);
    world.door_run(&["mount", "-o", "remount,size=16m", LOG]);
    wait_for(SOON, "the alarm to be over", || !alarms(&door).contains("cannot be written"));
    drop(held);
    door.wait_sessions("cat", 0);
    door.wait_sessions("brief", 0);
    door.stop();
    let events = all_events(&world);
    assert!(blocked < events.len(), "the disk was full");
    let seen = sessions(&events);
    assert_eq!((seen.len(), seen.values().max()), (2 * 701, Some(&1)), "each once");
    let alarm = |e: &Value| e["text"].to_string().contains("No space left on device");
    assert!(events.iter().any(alarm), "the log tells of it");
    assert_eq!(lost(&events), 0);
}

/// How many whole lines there are while the disk is full.
fn all_events_until_torn(world: &World) -> usize {
    let count = |number: u32| {
        let name = if number == 0 { String::new() } else { format!(".{number}") };
        let text = fs::read_to_string(inside(world, &format!("{LOG}/events.jsonl{name}")));
        text.map_or(0, |text| text.matches('\n').count())
    };
    (0..100).map(count).sum()
}

#[test]
fn a_clerk_killed_and_stopped_at_random_loses_no_event_and_no_ban() {
    let world = World::standard();
    let door = Door::native(&world, &with_log("{ size = \"64K\", keep = 1000 }"));
    drop(world.connect("far", "192.168.0.1:23").unwrap());
    door.expect("banned", |_| true);
    let (done, visits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                visit(&world, 1);
                visits.fetch_add(1, Ordering::Relaxed);
            }
        });
        // xorshift from a fixed seed: the same faults in each run, up to the machine's own pace
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for _ in 0..5 {
            let pid = wait_pid(&door);
            std::thread::sleep(Duration::from_millis(random(700)));
            if random(2) == 0 {
                signal(&world, pid, "-STOP");
                std::thread::sleep(Duration::from_millis(random(700)));
            }
            signal(&world, pid, "-KILL");
            let gone = || clerk(&door).is_none_or(|other| other != pid);
            wait_for(SOON, "the clerk to be gone", gone);
        }
        let pid = wait_pid(&door);
        signal(&world, pid, "-STOP");
        std::thread::sleep(Duration::from_millis(500));
        signal(&world, pid, "-CONT");
        done.store(true, Ordering::Relaxed);
    });
    wait_for(LONG, "the clerk to be at work", || door.status()["helpers"][0]["trouble"].is_null());
    assert_eq!(door.status()["bans"], 1);
    door.wait_sessions("brief", 0);
    door.stop();
    let events = all_events(&world);
    let (seen, visits) = (sessions(&events), visits.load(Ordering::Relaxed));
    assert!(visits > 10, "there was traffic: {visits}");
    assert_eq!(seen.values().max(), Some(&1), "no event twice");
    let missing = 2 * visits - seen.len() as u64;
    assert!(missing <= lost(&events), "{missing} of {visits} visits are missing and not counted");
    let again = Door::start(&world, &[]);
    assert_eq!(again.status()["bans"], 1, "the ban is kept");
    let told = world.connect("far", "192.168.0.1:700");
    assert!(told.is_ok_and(|peer| read_to_end_bounded(&peer, 16, SOON).text().is_empty()));
}

/// The clerk, once it is at work.
fn wait_pid(door: &Door<'_>) -> u32 {
    let mut pid = None;
    wait_for(LONG, "a clerk at work", || {
        pid = clerk(door).filter(|_| door.status()["helpers"][0]["trouble"].is_null());
        pid.is_some()
    });
    pid.unwrap()
}

#[test]
fn a_log_directory_that_is_replaced_or_removed_is_made_and_used_anew() {
    let world = World::standard();
    let door = Door::native(&world, &with_log("{ size = \"1M\" }"));
    for (number, remove) in [(1, vec!["mv", LOG, "/var/log/old"]), (2, vec!["rm", "-r", LOG])] {
        let first = wait_pid(&door);
        world.door_run(&remove);
        wait_for(LONG, "another clerk", || wait_pid(&door) != first);
        visit(&world, 10);
        wait_for(SOON, "events in the new directory", || {
            let started = |event: &Value| event["event"] == "session-started";
            world.exists(LOG)
                && all_events_so_far(&world).iter().filter(|e| started(e)).count() == 10
        });
        let died = |e: &Value| e["reason"].to_string().contains("75");
        door.expect("helper-died", died);
        assert_eq!(door.status()["helpers"][0]["restarts"], number);
    }
    let mode = fs::metadata(inside(&world, LOG)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o750);
}

#[test]
fn rotation_under_load_keeps_its_bound_and_a_follower_misses_no_line() {
    let world = World::standard();
    let door = Door::native(&world, &with_log("{ size = \"64K\", keep = 2 }"));
    let mut follow = world.door(world.bin("portreeve"));
    follow.args(["events", "--json", "--follow", "--last", "0"]);
    let follower = world.start("follower", follow);
    // it follows once it shows something
    wait_for(SOON, "the follower", || {
        visit(&world, 1);
        follower.stdout().contains("session-ended")
    });
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let folder = fs::read_dir(inside(&world, LOG)).unwrap();
                // a file that is removed meanwhile is no longer there
                let sizes = folder.flatten().filter_map(|file| file.metadata().ok());
                let sizes: Vec<u64> = sizes.map(|file| file.len()).collect();
                assert!(sizes.iter().all(|size| *size <= 64 << 10), "{sizes:?}");
                most.fetch_max(sizes.iter().sum(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        // Some 350 kB of events: more than there is room for. What is gone before the follower could
        // read it, on a host that lets it wait, would be its loss: it never lags a whole file behind.
        let ended = || follower.stdout().matches("\"session-ended\"").count();
        let before = ended();
        for round in 1..=20 {
            visit(&world, 50);
            wait_for(SOON, "the follower to keep up", || ended() >= before + 50 * round);
        }
        done.store(true, Ordering::Relaxed);
    });
    door.wait_sessions("brief", 0);
    let most = most.load(Ordering::Relaxed);
    assert!(((2 * 64) << 10..=(3 * 64) << 10).contains(&most), "{most}");
    wait_for(SOON, "the follower to have all", || {
        follower.stdout().matches("\"session-ended\"").count() >= 1000
    });
    let shown: Vec<Value> =
        follower.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!shown.iter().any(|event| event["event"] == "events-skipped"));
    let numbers = |kind: &str| -> Vec<u64> {
        let of = shown.iter().filter(|event| event["event"] == kind);
        of.map(|event| event["session"].as_u64().unwrap()).collect()
    };
    let started = numbers("session-started");
    let first = *started.first().unwrap();
    assert_eq!(started, (first..first + started.len() as u64).collect::<Vec<_>>());
    assert!(started.len() >= 1000);
}

/// How long no message comes once there are no more.
const SILENCE: Duration = Duration::from_secs(5);

/// A receiver of datagrams in the door's file system.
fn bind(world: &World, path: &str) -> UnixDatagram {
    let path = inside(world, path);
    let _ = fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket
}

/// Messages until `enough` says so of all so far, and then until none comes for a while.
fn messages(socket: &UnixDatagram, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    let mut silences = 0;
    loop {
        let Ok(length) = socket.recv(&mut buffer) else {
            silences += 1;
            if enough(&all) || silences * SILENCE.as_secs() > LONG.as_secs() {
                return all;
            }
            continue;
        };
        all.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
}

#[test]
fn syslog_and_journal_get_every_event_and_hung_ones_hold_up_nobody() {
    const JOURNAL: &str = "/run/systemd/journal/socket";
    let world = World::standard();
    world.door_run(&["mkdir", "-p", "/run/systemd/journal"]);
    let journal = bind(&world, JOURNAL);
    let all = "{ to = [\"file\", \"syslog\", \"journal\"], facility = \"local3\" }";
    let ended = |entry: &String| entry.contains("PORTREEVE_EVENT=session-ended");
    let door = std::thread::scope(|scope| {
        let reader = scope.spawn(|| messages(&journal, |all| all.iter().any(ended)));
        let door = Door::native(&world, &with_log(all));
        visit(&world, 1);
        let entries = reader.join().unwrap();
        for field in ["SYSLOG_FACILITY=19", "SYSLOG_IDENTIFIER=portreeved", "PRIORITY=6"] {
            assert!(entries.last().unwrap().contains(field), "{entries:?}");
        }
        for kind in ["door-opened", "listener-up", "session-started"] {
            let named = format!("PORTREEVE_EVENT={kind}\n");
            assert!(entries.iter().any(|entry| entry.contains(&named)), "{kind}: {entries:?}");
        }
        door
    });
    let tag = format!(" portreeved[{}]: ", proc_status(door.monitor()).unwrap().inner_pid());
    wait_for(SOON, "the system log", || {
        let said = world.syslog();
        let ended = |m: &String| m.starts_with("<158>") && m.contains("ended after");
        said.iter().any(ended) && said.iter().all(|m| !m.contains("brief") || m.contains(&tag))
    });
    // Nobody reads the journal any more, and the system log's receiver is another one that does not
    // either: sessions are served, files are written, the owner is told.
    let silent = bind(&world, "/dev/log");
    let held = world.connect("lan", "192.168.0.1:701").unwrap();
    visit(&world, 200);
    wait_for(SOON, "both alarms", || {
        let alarms = alarms(&door);
        alarms.contains("the system log (/dev/log) does not take events")
            && alarms.contains("the journal (/run/systemd/journal/socket) does not take events")
    });
    visit(&world, 20);
    let written = || sessions(&all_events_so_far(&world)).len() >= 2 * 220;
    wait_for(SOON, "the files, which go on", written);
    drop(held);
    // Both are started again and found again: what waited comes, and nothing of it twice.
    drop(silent);
    let (syslog, journal) = (bind(&world, "/dev/log"), bind(&world, JOURNAL));
    let (said, entries) = std::thread::scope(|scope| {
        let said = scope.spawn(|| messages(&syslog, |all| all.len() > 400));
        let entries = scope.spawn(|| messages(&journal, |all| all.len() > 400));
        (said.join().unwrap(), entries.join().unwrap())
    });
    wait_for(SOON, "both alarms to be over", || !alarms(&door).contains("does not take events"));
    let events = all_events(&world);
    let seen = sessions(&events);
    assert_eq!(seen.values().max(), Some(&1));
    // The old receivers kept what the kernel held for them.
    assert!(said.len() > 400, "{}", said.len());
    assert!(entries.len() > 400, "{}", entries.len());
    assert_eq!(lost(&events), 0);
}

#[test]
fn a_reload_changes_the_targets_between_two_events() {
    let world = World::standard();
    let door = Door::native(&world, &with_log("{ keep = 3 }"));
    let rounds = ["{ to = [\"syslog\"] }", "{ keep = 4 }", "{ to = [\"stderr\"] }", "{ keep = 3 }"];
    let (done, visits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                visit(&world, 1);
                visits.fetch_add(1, Ordering::Relaxed);
            }
        });
        for log in rounds {
            world.write("/etc/portreeve/portreeve.toml", with_log(log));
            let reload = door.command(&["reload"]);
            assert_eq!(reload.status.code(), Some(0), "{reload:?}");
            let before = visits.load(Ordering::Relaxed);
            wait_for(SOON, "traffic", || visits.load(Ordering::Relaxed) > before + 20);
            if !log.contains("keep") {
                let told = door.command(&["events", "--last", "5"]);
                let told = String::from_utf8_lossy(&told.stdout).into_owned();
                assert!(told.contains("the event log is not kept in files"), "{told}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let mut door = door;
    door.wait_sessions("brief", 0);
    door.running().signal(portreeve_testkit::Signal::TERM);
    assert!(door.running().wait(SOON).success());
    let visits = usize::try_from(visits.load(Ordering::Relaxed)).unwrap();
    let files = sessions(&all_events(&world)).len();
    let told = |lines: &str| {
        let of = |word: &str| {
            lines.lines().filter(|l| l.contains("brief: session") && l.contains(word)).count()
        };
        of(" from ") + of(" ended after ")
    };
    let (syslog, stderr) = (told(&world.syslog().join("\n")), told(&door.running().stderr()));
    assert!(syslog > 0 && stderr > 0 && files > 0);
    assert_eq!(files + syslog + stderr, 2 * visits, "{files} {syslog} {stderr}");
}

#[test]
fn a_door_without_log_files_tells_its_standard_error() {
    let world = World::standard();
    world.write(
        "/etc/portreeve/portreeve.toml",
        with_log("{ to = [\"stderr\"], stderr-format = \"json\" }"),
    );
    let running = world.start("portreeved", world.door(world.bin("portreeved")));
    wait_for(SOON, "the door", || running.stderr().contains("\"event\":\"listener-up\""));
    visit(&world, 1);
    wait_for(SOON, "the session", || running.stderr().contains("\"event\":\"session-ended\""));
    // before the first event the door says what it has found in its configuration
    for line in running.stderr().lines().skip_while(|line| !line.starts_with('{')) {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["at"].is_string(), "{line}");
    }
    assert!(!world.exists(format!("{LOG}/events.jsonl")));
    let told = command(&world, &["events"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("no past events") && told.lines().count() <= 3, "{told}");
}

#[test]
fn under_systemd_each_line_of_standard_error_has_its_priority() {
    let world = World::standard();
    world.write("/etc/portreeve/portreeve.toml", with_log("{ to = [\"stderr\"] }"));
    let mut command = world.door("sh");
    let script = "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$0\"";
    command.args(["-c", script]).arg(world.bin("portreeved"));
    let running = world.start("portreeved", command);
    let said = |line: &str| running.stderr().lines().any(|l| l == line);
    wait_for(SOON, "the listener", || said("<6>brief: listening on 192.168.0.1:700"));
    drop(world.connect("far", "192.168.0.1:23").unwrap());
    let trap = |l: &str| l.starts_with("<4>telnet: trap touched by 203.0.113.7:");
    wait_for(SOON, "the trap", || running.stderr().lines().any(trap));
}

/// What journalctl shows of the door's entries of a kind.
fn journal(world: &World, kind: &str) -> Vec<Value> {
    let shown = world.door_run(&[
        "journalctl",
        "--directory=/run/log/journal",
        "--output=json",
        "--all",
        "SYSLOG_IDENTIFIER=portreeved",
        &format!("PORTREEVE_EVENT={kind}"),
    ]);
    shown.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn systemds_own_journal_keeps_every_field_of_events_short_and_long() {
    const JOURNALD: &str = "/lib/systemd/systemd-journald";
    if !std::path::Path::new(JOURNALD).exists() {
        portreeve_tests::figures("no systemd-journald on this host: nothing is shown here");
        return;
    }
    let world = World::standard();
    world.door_run(&["mkdir", "-p", "/run/systemd/journal", "/run/log/journal"]);
    let _journald = world.start("journald", world.door(JOURNALD));
    wait_for(SOON, "the journal", || world.exists("/run/systemd/journal/socket"));
    let door = Door::native(&world, &with_log("{ to = [\"file\", \"journal\"] }"));
    visit(&world, 1);
    wait_for(SOON, "the session", || !journal(&world, "session-ended").is_empty());
    let entry = &journal(&world, "session-started")[0];
    let event = door.expect("session-started", |_| true);
    for (field, value) in [
        ("PRIORITY", Value::from("6")),
        ("SYSLOG_FACILITY", Value::from("3")),
        ("PORTREEVE_SERVICE", event["service"].clone()),
        ("PORTREEVE_PEER", event["peer"].clone()),
        ("PORTREEVE_SESSION", Value::from(event["session"].to_string())),
        ("PORTREEVE_LOCAL_PORT", Value::from("700")),
    ] {
        assert_eq!(entry[field], value, "{field} of {entry:#}");
    }
    let text = entry["MESSAGE"].to_string();
    assert!(text.contains("brief: session") && text.contains("from 192.168.0.50:"), "{text}");
    // thousands of findings: more than a datagram takes
    let bad: String = (0..3000).map(|n| format!("unknown-key-{n} = 1\n")).collect();
    world.write("/etc/portreeve/portreeve.toml", format!("{bad}{BRIEF}"));
    assert_ne!(door.command(&["reload"]).status.code(), Some(0));
    wait_for(SOON, "the findings", || !journal(&world, "reload-refused").is_empty());
    let event = door.expect("reload-refused", |_| true);
    let kept = &journal(&world, "reload-refused")[0]["PORTREEVE_FINDINGS"];
    assert_eq!(*kept, event["findings"]);
    portreeve_tests::figures(&format!("findings of {} bytes", kept.to_string().len()));
}
