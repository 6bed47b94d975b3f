//! A folder of services, and whoever keeps them.

use portreeve_testkit::{Dir, wait_for};
use portreeve_tests::{SOON, houses};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The ancestors' commands, and ours, by index.
pub(crate) const THEIRS: usize = 0;
pub(crate) const OURS: usize = 1;

/// A script that only runs.
pub(crate) const SLEEP: &str = "echo $$ >> starts; exec sleep 600";

/// A place with a folder `service`. Whatever was started in it ends with it.
pub(crate) struct Stage {
    dir: Dir,
    houses: [PathBuf; 2],
    /// Process groups of the keepers so far.
    groups: Vec<u32>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        for group in &self.groups {
            let _ = Command::new("/bin/kill").args(["-9", "--", &format!("-{group}")]).output();
        }
        if std::thread::panicking() {
            let said = self.said();
            #[expect(clippy::print_stderr, reason = "shown with a failing test")]
            {
                eprintln!("{said}");
            }
        }
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        let dir = Dir::new();
        let houses = houses(dir.path());
        fs::create_dir(dir.path().join("service")).expect("make a folder");
        fs::create_dir(dir.path().join("away")).expect("make a folder");
        Self { dir, houses, groups: Vec::new() }
    }

    /// The folder it all is in.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn house(&self, house: usize) -> &Path {
        &self.houses[house]
    }

    /// A path in the folder of services.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join("service").join(name)
    }

    /// A service in its place, whole at once.
    pub(crate) fn service(&self, name: &str, script: &str) -> PathBuf {
        self.away(name, script);
        let place = self.at(name);
        fs::rename(self.path().join("away").join(name), &place).expect("move it");
        place
    }

    /// A service with a log that writes what it reads to `log/got`.
    pub(crate) fn logged(&self, name: &str, script: &str) -> PathBuf {
        let path = self.away(name, script);
        fs::create_dir(path.join("log")).expect("make a folder");
        program(&path.join("log/run"), "echo $$ >> starts; exec cat >> got");
        let place = self.at(name);
        fs::rename(path, &place).expect("move it");
        place
    }

    /// A service that nobody scans.
    pub(crate) fn away(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path().join("away").join(name);
        fs::create_dir(&path).expect("make a folder");
        program(&path.join("run"), script);
        path
    }

    /// What scans has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.path().join("said")).unwrap_or_default()
    }

    pub(crate) fn wait_said(&self, text: &str) {
        wait_for(SOON, format!("it to say {text:?}"), || self.said().contains(text));
    }

    /// Starts svscan for the folder of services.
    pub(crate) fn scan(&mut self, house: usize) -> Scan {
        let command = Command::new(self.houses[house].join("svscan"));
        self.scan_by(command, &["service"])
    }

    /// Starts a command that becomes svscan.
    pub(crate) fn scan_by(&mut self, mut command: Command, arguments: &[&str]) -> Scan {
        let log = File::options().append(true).create(true).open(self.path().join("said"));
        let log = log.expect("open a file");
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null()).process_group(0);
        let out = log.try_clone().expect("open a file");
        let child = command.stdout(out).stderr(log).spawn().expect("start it");
        self.groups.push(child.id());
        Scan { child }
    }

    pub(crate) fn run(&self, house: usize, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.houses[house].join(name));
        command.args(arguments).current_dir(self.path().join("service")).output().expect("run it")
    }

    /// Sends commands, by either house's svc.
    pub(crate) fn tell(&self, house: usize, letters: &str, name: &str) {
        let output = self.run(house, "svc", &[letters, name]);
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    }

    /// How a service is, without its name, its number and the seconds.
    pub(crate) fn state(&self, house: usize, name: &str) -> String {
        let output = self.run(house, "svstat", &[name]);
        let text = String::from_utf8(output.stdout).expect("it is text");
        let text = text.trim_end().strip_prefix(&format!("{name}: ")).expect("its name").to_owned();
        let words = text.split(' ').map(|word| match word.trim_end_matches(')') {
            digits if digits.parse::<u64>().is_ok() => word.replace(digits, "N"),
            _ => word.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn wait_state(&self, name: &str, state: &str) {
        wait_for(SOON, format!("{name} to be {state:?}"), || self.state(OURS, name) == state);
    }

    /// Waits until a service runs, and has begun its work so many times.
    pub(crate) fn wait_up(&self, name: &str, starts: usize) -> u32 {
        wait_for(SOON, format!("start {starts} of {name}"), || self.starts(name).len() >= starts);
        let pid = *self.starts(name).last().expect("there is one");
        wait_for(SOON, format!("{name} to be up"), || self.pid(name) == Some(pid));
        assert_eq!(self.starts(name).len(), starts, "{name}");
        pid
    }

    /// The processes that a service was, as its script wrote them down.
    pub(crate) fn starts(&self, name: &str) -> Vec<u32> {
        let text = fs::read_to_string(self.at(name).join("starts")).unwrap_or_default();
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        lines.map(|line| line.parse().expect("a number")).collect()
    }

    /// The process that a status file names.
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        let bytes = fs::read(self.at(name).join("supervise/status")).ok()?;
        let pid = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?);
        (pid != 0).then_some(pid)
    }

    pub(crate) fn status(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name).join("supervise/status")).expect("a status")
    }

    /// What a log has got.
    pub(crate) fn got(&self, name: &str) -> String {
        fs::read_to_string(self.at(name).join("log/got")).unwrap_or_default()
    }
}

/// A bash script: unlike dash it shares no memory with its children.
pub(crate) fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/bash\n{script}\n")).expect("write it");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("make it a program");
}

/// A running svscan. It is left alone when dropped: the stage ends it.
pub(crate) struct Scan {
    child: Child,
}

impl Scan {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process that has the sense.
    pub(crate) fn worker(&self) -> Option<u32> {
        children(self.pid()).into_iter().find(|pid| name_of(*pid) == "svscan-worker")
    }

    pub(crate) fn wait_worker(&self, not: Option<u32>) -> u32 {
        wait_for(SOON, "a worker", || self.worker().is_some_and(|pid| Some(pid) != not));
        self.worker().expect("there is one")
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn end(&mut self, signal: &str) {
        let worker = self.worker();
        kill(signal, self.pid());
        wait_for(SOON, "it to end", || matches!(self.child.try_wait(), Ok(Some(_))));
        if let Some(worker) = worker {
            wait_for(SOON, "its worker to end", || !runs(worker));
        }
    }

    pub(crate) fn ended(&mut self) -> Option<i32> {
        wait_for(SOON, "it to end", || matches!(self.child.try_wait(), Ok(Some(_))));
        self.child.wait().expect("it has ended").code()
    }

    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

pub(crate) fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

pub(crate) fn name_of(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn runs(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !"ZX".contains(state))
}

pub(crate) fn kill(signal: &str, pid: u32) {
    let killed = Command::new("/bin/kill").args([signal, &pid.to_string()]).output();
    assert!(killed.expect("run it").status.success(), "kill {signal} {pid}");
}
