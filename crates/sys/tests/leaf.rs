//! What a program of ours does first, seen in one that starts itself: its descriptors, its signals,
//! its privileges.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a leaf that cannot go on fails"
)]

use std::{
    fs,
    io::Read,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use portreeve_sys::{
    Capability, Resource, Signal, Status,
    channel::{self, Channel},
    clock, descriptor,
    limits::{self, Limit},
    poll::{Interest, Poller},
    privileges::{self, StillPrivileged},
    process,
    signals::{self, Caught, Signals},
    spawn::{Connection, Ids, Plan, Spawner, Started},
};
use rustix::process::{Pid as RawPid, WaitOptions, waitpid};

/// `argv[0]` of a leaf.
const LEAF: &str = "leaf";
/// A user that owns nothing here.
const NOBODY: u32 = 54_321;

fn main() -> ExitCode {
    let mut args = std::env::args();
    if args.next().is_some_and(|name| name == LEAF) {
        match args.next().as_deref() {
            Some("channel") => leaf_channel(),
            Some("signals") => leaf_signals(),
            Some("drop") => leaf_drop(),
            Some("keep") => leaf_keep(),
            Some("sibling") => leaf_sibling(),
            Some("orphan") => leaf_orphan(),
            _ => return ExitCode::from(1),
        }
        return ExitCode::from(42);
    }
    a_channel_is_handed_over();
    run("signals", Connection::new());
    a_sibling_is_our_child();
    a_sibling_without_leave_goes_no_further();
    if privileges::is_root() {
        assert!(matches!(privileges::assert_unprivileged(), Err(StillPrivileged::Ids(_))));
        run("drop", Connection::new());
        run("keep", Connection::new());
    } else {
        println!("not root: nothing to drop");
    }
    println!("leaf: ok");
    ExitCode::SUCCESS
}

fn start(name: &str, connection: Connection) -> portreeve_sys::Pid {
    let mut plan = Plan::new(c"/proc/self/exe".into());
    plan.argv = [LEAF, name].map(|text| std::ffi::CString::new(text).unwrap()).to_vec();
    if name == "drop" {
        plan.ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups: vec![NOBODY + 1] });
    }
    let stderr = rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), 3).unwrap();
    let mut spawner = Spawner::new(1).unwrap();
    let program = Arc::new(plan.prepare().unwrap());
    let pid = spawner.spawn(&program, connection.give(stderr, &[2])).unwrap();
    for _ in 0..60_000 {
        if let Some(outcome) = spawner.collect(clock::monotonic()).first() {
            assert_eq!(outcome.result, Started::Executed);
            return pid;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no outcome");
}

fn finish(name: &str, pid: portreeve_sys::Pid) {
    let raw = RawPid::from_raw(pid.as_raw()).unwrap();
    let (_, status) = waitpid(Some(raw), WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(42), "{name}");
}

fn run(name: &str, connection: Connection) {
    finish(name, start(name, connection));
}

/// The monitor's side: a channel and a stray descriptor at the leaf's start.
fn a_channel_is_handed_over() {
    let (ours, theirs) = channel::pair().unwrap();
    let stray: OwnedFd = fs::File::open("/dev/null").unwrap().into();
    let connection = Connection::new().give(theirs.into_fd(), &[3]).give(stray, &[9]);
    let pid = start("channel", connection);
    let mut poller = Poller::new().unwrap();
    poller.add(&ours, 0, Interest::READ).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    let mut buffer = [0; 64];
    let (length, fds) = ours.recv(&mut buffer).unwrap().unwrap();
    assert_eq!(&buffer[..length], b"a pipe");
    ours.send(b"thanks", &[]).unwrap();
    let mut said = String::new();
    fs::File::from(fds.into_iter().next().unwrap()).read_to_string(&mut said).unwrap();
    assert_eq!(said, "through it");
    finish("channel", pid);
    assert!(ours.recv(&mut buffer).unwrap().is_none());
}

fn leaf_channel() {
    // The stray one is closed before anything here is opened.
    privileges::close_all_except(&[3]).unwrap();
    assert!(descriptor::inherited(9).is_err());
    let channel = Channel::from_fd(descriptor::inherited(3).unwrap()).unwrap();
    assert!(descriptor::inherited(3).is_err(), "given once");
    assert_eq!(channel.as_raw_fd(), 3);
    let (read, write) = portreeve_sys::pipe::pipe().unwrap();
    channel.send(b"a pipe", &[read.as_fd()]).unwrap();
    rustix::io::write(&write, b"through it").unwrap();
    drop(write);
    let mut poller = Poller::new().unwrap();
    poller.add(&channel, 0, Interest::READ).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    assert_eq!(channel.recv(&mut [0; 64]).unwrap().unwrap().0, 6);
    assert!(Channel::from_fd(read).is_err(), "a pipe is no channel");
}

/// Our child makes another one of ours, in a folder.
fn a_sibling_is_our_child() {
    run("sibling", Connection::new());
    let (_, status) = waitpid(None, WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(7), "the leaf's, and ours to reap");
}

/// Our child makes another one of ours, and dies before it gives it leave.
fn a_sibling_without_leave_goes_no_further() {
    run("orphan", Connection::new());
    let (_, status) = waitpid(None, WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(111), "as its maker asked for");
}

/// A sibling that says by its exit code whether it is in `/dev`.
fn sibling(spawner: &mut Spawner, connection: Connection) -> (portreeve_sys::Pid, OwnedFd) {
    let mut plan = Plan::new(c"/bin/sh".into());
    plan.argv = vec![c"sh".into(), c"-c".into(), c"[ -e null ] && exit 7".into()];
    let folder: OwnedFd = fs::File::open("/dev").unwrap().into();
    let program = Arc::new(plan.prepare().unwrap());
    let parent = rustix::process::getppid().unwrap();
    let parent = portreeve_sys::Pid::from_raw(parent.as_raw_pid()).unwrap();
    spawner.spawn_sibling(parent, &program, connection.folder(folder)).unwrap()
}

fn leaf_sibling() {
    let mut spawner = Spawner::new(1).unwrap().failing_with(111);
    let (read, write) = portreeve_sys::pipe::pipe().unwrap();
    let (pid, handle) = sibling(&mut spawner, Connection::new().gate(read));
    let parent = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let parent = parent.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim();
    assert_eq!(parent, status("PPid"));
    assert_eq!(process::reap_child(pid).unwrap(), None, "it is no child of ours");
    assert_eq!(spawner.collect(clock::monotonic()), [], "it waits for leave");
    rustix::io::write(&write, b"!").unwrap();
    let mut poller = Poller::new().unwrap();
    poller.add(&handle, 0, Interest::READ).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    let outcomes = spawner.collect(clock::monotonic());
    assert_eq!(outcomes.first().map(|outcome| outcome.result), Some(Started::Executed));
}

fn leaf_orphan() {
    let mut spawner = Spawner::new(1).unwrap().failing_with(111);
    let (read, write) = portreeve_sys::pipe::pipe().unwrap();
    let (pid, _) = sibling(&mut spawner, Connection::new().gate(read));
    assert_eq!(process::kill(pid, Signal::Continue).ok(), Some(()), "it is there");
    drop(write);
}

fn status(key: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{key}:"))).unwrap();
    line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn leaf_signals() {
    signals::normalise().unwrap();
    assert_eq!(status("SigBlk"), "0000000000000000");
    assert_eq!(status("SigIgn"), format!("{:016x}", 1 << (13 - 1)));
    assert_eq!(status("SigCgt"), "0000000000000000");
    let signals = Signals::new(&[Signal::Hup, Signal::Term, Signal::Child]).unwrap();
    process::kill(portreeve_sys::Pid::own(), Signal::Term).unwrap();
    process::kill(portreeve_sys::Pid::own(), Signal::Hup).unwrap();
    let read = || -> Vec<Signal> {
        signals.read().unwrap().into_iter().map(|caught| caught.signal).collect()
    };
    let mut seen = read();
    seen.sort_by_key(|signal| signal.number());
    assert_eq!(seen, [Signal::Hup, Signal::Term]);
    // A child that ends is a signal, and reaped once.
    assert_eq!(process::reap().unwrap(), None);
    let mut spawner = Spawner::new(1).unwrap();
    let program = Arc::new(Plan::new(c"/bin/false".into()).prepare().unwrap());
    let pid = spawner.spawn(&program, Connection::new()).unwrap();
    let mut poller = Poller::new().unwrap();
    poller.add(&signals, 0, Interest::READ).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    let caught = signals.read().unwrap();
    assert_eq!(caught, [Caught { signal: Signal::Child, pid: Some(pid) }], "it names the child");
    assert_eq!(process::any_ended(), Some(pid));
    let exit = process::reap().unwrap().unwrap();
    assert_eq!((exit.pid, exit.status), (pid, Status::Code(1)));
    assert_eq!(process::any_ended(), None);
    assert_eq!(process::reap().unwrap(), None);
    assert_eq!(spawner.collect(clock::monotonic()).len(), 1, "told after the reaping");
    // One that is stopped and goes on is none.
    let program = Arc::new(Plan::new(c"/bin/cat".into()).prepare().unwrap());
    let (_read, write) = portreeve_sys::pipe::pipe().unwrap();
    let (silence, _silent) = portreeve_sys::pipe::pipe().unwrap();
    let connection = Connection::new().give(silence, &[0]).give(write, &[1]);
    let pid = spawner.spawn(&program, connection).unwrap();
    for signal in [Signal::Stop, Signal::Continue, Signal::Stop] {
        process::kill(pid, signal).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(read(), []);
    assert_eq!(process::reap_child(pid).unwrap(), None);
    process::kill(pid, Signal::Kill).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    let exit = process::Exit { pid, status: Status::Signal(9) };
    assert_eq!(process::reap_child(pid).unwrap(), Some(exit), "asked for by its number");
    assert_eq!(process::reap_child(pid).unwrap(), None, "it is no child any more");
}

fn leaf_drop() {
    let limit = Limit { soft: Some(64), hard: Some(64) };
    privileges::set_rlimit(Resource::OpenFiles, limit).unwrap();
    assert_eq!(limits::get(Resource::OpenFiles), limit);
    privileges::set_name("a-long-name-of-a-thread").unwrap();
    assert_eq!(status("Name"), "a-long-name-of-");
    assert!(matches!(privileges::assert_unprivileged(), Err(StillPrivileged::NewPrivs)));
    privileges::set_no_new_privs().unwrap();
    privileges::assert_unprivileged().unwrap();
    assert_eq!(status("Uid"), "54321 54321 54321 54321");
    assert_eq!(status("Groups"), "54322");
    assert_eq!(status("CapEff"), "0000000000000000");
}

fn leaf_keep() {
    privileges::keep_capabilities(&[Capability::DacReadSearch]).unwrap();
    assert_eq!(status("CapEff"), "0000000000000004");
    assert_eq!(status("CapPrm"), "0000000000000004");
    assert!(privileges::keep_capabilities(&[Capability::NetAdmin]).is_err());
    privileges::keep_capabilities(&[]).unwrap();
    assert_eq!(status("CapPrm"), "0000000000000000");
}
