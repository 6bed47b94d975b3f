//! svstat: every line it can say, from every status there can be.

use crate::kit::Kit;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// A status as it is on disk, of a change so many seconds ago.
fn status(ago: i64, pid: u32, paused: u8, want: u8) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = i64::try_from(now).expect("a time");
    let label = (1_i64 << 62) + 10 + now - ago;
    [&label.to_be_bytes()[..], &[0; 4], &pid.to_le_bytes(), &[paused, want]].concat()
}

/// What a status of a change in the future says, whose seconds are always 0.
fn said(pid: u32, paused: bool, want: u8, down: bool) -> String {
    let mut text = match pid {
        0 => "down 0 seconds".to_owned(),
        pid => format!("up (pid {pid}) 0 seconds"),
    };
    let runs = pid != 0;
    for (shown, words) in [
        (runs && down, ", normally down"),
        (!runs && !down, ", normally up"),
        (runs && paused, ", paused"),
        (!runs && want == b'u', ", want up"),
        (runs && want == b'd', ", want down"),
    ] {
        text += if shown { words } else { "" };
    }
    text
}

/// A service `s` with a supervisor that is this value.
fn supervised(kit: &Kit) -> File {
    let folder = kit.path("s");
    fs::create_dir_all(folder.join("supervise")).expect("make folders");
    let ok = folder.join("supervise/ok");
    assert!(Command::new("mkfifo").arg(&ok).status().expect("run mkfifo").success());
    File::options().read(true).write(true).open(&ok).expect("open a pipe")
}

#[test]
fn every_status_has_its_line() {
    let kit = Kit::new();
    let _held = supervised(&kit);
    let folder = kit.path("s");
    let write = |bytes: &[u8]| fs::write(folder.join("supervise/status"), bytes).unwrap();
    for pid in [0, 1, 1234, u32::MAX] {
        for paused in [0, 1, 7] {
            for want in [b'u', b'd', 0, b'x'] {
                for down in [false, true] {
                    let mark = folder.join("down");
                    if down {
                        fs::write(&mark, "").unwrap();
                    } else {
                        let _ = fs::remove_file(&mark);
                    }
                    // a version of another suite writes more bytes
                    for more in [&b""[..], b"\0\x01"] {
                        write(&[&status(-1000, pid, paused, want), more].concat());
                        let line = format!("s: {}\n", said(pid, paused != 0, want, down));
                        kit.both(&["svstat", "s"], "", (0, &line, ""));
                    }
                }
            }
        }
    }
}

#[test]
fn seconds_are_counted_and_what_cannot_be_read_is_said() {
    let kit = Kit::new();
    let held = supervised(&kit);
    let folder = kit.path("s");
    let ok = folder.join("supervise/ok");
    let write = |bytes: &[u8]| fs::write(folder.join("supervise/status"), bytes).unwrap();
    fs::write(folder.join("down"), "").unwrap();
    for house in &kit.houses {
        write(&status(1000, 9, 0, b'u'));
        let (code, out, _) = kit.run(house, &["svstat", "./s"], "");
        let seconds = out
            .strip_prefix("./s: up (pid 9) ")
            .and_then(|it| it.strip_suffix(" seconds, normally down\n"));
        let seconds: u64 = seconds.unwrap_or_else(|| panic!("{out}")).parse().unwrap();
        assert!(code == Some(0) && (1000..1000 + 3600).contains(&seconds), "{out}");
    }
    write(&status(0, 9, 0, b'u')[..17]);
    let cases: [(&str, &dyn Fn(), &str); 5] = [
        ("a short one", &|| (), "unable to read supervise/status: bad format"),
        (
            "none",
            &|| remove(&folder.join("supervise/status")),
            "unable to open supervise/status: file does not exist",
        ),
        (
            "a mark that cannot be looked at",
            &|| looped(&folder.join("down")),
            "unable to stat down: symbolic link loop",
        ),
        (
            "nobody there",
            &|| _ = fs::rename(&ok, folder.join("supervise/old")),
            "unable to open supervise/ok: file does not exist",
        ),
        (
            "a folder that is gone",
            &|| _ = fs::rename(&folder, kit.path("other")),
            "unable to chdir: file does not exist",
        ),
    ];
    for (what, make, line) in cases {
        make();
        let looks_first = what == "nobody there";
        if looks_first {
            remove(&folder.join("down"));
        }
        kit.both(&["svstat", "s"], "", (0, &format!("s: {line}\n"), ""));
    }
    drop(held);
    let other = kit.path("other");
    fs::rename(other.join("supervise/old"), other.join("supervise/ok")).unwrap();
    kit.both(&["svstat", "other"], "", (0, "other: supervise not running\n", ""));
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("remove a file");
}

fn looped(path: &Path) {
    let _ = fs::remove_file(path);
    std::os::unix::fs::symlink(path, path).expect("make a link");
}
