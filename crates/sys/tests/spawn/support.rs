//! Starting, waiting, looking.

use std::{ffi::CString, fs, io::Read, os::fd::OwnedFd, sync::Arc, thread::sleep, time::Duration};

use portreeve_sys::{
    Pid, Signal, Status, clock, pipe, process,
    spawn::{Connection, Outcome, Plan, Spawner, Started},
};
use rustix::process::{Pid as RawPid, WaitOptions, waitpid};

/// Descriptors open elsewhere: a few, and many.
pub(crate) const FEW: usize = 10;
pub(crate) const MANY: usize = 10_000;

/// A user and group that own nothing here.
pub(crate) const NOBODY: u32 = 54_321;

pub(crate) fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

pub(crate) fn plan(argv: &[&str]) -> Plan {
    let mut plan = Plan::new(text(argv[0]));
    plan.argv = argv.iter().map(|argument| text(argument)).collect();
    plan
}

/// A plan that does nothing for a minute: to be looked at.
pub(crate) fn sleeper() -> Plan {
    plan(&["/bin/sleep", "60"])
}

pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("not root: nothing to see");
    }
    root
}

/// Collects until the outcome of `pid` is known; at most a minute.
pub(crate) fn outcome(spawner: &mut Spawner, pid: Pid) -> Started {
    for _ in 0..60_000 {
        let found = spawner.collect(clock::monotonic());
        if let Some(Outcome { result, .. }) = found.iter().find(|outcome| outcome.pid == pid) {
            return *result;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("no outcome of {pid}");
}

/// Waits for this child alone: other tests have children too.
pub(crate) fn wait(pid: Pid) -> Status {
    let raw = RawPid::from_raw(pid.as_raw()).unwrap();
    let (_, status) = waitpid(Some(raw), WaitOptions::empty()).unwrap().unwrap();
    let code = status.exit_status().map(Status::Code);
    code.or(status.terminating_signal().map(Status::Signal)).unwrap()
}

/// A program under way, ended and reaped when dropped.
pub(crate) struct Child {
    pub(crate) pid: Pid,
    pub(crate) spawner: Spawner,
}

impl Child {
    pub(crate) fn start(plan: Plan, connection: Connection) -> Self {
        Self::start_among(MANY, plan, connection)
    }

    /// As beside so many other descriptors: the child's table is made in another way.
    pub(crate) fn start_among(open: usize, plan: Plan, connection: Connection) -> Self {
        let mut spawner = Spawner::new(4).unwrap();
        spawner.descriptors_open(open);
        let program = Arc::new(plan.prepare().unwrap());
        let pid = spawner.spawn(&program, connection).unwrap();
        assert_eq!(outcome(&mut spawner, pid), Started::Executed);
        Self { pid, spawner }
    }

    pub(crate) fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid)).unwrap()
    }

    /// A line of `/proc/PID/status`, its blanks made single.
    pub(crate) fn status(&self, key: &str) -> String {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{key}:"))).unwrap();
        line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn link(&self, file: &str) -> String {
        let link = fs::read_link(format!("/proc/{}/{file}", self.pid)).unwrap();
        link.to_str().unwrap().into()
    }

    /// Are its open descriptors `wanted`? The program's loader opens some for a moment.
    pub(crate) fn assert_open(&self, wanted: &[i32]) {
        let mut found = Vec::new();
        for _ in 0..10_000 {
            found = self.open();
            if found == wanted {
                return;
            }
            sleep(Duration::from_millis(2));
        }
        panic!("{found:?} are open and not {wanted:?}");
    }

    fn open(&self) -> Vec<i32> {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap();
        let number = |name: std::ffi::OsString| name.to_str().unwrap().parse().unwrap();
        let mut numbers: Vec<i32> =
            entries.map(|entry| number(entry.unwrap().file_name())).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        process::kill(self.pid, Signal::Kill).unwrap();
        wait(self.pid);
    }
}

/// Runs a plan to its end: how it started and ended, and what it wrote to descriptor 1.
pub(crate) fn run(plan: Plan, connection: Connection) -> (Started, Status, String) {
    let mut spawner = Spawner::new(4).unwrap();
    let program = Arc::new(plan.prepare().unwrap());
    let (read, write) = pipe::pipe().unwrap();
    let pid = spawner.spawn(&program, connection.give(write, &[1])).unwrap();
    let started = outcome(&mut spawner, pid);
    let mut written = String::new();
    fs::File::from(read).read_to_string(&mut written).unwrap();
    (started, wait(pid), written)
}

pub(crate) fn null() -> OwnedFd {
    fs::File::options().read(true).write(true).open("/dev/null").unwrap().into()
}
