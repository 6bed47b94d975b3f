//! SIGHUP: another program in the keeper's place.

use crate::kit::{OURS, SLEEP, Stage, kill};
use portreeve_testkit::{bin_dir, wait_for};
use portreeve_tests::SOON;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

fn install(stage: &Stage, bytes: &[u8]) -> u64 {
    let (beside, place) = (stage.path().join("tools.new"), stage.path().join("tools"));
    fs::write(&beside, bytes).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&beside, &place).unwrap();
    fs::metadata(&place).unwrap().ino()
}

fn program_of(pid: u32) -> Option<u64> {
    fs::metadata(format!("/proc/{pid}/exe")).ok().map(|it| it.ino())
}

#[test]
fn a_new_program_takes_the_old_ones_place_and_nothing_restarts() {
    let mut stage = Stage::new();
    let program = fs::read(bin_dir().join("portreeve-tools")).unwrap();
    let old = install(&stage, &program);
    symlink("tools", stage.path().join("svscan")).unwrap();
    stage.service("a", SLEEP);
    stage.logged("b", "echo begun; echo $$ >> starts; exec sleep 600");
    stage.service("down", SLEEP);
    let scan = stage.scan_by(Command::new(stage.path().join("svscan")), &["service"]);
    let names = ["a", "b", "b/log"];
    let pids = names.map(|name| stage.wait_up(name, 1));
    stage.wait_up("down", 1);
    stage.tell(OURS, "-d", "down");
    stage.wait_state("down", "down N seconds, normally up");
    let statuses = names.map(|name| stage.status(name));
    assert_eq!(program_of(scan.pid()), Some(old));
    // one that does not run changes nothing
    install(&stage, b"no program\n");
    kill("-HUP", scan.pid());
    stage.wait_said("the new program does not run, the old one goes on");
    assert_eq!(program_of(scan.pid()), Some(old));
    for _ in 0..2 {
        let worker = scan.wait_worker(None);
        // another file is another program
        let new = install(&stage, &[&program[..], b"x"].concat());
        kill("-HUP", scan.pid());
        wait_for(SOON, "the new program", || program_of(scan.pid()) == Some(new));
        let worker = scan.wait_worker(Some(worker));
        wait_for(SOON, "its worker", || program_of(worker) == Some(new));
    }
    stage.tell(OURS, "-c", "a");
    assert_eq!(names.map(|name| stage.wait_up(name, 1)), pids);
    assert_eq!(names.map(|name| stage.status(name)), statuses);
    assert!(!stage.said().contains("unable to read"), "{}", stage.said());
    for name in names {
        kill("-9", stage.wait_up(name, 1));
        stage.wait_up(name, 2);
    }
    wait_for(SOON, "both lines", || stage.got("b") == "begun\nbegun\n");
    assert_eq!(stage.starts("down").len(), 1);
    let environment = fs::read(format!("/proc/{}/environ", stage.wait_up("a", 2))).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(!environment.contains("PORTREEVE_HOLDER"), "{environment}");
    assert!(Path::new(&format!("/proc/{}", scan.pid())).exists());
}
