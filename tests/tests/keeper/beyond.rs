//! What a service's folder may ask for beyond the ancestor, where two processes keep it.

use crate::kit::{OURS, Scan, Stage, kill, program};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// A value of `supervise/state`.
fn state(stage: &Stage, name: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(stage.at(name).join("supervise/state")).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(known, _)| *known == key).map(|(_, value)| value.to_owned())
}

fn wait_state(stage: &Stage, key: &str, value: &str) {
    wait_for(SOON, format!("{key} {value}"), || state(stage, "s", key).as_deref() == Some(value));
}

fn lines(stage: &Stage, file: &str) -> Vec<String> {
    let text = fs::read_to_string(stage.at("s").join(file)).unwrap_or_default();
    text.split_inclusive('\n')
        .filter_map(|line| Some(line.strip_suffix('\n')?.to_owned()))
        .collect()
}

/// Ends the worker, and waits until the next one knows the service.
fn another_worker(stage: &Stage, scan: &Scan) {
    let worker = scan.wait_worker(None);
    fs::remove_file(stage.at("s/supervise/state")).unwrap();
    kill("-9", worker);
    scan.wait_worker(Some(worker));
    wait_for(SOON, "its state", || stage.at("s/supervise/state").exists());
}

#[test]
fn readiness_is_heard_by_the_next_worker() {
    let mut stage = Stage::new();
    let path = stage.away(
        "s",
        "echo $$ >> starts; while [ ! -e go ]; do sleep 0.1; done; echo >&3; echo said >> log; \
         exec sleep 600",
    );
    fs::write(path.join("notification-fd"), "3\n").unwrap();
    fs::rename(path, stage.at("s")).unwrap();
    let scan = stage.scan(OURS);
    let pid = stage.wait_up("s", 1);
    wait_state(&stage, "ready", "no");
    another_worker(&stage, &scan);
    assert_eq!(state(&stage, "s", "ready").as_deref(), Some("no"));
    fs::write(stage.at("s/go"), "").unwrap();
    wait_for(SOON, "what it says", || {
        state(&stage, "s", "ready").is_some_and(|ready| ready.starts_with('@'))
    });
    another_worker(&stage, &scan);
    assert!(state(&stage, "s", "ready").is_some_and(|ready| ready.starts_with('@')));
    assert_eq!(stage.wait_up("s", 1), pid);
}

#[test]
fn a_finish_outlives_a_worker_and_nothing_runs_beside_it() {
    let mut stage = Stage::new();
    let path = stage.away("s", "echo $$ >> starts; exec sleep 600");
    program(&path.join("finish"), "echo \"$@\" >> ends; while [ ! -e done ]; do sleep 0.1; done");
    fs::write(path.join("timeout-finish"), "0\n").unwrap();
    fs::rename(path, stage.at("s")).unwrap();
    let scan = stage.scan(OURS);
    let pid = stage.wait_up("s", 1);
    kill("-9", pid);
    wait_for(SOON, "its finish", || {
        lines(&stage, "ends") == ["256 9 s"] && state(&stage, "s", "pid").is_some()
    });
    wait_state(&stage, "phase", "finishing");
    let finish = state(&stage, "s", "pid");
    another_worker(&stage, &scan);
    assert_eq!(state(&stage, "s", "phase").as_deref(), Some("finishing"));
    assert_eq!(state(&stage, "s", "pid"), finish);
    assert_eq!(stage.starts("s").len(), 1);
    fs::write(stage.at("s/done"), "").unwrap();
    stage.wait_up("s", 2);
    assert_eq!(lines(&stage, "ends"), ["256 9 s"]);
    wait_state(&stage, "ended-signal", "9");
}

#[test]
fn one_that_is_given_up_stays_down_over_workers_until_somebody_says_so() {
    let mut stage = Stage::new();
    let path = stage.away("s", "echo $$ >> starts; exit 7");
    fs::write(path.join("restart"), "delay 50ms\nlimit 3\n").unwrap();
    fs::rename(path, stage.at("s")).unwrap();
    let scan = stage.scan(OURS);
    wait_state(&stage, "given-up", "limit");
    another_worker(&stage, &scan);
    assert_eq!(state(&stage, "s", "given-up").as_deref(), Some("limit"));
    assert_eq!(state(&stage, "s", "ended-code").as_deref(), Some("7"));
    assert_eq!(stage.starts("s").len(), 3);
    stage.tell(OURS, "-u", "s");
    wait_for(SOON, "three more", || stage.starts("s").len() == 6);
    wait_state(&stage, "given-up", "limit");
}

#[test]
fn a_deadline_outlives_a_worker() {
    let mut stage = Stage::new();
    let path = stage.away("s", "trap '' TERM; echo $$ >> starts; exec sleep 600");
    fs::write(path.join("timeout-kill"), "2000\n").unwrap();
    fs::rename(path, stage.at("s")).unwrap();
    let scan = stage.scan(OURS);
    stage.wait_up("s", 1);
    stage.tell(OURS, "-d", "s");
    wait_for(SOON, "it to be told", || {
        let state = stage.state(OURS, "s");
        state.ends_with(", want down") || state.starts_with("down")
    });
    another_worker(&stage, &scan);
    wait_state(&stage, "ended-signal", "9");
    stage.wait_state("s", "down N seconds, normally up");
}

#[test]
fn what_a_service_says_goes_to_its_log_which_a_user_of_its_own_writes() {
    let mut stage = Stage::new();
    fs::set_permissions(stage.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (path, logs) = (stage.path().join("away/s"), stage.path().join("logs"));
    fs::create_dir_all(path.join("log")).unwrap();
    let script = stage.at("s/script");
    program(&path.join("script"), "echo out; echo err >&2; exec sleep 600");
    let plan = format!(
        "plan 1\nfile {}\nargument script\nstderr-to-stdout\ndirectory /\n",
        script.display()
    );
    fs::write(path.join("plan"), plan).unwrap();
    let log = format!(
        "plan 1\nlog {}/s\nlog-size 4096\nlog-files 2\nuser 65534\ngroup 65534\n",
        logs.display()
    );
    fs::write(path.join("log/plan"), log).unwrap();
    fs::rename(path, stage.at("s")).unwrap();
    let _scan = stage.scan(OURS);
    let current = || fs::read_to_string(logs.join("s/current")).unwrap_or_default();
    wait_for(SOON, "what it says", || current() == "out\nerr\n");
    assert_eq!(fs::metadata(logs.join("s/current")).unwrap().uid(), 65534);
    wait_for(SOON, "its log to be up", || state(&stage, "s/log", "phase").as_deref() == Some("up"));
}
