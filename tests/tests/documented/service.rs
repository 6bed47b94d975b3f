//! supervise: what its service begins with, and what each command makes of it.

use crate::kit::Kit;
use portreeve_testkit::{proc_status, wait_for};
use portreeve_tests::SOON;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn a_service_begins_as_documented() {
    let kit = Kit::new();
    // what it ignores is what those above the ancestor's supervisor do, and with ours nothing
    let script = "{ echo $0 $# $PWD; umask; readlink /proc/$$/fd/*; \
                  grep SigBlk /proc/$$/status; } > told.new; mv told.new told\n\
                  exec sleep 600";
    let told = kit.houses.each_ref().map(|house| {
        let path = kit.service("s", script);
        let supervisor = kit.supervise(house, "s");
        wait_for(SOON, "what it tells", || path.join("told").exists());
        let told = fs::read_to_string(path.join("told")).unwrap();
        assert!(proc_status(supervisor.pid()).is_some());
        drop(supervisor);
        fs::remove_dir_all(path).unwrap();
        told
    });
    assert_eq!(told[0], told[1]);
    assert!(told[1].starts_with(&format!("./run 0 {}", kit.path("s").display())), "{told:?}");
}

#[test]
fn each_command_changes_what_the_manual_says_and_no_more() {
    let kit = Kit::new();
    for house in &kit.houses {
        let path =
            kit.service("s", "trap 'echo term >> log' TERM\n> ready\nwhile :; do sleep 0.05; done");
        let supervisor = &mut kit.supervise(house, "s");
        wait_for(SOON, "the start", || supervisor.pid() != 0 && path.join("ready").exists());
        supervisor.wait_bytes("as it begins", 0, b'u');
        let first = supervisor.status();
        // a moment longer than the second in which the ancestor is deaf
        std::thread::sleep(std::time::Duration::from_millis(1200));
        // none of either house's words
        supervisor.tell(b"\nU3\0zQ");
        supervisor.tell(b"p");
        supervisor.wait_bytes("p", 1, b'u');
        assert_eq!(supervisor.status()[..16], first[..16], "a change of words keeps the moment");
        // a stopped one stays so
        supervisor.tell(b"t");
        supervisor.tell(b"o");
        supervisor.wait_bytes("o", 1, 0);
        let stopped =
            || proc_status(supervisor.pid()).is_some_and(|it| it.get("State").starts_with('T'));
        wait_for(SOON, "it to be stopped", stopped);
        assert!(!path.join("log").exists());
        supervisor.tell(b"c");
        supervisor.wait_bytes("c", 0, 0);
        wait_for(SOON, "what was sent meanwhile", || path.join("log").exists());
        supervisor.tell(b"p");
        supervisor.wait_bytes("p", 1, 0);
        // down wakes it; it does not obey, and nothing escalates
        supervisor.tell(b"d");
        supervisor.wait_bytes("d", 0, b'd');
        let terms = || fs::read_to_string(path.join("log")).unwrap_or_default().lines().count();
        wait_for(SOON, "the word to end", || terms() == 2);
        assert_eq!(supervisor.status()[..16], first[..16]);
        supervisor.tell(b"u");
        supervisor.wait_bytes("u", 0, b'u');
        // x waits for its end, and nothing follows
        supervisor.tell(b"x");
        supervisor.tell(b"h");
        assert_eq!(supervisor.ended(), Some(0), "hup ends it");
        assert_eq!(supervisor.status()[12..], [0, 0, 0, 0, 0, b'u'], "the last word stays");
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
fn a_supervisor_that_cannot_begin_says_why() {
    let kit = Kit::new();
    for (name, make, code, err) in [
        (
            "mark",
            (&|| symlink("down", kit.path("mark/down")).expect("a link")) as &dyn Fn(),
            111,
            "supervise: fatal: unable to stat mark/down: symbolic link loop\n",
        ),
        (
            "held",
            &|| fs::create_dir_all(kit.path("held/supervise/lock")).expect("a folder"),
            111,
            "supervise: fatal: unable to acquire held/supervise/lock: is a directory\n",
        ),
        (
            "file",
            &|| fs::write(kit.path("file/supervise"), "").expect("a file"),
            111,
            "supervise: fatal: unable to acquire file/supervise/lock: not a directory\n",
        ),
    ] {
        kit.service(name, "exit 0");
        make();
        kit.both(&["supervise", name], "", (code, "", err));
    }
}

#[test]
fn the_folder_of_a_supervisor_may_be_elsewhere() {
    let kit = Kit::new();
    for house in &kit.houses {
        let path = kit.service("s", "exec sleep 600");
        symlink(kit.path("elsewhere"), path.join("supervise")).unwrap();
        let mut supervisor = kit.supervise(house, "s");
        let mode = |path: &str| fs::metadata(kit.path(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("elsewhere"), 0o700);
        assert_eq!(
            [mode("elsewhere/lock"), mode("elsewhere/ok"), mode("elsewhere/status")],
            [0o600, 0o600, 0o644]
        );
        wait_for(SOON, "the start", || supervisor.pid() != 0);
        supervisor.tell(b"dx");
        assert_eq!(supervisor.ended(), Some(0));
        assert_eq!(supervisor.status()[16..], [0, b'd']);
        fs::remove_dir_all(&path).unwrap();
        fs::remove_dir_all(kit.path("elsewhere")).unwrap();
    }
}

#[test]
fn one_that_is_normally_down_waits_for_a_word() {
    let kit = Kit::new();
    for house in &kit.houses {
        let path = kit.service("s", "echo up >> log; exec sleep 600");
        fs::write(path.join("down"), "").unwrap();
        let mut supervisor = kit.supervise(house, "s");
        supervisor.wait_bytes("as it begins", 0, b'd');
        assert_eq!(supervisor.pid(), 0);
        assert!(!path.join("log").exists());
        // once: it is not started again
        supervisor.tell(b"o");
        wait_for(SOON, "the start", || path.join("log").exists() && supervisor.pid() != 0);
        supervisor.wait_bytes("once", 0, 0);
        // the ancestor is deaf for a second: what is sent then is obeyed after
        supervisor.tell(b"k");
        wait_for(SOON, "its end", || supervisor.pid() == 0);
        supervisor.tell(b"x");
        assert_eq!(supervisor.ended(), Some(0));
        assert_eq!(fs::read_to_string(path.join("log")).unwrap(), "up\n");
        fs::remove_dir_all(&path).unwrap();
    }
}
