//! What is watched is read once, whatever becomes of its files and of the clerk meanwhile.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test, which writes logs and waits"
)]

#[path = "watches/ledger.rs"]
mod ledger;
#[path = "watches/log.rs"]
mod log;

use ledger::{rows, told};
use log::{Log, line};
use portreeve_testkit::{World, children, poll_for, proc_status, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

const WATCH: &str = "[service.echo]\nlisten = [\"127.0.0.1:7\"]\ninternal = \"echo\"\n\
                     [watch.auth]\nfiles = [\"/var/log/app/auth.log\", \"/var/log/app/*/auth.log\"]\n\
                     detectors = [\"sshd\"]\nservice = \"ssh\"\n";

fn clerk(door: &Door<'_>) -> u32 {
    let named = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "portreeve-clerk");
    poll_for(SOON, "the clerk", || children(door.monitor()).into_iter().find(named))
}

/// Ends the clerk at once, as the kernel does when memory is short.
fn kill_clerk(world: &World, door: &Door<'_>) {
    let pid = clerk(door);
    let inner = proc_status(pid).unwrap().inner_pid().to_string();
    world.door_run(&["kill", "-KILL", &inner]);
    wait_for(SOON, "the clerk to be gone", || proc_status(pid).is_none());
}

/// The files of the first watch.
fn files(door: &Door<'_>) -> Vec<Value> {
    door.status()["watches"][0]["files"].as_array().cloned().unwrap_or_default()
}

/// The file that lies at a path.
fn there(door: &Door<'_>, path: &str) -> Option<Value> {
    let mut all = files(door).into_iter();
    all.find(|file| file["path"] == path && file["state"] == "there")
}

fn wait_read(door: &Door<'_>, path: &str) {
    wait_for(SOON, format!("{path} to be read"), || {
        there(door, path).is_some_and(|file| file["behind"] == 0 && !file["offset"].is_null())
    });
}

/// The rows, once there are so many; fewer where they do not come.
fn wait_rows(world: &World, count: usize) -> BTreeMap<u32, u32> {
    let until = Instant::now() + SOON;
    loop {
        let rows = rows(world);
        if rows.len() >= count || Instant::now() > until {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Each number once, in the ledger and in the event log.
fn assert_each_once(world: &World, count: u32) {
    let rows = wait_rows(world, count as usize);
    let once: BTreeMap<u32, u32> = (1..=count).map(|number| (number, 1)).collect();
    let odd = |found: &BTreeMap<u32, u32>| -> Vec<(u32, Option<u32>)> {
        let all = once.keys().chain(found.keys().filter(|number| !once.contains_key(number)));
        let each = all.map(|number| (*number, found.get(number).copied()));
        each.filter(|(_, count)| *count != Some(1)).collect()
    };
    assert_eq!(odd(&rows), [], "rows of the ledger that are not there once");
    wait_for(SOON, "the events", || told(world).len() >= count as usize);
    assert_eq!(odd(&told(world)), [], "events that are not there once");
}

/// One way in which a log goes on, with the clerk killed in the middle of some.
fn rotate(log: &mut Log, round: u32, kill_clerk: impl Fn()) {
    match round {
        0 => {
            log.rename_and_create();
            log.burst(60);
        }
        1 => {
            // twice before anybody looks
            log.rename_and_create();
            log.burst(40);
            log.rename_and_create();
            log.burst(40);
            log.rename_and_create();
            log.burst(40);
        }
        2 => {
            log.copy_and_truncate();
            log.burst(60);
        }
        3 => {
            kill_clerk();
            log.burst(100);
        }
        4 => {
            kill_clerk();
            log.burst(40);
            log.rename_and_create();
            log.burst(40);
            log.compress("1"); // gone before the next clerk came
        }
        5 => {
            kill_clerk();
            log.burst(40);
            log.copy_and_truncate();
            log.burst(40);
        }
        6 => {
            // the writer goes on in the renamed file, as it does until it is told
            log.rename();
            log.burst(60);
            log.reopen();
            log.burst(60);
        }
        _ => {
            log.remove();
            log.burst(30); // into a file without a name
            kill_clerk();
            log.burst(30);
            log.reopen();
            log.burst(30);
        }
    }
}

#[test]
fn every_line_is_booked_once_however_logs_are_rotated_and_whenever_the_clerk_dies() {
    let world = World::new();
    let mut log = Log::new(&world, "/var/log/app/auth.log");
    log.append(&line(9_000_001)); // from before the watch: nobody's
    let door = Door::native(&world, WATCH);
    wait_read(&door, "/var/log/app/auth.log");
    for round in 0..8 {
        log.burst(60);
        rotate(&mut log, round, || kill_clerk(&world, &door));
        // what was copied, or removed, before anybody had opened it is nobody's to read
        let last = log.written();
        let entered = || told(&world).contains_key(&last);
        wait_for(SOON, format!("the log to be entered, round {round}"), entered);
    }
    log.half(); // a line that its writer has not finished
    assert_each_once(&world, log.written());
    log.other_half();
    assert_each_once(&world, log.written());
    let status = door.status();
    assert_eq!(status["alarms"].as_array().map(Vec::len), Some(0), "{}", status["alarms"]);
    door.stop();
    // the next door goes on where this one was
    log.burst(50);
    log.rename_and_create();
    log.burst(50);
    let door = Door::start(&world, &[]);
    assert_each_once(&world, log.written());
    door.stop();
}

#[test]
fn files_that_come_later_are_read_from_their_beginning_and_odd_ones_are_refused_by_name() {
    let world = World::new();
    let folder = Log::folder(&world, "/var/log/app");
    let open = Log::folder(&world, "/var/log/app/open");
    let secret = folder.join("secret");
    for (file, mode) in [(&secret, 0o600), (&open.join("auth.log"), 0o600)] {
        fs::write(file, line(9_000_001)).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    for (name, target) in [("link", "/var/log/app/secret"), ("up", "/etc/shadow")] {
        let folder = Log::folder(&world, &format!("/var/log/app/{name}"));
        symlink(target, folder.join("auth.log")).unwrap();
    }
    fs::create_dir(Log::folder(&world, "/var/log/app/folder").join("auth.log")).unwrap();
    let configuration = format!(
        "{WATCH}[watch.root]\nfiles = [\"/var/log/app/secret\"]\n\
                                 detectors = [\"sshd\"]\n"
    );
    let door = Door::native(&world, &configuration);
    let state = |name: &str| {
        let path = format!("/var/log/app/{name}");
        let file = files(&door).into_iter().find(|file| file["path"] == path);
        file.map(|file| (file["state"].to_string(), file["reason"].to_string()))
    };
    for (name, reason) in [
        ("open/auth.log", "may write"),
        ("link/auth.log", "symbolic link"),
        ("folder/auth.log", "no regular file"),
    ] {
        let refused = || state(name).is_some_and(|(state, _)| state == "\"refused\"");
        wait_for(SOON, format!("{name} to be refused"), refused);
        let (_, why) = state(name).unwrap();
        assert!(why.contains(reason), "{name}: {why}");
        let alarms = door.status()["alarms"].to_string();
        assert!(alarms.contains(&format!("/var/log/app/{name}")), "{alarms}");
    }
    // what root alone may read, where root alone could have put it
    wait_for(SOON, "the secret log", || {
        let file = &door.status()["watches"][1]["files"][0];
        file["state"] == "there" && file["behind"] == 0
    });
    assert_eq!(state("auth.log").unwrap().0, "\"absent\"");
    door.expect("watch-lost", |event| event["path"] == "/var/log/app/auth.log");
    let mut late = Log::new(&world, "/var/log/app/auth.log");
    late.burst(20);
    door.expect("watch-found", |event| event["path"] == "/var/log/app/auth.log");
    let folder = Log::folder(&world, "/var/log/app/new");
    let next = late.written() + 1;
    fs::write(folder.join("auth.log"), line(next)).unwrap();
    assert_each_once(&world, next);
    // one that is mended is read
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_dir_all(Log::folder(&world, "/var/log/app/link")).unwrap();
    wait_for(SOON, "the mended one", || there(&door, "/var/log/app/open/auth.log").is_some());
    door.stop();
}

#[test]
fn floods_and_lines_of_any_length_and_bytes_cost_bounded_memory_and_starve_nobody() {
    let world = World::new();
    let mut log = Log::new(&world, "/var/log/app/auth.log");
    let mut other = Log::new(&world, "/var/log/app/other/auth.log");
    let door = Door::native(&world, WATCH);
    wait_read(&door, "/var/log/app/auth.log");
    wait_read(&door, "/var/log/app/other/auth.log");
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{}/status", clerk(&door))).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().to_owned();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = memory();
    log.append(&"x".repeat(24 << 20)); // one line
    log.append("\n");
    log.append(&"\0".repeat(4 << 20));
    log.append(&line(1));
    let noise: Vec<u8> =
        (0..4_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    log.append_bytes(&noise);
    log.append("\n");
    for _ in 0..20 {
        log.append(&"Nov 22 10:00:00 door sshd[1]: a line of no account\n".repeat(2000));
    }
    other.append(&line(2));
    log.append(&line(3));
    log.holes(1 << 30); // nothing was ever written there
    log.append(&line(4));
    assert_each_once(&world, 4);
    // what is told of a file may be a moment old
    wait_for(SOON, "the long lines to be told of", || {
        let file = there(&door, "/var/log/app/auth.log");
        file.is_some_and(|file| file["long-lines"].as_u64() >= Some(1) && file["behind"] == 0)
    });
    let used = memory() - before;
    assert!(used < 32 << 10, "{used} KiB more than before");
    door.stop();
}

/// Mounts a file system below a folder whose program never answers.
const DEAD: &str = "mkdir -p /var/log/dead && mknod -m 666 /dev/fuse c 10 229 && exec 9<>/dev/fuse && \
    mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0,allow_other none /var/log/dead && \
    echo mounted && exec sleep 300";

#[test]
fn a_file_system_that_does_not_answer_holds_up_nothing_but_itself() {
    if !fs::read_to_string("/proc/filesystems").unwrap().contains("\tfuse\n") {
        return; // this kernel knows no such file system
    }
    let world = World::new();
    let mut log = Log::new(&world, "/var/log/app/auth.log");
    let mut bash = world.door("bash");
    bash.args(["-c", DEAD]);
    let dead = world.start("door", bash);
    wait_for(SOON, "the mount", || dead.stdout().contains("mounted"));
    let door = Door::native(
        &world,
        "[service.echo]\nlisten = [\"127.0.0.1:7\"]\ninternal = \"echo\"\n[watch.auth]\n\
         files = [\"/var/log/dead/*.log\", \"/var/log/app/*.log\"]\ndetectors = [\"sshd\"]\n",
    );
    // the first look waits for it; then it is told of, and all others are found
    wait_read(&door, "/var/log/app/auth.log");
    let silent = |file: &Value| {
        file["path"] == "/var/log/dead/*.log"
            && file["state"] == "refused"
            && file["reason"].as_str().is_some_and(|why| why.contains("does not answer"))
    };
    wait_for(SOON, "the silent one to be told of", || files(&door).iter().any(silent));
    assert!(door.status()["alarms"].to_string().contains("/var/log/dead/*.log"));
    // and a rotation is noticed although it is silent still
    log.burst(20);
    log.rename_and_create();
    log.burst(20);
    assert_each_once(&world, log.written());
    assert!(files(&door).iter().any(silent));
    door.stop();
}

/// Stands in for journalctl(1): entries behind the cursor, and then those that are added.
const JOURNAL: &str = r#"#!/bin/bash
after=0
for word in "$@"; do
  case $word in --after-cursor=i=*) after=${word#--after-cursor=i=};; esac
done
echo "$@" >>/var/log/app/asked
sent=$after
while :; do
  while IFS= read -r entry; do
    echo "$entry" || exit 1
    sent=$((sent + 1))
  done < <(tail -n +$((sent + 1)) /var/log/app/journal 2>/dev/null)
  sleep 0.1
done
"#;

fn entry(number: u32, uid: &str, exe: &str) -> String {
    let text = line(number);
    let message = text.trim_end().split_once("]: ").unwrap().1;
    let pid = 100_000 + number;
    format!(
        "{{\"__CURSOR\":\"i={number}\",\"__REALTIME_TIMESTAMP\":\"1795000000000000\",\"_UID\":\"{uid}\",\
         \"_EXE\":\"{exe}\",\"_PID\":\"{pid}\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"MESSAGE\":\"{message}\"}}\n"
    )
}

#[test]
fn the_journal_is_read_once_over_the_death_of_clerk_and_reader_and_forgers_are_not_heard() {
    let world = World::new();
    world.overlay("/usr/bin");
    world.write_program("/usr/bin/journalctl", JOURNAL);
    let folder = Log::folder(&world, "/var/log/app");
    let mut journal = Log::new(&world, "/var/log/app/journal");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let door = Door::native(
        &world,
        "[service.echo]\nlisten = [\"127.0.0.1:7\"]\ninternal = \"echo\"\n\
         [watch.auth]\njournal = { uid = [\"0\"], exe = [\"/usr/sbin/sshd\"] }\ndetectors = [\"sshd\"]\n",
    );
    let real = |number| entry(number, "0", "/usr/sbin/sshd");
    journal.append(&real(1));
    wait_rows(&world, 1);
    let forged = entry(2, "1000", "/usr/sbin/sshd") + &entry(3, "0", "/usr/bin/logger");
    journal.append(&(forged + &real(4)));
    wait_rows(&world, 2);
    kill_clerk(&world, &door);
    journal.append(&(real(5) + &real(6)));
    let rows = wait_rows(&world, 4);
    assert_eq!(rows, BTreeMap::from([(1, 1), (4, 1), (5, 1), (6, 1)]));
    wait_for(SOON, "the same events", || told(&world) == rows);
    // the reader itself dies
    world.door_run(&["bash", "-c", "kill -9 $(pgrep -f '/usr/bin/[j]ournalctl .*_UID=0')"]);
    journal.append(&real(7));
    assert_eq!(wait_rows(&world, 5).get(&7), Some(&1));
    let asked = world.read("/var/log/app/asked");
    assert!(asked.lines().all(|line| line.contains("_UID=0 _EXE=/usr/sbin/sshd")), "{asked}");
    wait_for(SOON, "the journal to be read", || {
        door.status()["watches"][0]["journal"]["state"] == "read"
    });
    door.stop();
    let left =
        || world.door_run(&["bash", "-c", "pgrep -f '/usr/bin/[j]ournalctl .*_UID=0' || true"]);
    wait_for(Duration::from_secs(60), "the reader to be gone", || left().trim().is_empty());
}
