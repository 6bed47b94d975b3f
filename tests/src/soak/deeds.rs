//! What is done: traffic of every kind, and faults.

use super::stage::{BRIEF, CAT, ECHO, FOLDERS, GONE, HUNGRY, SHUT, SSH, Stage, THEIRS, WALL};
use crate::SOON;
use crate::strain::{Crowd, Manner, echoes, helper, signal, told};
use portreeve_testkit::{End, children, proc_status, read_to_end_bounded, wait_for};
use std::io::Write;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// Something that can be done at any time.
pub(super) struct Deed {
    pub(super) name: &'static str,
    /// How often, against the others.
    pub(super) weight: usize,
    /// Does it, and says what it did.
    pub(super) work: fn(&mut Stage<'_>) -> String,
}

const fn deed(name: &'static str, weight: usize, work: fn(&mut Stage<'_>) -> String) -> Deed {
    Deed { name, weight, work }
}

/// All of them.
pub(super) const DEEDS: &[Deed] = &[
    deed("login", 8, login),
    deed("echo", 6, echo),
    deed("brief", 8, brief),
    deed("refused", 5, refused),
    deed("trap", 4, trap),
    deed("silent", 4, silent),
    deed("crowd", 1, crowd),
    deed("deaf", 2, deaf),
    deed("kill", 6, kill_helper),
    deed("stop", 6, stop_helper),
    deed("stopped", 3, stopped_services),
    deed("storm", 3, storm),
    deed("missing", 3, missing),
    deed("disk", 3, disk),
    deed("numbers", 3, descriptors),
    deed("processes", 3, processes),
    deed("hungry", 3, hungry),
    deed("reload", 3, reload),
    deed("upgrade", 3, upgrade),
];

fn login(stage: &mut Stage<'_>) -> String {
    let user = *stage.random.pick(&["thisuser", "otheruser"]);
    let (address, port) = SSH.split_once(':').expect("an address and a port");
    let port = port.parse().expect("a port");
    let output = stage.world.ssh("lan", user, user, address, port, "id -un");
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!((output.status.code(), name.as_str()), (Some(0), user), "{output:?}");
    stage.served += 1;
    format!("{user} by ssh")
}

fn echo(stage: &mut Stage<'_>) -> String {
    for to in [CAT, ECHO, THEIRS] {
        for _ in 0..15 {
            assert!(echoes(stage.world, "lan", to), "{to}");
            stage.served += 1;
        }
    }
    "45 conversations".to_owned()
}

fn brief(stage: &mut Stage<'_>) -> String {
    let done: usize = stage.world.within("lan", || {
        let one = || {
            let Ok(peer) = std::net::TcpStream::connect(BRIEF) else { return false };
            read_to_end_bounded(&peer, 1, SOON).end != End::Deadline
        };
        std::thread::scope(|scope| {
            let workers = [(); 4].map(|()| scope.spawn(|| (0..400).filter(|_| one()).count()));
            workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
        })
    });
    assert_eq!(done, 1600, "every one of them is served");
    stage.served += 1600;
    "1600 short sessions".to_owned()
}

fn refused(stage: &mut Stage<'_>) -> String {
    for _ in 0..200 {
        assert_eq!(told(stage.world, "far", SHUT), "");
        stage.refused += 1;
    }
    "200 refused by rule".to_owned()
}

fn trap(stage: &mut Stage<'_>) -> String {
    format!("{} touched it", stage.ban())
}

fn silent(stage: &mut Stage<'_>) -> String {
    let count = 100 + stage.random.below(200);
    let peers = Crowd::gather(stage.world, "far", CAT, count, Manner::Silent);
    let others = Crowd::gather(stage.world, "far", ECHO, count * 3, Manner::Silent);
    assert!(echoes(stage.world, "lan", CAT) && echoes(stage.world, "lan", ECHO));
    peers.leave();
    others.leave();
    format!("{} who said nothing", count * 4)
}

fn crowd(stage: &mut Stage<'_>) -> String {
    let peers = Crowd::gather(stage.world, "far", ECHO, 10_000, Manner::Silent);
    wait_for(SOON * 3, "ten thousand sessions", || {
        stage.door.service("echo")["sessions"].as_u64().is_some_and(|count| count >= 10_000)
    });
    assert!(echoes(stage.world, "lan", CAT) && echoes(stage.world, "lan", ECHO));
    peers.leave();
    wait_for(SOON * 3, "ten thousand to be gone", || stage.door.service("echo")["sessions"] == 0);
    "10000 who said nothing".to_owned()
}

fn deaf(stage: &mut Stage<'_>) -> String {
    let peers = Crowd::gather(stage.world, "far", WALL, 50, Manner::Deaf);
    assert!(echoes(stage.world, "lan", CAT));
    peers.leave();
    "50 who read no banner".to_owned()
}

fn some_helper(stage: &mut Stage<'_>) -> (&'static str, Option<u32>) {
    let name = *stage.random.pick(&["portreeve-clerk", "portreeve-relay"]);
    (name, helper(&stage.door, name))
}

fn kill_helper(stage: &mut Stage<'_>) -> String {
    let (name, pid) = some_helper(stage);
    let Some(pid) = pid else { return format!("no {name} at the moment") };
    signal(stage.world, pid, "-KILL");
    name.to_owned()
}

fn stop_helper(stage: &mut Stage<'_>) -> String {
    let (name, pid) = some_helper(stage);
    let Some(pid) = pid else { return format!("no {name} at the moment") };
    signal(stage.world, pid, "-STOP");
    for _ in 0..10 {
        assert!(echoes(stage.world, "lan", CAT), "with a stopped {name}");
        stage.served += 1;
    }
    let time = Duration::from_millis(500 + 500 * stage.random.below(6) as u64);
    sleep(time);
    signal(stage.world, pid, "-CONT");
    format!("{name} for {} ms", time.as_millis())
}

fn stopped_services(stage: &mut Stage<'_>) -> String {
    let crowd = Crowd::gather(stage.world, "far", THEIRS, 40, Manner::Silent);
    stage.door.wait_sessions("theirs", 40);
    let uid = |pid: &u32| proc_status(*pid).is_some_and(|s| s.uids().first() == Some(&59_002));
    let served: Vec<u32> = children(stage.door.monitor()).into_iter().filter(uid).collect();
    served.iter().for_each(|pid| signal(stage.world, *pid, "-STOP"));
    crowd.leave();
    assert!(echoes(stage.world, "lan", CAT));
    served.iter().for_each(|pid| signal(stage.world, *pid, "-CONT"));
    stage.door.wait_sessions("theirs", 0);
    format!("{} stopped and woken", served.len())
}

fn storm(stage: &mut Stage<'_>) -> String {
    let script = "import os,signal,time\nend=time.time()+3\nwhile time.time()<end:\n try: os.kill(-1,signal.SIGSTOP)\n except OSError: pass\n";
    let mut python = stage.world.door_as("otheruser", "python3");
    python.args(["-c", script]).stdin(Stdio::null());
    let mut storm = stage.world.start("storm", python);
    let mut theirs = Vec::new();
    for _ in 0..40 {
        theirs.extend(stage.world.connect("far", THEIRS));
        assert!(echoes(stage.world, "lan", CAT), "in a storm of stops");
        stage.served += 1;
    }
    storm.wait(SOON);
    drop(theirs);
    // whoever was stopped is woken by the same user, as its owner would
    let wake = || {
        let mut kill = stage.world.door_as("otheruser", "sh");
        kill.args(["-c", "kill -CONT -1; true"]);
        let _some_are_gone = stage.world.run(kill, SOON);
    };
    wait_for(SOON, "the stopped to be gone", || {
        wake();
        stage.door.service("theirs")["sessions"] == 0
    });
    "3 seconds of stops".to_owned()
}

fn missing(stage: &mut Stage<'_>) -> String {
    for _ in 0..50 {
        assert_eq!(told(stage.world, "far", GONE), "");
    }
    "50 that could not be executed".to_owned()
}

fn disk(stage: &mut Stage<'_>) -> String {
    let folder = *stage.random.pick(&FOLDERS);
    let mut dd = stage.world.door("dd");
    dd.args(["if=/dev/zero", &format!("of={folder}/filler"), "bs=4096"]);
    let full = stage.world.run(dd, SOON);
    assert!(!full.status.success(), "it takes everything: {full:?}");
    for _ in 0..30 {
        assert!(echoes(stage.world, "lan", CAT), "with a full {folder}");
        stage.served += 1;
    }
    let from = stage.ban();
    stage.world.door_run(&["rm", &format!("{folder}/filler")]);
    format!("{folder} was full, and {from} banned")
}

/// Descriptors run short: everybody waits, and nobody is lost.
fn descriptors(stage: &mut Stage<'_>) -> String {
    let monitor = stage.door.monitor();
    let highest = portreeve_testkit::open_descriptors(monitor).into_keys().max().unwrap_or(0);
    let pid = proc_status(monitor).expect("the daemon runs").inner_pid().to_string();
    let limit = |soft: String| {
        stage.world.door_run(&["prlimit", "--pid", &pid, &format!("--nofile={soft}:")]);
    };
    let usual =
        stage.world.door_run(&["prlimit", "--pid", &pid, "--nofile", "-o", "SOFT", "--noheadings"]);
    limit((highest + 3).to_string());
    let knocks: Vec<_> = (0..30).filter_map(|_| stage.world.connect("far", CAT).ok()).collect();
    sleep(Duration::from_millis(1500));
    limit(usual.trim().to_owned());
    drop(knocks);
    format!("at most {} for a moment", highest + 3)
}

/// The kernel gives no process: EAGAIN from clone.
fn processes(stage: &mut Stage<'_>) -> String {
    let Some(group) = &stage.processes else { return "no control group: left out".to_owned() };
    group.bound_processes(Some(3));
    let (mut ends, mut held) = (0, Vec::new());
    for _ in 0..20 {
        let Ok(mut peer) = stage.world.connect("far", CAT) else { continue };
        let spoke = peer.write_all(b"x\n").is_ok();
        let end = read_to_end_bounded(&peer, 2, Duration::from_millis(100)).end;
        ends += usize::from(!spoke || matches!(end, End::Closed | End::Reset));
        held.push(peer);
    }
    group.bound_processes(None);
    format!("3 more at most: {ends} of 20 were turned away")
}

fn hungry(stage: &mut Stage<'_>) -> String {
    let mut peer = stage.world.connect("far", HUNGRY).expect("a connection");
    peer.write_all(b"go\n").expect("a word");
    let end = read_to_end_bounded(&peer, 64, SOON * 2);
    assert!(end.bytes.is_empty() && end.end != End::Deadline, "{end:?}");
    "one was killed for its memory".to_owned()
}

fn reload(stage: &mut Stage<'_>) -> String {
    let output = stage.door.command(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    "accepted".to_owned()
}

fn upgrade(stage: &mut Stage<'_>) -> String {
    let output = stage.door.command(&["upgrade"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    "the same program in its own place".to_owned()
}
