//! Kept services where nobody supervises them: names, marks, and what is said instead.

use crate::kit::Folder;
use portreeve_wire::control::Answer;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// Two services of the configuration, and a directory of two more, one of them of the same name.
fn folder() -> (Folder, PathBuf) {
    let folder = Folder::new();
    let own = folder.path().join("run/portreeve/services");
    let others = folder.path().join("others");
    for path in [own.join("web/log"), own.join("odd\x1b[2J"), own.join(".directories")] {
        fs::create_dir_all(path).expect("make it");
    }
    for name in ["web", "db/log", ".hidden"] {
        fs::create_dir_all(others.join(name)).expect("make it");
    }
    fs::write(own.join("web/plan"), "plan 1\nfile /bin/cat\nargument cat\n").expect("make it");
    fs::write(others.join("file"), "").expect("make it");
    symlink(&others, own.join(".directories/0")).expect("make it");
    symlink(folder.path().join("nowhere"), own.join(".directories/1")).expect("make it");
    symlink(others.join("db"), others.join("db-again")).expect("make it");
    (folder, own)
}

#[test]
fn services_of_all_directories_are_listed_once_and_harmless() {
    let (folder, _) = folder();
    let ran = folder.portreeve(&["service", "list"]);
    let want = "NAME        STATE\ndb          unsupervised\ndb/log      unsupervised\n\
                odd\\x1b[2J  unsupervised\nweb         unsupervised\nweb         unsupervised\n\
                web/log     unsupervised\n";
    assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (0, want, ""));
    let ran = folder.portreeve(&["service", "list", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["services"].as_array().unwrap().len(), 6);
    assert_eq!(value["services"][0]["kind"], "directory");
    let ran = folder.portreeve(&["names", "kept"]);
    assert!(
        ran.exit == 0 && ran.out.is_empty(),
        "the hidden command asks the line's door: {ran:?}"
    );
    let empty = Folder::new();
    let ran = empty.portreeve(&["service", "list"]);
    assert_eq!((ran.exit, ran.out.as_str()), (0, "No service is kept.\n"));
}

#[test]
fn names_are_found_or_it_is_said_what_they_are() {
    let (folder, own) = folder();
    let web = own.join("web").display().to_string();
    let others = folder.path().join("others").display().to_string();
    for (args, exit, says) in [
        (&["db"][..], 69, "`db` has never been supervised; does its keeper run"),
        (&["db/log/"], 69, "`db/log` has never been supervised"),
        (&["web"], 64, "`web` is the name of several services: "),
        (&[&web], 69, "has never been supervised"),
        (&["--directory", &others, "web"], 69, "`web` has never been supervised"),
        (&["--directory", &others, "nonesuch"], 64, "others has no service `nonesuch`"),
        (&["--directory", "/nonesuch", "web"], 64, "/nonesuch does not exist"),
        (&["nonesuch"], 64, "no kept service is called `nonesuch`; `portreeve service list`"),
        (&["nonesuch"], 64, "`portreeve check` tells what the host lacks"),
        (&["./nonesuch"], 64, "./nonesuch does not exist"),
        (&["/etc/passwd"], 64, "/etc/passwd is no directory"),
        (&["x\x1b[2J"], 64, "is called `x\\x1b[2J`"),
        (&["nonesuch", "db"], 64, "`db` has never been supervised"),
    ] {
        let ran = folder.portreeve(&[&["service", "up"], args].concat());
        assert!(ran.exit == exit && ran.err.contains(says), "{args:?}: {ran:?}");
        assert_eq!(ran.out, "", "{args:?}");
    }
    for args in [
        &["up"][..],
        &["up", "db", "--timeout", "10ms"],
        &["up", "db", "--no-wait", "--timeout", "3s"],
        &["signal", "db"],
        &["signal", "db", "SEGV"],
        &["enable", "db", "--timeout", "3s"],
        &["log", "db", "--raw", "--utc"],
        &["log", "db", "--raw", "--json"],
    ] {
        let ran = folder.portreeve(&[&["service"], args].concat());
        assert_eq!(ran.exit, 64, "{args:?}: {ran:?}");
    }
}

#[test]
fn a_service_of_the_door_is_told_from_a_kept_one() {
    let (folder, _) = folder();
    let door = folder.door(&crate::door::ailing(), b"");
    let ran = folder.portreeve(&["service", "restart", "ssh"]);
    door.join().unwrap();
    let says = "`ssh` is a service of the door, which starts it for each connection";
    assert!(ran.exit == 64 && ran.err.contains(says), "{ran:?}");
    assert!(ran.err.contains("`portreeve sessions --service ssh`"), "{ran:?}");
}

#[test]
fn the_status_of_the_door_has_the_kept_services() {
    let (folder, _) = folder();
    let answer = Answer::Status(Box::new(crate::door::status()));
    let door = folder.patient_door(&[answer.clone(), answer]);
    let ran = folder.portreeve(&["status"]);
    assert!(ran.out.contains("\nkept services\n  NAME        STATE\n  db "), "{ran:?}");
    let ran = folder.portreeve(&["status", "--json"]);
    door.join().unwrap();
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["kept"].as_array().unwrap().len(), 6);
    fs::remove_file(folder.path().join("run/portreeve/control.sock")).unwrap();
    let ran = folder.portreeve(&["status"]);
    assert!(ran.exit == 69 && ran.err.contains("`portreeve service list`"), "{ran:?}");
}

#[test]
fn marks_are_made_where_they_last() {
    let (folder, own) = folder();
    let web = own.join("web").display().to_string();
    let lasting = folder.path().join("etc/portreeve/down/web");
    let marks = || (lasting.exists(), own.join("web/down").exists());
    for _ in 0..2 {
        let ran = folder.portreeve(&["service", "disable", &web]);
        assert_eq!((ran.exit, ran.err.as_str(), marks()), (0, "", (true, true)), "{ran:?}");
    }
    let ran = folder.portreeve(&["service", "status", &web]);
    assert!(ran.out.contains("left down when its supervisor starts (disabled)"), "{ran:?}");
    assert!(ran.out.contains("  starts          cat\n  program         /bin/cat\n"), "{ran:?}");
    for _ in 0..2 {
        let ran = folder.portreeve(&["service", "enable", &web]);
        assert_eq!((ran.exit, ran.err.as_str(), marks()), (0, "", (false, false)), "{ran:?}");
    }
    let ran = folder.portreeve(&["service", "disable", "web/log"]);
    assert!(ran.exit == 64 && ran.err.contains("belongs to a service of the config"), "{ran:?}");
    let ran = folder.portreeve(&["service", "disable", "db", "db/log"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(folder.path().join("others/db/log/down").exists());
    let ran = folder.portreeve(&["service", "enable", "db", "--now"]);
    assert!(ran.exit == 69 && !folder.path().join("others/db/down").exists(), "{ran:?}");
}

#[test]
fn a_log_is_shown_by_its_folder_with_times_for_people() {
    let folder = Folder::new();
    let log = folder.path().join("log");
    fs::create_dir(&log).unwrap();
    let old = "@400000000000000a000001f4 first \x1b[2J\n@400000000000000b000001f4 second\n";
    fs::write(log.join("@400000000000001000000000.s"), old).unwrap();
    fs::write(log.join("current"), "@400000000000000c000001f4 third\nno label\n").unwrap();
    let path = log.display().to_string();
    let ran = folder.portreeve(&["service", "log", &path, "--lines", "3"]);
    let want =
        "1970-01-01 00:00:01.000000500 second\n1970-01-01 00:00:02.000000500 third\nno label\n";
    assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (0, want, ""));
    let ran = folder.portreeve(&["service", "log", &path]);
    assert!(ran.out.starts_with("1970-01-01 00:00:00.000000500 first \\x1b[2J\n"), "{ran:?}");
    let ran = folder.portreeve(&["service", "log", &path, "--raw"]);
    assert!(ran.out.starts_with(old), "{ran:?}");
    let ran = folder.portreeve(&["service", "log", &path, "--json", "-n", "1"]);
    assert_eq!(ran.out, "{\"at\":null,\"text\":\"no label\"}\n");
    assert_eq!(folder.portreeve(&["service", "log", &path, "-n", "0"]).out, "");
}
