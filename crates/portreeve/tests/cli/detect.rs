//! `detect`: logs in, offences out, by the command as it is typed.

use crate::kit::{Folder, Ran, command, portreeve};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

const LOG: &[u8] = b"\
Nov 22 10:00:00 gate CRON[9]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
Nov 22 10:00:01 gate sshd[71]: Failed password for root from 192.0.2.7 port 4711 ssh2
Nov 22 10:00:02 gate sshd[72]: Invalid user x from 198.51.100.7 from 192.0.2.8 port 4712
Nov 22 10:00:03 gate sshd[73]: Failed password for alice from host.example port 4713 ssh2
Nov 22 10:00:04 gate sshd[74]: Accepted publickey for alice from 192.0.2.9 port 4714 ssh2: ED25519 SHA256:x
not a line of syslog
";

fn fed(args: &[&str], input: &[u8]) -> Ran {
    let mut command = command(&[&["detect"], args].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // all of it fits into the pipe: whoever refuses the line typed reads none
    let _refused = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().into()
}

fn objects(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const NOW: [&str; 4] = ["--now", "2026-11-22T12:00:00Z", "--zone", "UTC"];

fn with(args: &[&'static str]) -> Vec<&'static str> {
    [args, &NOW].concat()
}

#[test]
fn offences_are_objects_of_one_line_with_their_members_in_order() {
    let ran = fed(&with(&["--json", "--detector", "sshd"]), LOG);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let first = ran.out.lines().next().unwrap();
    let head = "{\"line\":2,\"time\":\"2026-11-22T10:00:01+00:00\",\"offence\":\"auth-failed\",\
                \"addr\":\"192.0.2.7\",\"user\":\"root\",\"certain\":true,\"why\":\"sshd: ";
    assert!(first.starts_with(head) && first.ends_with("\"}"), "{first}");
    let all = objects(&ran);
    let found: Vec<_> =
        all.iter().map(|one| [&one["line"], &one["addr"], &one["user"], &one["certain"]]).collect();
    let named = json!("x from 198.51.100.7");
    assert_eq!(
        found,
        [
            [&json!(2), &json!("192.0.2.7"), &json!("root"), &json!(true)],
            [&json!(3), &json!("192.0.2.8"), &named, &json!(true)],
            [&json!(4), &Value::Null, &json!("alice"), &json!(false)],
        ],
        "{ran:?}"
    );
    let tally: Value = serde_json::from_str(&ran.err).unwrap();
    let want = json!({"lines": 6, "offences": 3, "uncharged": 1, "ambiguous": 0, "logins": 1,
                      "timeless": 1, "cut": 0});
    assert_eq!(tally, want);
}

#[test]
fn each_other_line_is_explained_on_request() {
    let ran = fed(&with(&["--json", "--explain"]), LOG);
    let all = objects(&ran);
    let lines: Vec<_> = all.iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    assert!(all.iter().all(|one| !one["why"].as_str().unwrap().is_empty()), "{ran:?}");
    let login = &all[4];
    assert_eq!((&login["offence"], &login["addr"]), (&Value::Null, &json!("192.0.2.9")));
    let ran = fed(&with(&["--explain"]), LOG);
    assert!(ran.out.contains("        not a line of syslog\n"), "{ran:?}");
    assert!(ran.out.starts_with("  LINE  TIME "), "{ran:?}");
}

#[test]
fn a_log_without_an_offence_is_a_no_and_one_that_is_missing_is_told() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("quiet.log"), "nothing\n").unwrap();
    fs::write(path("auth.log"), LOG).unwrap();
    let ran = portreeve(&["detect", &path("quiet.log")]);
    assert_eq!((ran.exit, ran.out.lines().count()), (1, 1), "{ran:?}");
    assert!(ran.err.contains("1 line: 0 offences"), "{ran:?}");
    let ran = portreeve(&["detect", &path("none.log"), &path("auth.log"), "--json"]);
    assert_eq!(ran.exit, 71, "{ran:?}");
    assert!(ran.err.contains("none.log"), "{ran:?}");
    let all = objects(&ran);
    assert_eq!((all.len(), all[0]["file"].as_str()), (3, Some(&*path("auth.log"))), "{ran:?}");
    let ran = portreeve(&["detect", &path("")]);
    assert_eq!((ran.exit, ran.out.as_str()), (71, ""), "{ran:?}");
    fs::write(path("auth.log.1.gz"), b"\x1f\x8b\x08\x00").unwrap();
    let ran = portreeve(&["detect", &path("auth.log.1.gz")]);
    assert_eq!(ran.exit, 64, "{ran:?}");
    assert!(ran.err.contains("zcat ") && ran.err.contains(" | portreeve detect -`"), "{ran:?}");
}

#[test]
fn years_that_are_missing_are_guessed_from_now_and_the_zone() {
    for (now, zone, want) in [
        ("2026-11-22T12:00:00Z", "UTC", "2026-11-22T10:00:01+00:00"),
        ("2026-11-20T12:00:00Z", "UTC", "2025-11-22T10:00:01+00:00"),
        ("2027-01-01T00:00:00Z", "Europe/Berlin", "2026-11-22T10:00:01+01:00"),
        ("2027-01-01T00:00:00Z", "-03:30", "2026-11-22T10:00:01-03:30"),
    ] {
        let ran = fed(&["--json", "--now", now, "--zone", zone], LOG);
        assert_eq!(objects(&ran)[0]["time"], want, "{now} {zone}");
    }
    for args in [&["--zone", "Mars/Olympus"][..], &["--now", "yesterday"], &["--detector", "sshx"]]
    {
        let ran = fed(args, LOG);
        assert_eq!((ran.exit, ran.out.as_str()), (64, ""), "{args:?}: {ran:?}");
    }
    assert!(fed(&["--detector", "SSHD"], b"").err.contains("is `sshd` meant?"));
}

#[test]
fn bytes_of_any_kind_are_read_and_none_acts_on_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]0;gone\u{7}\u{9b}31m\u{202e}".as_bytes();
    let mut log = Vec::new();
    for name in [hostile, b"\xff\xfe\x80", b"\x00", b"a\rb", b"\"\\'", b"", b"  "] {
        log.extend_from_slice(b"Nov 22 10:00:01 gate sshd[71]: Failed password for invalid user ");
        log.extend_from_slice(name);
        log.extend_from_slice(b" from 192.0.2.7 port 4711 ssh2\n");
    }
    log.extend_from_slice(&[b'x'; 100_000]);
    log.extend_from_slice(b"\n");
    log.extend_from_slice(hostile);
    for args in [&["--json", "--explain"][..], &["--explain"]] {
        let ran = fed(args, &log);
        assert_eq!(ran.exit, 0, "{ran:?}");
        for text in [&ran.out, &ran.err] {
            let acts = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
            assert!(!text.chars().any(acts), "{text:?}");
        }
        assert!(ran.err.contains(if args.len() > 1 { "\"cut\":1" } else { "1 longer than 8 KiB" }));
    }
    let ran = fed(&["--json", "--explain"], &log);
    assert_eq!(objects(&ran).len(), 9);
}

#[test]
fn a_line_that_any_strangers_text_may_be_charges_nobody_and_says_so() {
    let bare = "Failed password for root from 192.0.2.7 port 4711 ssh2\n";
    let long = format!(
        "Nov 22 10:00:01 gate sshd[71]: Invalid user {} from 192.0.2.7\n",
        "x".repeat(9000)
    );
    for (line, want) in [(bare, "does not say which program wrote it"), (&long, "no address")] {
        let ran = fed(&["--json"], line.as_bytes());
        let all = objects(&ran);
        assert_eq!(
            (all.len(), &all[0]["addr"], &all[0]["certain"]),
            (1, &Value::Null, &json!(false))
        );
        assert!(all[0]["why"].as_str().unwrap().contains(want), "{ran:?}");
    }
}

#[test]
fn the_detectors_are_named() {
    let ran = portreeve(&["detect", "--list"]);
    assert_eq!(ran.exit, 0);
    assert!(ran.out.lines().any(|line| line == "sshd"), "{ran:?}");
    let all: Value = serde_json::from_str(&portreeve(&["detect", "--list", "--json"]).out).unwrap();
    assert_eq!(all["detectors"].as_array().unwrap().len(), ran.out.lines().count());
}

#[test]
fn a_filter_of_fail2bans_is_asked_instead_or_refused_with_its_place() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let filter =
        "[Definition]\nfailregex = ^ gate knockd: <what> at <HOST>$\n[Init]\nwhat = knock\n";
    fs::write(path("my.conf"), filter).unwrap();
    let log = b"Nov 22 10:00:00 gate knockd: knock at 192.0.2.7\n\
                Nov 22 10:00:01 gate knockd: scratch at 192.0.2.8\n\
                Nov 22 10:00:02 gate knockd: knock at www.example\n";
    for (options, want) in
        [("", &[Some("192.0.2.7"), None][..]), ("[what=scratch]", &[Some("192.0.2.8")])]
    {
        let named = path("my.conf") + options;
        let ran = fed(&["--json", "--filter", &named, NOW[0], NOW[1], NOW[2], NOW[3]], log);
        let all = objects(&ran);
        let found: Vec<_> = all.iter().map(|one| one["addr"].as_str()).collect();
        assert_eq!((&*found, ran.exit), (want, 0), "{ran:?}");
        assert_eq!(all[0]["offence"], "pattern");
        assert!(all[0]["time"].as_str().unwrap().starts_with("2026-11-22T10:00:0"), "{ran:?}");
    }
    fs::write(path("my.conf"), "[Definition]\nfailregex = ^a <HOST>$\n            ^(b <HOST>$\n")
        .unwrap();
    let ran = fed(&["--filter", &path("my.conf")], log);
    assert_eq!((ran.exit, ran.out.as_str()), (78, ""), "{ran:?}");
    assert!(ran.err.contains("failregex 2") && ran.err.contains("my.conf:3:"), "{ran:?}");
    let ran = fed(&["--filter", &path("none.conf")], log);
    assert_eq!(ran.exit, 78, "{ran:?}");
    let ran = fed(&["--filter", &path("none.conf"), "--detector", "sshd"], log);
    assert_eq!(ran.exit, 64, "{ran:?}");
}
