//! The keeper's processes die; no service notices.

use crate::kit::{OURS, SLEEP, Stage, children, kill, runs};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::path::Path;

/// A script that tells when it runs twice at a time.
const ALONE: &str = "exec 9> lock; flock -n 9 || echo twice >> twice; echo $$ >> starts; \
    exec sleep 600 9>&9";

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn services_go_on_without_a_worker_and_the_next_one_knows_them() {
    let mut stage = Stage::new();
    stage.service("a", SLEEP);
    stage.logged("b", "echo begun; echo $$ >> starts; exec sleep 600");
    stage.service("paused", SLEEP);
    stage.service("down", SLEEP);
    stage.service("once", SLEEP);
    let scan = stage.scan(OURS);
    let names = ["a", "b", "b/log", "paused", "once"];
    let pids = names.map(|name| stage.wait_up(name, 1));
    stage.wait_up("down", 1);
    for (letters, name, state) in [
        ("-p", "paused", "up (pid N) N seconds, paused"),
        ("-d", "down", "down N seconds, normally up"),
        ("-o", "once", "up (pid N) N seconds"),
    ] {
        stage.tell(OURS, letters, name);
        stage.wait_state(name, state);
    }
    wait_for(SOON, "once to be wanted", || stage.status("once")[17] == 0);
    let before = ["a", "b", "b/log", "paused", "once", "down"].map(|name| stage.status(name));
    let mut worker = scan.wait_worker(None);
    for _ in 0..3 {
        kill("-9", worker);
        worker = scan.wait_worker(Some(worker));
        // the new one obeys: it has all of them
        stage.tell(OURS, "-h", "down");
        stage.tell(OURS, "-c", "a");
    }
    assert_eq!(names.map(|name| stage.wait_up(name, 1)), pids);
    let after = ["a", "b", "b/log", "paused", "once", "down"].map(|name| stage.status(name));
    assert_eq!(before, after);
    kill("-9", pids[0]);
    stage.wait_up("a", 2);
    kill("-9", pids[2]);
    stage.wait_up("b/log", 2);
    kill("-9", pids[1]);
    stage.wait_up("b", 2);
    wait_for(SOON, "both lines", || stage.got("b") == "begun\nbegun\n");
    // and what was wanted once is not started again
    kill("-9", pids[4]);
    stage.wait_state("once", "down N seconds, normally up");
    assert_eq!(stage.starts("down").len(), 1);
    assert!(stage.said().contains("svscan: warning: my worker has ended (signal 9)"));
}

#[test]
fn one_that_dies_while_no_worker_looks_is_started_again_once() {
    let mut stage = Stage::new();
    stage.service("a", SLEEP);
    stage.service("b", SLEEP);
    let scan = stage.scan(OURS);
    let (a, b) = (stage.wait_up("a", 1), stage.wait_up("b", 1));
    let worker = scan.wait_worker(None);
    kill("-STOP", worker);
    kill("-9", a);
    // the holder reaps it, and has nobody to tell
    wait_for(SOON, "its end", || is_gone(a));
    kill("-9", worker);
    scan.wait_worker(Some(worker));
    stage.wait_up("a", 2);
    assert_eq!(stage.wait_up("b", 1), b);
    // it is a child like any
    kill("-9", stage.wait_up("a", 2));
    stage.wait_up("a", 3);
    assert_eq!(stage.starts("b").len(), 1);
}

#[test]
fn the_next_keeper_adopts_what_runs_and_starts_what_does_not() {
    let mut stage = Stage::new();
    stage.service("a", ALONE);
    stage.service("dies", ALONE);
    stage.logged("b", "echo begun; echo $$ >> starts; exec sleep 600");
    stage.logged("c", "echo begun; echo $$ >> starts; exec sleep 600");
    let mut scan = stage.scan(OURS);
    let names = ["a", "b", "b/log", "c", "c/log"];
    let pids = names.map(|name| stage.wait_up(name, 1));
    let dies = stage.wait_up("dies", 1);
    wait_for(SOON, "both lines", || [stage.got("b"), stage.got("c")] == ["begun\n", "begun\n"]);
    scan.end("-9");
    assert!(pids.into_iter().all(runs));
    for name in names {
        assert_eq!(stage.state(OURS, name), "supervise not running");
    }
    kill("-9", dies);
    // of one pair the log dies too, so that only its service still has their pipe
    kill("-9", pids[2]);
    for pid in [dies, pids[2]] {
        wait_for(SOON, "its end", || !runs(pid));
    }
    let mut scan = stage.scan(OURS);
    stage.wait_up("dies", 2);
    stage.wait_up("b/log", 2);
    for (name, pid) in [("a", pids[0]), ("b", pids[1]), ("c", pids[3]), ("c/log", pids[4])] {
        assert_eq!(stage.wait_up(name, 1), pid);
    }
    // the same pipe: what the service wrote waits there for the next log, and the next service's too
    kill("-9", pids[4]);
    stage.wait_up("c/log", 2);
    kill("-9", pids[3]);
    stage.wait_up("c", 2);
    wait_for(SOON, "the new one's line", || stage.got("c") == "begun\nbegun\n");
    // an adopted one is obeyed, and its end is seen
    stage.tell(OURS, "-t", "b");
    stage.wait_up("b", 2);
    wait_for(SOON, "its line to the new log", || stage.got("b") == "begun\nbegun\n");
    // again, and the worker alone in between
    kill("-9", scan.wait_worker(None));
    stage.tell(OURS, "-k", "a");
    stage.wait_up("a", 2);
    scan.end("-9");
    let _scan = stage.scan(OURS);
    kill("-9", stage.wait_up("a", 2));
    stage.wait_up("a", 3);
    assert!(!stage.at("a/twice").exists() && !stage.at("dies/twice").exists());
}

#[test]
fn whatever_dies_when_nothing_runs_twice_and_nothing_is_lost() {
    let mut stage = Stage::new();
    let names: Vec<String> = (0..8).map(|number| format!("s{number}")).collect();
    for name in &names {
        // short ones, so that there is always one being started
        let script = ALONE.replace("sleep 600", "sleep 1.$((RANDOM % 900 + 100))");
        stage.service(name, &script);
    }
    let mut scan = stage.scan(OURS);
    for round in 0..12_u64 {
        std::thread::sleep(std::time::Duration::from_millis(40 + 97 * (round % 7)));
        if round % 3 == 0 {
            scan.end("-9");
            scan = stage.scan(OURS);
        } else if let Some(worker) = scan.worker() {
            let _ =
                std::process::Command::new("/bin/kill").args(["-9", &worker.to_string()]).output();
        }
    }
    let before: Vec<usize> = names.iter().map(|name| stage.starts(name).len()).collect();
    for (name, before) in names.iter().zip(before) {
        wait_for(SOON, format!("{name} to go on"), || stage.starts(name).len() > before + 1);
        assert!(!stage.at(name).join("twice").exists(), "{name}");
    }
    assert!(scan.runs());
}

#[test]
fn a_signal_that_ends_the_keeper_leaves_the_services() {
    for signal in ["-TERM", "-INT"] {
        let mut stage = Stage::new();
        stage.service("a", SLEEP);
        let mut scan = stage.scan(OURS);
        let pid = stage.wait_up("a", 1);
        let status = stage.status("a");
        scan.end(signal);
        assert!(runs(pid));
        assert_eq!(stage.status("a"), status);
        assert_eq!(stage.run(OURS, "svok", &["a"]).status.code(), Some(100));
    }
}

#[test]
fn orphans_of_services_are_reaped() {
    let mut stage = Stage::new();
    stage.service("a", "(sleep 0.2 & echo $! > orphan); echo $$ >> starts; exec sleep 600");
    let scan = stage.scan(OURS);
    stage.wait_up("a", 1);
    let text = fs::read_to_string(stage.at("a/orphan")).unwrap();
    let orphan: u32 = text.trim_end().parse().unwrap();
    wait_for(SOON, "its end", || is_gone(orphan));
    assert_eq!(children(scan.pid()).len(), 2, "the worker and the service");
}
