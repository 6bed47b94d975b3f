//! What the kernel refuses is told, and tried again.

use crate::kit::{OURS, SLEEP, Stage};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::process::Command;

/// Soft and hard limit on open files.
fn open_files(pid: u32) -> (String, String) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn the_keeper_takes_all_descriptors_it_may_have_and_services_get_their_own_limit() {
    let mut stage = Stage::new();
    stage.service("s", SLEEP);
    let mut command = Command::new("prlimit");
    command.arg("--nofile=700:1500").arg(stage.house(OURS).join("svscan"));
    let scan = stage.scan_by(command, &["service"]);
    let pid = stage.wait_up("s", 1);
    let limits = |soft: &str| (soft.to_owned(), "1500".to_owned());
    for keeper in [scan.pid(), scan.wait_worker(None)] {
        assert_eq!(open_files(keeper), limits("1500"));
    }
    assert_eq!(open_files(pid), limits("700"));
}

#[test]
fn services_past_the_descriptors_are_named_and_come_when_there_is_room() {
    let mut stage = Stage::new();
    for number in 0..6 {
        stage.service(&format!("s{number}"), SLEEP);
    }
    let mut command = Command::new("prlimit");
    command.arg("--nofile=332:332").arg(stage.house(OURS).join("svscan"));
    let mut scan = stage.scan_by(command, &["service"]);
    let up = || (0..6).filter(|number| stage.pid(&format!("s{number}")).is_some()).count();
    // six descriptors each, beside three hundred, and room for one more and its log
    wait_for(SOON, "the first", || up() == 4);
    stage.wait_said(": running too many services\n");
    let first = (0..6).find(|number| stage.pid(&format!("s{number}")).is_some()).unwrap();
    let first = format!("s{first}");
    fs::rename(stage.at(&first), stage.at(".gone")).unwrap();
    stage.tell(OURS, "-dx", ".gone");
    let others = || (0..6).filter(|it| stage.at(&format!("s{it}/starts")).exists()).count();
    wait_for(SOON, "another one", || others() == 4);
    assert!(scan.runs());
}

#[test]
fn where_no_process_can_be_made_it_is_told_and_tried_again() {
    // a user with no process but these, who is not root: root may have any number
    let mut stage = Stage::new();
    let user = "54327";
    for name in ["a", "b"] {
        stage.service(name, SLEEP);
    }
    for folder in ["service", "service/a", "service/b"] {
        std::os::unix::fs::chown(stage.path().join(folder), Some(54327), Some(54327)).unwrap();
    }
    let ids = format!("--reuid={user}");
    let mut command = Command::new("setpriv");
    command.args([&ids, "--regid=54327", "--clear-groups", "prlimit", "--nproc=3:3"]);
    command.arg(stage.house(OURS).join("svscan"));
    let mut scan = stage.scan_by(command, &["service"]);
    stage.wait_said("sleeping 60 seconds: temporary failure\n");
    let up = || ["a", "b"].iter().filter(|name| stage.pid(name).is_some()).count();
    wait_for(SOON, "the other one", || up() == 1);
    assert!(scan.runs() && scan.worker().is_some());
}
