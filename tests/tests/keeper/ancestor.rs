//! What both houses' svscan do.

use crate::kit::{OURS, SLEEP, Stage, THEIRS, kill};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

const BOTH: [usize; 2] = [THEIRS, OURS];
const UP: &str = "up (pid N) N seconds";

#[test]
fn each_directory_is_a_service_and_nothing_else_is() {
    for house in BOTH {
        let mut stage = Stage::new();
        stage.service("a", SLEEP);
        stage.service(".hidden", SLEEP);
        stage.away("linked", SLEEP);
        symlink(stage.path().join("away/linked"), stage.at("one")).unwrap();
        symlink(stage.path().join("away/linked"), stage.at("two")).unwrap();
        fs::write(stage.at("file"), "").unwrap();
        symlink("nowhere", stage.at("dangling")).unwrap();
        let _scan = stage.scan(house);
        let first = stage.wait_up("a", 1);
        stage.wait_up("one", 1);
        stage.wait_said("svscan: warning: unable to stat dangling: file does not exist\n");
        // one that comes later
        stage.service("b", SLEEP);
        stage.wait_up("b", 1);
        assert_eq!(stage.starts("one").len(), 1, "one service of two names");
        assert!(!stage.at(".hidden/supervise").exists());
        // one that is renamed keeps its process
        fs::rename(stage.at("a"), stage.at("c")).unwrap();
        stage.service("d", SLEEP);
        stage.wait_up("d", 1);
        assert_eq!(stage.wait_up("c", 1), first);
        assert!(!stage.said().contains("file:"), "{}", stage.said());
    }
}

#[test]
fn services_of_either_are_told_and_shown_by_either() {
    for house in BOTH {
        let mut stage = Stage::new();
        stage.service("s", SLEEP);
        let _scan = stage.scan(house);
        let mut starts = 1;
        stage.wait_up("s", starts);
        for teller in BOTH {
            // a command to the ancestor's supervisor may get lost: it is told again
            let tell = |letters: &str, state: &str| {
                wait_for(SOON, format!("{state} after {letters}"), || {
                    stage.tell(teller, letters, "s");
                    let shown = || BOTH.iter().all(|reader| stage.state(*reader, "s") == state);
                    (0..300).any(|_| {
                        std::thread::sleep(Duration::from_millis(10));
                        shown()
                    })
                });
            };
            assert_eq!(stage.run(teller, "svok", &["s"]).status.code(), Some(0));
            tell("-p", "up (pid N) N seconds, paused");
            tell("-c", UP);
            tell("-d", "down N seconds, normally up");
            tell("-u", UP);
            starts += 1;
            stage.wait_up("s", starts);
        }
    }
}

#[test]
fn a_log_reads_what_its_service_writes_over_ends_of_either() {
    for house in BOTH {
        let mut stage = Stage::new();
        stage.logged("s", "echo begun; echo $$ >> starts; exec sleep 600");
        let _scan = stage.scan(house);
        let service = stage.wait_up("s", 1);
        let log = stage.wait_up("s/log", 1);
        wait_for(SOON, "the first line", || stage.got("s") == "begun\n");
        kill("-9", log);
        kill("-9", service);
        stage.wait_up("s", 2);
        stage.wait_up("s/log", 2);
        wait_for(SOON, "the second line", || stage.got("s") == "begun\nbegun\n");
        assert_eq!(stage.state(OURS, "s/log"), UP);
    }
}

#[test]
fn one_that_is_told_to_leave_is_taken_over_again_while_it_has_a_name() {
    for house in BOTH {
        let mut stage = Stage::new();
        stage.logged("named", SLEEP);
        let linked = stage.away("linked", SLEEP);
        symlink(&linked, stage.at("unnamed")).unwrap();
        let _scan = stage.scan(house);
        stage.wait_up("named", 1);
        stage.wait_up("named/log", 1);
        stage.wait_up("unnamed", 1);
        fs::remove_file(stage.at("unnamed")).unwrap();
        symlink(&linked, stage.path().join("service/.unnamed")).unwrap();
        // its name is gone: it is kept until it is told to leave, and then not taken over again
        kill("-9", stage.wait_up(".unnamed", 1));
        stage.wait_up(".unnamed", 2);
        let not_running = || stage.state(OURS, ".unnamed") == "supervise not running";
        insist(&stage, ".unnamed", &not_running);
        insist(&stage, "named", &|| stage.starts("named").len() == 2);
        stage.wait_up("named", 2);
        assert_eq!(stage.state(OURS, ".unnamed"), "supervise not running");
        assert_eq!(stage.starts("named/log").len(), 1);
    }
}

/// Tells a supervisor to leave, again where it does not: the ancestor's may lose a command.
fn insist(stage: &Stage, name: &str, done: &dyn Fn() -> bool) {
    let told = (0..4).any(|_| {
        stage.run(OURS, "svc", &["-dx", name]);
        (0..1500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            done()
        })
    });
    assert!(told, "{name} leaves");
}

#[test]
fn what_is_wrong_is_said_alike() {
    for (name, prepare) in [
        ("none", None),
        ("text", Some(("echo hello\n", "755"))),
        ("mode", Some(("#!/bin/sh\n", "644"))),
    ] {
        let said = BOTH.map(|house| {
            let mut stage = Stage::new();
            let path = stage.path().join("away").join(name);
            fs::create_dir(&path).unwrap();
            if let Some((text, mode)) = prepare {
                fs::write(path.join("run"), text).unwrap();
                let file = path.join("run").display().to_string();
                let mut command = std::process::Command::new("/bin/chmod");
                assert!(command.args([mode, &file]).status().unwrap().success());
            }
            fs::rename(path, stage.at(name)).unwrap();
            let _scan = stage.scan(house);
            wait_for(SOON, "two tries", || stage.said().lines().count() >= 2);
            stage.said().lines().next().unwrap_or_default().to_owned()
        });
        assert_eq!(said[THEIRS], said[OURS]);
    }
    let said = BOTH.map(|house| {
        let mut stage = Stage::new();
        fs::write(stage.path().join("file"), "").unwrap();
        let mut ends = Vec::new();
        for folder in ["missing", "file"] {
            let command = std::process::Command::new(stage.house(house).join("svscan"));
            ends.push(stage.scan_by(command, &[folder]).ended());
        }
        (ends, stage.said())
    });
    assert_eq!(said[THEIRS], said[OURS]);
}
