//! svscanboot: what a host starts.

use crate::kit::{OURS, SLEEP, Stage, kill};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::process::Command;

/// The arguments of a process, blanks between them.
fn words(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}

#[test]
fn it_ends_leftovers_and_shows_what_svscan_says() {
    let mut stage = Stage::new();
    stage.service("left", SLEEP);
    stage.service("bad", SLEEP);
    fs::remove_file(stage.at("bad/run")).unwrap();
    // a supervisor that is there is told to end, with its service
    let supervise = Command::new(stage.house(OURS).join("supervise"));
    let mut left = stage.scan_by(supervise, &["service/left"]);
    let old = stage.wait_up("left", 1);
    let folder = stage.path().join("service").display().to_string();
    let boot = Command::new(stage.house(OURS).join("svscanboot"));
    let scan = stage.scan_by(boot, &[&folder]);
    assert_eq!(left.ended(), Some(0));
    let new = stage.wait_up("left", 2);
    assert_ne!(old, new);
    let title = || {
        let children = crate::kit::children(scan.pid());
        children.into_iter().find(|pid| words(*pid).starts_with("readproctitle service errors: "))
    };
    wait_for(SOON, "its messages to be shown", || {
        let said = "unable to start bad/run: file does not exist";
        title().is_some_and(|pid| words(pid).contains(said))
    });
    assert_eq!(stage.said(), "", "nothing goes elsewhere");
    let environment = fs::read(format!("/proc/{new}/environ")).unwrap();
    let variables: Vec<_> = environment.split(|byte| *byte == 0).collect();
    assert!(variables.iter().any(|it| it.starts_with(b"PATH=/command:/usr/local/bin:")));
    assert!(!variables.iter().any(|it| it.starts_with(b"HOME=")));
    kill("-TERM", scan.pid());
}
