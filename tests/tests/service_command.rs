//! `portreeve service` on services that the ancestors' supervisors keep, and on services that ours
//! do, by the same script.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, bin_dir, poll_for, wait_for};
use portreeve_tests::{SOON, houses};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A directory of services, kept by the ancestors' svscan with the supervise of one house.
struct Kept {
    dir: PathBuf,
    svscan: Child,
}

impl Kept {
    fn start(dir: &Path, house: &Path) -> Self {
        let mut command = Command::new("/usr/bin/svscan");
        let path = format!("{}:/usr/bin:/bin", house.display());
        command.arg(dir).env("PATH", path).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self { dir: dir.to_owned(), svscan: command.spawn().expect("start it") }
    }

    /// What the command says of a service.
    fn service(&self, name: &str) -> Value {
        let all = self.json(&["list"]);
        let all = all["services"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["name"] == name).unwrap_or_default()
    }

    fn wait_state(&self, name: &str, state: &str) {
        wait_for(SOON, format!("{name} to be {state}"), || self.service(name)["state"] == state);
    }

    /// The command on these services, with its exit status and what it said both ways.
    fn run(&self, args: &[&str]) -> (i32, String) {
        let changes =
            ["up", "down", "once", "restart"].contains(&args[0]) || args.contains(&"--now");
        let said = args.contains(&"--timeout") || args.contains(&"--no-wait");
        // a busy machine has all the time it needs
        let patient: &[&str] = if changes && !said { &["--timeout", "60s"] } else { &[] };
        let output = portreeve(&self.dir, &[args, patient, &["--directory", "services"]].concat());
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        (output.status.code().unwrap_or(-1), text.concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--directory", "services", "--json"]].concat();
        let output = portreeve(&self.dir, &args);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    }

    fn does(&self, args: &[&str]) -> String {
        let (exit, text) = self.run(args);
        assert_eq!(exit, 0, "{args:?}: {text}");
        text
    }

    fn fails(&self, args: &[&str], exit: i32, says: &str) {
        let (got, text) = self.run(args);
        assert!(got == exit && text.contains(says), "{args:?}: {got} {text}");
    }

    /// Waits until the deaf service is deaf.
    fn wait_deaf(&self) {
        wait_for(SOON, "its trap", || {
            let pid = fs::read_to_string(self.dir.join("deaf/trapped")).unwrap_or_default();
            pid.trim() == self.pid("deaf").to_string()
        });
    }

    fn pid(&self, name: &str) -> u32 {
        let path = self.dir.join(name).join("supervise/status");
        let bytes = fs::read(path).expect("its status");
        u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"))
    }
}

impl Drop for Kept {
    /// Nobody starts anything any more; then each supervisor ends, with what it keeps.
    fn drop(&mut self) {
        let _ = self.svscan.kill();
        let _ = self.svscan.wait();
        let names = fs::read_dir(&self.dir).expect("the services");
        for name in names.flatten() {
            for folder in [name.path(), name.path().join("log")] {
                let tell = |letters: &str| {
                    let mut svc = Command::new("/usr/bin/svc");
                    let _ = svc.arg(letters).arg(&folder).stderr(Stdio::null()).status();
                };
                tell("-dcx");
                // the ancestor hears one byte a second, and may lose one
                let over = || {
                    tell("-kx");
                    let mut svok = Command::new("/usr/bin/svok");
                    let code = svok.arg(&folder).stderr(Stdio::null()).status();
                    std::thread::sleep(Duration::from_millis(20));
                    code.is_ok_and(|code| !code.success())
                };
                let _ = (0..3000).find(|_| over());
            }
        }
    }
}

/// `portreeve service`, from the folder above a directory of services, whose door is nowhere.
fn portreeve(services: &Path, args: &[&str]) -> Output {
    let above = services.parent().expect("a folder above");
    let mut command = Command::new(bin_dir().join("portreeve"));
    command.arg("service").args(args).arg("--root").arg(above.join("door")).current_dir(above);
    command.env("TZ", "UTC").stdin(Stdio::null()).output().expect("run it")
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
    // not dash, whose children share its memory before they are programs, pending traps too
    fs::write(path, format!("#!/bin/bash\n{text}\n")).expect("write it");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("make it a program");
}

const WEB: &str = "trap 'echo hup >> heard' HUP\ntrap 'echo usr1 >> heard' USR1\necho begins\n\
     i=0; while :; do sleep 0.1; echo line $((i++)); done";

const DEAF: &str = "trap '' TERM; echo $$ > trapped; while :; do sleep 0.1; done";

/// Runs a script in each house.
fn each_house(deed: impl Fn(&Kept, bool)) {
    for ours in [false, true] {
        let dir = Dir::new();
        let houses = houses(dir.path());
        let services = dir.path().join("services");
        script(&services.join("web/run"), WEB);
        script(&services.join("web/log/run"), "exec multilog t s4096 ./main");
        script(&services.join("deaf/run"), DEAF);
        script(&services.join("dies/run"), "exit 3");
        fs::write(services.join("dies/down"), "").expect("write it");
        let kept = Kept::start(&services, &houses[usize::from(ours)]);
        for name in ["web", "web/log", "deaf"] {
            kept.wait_state(name, "up");
        }
        kept.wait_state("dies", "down");
        deed(&kept, ours);
    }
}

#[test]
fn services_are_told_and_what_becomes_of_them_is_waited_for() {
    each_house(|kept, _| {
        let all = kept.json(&["list"]);
        let names: Vec<_> =
            all["services"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["deaf", "dies", "web", "web/log"]);
        let (_, text) = kept.run(&["list"]);
        assert!(text.starts_with("NAME ") && text.lines().count() == 5, "{text}");

        assert_eq!(kept.does(&["down", "web"]), "`web` is down.\n");
        assert_eq!((kept.pid("web"), &kept.service("web")["want"]), (0, &"down".into()));
        assert_eq!(kept.does(&["down", "web"]), "`web` is down.\n", "it is so already");
        let up = kept.does(&["up", "web"]);
        let first = kept.pid("web");
        assert_eq!(up, format!("`web` is up, process {first}.\n"));
        kept.does(&["restart", "web"]);
        let second = kept.pid("web");
        assert!(second != first && second != 0);
        assert_eq!(kept.service("web/log")["state"], "up", "its logger is another service");

        // one that dies at once is not up, although it is started again and again
        // (on a busy machine even that may take its time)
        wait_for(SOON, "it to be seen through", || {
            let (exit, text) = kept.run(&["up", "dies", "--timeout", "3s"]);
            exit == 1 && text.contains("`dies` is not up after 3 s")
        });
        kept.does(&["down", "dies"]);
        kept.does(&["once", "dies"]);
        kept.wait_state("dies", "down");
        assert_eq!(kept.service("dies")["want"], "once");

        kept.does(&["once", "web"]);
        assert_eq!(kept.pid("web"), second, "it goes on");
        kept.does(&["signal", "web", "KILL"]);
        kept.wait_state("web", "down");
        kept.fails(&["signal", "web", "HUP"], 1, "`web` does not run");
        kept.does(&["up", "web", "--no-wait"]);
        kept.wait_state("web", "up");

        kept.does(&["signal", "web", "STOP"]);
        kept.wait_state("web", "paused");
        let text = kept.does(&["signal", "web", "TERM"]);
        assert!(text.contains("gets it when it is woken by CONT"), "{text}");
        kept.does(&["restart", "web"]);
        assert_eq!(kept.service("web")["state"], "up", "a restart wakes it");
    });
}

#[test]
fn what_does_not_obey_is_named_and_the_others_are_told() {
    each_house(|kept, _| {
        kept.wait_deaf();
        let pid = kept.pid("deaf");
        let still = format!("process {pid} still runs");
        kept.fails(&["down", "deaf", "--timeout", "5s"], 1, &still);
        assert_eq!(kept.service("deaf")["state"], "ending");
        kept.does(&["signal", "deaf", "KILL"]);
        kept.wait_state("deaf", "down");
        let (exit, text) = kept.run(&["up", "web", "nonesuch", "deaf", "web"]);
        assert_eq!(exit, 64, "{text}");
        for says in ["`web` is up", "`deaf` is up", "has no service `nonesuch`"] {
            assert!(text.matches(says).count() == 1, "{says} in {text}");
        }
        kept.wait_deaf();
        let pid = kept.pid("deaf");
        let still = format!("process {pid} still runs, and is started again when it ends");
        kept.fails(&["restart", "web", "deaf", "--timeout", "5s"], 1, &still);
        let answer = kept.json(&["down", "web", "nonesuch"]);
        let each = answer["services"].as_array().unwrap();
        let of = |name: &str| each.iter().find(|one| one["name"] == name).unwrap();
        assert_eq!((&of("web")["done"], &of("web")["state"]), (&true.into(), &"down".into()));
        assert_eq!((&of("nonesuch")["exit"], &of("nonesuch")["done"]), (&64.into(), &false.into()));
    });
}

#[test]
fn signals_reach_the_service_or_it_is_said_that_they_cannot() {
    each_house(|kept, ours| {
        let heard = |what: &str| {
            let text = fs::read_to_string(kept.dir.join("web/heard")).unwrap_or_default();
            text.lines().any(|line| line == what)
        };
        // it may not have set its traps; and the ancestor may lose a word
        wait_for(SOON, "what follows the traps", || {
            kept.run(&["log", "web", "--lines", "1000"]).1.contains(" line 0")
        });
        wait_for(SOON, "the hangup", || {
            kept.does(&["signal", "web", "hup"]);
            (0..50).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                heard("hup")
            })
        });
        if ours {
            kept.does(&["signal", "web", "SIGUSR1"]);
            wait_for(SOON, "the signal", || heard("usr1"));
        } else {
            kept.fails(&["signal", "web", "USR1"], 1, "cannot send SIGUSR1");
        }
    });
}

#[test]
fn who_starts_with_its_supervisor_is_marked() {
    each_house(|kept, _| {
        let mark = kept.dir.join("web/down");
        let text = kept.does(&["disable", "web"]);
        assert!(mark.exists() && text.contains("is disabled, and runs on"), "{text}");
        assert_eq!(
            (&kept.service("web")["state"], &kept.service("web")["enabled"]),
            (&"up".into(), &false.into())
        );
        kept.does(&["enable", "web"]);
        assert!(!mark.exists());
        kept.does(&["disable", "web", "--now"]);
        assert!(mark.exists());
        assert_eq!(kept.service("web")["state"], "down");
        kept.does(&["enable", "--now", "web"]);
        assert!(!mark.exists());
        assert_eq!(kept.service("web")["state"], "up");
    });
}

#[test]
fn a_service_is_shown_with_the_end_of_its_log_wherever_that_is() {
    each_house(|kept, _| {
        let logged = |name: &str| {
            let one = kept.json(&["status", name])["services"][0].clone();
            (one["log"].clone(), one["log-lines"].as_array().map(Vec::len).unwrap_or(0))
        };
        let main = fs::canonicalize(kept.dir.join("web/log")).unwrap().join("main");
        for name in ["web", "web/log"] {
            wait_for(SOON, "ten lines", || logged(name) == (main.to_str().into(), 10));
        }
        let (exit, text) = kept.run(&["status", "web", "deaf", "nonesuch"]);
        assert_eq!(exit, 64, "{text}");
        for says in ["  state           up, process ", " line ", "`deaf` has no logger"] {
            assert!(text.contains(says), "{says} in {text}");
        }
        // elsewhere, as only the running logger knows
        let elsewhere = kept.dir.parent().unwrap().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let run = format!("W={}; exec multilog \"$W\" </dev/stdin", elsewhere.display());
        script(&kept.dir.join("web/log/run"), &run);
        kept.does(&["restart", "web/log"]);
        wait_for(SOON, "the other log", || kept.run(&["log", "web"]).1.starts_with("line "));
        // without the logger nobody knows
        kept.does(&["down", "web/log"]);
        fs::remove_dir_all(kept.dir.join("web/log/main")).unwrap();
        kept.fails(&["log", "web"], 1, "cannot tell where the logger of `web` writes to");
        let path = elsewhere.to_str().unwrap();
        assert!(kept.does(&["log", path]).starts_with("line "), "its folder may be named");
    });
}

#[test]
fn without_a_supervisor_nothing_is_told_and_what_is_left_is_named() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let services = dir.path().join("services");
    script(&services.join("web/run"), WEB);
    fs::create_dir(services.join("never")).unwrap();
    let mut supervise = Command::new(houses[1].join("supervise"));
    supervise.arg("web").current_dir(&services).stdin(Stdio::null()).stdout(Stdio::null());
    let mut supervise = supervise.spawn().unwrap();
    // svscan starts none of these
    let idle = dir.path().join("idle");
    fs::create_dir(&idle).unwrap();
    let mut kept = Kept::start(&idle, &houses[0]);
    kept.dir = services.clone();
    kept.wait_state("web", "up");
    supervise.kill().unwrap();
    supervise.wait().unwrap();
    let pid = kept.pid("web");
    kept.fails(&["down", "web"], 69, &format!("whose process {pid} still runs"));
    assert_eq!(kept.service("web")["state"], "left alone");
    assert_eq!(kept.service("web")["pid"], pid);
    kept.fails(&["up", "never"], 69, "`never` has never been supervised");
    kept.fails(&["signal", "web", "KILL"], 69, "no supervisor runs for `web`");
    let killed = Command::new("/bin/kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    kept.wait_state("web", "unsupervised");
}

/// A log that a real multilog writes.
struct Logged {
    folder: PathBuf,
    multilog: Child,
}

impl Logged {
    fn start(house: &Path, folder: PathBuf, script: &[&str]) -> Self {
        let mut command = Command::new(house.join("multilog"));
        command.args(script).arg(&folder).stdin(Stdio::piped());
        let multilog = command.spawn().expect("start it");
        wait_for(SOON, "the log", || folder.join("current").exists());
        Self { folder, multilog }
    }

    fn line(&mut self, number: u32) {
        let line = format!("line {number} {}\n", "x".repeat(40));
        let input = self.multilog.stdin.as_mut().expect("its input");
        input.write_all(line.as_bytes()).expect("write");
    }

    /// How many lines have arrived.
    fn lines(&self) -> usize {
        let names = fs::read_dir(&self.folder).expect("the log").flatten();
        // one that changes its name meanwhile is counted the next time
        let texts = names.map(|name| fs::read_to_string(name.path()).unwrap_or_default());
        texts.map(|text| text.lines().count()).sum()
    }

    fn rotated(&self) -> usize {
        let names = fs::read_dir(&self.folder).expect("the log").flatten();
        names.filter(|name| name.file_name().to_string_lossy().starts_with('@')).count()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        drop(self.multilog.stdin.take());
        let _ = self.multilog.wait();
    }
}

/// One that follows a log; it does not outlive its test.
struct Follower(Child);

impl Follower {
    fn start(dir: &Path, folder: &Path, more: &[&str], out: impl Into<Stdio>) -> Self {
        let mut command = Command::new(bin_dir().join("portreeve"));
        command.args(["service", "log", "--follow"]).args(more).arg(folder);
        command.env("TZ", "UTC").current_dir(dir).stdin(Stdio::null()).stdout(out);
        Self(command.stderr(Stdio::piped()).spawn().expect("start it"))
    }

    /// The code with which it ends by itself.
    fn ended(&mut self) -> Option<i32> {
        poll_for(SOON, "its end", || self.0.try_wait().expect("its state")).code()
    }

    /// What it says of itself, when it has ended.
    fn said(&mut self) -> String {
        let mut said = String::new();
        let mut err = self.0.stderr.take().expect("said once");
        err.read_to_string(&mut said).expect("read it");
        said
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The numbers of the lines, without the labels.
fn numbers(text: &str) -> Vec<u32> {
    let number = |line: &str| {
        let (_, rest) = line.split_once("line ")?;
        rest.split(' ').next()?.parse().ok()
    };
    text.lines().filter_map(number).collect()
}

#[test]
fn a_log_is_followed_across_rotations_without_losing_or_doubling_a_line() {
    const MANY: u32 = 3000;
    for (number, script) in [(0, &["t", "s4096", "n1000"][..]), (1, &["t", "s4096", "n1000"])] {
        let dir = Dir::new();
        let houses = houses(dir.path());
        let mut log = Logged::start(&houses[number], dir.path().join("log"), script);
        (0..100).for_each(|number| log.line(number));
        wait_for(SOON, "a rotation", || log.rotated() >= 1);
        wait_for(SOON, "all lines", || log.lines() == 100);
        // one that is read as it goes, and one whose reader sleeps until all is over
        let out = dir.path().join("out");
        let last = ["--lines", "3"];
        let _quick = Follower::start(dir.path(), &log.folder, &last, File::create(&out).unwrap());
        let said = || fs::read_to_string(&out).unwrap_or_default();
        let mut slow = Follower::start(dir.path(), &log.folder, &last, Stdio::piped());
        let mut pipe = slow.0.stdout.take().unwrap();
        wait_for(SOON, "the last lines", || numbers(&said()) == [97, 98, 99]);
        let mut first = [0; 1];
        pipe.read_exact(&mut first).unwrap();
        (100..MANY).for_each(|number| log.line(number));
        wait_for(SOON, "many rotations", || log.rotated() >= 30);
        wait_for(SOON, "the last line", || numbers(&said()).last() == Some(&(MANY - 1)));
        let want: Vec<u32> = (97..MANY).collect();
        assert_eq!(numbers(&said()), want);
        let mut text = String::from_utf8_lossy(&first).into_owned();
        let mut piece = vec![0; 1 << 16];
        while numbers(&text).last() != Some(&(MANY - 1)) || !text.ends_with('\n') {
            let count = pipe.read(&mut piece).unwrap();
            assert!(count > 0, "it ended early");
            text.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        assert_eq!(numbers(&text), want);
        // a reader that leaves ends it, although nothing is logged
        drop(pipe);
        assert_eq!(slow.ended(), Some(0));
    }
}

#[test]
fn a_follower_ends_when_the_folder_of_its_log_is_removed() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let folder = dir.path().join("log");
    let mut log = Logged::start(&houses[1], folder.clone(), &["s4096"]);
    log.line(0);
    let out = dir.path().join("out");
    let file = File::create(&out).unwrap();
    let mut follower = Follower::start(dir.path(), &folder, &["--raw"], file);
    let numbers = || numbers(&fs::read_to_string(&out).unwrap());
    wait_for(SOON, "the first line", || numbers() == [0]);
    // another folder in its place is followed on
    let next = dir.path().join("next");
    let mut other = Logged::start(&houses[1], next.clone(), &["s4096"]);
    other.line(1);
    wait_for(SOON, "a line in the other folder", || other.lines() == 1);
    let (here, exchange) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
    rustix::fs::renameat_with(here, &folder, here, &next, exchange).unwrap();
    wait_for(SOON, "the next line", || numbers() == [0, 1]);
    drop((log, other));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(follower.ended(), Some(0));
    assert!(follower.said().contains("is gone: nothing follows"));
}

#[test]
fn what_was_removed_before_it_was_read_is_told_of() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let mut log = Logged::start(&houses[1], dir.path().join("log"), &["s4096", "n3"]);
    log.line(0);
    let mut follower = Follower::start(dir.path(), &log.folder, &["--raw"], Stdio::piped());
    let mut out = follower.0.stdout.take().unwrap();
    let mut first = [0; 1];
    out.read_exact(&mut first).unwrap();
    // more than a pipe and its writer hold, many times over
    (1..20_000).for_each(|number| log.line(number));
    let mut text = String::from_utf8_lossy(&first).into_owned();
    let mut piece = vec![0; 1 << 16];
    while numbers(&text).last() != Some(&19_999) || !text.ends_with('\n') {
        let count = out.read(&mut piece).unwrap();
        assert!(count > 0, "it ended early");
        text.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    let numbers = numbers(&text);
    assert!(numbers.is_sorted() && numbers.len() < 19_000, "{}", numbers.len());
    follower.0.kill().unwrap();
    let said = follower.said();
    assert!(said.contains("were removed before they were read: lines are missing"), "{said}");
}

#[test]
fn services_of_the_keeper_are_found_by_name_in_both_kinds_of_directory() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let services = dir.path().join("services");
    script(&services.join("web/run"), WEB);
    let kept = Kept::start(&services, &houses[1]);
    let own = dir.path().join("door/run/portreeve/services");
    fs::create_dir_all(own.join(".directories")).unwrap();
    symlink(&services, own.join(".directories/0")).unwrap();
    fs::create_dir(own.join("native")).unwrap();
    let run = |args: &[&str]| {
        let output = portreeve(&services, args);
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        (output.status.code().unwrap_or(-1), text.concat())
    };
    kept.wait_state("web", "up");
    assert_eq!(run(&["restart", "web"]).0, 0);
    let (exit, text) = run(&["list"]);
    assert!(exit == 0 && text.contains("\nnative  unsupervised\nweb     up"), "{text}");
    let (exit, text) = run(&["disable", "native"]);
    assert_eq!((exit, text.as_str()), (0, "`native` is disabled.\n"));
    assert!(own.join("native/down").exists());
    assert!(dir.path().join("door/etc/portreeve/down/native").exists());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one life of a few services")]
fn what_only_our_supervisor_knows_is_waited_for_and_shown() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let services = dir.path().join("services");
    let down = |name: &str, text: &str| {
        script(&services.join(name).join("run"), text);
        fs::write(services.join(name).join("down"), "").unwrap();
    };
    let extra = |name: &str, file: &str, text: &str| {
        fs::write(services.join(name).join(file), text).unwrap();
    };
    // ready when told so, which is when the test has made a file
    down("ready", "while [ ! -e go ]; do sleep 0.05; done; echo >&3; exec sleep 600");
    extra("ready", "notification-fd", "3\n");
    down("mute", "exec 3>&-; exec sleep 600");
    extra("mute", "notification-fd", "3\n");
    down("deaf", DEAF);
    extra("deaf", "timeout-kill", "300\n");
    down("dies", "exit 3");
    extra("dies", "restart", "delay 10ms\nlimit 3\n");
    down("ends", "exit 4");
    script(&services.join("ends/finish"), "exit 125");
    fs::create_dir_all(services.join("native")).unwrap();
    let plan = |seconds: u32| {
        let text = format!("plan 1\nfile /bin/sleep\nargument sleep\nargument {seconds}\n");
        fs::write(services.join("native/plan"), text).unwrap();
    };
    plan(600);
    let kept = Kept::start(&services, &houses[1]);
    for name in ["ready", "mute", "deaf", "dies", "ends"] {
        kept.wait_state(name, "down");
    }

    kept.fails(&["up", "ready", "--timeout", "1s"], 1, " after 1 s");
    kept.wait_state("ready", "starting");
    fs::write(services.join("ready/go"), "").unwrap();
    kept.does(&["up", "ready"]);
    let one = kept.service("ready");
    assert_eq!((&one["state"], &one["ready"]), (&"ready".into(), &true.into()));
    let said = kept.does(&["restart", "ready"]);
    assert_eq!(said, format!("`ready` is up, process {}.\n", kept.pid("ready")));
    kept.fails(&["up", "mute"], 1, "`mute` runs, and has not said that it is ready");

    // killed when its time is over, for which the wait is long enough
    kept.does(&["up", "deaf"]);
    kept.wait_deaf();
    kept.does(&["restart", "deaf"]);
    kept.wait_deaf();
    kept.does(&["down", "deaf"]);
    assert_eq!(kept.service("deaf")["last-end"]["signal"], "SIGKILL");

    // given up: the wait is over before its time
    let soon = "`dies` is not up: it ended too soon too often, and is not started again; it ended last \
                by exit code 3";
    kept.fails(&["up", "dies", "--timeout", "1h"], 1, soon);
    let one = kept.service("dies");
    assert_eq!((&one["state"], &one["given-up"]), (&"failed".into(), &"limit".into()));
    assert_eq!((&one["last-end"]["code"], &one["short-lives"]), (&3.into(), &3.into()));
    kept.fails(&["up", "dies", "--timeout", "1h"], 1, soon);
    kept.fails(&["up", "ends", "--timeout", "1h"], 1, "its finish says that it must not be");

    // a plan that changes while it runs
    kept.wait_state("native", "up");
    let status = || kept.json(&["status", "native"])["services"][0].clone();
    assert_eq!(status()["plan-changed"], false);
    plan(601);
    assert_eq!(status()["plan-changed"], true);
    let text = kept.does(&["status", "native", "dies"]);
    for says in ["has changed since it was started", "starts          sleep 601", "exit code 3"] {
        assert!(text.contains(says), "{says} in {text}");
    }
    kept.does(&["restart", "native"]);
    assert_eq!(status()["plan-changed"], false);
}
