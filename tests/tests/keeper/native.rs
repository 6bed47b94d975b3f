//! Services that the door has written: folders with a file `plan`.

use crate::kit::{OURS, Stage, program, runs};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::path::Path;

/// A plan that runs a script of the service's own folder.
fn plan(path: &Path) -> String {
    let place = path.display();
    format!("plan 1\nfile {place}/script\nargument script\ndirectory {place}\n")
}

/// Makes one whole, beside its place.
fn folder(stage: &Stage, name: &str, script: &str) {
    let (path, place) = (stage.path().join("away").join(name), stage.at(name));
    fs::create_dir(&path).unwrap();
    program(&path.join("script"), script);
    fs::write(path.join("plan"), plan(&place)).unwrap();
}

fn native(stage: &Stage, name: &str, script: &str) {
    folder(stage, name, script);
    fs::rename(stage.path().join("away").join(name), stage.at(name)).unwrap();
}

fn log(stage: &Stage, name: &str) {
    let log = stage.at(name).join("log");
    fs::create_dir(stage.path().join("away/log")).unwrap();
    program(&stage.path().join("away/log/script"), "echo $$ >> starts; exec cat >> got");
    fs::write(stage.path().join("away/log/plan"), plan(&log)).unwrap();
    fs::rename(stage.path().join("away/log"), log).unwrap();
}

const LINES: &str = "echo begun; echo $$ >> starts; exec sleep 600";

#[test]
fn one_that_is_taken_away_ends_and_nothing_of_it_stays() {
    let mut stage = Stage::new();
    native(
        &stage,
        "s",
        "trap 'echo last words; exit' TERM; echo $$ >> starts; \
        while :; do sleep 0.1; done",
    );
    log(&stage, "s");
    native(&stage, "stays", LINES);
    let _scan = stage.scan(OURS);
    let (pid, log) = (stage.wait_up("s", 1), stage.wait_up("s/log", 1));
    stage.wait_up("stays", 1);
    wait_for(SOON, "its log's file", || stage.at("s/log/got").exists());
    // what its log has got last is to be seen when the folder is gone
    fs::hard_link(stage.at("s/log/got"), stage.path().join("got")).unwrap();
    fs::create_dir(stage.at(".removed")).unwrap();
    fs::rename(stage.at("s"), stage.at(".removed/s")).unwrap();
    wait_for(SOON, "its end", || !runs(pid) && !runs(log));
    wait_for(SOON, "its folder to go", || !stage.at(".removed/s").exists());
    assert_eq!(fs::read_to_string(stage.path().join("got")).unwrap(), "last words\n");
    stage.wait_up("stays", 1);
    // and one of that name begins anew
    native(&stage, "s", LINES);
    stage.wait_up("s", 1);
}

#[test]
fn one_that_comes_back_is_the_same_and_runs_once() {
    let mut stage = Stage::new();
    // it takes its time to end
    native(
        &stage,
        "s",
        "exec 9> lock; flock -n 9 || echo twice >> twice; echo $$ >> starts; \
        trap 'rm -f hold; while [ ! -e leave ]; do sleep 0.1; done; exit' TERM; touch hold; \
        while :; do sleep 0.1; done 9>&-",
    );
    let _scan = stage.scan(OURS);
    stage.wait_up("s", 1);
    wait_for(SOON, "its trap", || stage.at("s/hold").exists());
    fs::create_dir(stage.at(".removed")).unwrap();
    fs::rename(stage.at("s"), stage.at(".removed/s")).unwrap();
    wait_for(SOON, "it to be told", || !stage.at(".removed/s/hold").exists());
    fs::rename(stage.at(".removed/s"), stage.at("s")).unwrap();
    fs::write(stage.at("s/leave"), "").unwrap();
    stage.wait_up("s", 2);
    assert!(!stage.at("s/twice").exists());
}

#[test]
fn one_that_was_taken_away_while_nobody_kept_it_is_found_and_ended() {
    let mut stage = Stage::new();
    native(&stage, "runs", LINES);
    native(&stage, "dead", LINES);
    let mut scan = stage.scan(OURS);
    let (first, second) = (stage.wait_up("runs", 1), stage.wait_up("dead", 1));
    scan.end("-9");
    crate::kit::kill("-9", second);
    wait_for(SOON, "its end", || !runs(second));
    fs::create_dir(stage.at(".removed")).unwrap();
    for name in ["runs", "dead"] {
        fs::rename(stage.at(name), stage.at(".removed").join(name)).unwrap();
    }
    let _scan = stage.scan(OURS);
    wait_for(SOON, "their folders to go", || {
        fs::read_dir(stage.at(".removed")).unwrap().count() == 0
    });
    assert!(!runs(first));
    assert!(!stage.said().contains("unable"), "{}", stage.said());
}

#[test]
fn a_log_comes_and_goes_with_the_next_start() {
    let mut stage = Stage::new();
    native(&stage, "s", LINES);
    let _scan = stage.scan(OURS);
    let pid = stage.wait_up("s", 1);
    stage.wait_said("begun\n");
    log(&stage, "s");
    crate::kit::kill("-9", pid);
    let pid = stage.wait_up("s", 2);
    let log = stage.wait_up("s/log", 1);
    wait_for(SOON, "its line", || stage.got("s") == "begun\n");
    fs::remove_file(stage.at("s/log/plan")).unwrap();
    crate::kit::kill("-9", pid);
    stage.wait_up("s", 3);
    wait_for(SOON, "its log to end", || !runs(log));
    wait_for(SOON, "its line elsewhere", || stage.said().matches("begun\n").count() == 2);
    assert_eq!(stage.got("s"), "begun\n");
}
