//! supervise, svc, svok and svstat: the ancestors' and ours, on each other's services.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, wait_for};
use portreeve_tests::{SOON, houses};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Commands of the ancestors, or ours.
#[derive(Clone, Debug)]
struct House(PathBuf);

impl House {
    fn run(&self, name: &str, arguments: &[&str], folder: &Path) -> Output {
        let mut command = Command::new(self.0.join(name));
        command.args(arguments).current_dir(folder).output().expect("run it")
    }

    fn said(&self, name: &str, arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
        let output = self.run(name, arguments, folder);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn supervise(&self, name: &str, folder: &Path) -> Supervisor {
        let mut command = Command::new(self.0.join("supervise"));
        command.arg(name).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null());
        Supervisor { child: command.spawn().expect("start it"), service: folder.join(name) }
    }

    /// How a service is, without its name and the seconds.
    fn state(&self, name: &str, folder: &Path) -> String {
        let (_, out, _) = self.said("svstat", &[name], folder);
        let text = out.trim_end().strip_prefix(&format!("{name}: ")).expect("its name").to_owned();
        let words = text.split(' ').map(|word| match word.trim_end_matches(')') {
            digits if digits.parse::<u64>().is_ok() => word.replace(digits, "N"),
            _ => word.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn tell(&self, letters: &str, name: &str, folder: &Path) {
        let (code, _, err) = self.said("svc", &[letters, name], folder);
        assert_eq!((code, err.as_str()), (Some(0), ""));
    }
}

/// A supervisor; its service ends with the test.
struct Supervisor {
    child: Child,
    service: PathBuf,
}

impl Supervisor {
    fn kill(&mut self) {
        self.child.kill().expect("kill it");
        self.child.wait().expect("reap it");
    }

    fn ended(&mut self) -> Option<i32> {
        wait_for(SOON, "the supervisor to leave", || matches!(self.child.try_wait(), Ok(Some(_))));
        self.child.wait().expect("it has ended").code()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(pid) = pid_of(&self.service) {
            let _ = Command::new("/bin/kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

/// The process that a status file names.
fn pid_of(service: &Path) -> Option<u32> {
    let bytes = fs::read(service.join("supervise/status")).ok()?;
    let pid = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?);
    (pid != 0).then_some(pid)
}

fn service(folder: &Path, name: &str, script: &str) -> PathBuf {
    let service = folder.join(name);
    fs::create_dir(&service).expect("make a folder");
    let run = service.join("run");
    // not dash, whose children share its memory before they are programs, pending traps too
    fs::write(&run, format!("#!/bin/bash\n{script}\n")).expect("write it");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).expect("make it a program");
    service
}

const EACH: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

#[test]
fn each_others_services_are_told_and_shown() {
    for (keeper, teller) in EACH {
        let dir = Dir::new();
        let houses = houses(dir.path()).map(House);
        // a command to the ancestor's supervisor may get lost: it is told again
        let patient = if keeper == 0 { Duration::from_secs(5) } else { SOON };
        let (keeper, teller) = (&houses[keeper], &houses[teller]);
        let path = service(
            dir.path(),
            "s",
            "trap 'echo hup >> log' HUP; echo up >> log; while :; do sleep 0.1; done",
        );
        let here = dir.path();
        let is = |state: &str| houses.iter().all(|house| house.state("s", here) == state);
        let logged = |line: &str, count: usize| {
            let text = fs::read_to_string(path.join("log")).unwrap_or_default();
            text.lines().filter(|it| *it == line).count() >= count
        };
        let tell = |letters: &str, what: &str, done: &dyn Fn() -> bool| {
            wait_for(SOON, format!("{what} after {letters}"), || {
                teller.tell(letters, "s", here);
                let until = Instant::now() + patient;
                while Instant::now() < until {
                    if done() {
                        return true;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                false
            });
        };
        assert_eq!(teller.run("svok", &["s"], here).status.code(), Some(100));
        let mut supervisor = keeper.supervise("s", here);
        wait_for(SOON, "the start", || is("up (pid N) N seconds") && logged("up", 1));
        assert_eq!(teller.run("svok", &["s"], here).status.code(), Some(0));
        let (up, down) = ("up (pid N) N seconds", "down N seconds, normally up");
        tell("-h", "the signal", &|| logged("hup", 1));
        tell("-p", "the pause", &|| is("up (pid N) N seconds, paused"));
        tell("-c", "the end of the pause", &|| is(up));
        tell("-d", "the end", &|| is(down));
        tell("-o", "one start", &|| is(up) && logged("up", 2));
        tell("-t", "the end for good", &|| is(down));
        tell("-u", "a start", &|| is(up) && logged("up", 3));
        tell("-k", "the next start", &|| logged("up", 4));
        fs::write(path.join("down"), "").unwrap();
        wait_for(SOON, "the mark", || is("up (pid N) N seconds, normally down"));
        // a second one finds the lock taken
        let (code, _, err) = teller.said("supervise", &["s"], here);
        let busy = "supervise: fatal: unable to acquire s/supervise/lock: temporary failure\n";
        assert_eq!((code, err.as_str()), (Some(111), busy));
        tell("-dx", "the supervisor's end", &|| is("supervise not running"));
        assert_eq!(supervisor.ended(), Some(0));
        let modes = ["lock", "control", "ok", "status"].map(|name| {
            fs::metadata(path.join("supervise").join(name)).unwrap().permissions().mode() & 0o777
        });
        assert_eq!(modes, [0o600, 0o600, 0o600, 0o644]);
    }
}

#[test]
fn what_cannot_be_told_or_shown_is_said_alike() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(House);
    let here = dir.path();
    fs::create_dir(here.join("never")).unwrap();
    fs::write(here.join("file"), "").unwrap();
    // one that was supervised once, one whose status is short, and links to nowhere
    for name in ["dead", "short"] {
        service(here, name, "exit 0");
        let mut supervisor = houses[0].supervise(name, here);
        wait_for(SOON, "its supervisor", || {
            houses[0].run("svok", &[name], here).status.code() == Some(0)
        });
        supervisor.kill();
    }
    fs::write(here.join("short/supervise/status"), "short").unwrap();
    for (name, arguments) in [
        ("svc", &[][..]),
        ("svc", &["-u", "missing", "never", "file", "dead"]),
        ("svc", &["-uz", "dead"]),
        ("svc", &["-u"]),
        ("svok", &[]),
        ("svok", &["missing"]),
        ("svok", &["file"]),
        ("svok", &["never"]),
        ("svok", &["dead"]),
        ("svstat", &[]),
        ("svstat", &["missing", "never", "file", "dead", "./dead/", "short"]),
        ("supervise", &[]),
        ("supervise", &["a", "b"]),
        ("supervise", &["missing"]),
        ("supervise", &["file"]),
    ] {
        let [theirs, ours] = houses.each_ref().map(|house| house.said(name, arguments, here));
        assert_eq!(theirs, ours, "{name} {arguments:?}");
    }
    // a status file too short under a supervisor that runs
    for reader in &houses {
        let mut supervisor = houses[1].supervise("short", here);
        wait_for(SOON, "its supervisor", || {
            reader.run("svok", &["short"], here).status.code() == Some(0)
        });
        reader.tell("-d", "short", here);
        wait_for(SOON, "it to be down", || {
            reader.state("short", here) == "down N seconds, normally up"
        });
        fs::write(here.join("short/supervise/status"), "short").unwrap();
        assert_eq!(reader.state("short", here), "unable to read supervise/status: bad format");
        supervisor.kill();
    }
}

#[test]
fn one_that_dies_at_once_is_started_once_a_second() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(House);
    for (number, house) in houses.iter().enumerate() {
        let name = format!("s{number}");
        let path = service(dir.path(), &name, "date +%s.%N >> times; exit 3");
        let _supervisor = house.supervise(&name, dir.path());
        let times = || -> Vec<f64> {
            let text = fs::read_to_string(path.join("times")).unwrap_or_default();
            text.split_inclusive('\n')
                .filter_map(|line| line.strip_suffix('\n')?.parse().ok())
                .collect()
        };
        wait_for(SOON, "four starts", || times().len() >= 4);
        let times = times();
        let (first, fourth) = (times[0], times[3]);
        // a loaded machine makes single gaps shorter or longer than they were meant
        assert!(fourth - first > 2.5, "{times:?}");
    }
}

#[test]
fn a_supervisor_that_comes_back_finds_its_service() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path()).map(House);
    let path = service(dir.path(), "s", "echo $$ >> starts; exec sleep 600");
    let here = dir.path();
    let starts = || fs::read_to_string(path.join("starts")).unwrap_or_default().lines().count();
    let mut first = ours.supervise("s", here);
    wait_for(SOON, "the start", || starts() == 1);
    ours.tell("-p", "s", here);
    wait_for(SOON, "the pause", || ours.state("s", here).ends_with("paused"));
    let pid = pid_of(&path).expect("it runs");
    first.kill();
    assert_eq!(ours.state("s", here), "supervise not running");
    let mut second = ours.supervise("s", here);
    wait_for(SOON, "the second", || ours.state("s", here) == "up (pid N) N seconds, paused");
    assert_eq!((pid_of(&path), starts()), (Some(pid), 1), "no second copy");
    // it is obeyed, and its end is seen
    ours.tell("-ck", "s", here);
    wait_for(SOON, "the next start", || starts() == 2);
    wait_for(SOON, "its number", || pid_of(&path).is_some_and(|now| now != pid));
    // dead while nobody looks: started anew, once
    second.kill();
    let pid = pid_of(&path).expect("it runs");
    let killed = Command::new("/bin/kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    wait_for(SOON, "its end", || !Path::new(&format!("/proc/{pid}")).exists());
    let third = ours.supervise("s", here);
    wait_for(SOON, "the third start", || starts() == 3);
    // a record of another boot, or of a number that somebody else has by now, is nobody
    drop(third);
    let own = std::process::id();
    for record in [format!("another-boot {own} 1\n"), "nonsense".into()] {
        let before = starts();
        fs::write(path.join("supervise/process"), record).unwrap();
        let fourth = ours.supervise("s", here);
        wait_for(SOON, "a start of its own", || starts() == before + 1);
        wait_for(SOON, "its number", || pid_of(&path).is_some_and(|pid| pid != own));
        drop(fourth);
    }
}

#[test]
fn a_service_that_cannot_be_started_is_named_and_tried_again() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(House);
    for (name, make) in [
        ("none", None),
        ("text", Some(("echo hello\n", 0o755))),
        ("mode", Some(("#!/bin/sh\n", 0o644))),
    ] {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        if let Some((text, mode)) = make {
            fs::write(path.join("run"), text).unwrap();
            fs::set_permissions(path.join("run"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let said = houses.each_ref().map(|house| {
            let log = fs::File::create(dir.path().join("said")).unwrap();
            let mut command = Command::new(house.0.join("supervise"));
            command.arg(name).current_dir(dir.path()).stdin(Stdio::null()).stderr(log);
            let supervisor = Supervisor { child: command.spawn().unwrap(), service: path.clone() };
            let text = || fs::read_to_string(dir.path().join("said")).unwrap_or_default();
            wait_for(SOON, "two tries", || text().lines().count() >= 2);
            let line = text().lines().next().unwrap_or_default().to_owned();
            drop(supervisor);
            // the ancestor's child may have been made a moment before
            std::thread::sleep(Duration::from_millis(50));
            line
        });
        assert_eq!(said[0], said[1], "{name}");
    }
}

#[test]
fn a_status_that_cannot_be_written_is_told_and_the_service_runs() {
    let dir = Dir::new();
    let houses = houses(dir.path()).map(House);
    for (name, deed) in [("status.new", "open"), ("status", "rename")] {
        let said = houses.each_ref().map(|house| {
            let path = service(dir.path(), "s", "touch runs; exec sleep 600");
            fs::create_dir_all(path.join("supervise").join(name)).unwrap();
            let log = fs::File::create(dir.path().join("said")).unwrap();
            let mut command = Command::new(house.0.join("supervise"));
            command.arg("s").current_dir(dir.path()).stdin(Stdio::null()).stderr(log);
            let mut supervisor =
                Supervisor { child: command.spawn().unwrap(), service: path.clone() };
            let text = || fs::read_to_string(dir.path().join("said")).unwrap_or_default();
            wait_for(SOON, "the start, told twice", || {
                path.join("runs").exists() && text().lines().count() >= 2
            });
            // no status names its process: it is ended by a word
            house.tell("-dx", "s", dir.path());
            assert_eq!(supervisor.ended(), Some(0));
            fs::remove_dir_all(&path).unwrap();
            text().lines().next().unwrap_or_default().to_owned()
        });
        assert_eq!(said[0], said[1]);
        assert!(said[1].contains(&format!("unable to {deed} s/supervise/status.new")), "{said:?}");
    }
}

#[test]
fn a_supervisor_whose_parent_ignores_the_ends_of_children_sees_its_own() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path()).map(House);
    let path = service(dir.path(), "s", "echo x >> runs; exit 3");
    // what a script's `trap '' CHLD` does not pass on
    let ignoring = "$SIG{CHLD} = 'IGNORE'; exec @ARGV";
    let mut command = Command::new("perl");
    command.args(["-e", ignoring]).arg(ours.0.join("supervise")).arg("s");
    command.current_dir(dir.path()).stdin(Stdio::null()).stderr(Stdio::null());
    let mut supervisor = Supervisor { child: command.spawn().unwrap(), service: path.clone() };
    let runs = || fs::read_to_string(path.join("runs")).unwrap_or_default().lines().count();
    wait_for(SOON, "it is started again", || runs() >= 2);
    let state = || fs::read_to_string(path.join("supervise/state")).unwrap_or_default();
    assert!(state().contains("ended-code 3"), "how it ended is known: {}", state());
    ours.tell("-dx", "s", dir.path());
    assert_eq!(supervisor.ended(), Some(0));
}

#[test]
fn a_service_gets_signals_that_those_above_its_supervisor_ignore() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path()).map(House);
    let path = service(
        dir.path(),
        "s",
        "grep SigIgn /proc/self/status > new && mv new ignored; exec sleep 1000",
    );
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT QUIT; exec \"$0\" s"]).arg(ours.0.join("supervise"));
    command.current_dir(dir.path()).stdin(Stdio::null()).stderr(Stdio::null());
    let _supervisor = Supervisor { child: command.spawn().unwrap(), service: path.clone() };
    wait_for(SOON, "the service", || path.join("ignored").exists());
    let ignored = fs::read_to_string(path.join("ignored")).unwrap();
    assert_eq!(ignored, "SigIgn:\t0000000000000000\n");
}
