//! Folders that change are seen at once, and folders that do not cost nothing.

use crate::kit::{OURS, SLEEP, Stage, kill, program};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

/// How often a process has been woken.
fn wakes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn where_nothing_happens_nobody_wakes() {
    let mut stage = Stage::new();
    for number in 0..4 {
        stage.service(&format!("s{number}"), SLEEP);
    }
    stage.logged("logged", SLEEP);
    let scan = stage.scan(OURS);
    for name in ["s0", "s1", "s2", "s3", "logged", "logged/log"] {
        stage.wait_up(name, 1);
    }
    let both = [scan.pid(), scan.wait_worker(None)];
    let mut seen = both.map(wakes);
    wait_for(SOON, "both to rest", || {
        std::thread::sleep(Duration::from_millis(500));
        let before = std::mem::replace(&mut seen, both.map(wakes));
        before == seen
    });
    // longer than anything is looked at for trouble's sake
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(both.map(wakes), seen);
}

#[test]
fn one_that_is_made_in_its_place_is_whole_before_it_is_taken_over() {
    let mut stage = Stage::new();
    stage.service("first", SLEEP);
    let _scan = stage.scan(OURS);
    stage.wait_up("first", 1);
    let path = stage.at("late");
    fs::create_dir(&path).unwrap();
    program(&path.join("run"), "echo line; echo $$ >> starts; exec sleep 600");
    fs::create_dir(path.join("log")).unwrap();
    program(&path.join("log/run"), "echo $$ >> starts; exec cat >> got");
    stage.wait_up("late", 1);
    wait_for(SOON, "its line", || stage.got("late") == "line\n");
}

#[test]
fn a_link_that_is_turned_brings_the_new_service_and_keeps_the_old_one() {
    let mut stage = Stage::new();
    let (old, new) = (stage.away("old", SLEEP), stage.away("new", SLEEP));
    symlink(&old, stage.at("s")).unwrap();
    let _scan = stage.scan(OURS);
    let pid = stage.wait_up("s", 1);
    symlink(&new, stage.path().join("link")).unwrap();
    fs::rename(stage.path().join("link"), stage.at("s")).unwrap();
    assert_ne!(stage.wait_up("s", 1), pid);
    fs::rename(stage.path().join("away/old"), stage.at("old")).unwrap();
    assert_eq!(stage.wait_up("old", 1), pid, "it is kept under any name");
    // what a link leads to is replaced behind it
    fs::rename(&new, stage.path().join("away/gone")).unwrap();
    let newer = stage.away("new", SLEEP);
    wait_for(SOON, "the newer one", || newer.join("starts").exists());
}

#[test]
fn one_whose_folder_is_removed_leaves_with_its_process() {
    let mut stage = Stage::new();
    stage.service("s", SLEEP);
    let scan = stage.scan(OURS);
    let pid = stage.wait_up("s", 1);
    fs::remove_dir_all(stage.at("s")).unwrap();
    stage.service("next", SLEEP);
    stage.wait_up("next", 1);
    assert!(crate::kit::runs(pid));
    kill("-9", pid);
    let worker = scan.wait_worker(None);
    let open = || fs::read_dir(format!("/proc/{worker}/fd")).unwrap().count();
    // nothing of it is left open
    let held = || {
        let fds = fs::read_dir(format!("/proc/{}/fd", scan.pid())).unwrap();
        let targets = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        targets.filter(|it| it.to_string_lossy().ends_with("(deleted)")).count()
    };
    wait_for(SOON, "the holder to let go", || held() == 0);
    assert!(open() > 0);
}

#[test]
fn links_lead_to_more_directories_of_services() {
    let mut stage = Stage::new();
    stage.service("own", SLEEP);
    stage.away("far", SLEEP);
    stage.away("late", SLEEP);
    let _scan = stage.scan(OURS);
    stage.wait_up("own", 1);
    fs::create_dir(stage.at(".directories")).unwrap();
    let more = stage.path().join("more");
    fs::create_dir(&more).unwrap();
    fs::rename(stage.path().join("away/far"), more.join("far")).unwrap();
    symlink(&more, stage.at(".directories/more")).unwrap();
    wait_for(SOON, "the far one", || more.join("far/starts").exists());
    fs::rename(stage.path().join("away/late"), more.join("late")).unwrap();
    wait_for(SOON, "the late one", || more.join("late/starts").exists());
    // messages say where
    fs::create_dir(stage.path().join("away/bad")).unwrap();
    fs::rename(stage.path().join("away/bad"), more.join("bad")).unwrap();
    let said = format!("unable to start {}/bad/run: file does not exist", more.display());
    stage.wait_said(&said);
}

#[test]
fn more_than_one_directory_is_scanned() {
    let mut stage = Stage::new();
    stage.service("a", SLEEP);
    fs::create_dir(stage.path().join("more")).unwrap();
    stage.away("b", SLEEP);
    fs::rename(stage.path().join("away/b"), stage.path().join("more/b")).unwrap();
    let svscan = Command::new(stage.house(OURS).join("svscan"));
    let _scan = stage.scan_by(svscan, &["service", "more"]);
    stage.wait_up("a", 1);
    let far = stage.path().join("more/b/starts");
    wait_for(SOON, "the second one's", || far.exists());
}
