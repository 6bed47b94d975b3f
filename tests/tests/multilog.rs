//! multilog: the ancestor's and ours, by one script.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, wait_for};
use portreeve_tests::{Random, SOON, houses};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

fn command(house: &Path, script: &[&str], here: &Path) -> Command {
    let mut command = Command::new(house);
    command.args(script).current_dir(here);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A run to the end of its input: exit code and what it said.
fn run(house: &Path, script: &[&str], here: &Path, input: &[u8]) -> (Option<i32>, String) {
    let mut child = command(house, script, here).spawn().expect("start it");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("wait for it");
    writer.join().expect("the writer");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// One that runs on.
struct Running {
    child: Child,
    stdin: ChildStdin,
}

impl Running {
    fn start(house: &Path, script: &[&str], here: &Path) -> Self {
        let mut child = command(house, script, here).stderr(Stdio::null()).spawn().expect("start");
        let stdin = child.stdin.take().expect("a pipe");
        Self { child, stdin }
    }

    fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        assert!(Command::new("/bin/kill").args([name, &number]).status().expect("kill").success());
    }

    fn say(&mut self, text: &[u8]) {
        self.stdin.write_all(text).expect("write to it");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in a log, in order: old files first. Names of old files are those of moments, so only
/// their endings are kept.
fn whole(folder: &Path) -> Vec<u8> {
    old(folder).into_values().chain(fs::read(folder.join("current")).ok()).flatten().collect()
}

fn old(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    // none before the folder has been made, nor of a name that has just become another
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let read = |name: String| Some((name.clone(), fs::read(folder.join(name)).ok()?));
    names.filter(|name| name.starts_with('@')).filter_map(read).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn generated_scripts_sort_generated_lines_alike() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    let mut random = Random(0x109);
    let patterns = ["*", "", "a*", "*b", "*a*b", "line *", "* end", "x", "**", "*:*: *", "\u{e9}*"];
    let lines = ["", "a", "ab", "xabb", "line one", "the end", "a:b: c", "x", "*", "\u{e9}t\u{e9}"];
    for round in 0..150 {
        let mut script = Vec::new();
        for _ in 0..random.below(6) {
            script.push(match random.below(8) {
                0 | 1 => format!("-{}", random.pick(&patterns)),
                2 | 3 => format!("+{}", random.pick(&patterns)),
                4 => "e".into(),
                5 => "=status".into(),
                6 => format!("./log{}", random.below(2)),
                _ => (*random.pick(&["s4096", "n3", "s", "nx", "s99999999999", "n1"])).into(),
            });
        }
        // the same folder twice cannot be locked, by neither
        let mut input = Vec::new();
        for _ in 0..random.below(12) {
            match random.below(12) {
                0 => input.extend(std::iter::repeat_n(b'y', 900 + random.below(300))),
                1 => input.extend(b"\0\r\xff"),
                2 => input.extend(std::iter::repeat_n(b'z', 190 + random.below(20))),
                _ => input.extend(random.pick(&lines).as_bytes()),
            }
            input.push(b'\n');
        }
        if random.chance(30) {
            input.extend(b"a part");
        }
        let [theirs, ours] = houses.each_ref().map(|house| {
            let here = dir.path().join("here");
            fs::create_dir(&here).expect("a folder");
            let words: Vec<&str> = script.iter().map(String::as_str).collect();
            let told = run(house, &words, &here, &input);
            let read = |name: &str| fs::read(here.join(name)).ok();
            let logs = ["log0", "log1"].map(|name| {
                let log = here.join(name);
                log.is_dir().then(|| (whole(&log), log.join("current").exists()))
            });
            let found = (told, read("status"), logs);
            fs::remove_dir_all(&here).expect("to clean up");
            found
        });
        assert_eq!(theirs, ours, "round {round}: {script:?} {:?}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn what_cannot_be_opened_is_said_alike_before_anything_is_read() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    fs::write(dir.path().join("file"), "").unwrap();
    for script in [&["./a/b"][..], &["./file"], &["./x", "./x"], &["=./no/where"], &[], &["=/"]] {
        let [theirs, ours] = houses.each_ref().map(|house| run(house, script, dir.path(), b"x\n"));
        assert_eq!(theirs, ours, "{script:?}");
    }
    // one beside another, of either house
    for (first, second) in [(0, 1), (1, 0)] {
        let name = format!("./log{first}");
        let mut one = Running::start(&houses[first], &[&name], dir.path());
        one.say(b"here\n");
        wait_for(SOON, "the line", || whole(&dir.path().join(&name)).ends_with(b"here\n"));
        let (code, err) = run(&houses[second], &[&name], dir.path(), b"");
        assert_eq!(code, Some(111));
        let busy = format!("multilog: fatal: unable to lock directory {name}: temporary failure\n");
        assert_eq!(err, busy);
    }
}

#[test]
fn files_take_turns_and_nothing_is_missing_or_doubled() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    let mut text = Vec::new();
    for number in 0..4000 {
        text.extend(format!("line {number} {}\n", "x".repeat(number % 50)).into_bytes());
    }
    for (number, house) in houses.iter().enumerate() {
        let name = format!("./all{number}");
        let (code, err) = run(house, &["s8192", "n1000", &name], dir.path(), &text);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let log = dir.path().join(&name);
        assert!(whole(&log) == text, "all of it, in order");
        let old = old(&log);
        assert!(old.len() > 10);
        for (name, content) in &old {
            assert!(name.ends_with(".s") && (6192..=8192).contains(&content.len()), "{name}");
            assert_eq!((mode(&log.join(name)), content.last()), (0o744, Some(&b'\n')));
        }
        assert_eq!((mode(&log.join("current")), mode(&log.join("lock"))), (0o744, 0o600));
        // bounded: the newest are kept
        let name = format!("./few{number}");
        run(house, &["s4096", "n3", &name], dir.path(), &text);
        let log = dir.path().join(&name);
        let kept = whole(&log);
        assert!(self::old(&log).len() == 2 && text.ends_with(&kept), "{}", kept.len());
        // a line longer than a file
        let name = format!("./long{number}");
        let long = [vec![b'a'; 10_000], b"\nshort\n".to_vec()].concat();
        run(house, &["s4096", &name], dir.path(), &long);
        let log = dir.path().join(&name);
        assert!(whole(&log) == long);
        let sizes: Vec<usize> = self::old(&log).values().map(Vec::len).collect();
        assert_eq!(sizes[..2], [4096, 4096]);
    }
}

#[test]
fn one_that_was_killed_is_followed_by_one_that_loses_nothing() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let name = format!("./log{first}{second}");
        let log = dir.path().join(&name);
        let mut one = Running::start(&houses[first], &["s4096", &name], dir.path());
        one.say(b"first\nhalf a li");
        wait_for(SOON, "the line", || whole(&log).ends_with(b"first\n"));
        assert_eq!(mode(&log.join("current")), 0o644);
        drop(one);
        // as if it had been killed on its way from one file to the next
        fs::write(log.join("previous"), "previous\n").unwrap();
        fs::write(log.join("processed"), "half processed\n").unwrap();
        let (code, err) = run(&houses[second], &["s4096", &name], dir.path(), b"second\n");
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let mut old: Vec<_> = old(&log).into_iter().collect();
        assert!(old.iter().all(|(name, _)| name.ends_with(".u")), "{old:?}");
        old.sort_by(|a, b| a.1.cmp(&b.1));
        let old: Vec<_> = old.into_iter().map(|(_, content)| content).collect();
        assert_eq!(old, [b"first\n".to_vec(), b"previous\n".to_vec()]);
        assert_eq!(fs::read(log.join("current")).unwrap(), b"second\n");
        assert!(log.join("state").exists() && !log.join("processed").exists());
        // after a clean end it goes on in the same file
        run(&houses[first], &["s4096", &name], dir.path(), b"third\n");
        assert_eq!(fs::read(log.join("current")).unwrap(), b"second\nthird\n");
        // processed to its end, but not put away
        fs::set_permissions(log.join("current"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(log.join("previous"), "raw\n").unwrap();
        fs::write(log.join("processed"), "done\n").unwrap();
        fs::set_permissions(log.join("processed"), fs::Permissions::from_mode(0o744)).unwrap();
        run(&houses[second], &["s4096", &name], dir.path(), b"");
        let old = self::old(&log);
        let done = old.iter().find(|(name, _)| name.ends_with(".s")).expect("a finished one");
        assert_eq!(done.1, b"done\n");
        assert!(!log.join("previous").exists());
    }
}

#[test]
fn a_busy_one_that_was_killed_has_lost_nothing_that_it_wrote() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    let lines = (0..80_000).map(|number| format!("{number} {}\n", "x".repeat(number % 90)));
    let text = lines.collect::<String>().into_bytes();
    for (number, second) in houses.iter().enumerate() {
        let name = format!("./log{number}");
        let log = dir.path().join(&name);
        let script = ["s16384", "n1000", &name];
        let one = Running::start(&houses[1], &script, dir.path());
        let pipe = one.stdin.as_fd().try_clone_to_owned().expect("a copy");
        let all = text.clone();
        let writer = std::thread::spawn(move || fs::File::from(pipe).write_all(&all));
        wait_for(SOON, "some files", || old(&log).len() > 5);
        drop(one);
        let _ = writer.join().expect("the writer");
        let sizes = old(&log).values().map(Vec::len).collect::<Vec<_>>();
        assert!(sizes.iter().all(|size| (14_384..=16_384).contains(size)), "{sizes:?}");
        let (code, err) = run(second, &script, dir.path(), b"");
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let kept = whole(&log);
        assert!(text.starts_with(&kept) && kept.len() > 5 * 14_384, "{}", kept.len());
        assert!(!log.join("previous").exists());
    }
}

#[test]
fn a_file_that_has_its_last_name_already_is_not_kept_twice() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path()).map(|house| house.join("multilog"));
    // as an ancestor that was killed leaves it: both names of one file
    for (from, kind) in [("previous", 's'), ("previous", 'u'), ("current", 'u')] {
        let log = dir.path().join(format!("{from}-{kind}"));
        fs::create_dir(&log).unwrap();
        fs::write(log.join(from), "once\n").unwrap();
        let old = format!("@400000005000000000000000.{kind}");
        fs::hard_link(log.join(from), log.join(old)).unwrap();
        let (code, err) = run(&ours, &[log.to_str().unwrap()], dir.path(), b"new\n");
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert_eq!(whole(&log), b"once\nnew\n", "{from} {kind}");
    }
}

#[test]
fn signals_finish_the_line_and_begin_new_files() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    for (number, house) in houses.iter().enumerate() {
        let name = format!("./log{number}");
        let log = dir.path().join(&name);
        let mut one = Running::start(house, &["t", &name], dir.path());
        one.say(b"one\n");
        wait_for(SOON, "the line", || whole(&log).ends_with(b" one\n"));
        one.signal("-ALRM");
        wait_for(SOON, "a new file", || old(&log).len() == 1);
        one.say(b"two\nthr");
        wait_for(SOON, "the line", || whole(&log).ends_with(b" two\n"));
        one.signal("-TERM");
        one.say(b"ee\nfour\n");
        wait_for(SOON, "its end", || matches!(one.child.try_wait(), Ok(Some(_))));
        assert_eq!(one.child.wait().unwrap().code(), Some(0));
        let text = String::from_utf8(whole(&log)).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        // whether the fourth was still taken hangs on when the signal came
        assert_eq!(lines[..3], ["one", "two", "three"], "{text}");
        assert!(text.lines().all(|line| line.starts_with("@4") && line.as_bytes()[25] == b' '));
        assert_eq!(mode(&log.join("current")), 0o744);
    }
}

#[test]
fn a_processor_sees_each_full_file_and_its_own_memory() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(|house| house.join("multilog"));
    let text: Vec<u8> =
        (0..900).flat_map(|number| format!("a line numbered {number}\n").into_bytes()).collect();
    for (number, house) in houses.iter().enumerate() {
        let name = format!("./log{number}");
        let log = dir.path().join(&name);
        let script = "!tr a-z A-Z; read count <&4; echo $((count + 1)) >&5";
        let (code, err) = run(house, &["s4096", "n100", script, &name], dir.path(), &text);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let old = old(&log);
        assert!(old.len() > 3);
        let count = fs::read_to_string(log.join("state")).unwrap();
        assert_eq!(count.trim().parse::<usize>().unwrap(), old.len());
        let all: Vec<u8> = old.into_values().flatten().collect();
        let upper = text.to_ascii_uppercase();
        assert!(upper.starts_with(&all), "processed whole and in order");
        assert!(!log.join("previous").exists() && !log.join("newstate").exists());
        // one that fails is tried again, and the file waits for it
        let name = format!("./again{number}");
        let log = dir.path().join(&name);
        let script = "!test -e ok || { touch ok; exit 1; }; cat";
        let lines =
            text.split_inclusive(|byte| *byte == b'\n').take(250).collect::<Vec<_>>().concat();
        let (code, err) = run(house, &["s4096", script, &name], dir.path(), &lines);
        assert_eq!(code, Some(0));
        let line = format!("multilog: warning: processor failed in {name}, pausing\n");
        assert_eq!(err, line);
        assert!(whole(&log) == lines);
    }
}

#[test]
fn a_full_disk_is_waited_for() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path()).map(|house| house.join("multilog"));
    // a file system of 256 KiB in a mount namespace of its own, which ends with the shell
    let script = format!(
        "mount -t tmpfs -o size=256k none {here} && cd {here} && dd if=/dev/zero of=fill bs=1k \
         count=240 2>/dev/null && (seq 1 20000 | {multilog} s99999 n2 ./log 2>{said}) & \
         while ! grep -q 'out of disk space' {said} 2>/dev/null; do sleep 0.1; done; \
         rm {here}/fill; wait; cat {here}/log/@* {here}/log/current",
        said = dir.path().join("said").display(),
        here = dir.path().join("disk").display(),
        multilog = ours.display(),
    );
    fs::create_dir(dir.path().join("disk")).unwrap();
    let mut command = Command::new("/usr/bin/unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "/usr/bin/timeout", "60"]);
    let output = command.args(["/bin/sh", "-c", &script]).output().expect("run it");
    let want: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    let got = String::from_utf8_lossy(&output.stdout);
    assert!(want.ends_with(&*got) && got.len() > 90_000, "{} of {}", got.len(), want.len());
}
