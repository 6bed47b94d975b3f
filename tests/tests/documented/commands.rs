//! svc, svok: what they send, and what they say when they cannot.

use crate::kit::Kit;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

/// `O_NONBLOCK` of Linux.
const NONBLOCK: i32 = 0o4000;

fn fifo(path: &Path) -> File {
    assert!(Command::new("mkfifo").arg(path).status().expect("run mkfifo").success());
    let mut options = File::options();
    options.read(true).write(true).custom_flags(NONBLOCK).open(path).expect("open a pipe")
}

#[test]
fn letters_go_out_once_each_in_their_order_in_one_write() {
    let kit = Kit::new();
    fs::create_dir_all(kit.path("s/supervise")).unwrap();
    let mut control = fifo(&kit.path("s/supervise/control"));
    for (words, want) in [
        (&["-u"][..], "u"),
        (&["-kud", "-x"], "kudx"),
        (&["-uu", "-duk"], "udk"),
        (&["-udopchaitkx"], "udopchaitkx"),
        (&["-d", "--"], "d"),
        (&[], ""),
    ] {
        for house in &kit.houses {
            let words = [&["svc"], words, &["s"]].concat();
            assert_eq!(kit.run(house, &words, ""), (Some(0), String::new(), String::new()));
            let mut got = [0; 64];
            let count = control.read(&mut got).unwrap_or(0);
            assert_eq!(String::from_utf8_lossy(&got[..count]), want, "{house:?} {words:?}");
        }
    }
    // a supervisor that reads nothing: the ancestor waits for it
    let filled = loop {
        if let Err(error) = control.write_all(&[0]) {
            break error.kind();
        }
    };
    assert_eq!(filled, ErrorKind::WouldBlock);
    let full = "svc: warning: error writing commands to s: temporary failure\n";
    let told = kit.run(&kit.houses[1], &["svc", "-u", "s"], "");
    assert_eq!(told, (Some(0), String::new(), full.into()));
}

#[test]
fn what_cannot_be_reached_is_named_and_the_rest_is_told() {
    let kit = Kit::new();
    fs::create_dir_all(kit.path("dead/supervise")).unwrap();
    drop(fifo(&kit.path("dead/supervise/control")));
    drop(fifo(&kit.path("dead/supervise/ok")));
    fs::create_dir_all(kit.path("odd/supervise/ok")).unwrap();
    fs::create_dir_all(kit.path("odd/supervise/control")).unwrap();
    fs::create_dir_all(kit.path("live/supervise")).unwrap();
    let mut live = fifo(&kit.path("live/supervise/control"));
    kit.file("file", "", 0o644);
    fs::create_dir(kit.path("never")).unwrap();
    let options = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, \
                   i interrupt, t term, k kill\n";
    kit.both(
        &["svc", "-uz", "live"],
        "",
        (100, "", &format!("svc: illegal option -- z\n{options}")),
    );
    let said = "svc: warning: unable to chdir to gone: file does not exist\n\
                svc: warning: unable to chdir to file: not a directory\n\
                svc: warning: unable to control never: file does not exist\n\
                svc: warning: unable to control dead: supervise not running\n\
                svc: warning: unable to control odd: is a directory\n";
    let words = ["svc", "-d", "gone", "file", "never", "dead", "odd", "live"];
    for house in &kit.houses {
        assert_eq!(kit.run(house, &words, ""), (Some(0), String::new(), said.into()));
        let mut got = [0; 8];
        assert_eq!((live.read(&mut got).unwrap(), got[0]), (1, b'd'));
    }
    for (words, code, err) in [
        (&["svok"][..], 100, "svok: usage: svok dir\n"),
        (&["svok", "dead"], 100, ""),
        (&["svok", "never"], 100, ""),
        (&["svok", "odd"], 111, "svok: fatal: unable to open odd/supervise/ok: is a directory\n"),
        (&["svok", "gone"], 111, "svok: fatal: unable to chdir to gone: file does not exist\n"),
        (&["svok", "dead", "gone"], 100, ""),
        (&["supervise"], 100, "supervise: usage: supervise dir\n"),
        (
            &["supervise", "gone"],
            111,
            "supervise: fatal: unable to chdir to gone: file does not exist\n",
        ),
        (&["svc"], 0, ""),
        (&["svstat"], 0, ""),
    ] {
        kit.both(words, "", (code, "", err));
    }
}
