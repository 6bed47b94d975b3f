//! A clock on the wall that jumps: what is done at a time is done by another clock, and what is shown or
//! named by it stays whole.

use crate::kit::{OURS, SLEEP, Stage, kill, program};
use portreeve_testkit::{poll_for, wait_for};
use portreeve_tests::SOON;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

/// Writes line after line, in bursts.
const TALK: &str = "echo $$ >> starts\n\
    for ((n = 1; ; n++)); do echo \"line $n\"; ((n % 50)) || sleep 0.05; done";

/// A clock for those who are started with it.
struct Clock {
    library: PathBuf,
    offset: PathBuf,
}

impl Clock {
    fn new(dir: &Path) -> Self {
        let (library, offset) = (dir.join("clock.so"), dir.join("offset"));
        fs::write(&offset, 0_i64.to_ne_bytes()).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keeper/clock.c");
        let mut command = Command::new("cc");
        command.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { library, offset }
    }

    fn give(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("CLOCK_OFFSET", &self.offset);
    }

    /// So many seconds off from now on. The very file: others see it through their memory.
    fn set(&self, seconds: i64) {
        let mut file = File::options().write(true).open(&self.offset).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    }
}

/// The process and the seconds that svstat shows.
fn shown(stage: &Stage, clock: &Clock, name: &str) -> (u32, i64) {
    let mut command = Command::new(stage.house(OURS).join("svstat"));
    clock.give(&mut command);
    let output = command.arg(name).current_dir(stage.path().join("service")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_, "up", "(pid", pid, seconds, "seconds"] = words.as_slice() else { panic!("{text}") };
    (pid.trim_end_matches(')').parse().unwrap(), seconds.parse().unwrap())
}

/// All lines of a log's files, with how often each is there; a file may be renamed meanwhile.
fn lines(log: &Path) -> BTreeMap<u64, usize> {
    let mut all = BTreeMap::new();
    let Ok(entries) = fs::read_dir(log) else { return all }; // the logger has not begun yet
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "current" && !name.starts_with('@') {
            continue;
        }
        let text = fs::read_to_string(log.join(&name)).unwrap_or_default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (stamp, line) =
                line.split_once(" line ").unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(stamp.len() == 25 && stamp.starts_with('@'), "{name}: {stamp}");
            *all.entry(line.parse().unwrap()).or_default() += 1;
        }
    }
    all
}

#[test]
fn a_clock_that_jumps_starts_nothing_twice_and_loses_no_line() {
    let mut stage = Stage::new();
    let clock = Clock::new(stage.path());
    stage.service("plain", SLEEP);
    let talk = stage.logged("talk", TALK);
    let multilog = stage.house(OURS).join("multilog");
    // few lines to a file, and no file is removed
    let log = format!("exec {} t s4096 n100000 ./main", multilog.display());
    program(&talk.join("log/run"), &log);
    let main = talk.join("log/main");
    let mut command = Command::new(stage.house(OURS).join("svscan"));
    clock.give(&mut command);
    let _scan = stage.scan_by(command, &["service"]);
    let mut plain = stage.wait_up("plain", 1);
    let talking = stage.wait_up("talk", 1);
    let mut began = 0;
    let mut starts = 1;
    for offset in [HOUR, -HOUR, 10 * YEAR, -2 * YEAR, 0] {
        clock.set(offset);
        let last = || lines(&main).keys().next_back().copied();
        let before = poll_for(SOON, "a line", last);
        // three files' worth
        wait_for(SOON, "more lines", || last().is_some_and(|line| line > before + 300));
        let (pid, seconds) = shown(&stage, &clock, "plain");
        assert_eq!(pid, plain, "at {offset}");
        // by the clock on the wall, as the status file has it; never before the start
        let least = (offset - began).max(0);
        assert!(
            (least..least + 600).contains(&seconds),
            "{seconds} seconds at {offset}, begun at {began}"
        );
        assert_eq!(stage.starts("plain").len(), starts, "at {offset}");
        // one that ends now is started now, and once
        kill("-9", plain);
        (starts, began) = (starts + 1, offset);
        plain = stage.wait_up("plain", starts);
        let (_, seconds) = shown(&stage, &clock, "plain");
        assert!((0..600).contains(&seconds), "{seconds} seconds after a start at {offset}");
    }
    assert_eq!(stage.starts("talk"), [talking]);
    stage.tell(OURS, "-d", "talk");
    wait_for(SOON, "the service to end", || stage.pid("talk").is_none());
    let last = poll_for(SOON, "the last line", || {
        let now = lines(&main).keys().next_back().copied();
        std::thread::sleep(std::time::Duration::from_millis(500));
        (now == lines(&main).keys().next_back().copied()).then_some(now)?
    });
    let all = lines(&main);
    let wrong: Vec<u64> = (1..=last).filter(|line| all.get(line) != Some(&1)).collect();
    assert!(wrong.is_empty(), "of {last} lines missing or there twice: {wrong:?}");
    let files = fs::read_dir(&main).unwrap().count();
    assert!(files > 10, "{files} files of {last} lines: it was to take turns");
}
