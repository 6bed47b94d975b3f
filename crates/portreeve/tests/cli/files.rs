//! `check` and `explain` on files alone.

use crate::kit::{Folder, Ran};
use serde_json::Value;

const SOUND: &str = r#"
[service.echo]
listen = ["127.0.0.1:7007"]
internal = "echo"
allow = ["192.0.2.0/24", ".example"]
deny = ["192.0.2.66"]
hours = ["08:00-15:25"]
time-zone = "UTC"

[service."two@127.0.0.1:7008"]
listen = ["127.0.0.1:7008"]
internal = "echo"
allow = []

[service."two@127.0.0.1:7009"]
listen = ["127.0.0.1:7009"]
internal = "echo"

[trap.telnet]
listen = ["127.0.0.1:7023"]
"#;

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn a_sound_configuration_is_said_to_be_sound() {
    let folder = Folder::with(SOUND);
    let ran = folder.portreeve(&["check"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(ran.out.contains(": sound: 3 services, 1 trap; "), "{ran:?}");
    let value = json(&folder.portreeve(&["check", "--json"]));
    assert_eq!((&value["accepted"], &value["errors"]), (&true.into(), &0.into()));
}

#[test]
fn every_error_is_named_with_its_place_and_refuses() {
    let folder = Folder::with("[service.echo]\nlisten = [\"nonsense\"]\ninstances = \"x\"\n");
    let ran = folder.portreeve(&["check"]);
    assert_eq!(ran.exit, 78, "{ran:?}");
    for want in ["portreeve.toml:2:11", "portreeve.toml:3:", ": refused: "] {
        assert!(ran.out.contains(want), "{want} in {}", ran.out);
    }
    let value = json(&folder.portreeve(&["check", "--json"]));
    assert_eq!(value["accepted"], false);
    assert!(value["findings"].as_array().unwrap().len() >= 2, "{value}");
    let ran = folder.portreeve(&["explain", "echo", "::1"]);
    assert_eq!((ran.exit, ran.out.as_str()), (78, ""), "{ran:?}");
}

#[test]
fn what_is_printed_reads_the_same() {
    let folder = Folder::with(SOUND);
    let printed = folder.portreeve(&["check", "--print"]);
    assert_eq!(printed.exit, 0, "{printed:?}");
    assert!(printed.err.contains(": sound: "), "findings go beside it: {printed:?}");
    let again = Folder::with(&printed.out).portreeve(&["check", "--print"]);
    let bare = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(bare(&again.out), bare(&printed.out));
}

#[test]
fn verdicts_are_exits() {
    let folder = Folder::with(SOUND);
    let noon = ["--at", "2026-11-21 12:00"];
    for (service, peer, more, exit, verdict) in [
        ("echo", "192.0.2.7", &[][..], 0, "granted"),
        ("echo", "[::ffff:192.0.2.7]:4711", &[], 0, "granted"),
        ("echo", "192.0.2.66", &[], 1, "refused"),
        ("echo", "198.51.100.1", &[], 1, "unknown"),
        ("echo", "198.51.100.1", &["--name", "a.example"], 0, "granted"),
        ("echo", "198.51.100.1", &["--name", "a.test"], 1, "refused"),
        ("two", "198.51.100.1", &[], 0, "refused"), // the other one grants
        ("two@127.0.0.1:7008", "198.51.100.1", &[], 1, "refused"),
        ("telnet", "198.51.100.1", &[], 1, "trapped"),
    ] {
        let args = [&["explain", service, peer, "--json"], &noon[..], more].concat();
        let ran = folder.portreeve(&args);
        assert_eq!(ran.exit, exit, "{args:?}: {ran:?}");
        assert_eq!(json(&ran)["services"][0]["verdict"], verdict, "{args:?}");
    }
}

#[test]
fn the_line_that_decides_is_quoted() {
    let folder = Folder::with(SOUND);
    let ran = folder.portreeve(&["explain", "echo", "192.0.2.66", "--at", "12:00"]);
    assert!(ran.out.contains("echo: refused (rule)\n"), "{}", ran.out);
    assert!(ran.out.contains("portreeve.toml:6:9\n       6 | deny = [\"192.0.2.66\"]\n"));
    assert!(ran.out.contains("counters"), "{}", ran.out);
    let value =
        json(&folder.portreeve(&["explain", "echo", "192.0.2.7", "--at", "16:00", "--json"]));
    let one = &value["services"][0];
    assert_eq!(
        (&one["reason"], &one["line"]),
        (&"hours".into(), &"hours = [\"08:00-15:25\"]".into())
    );
    assert_eq!(value["source"], "files");
}

#[test]
fn explain_names_the_rule_of_another_language_that_decides_or_asks() {
    let rules = Folder::new();
    let file = |name: &str, text: &str| {
        let path = rules.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let allow = file("hosts.allow", "\ncat: .example.org\n");
    let deny = file("hosts.deny", "cat: ALL: twist /bin/echo \"%a\"\n");
    let files = format!("{{ allow = \"{allow}\", deny = \"{deny}\" }}");
    let configuration = format!(
        "[import]\nhosts-access = {files}\n[service.cat]\nlisten = [\"127.0.0.1:7\"]\n\
         run = [\"/bin/cat\"]\nuser = \"nobody\"\n"
    );
    let folder = Folder::with(&configuration);
    for (name, verdict, place, told) in [
        (&[][..], "unknown", format!("{allow}:2:1"), "a rule asks for it"),
        (&["--name", "a.example.org"], "granted", format!("{allow}:2:1"), "granted"),
        (
            &["--names", "none"],
            "granted",
            format!("{deny}:1:1"),
            "another program answers: `/bin/echo \"192.0.2.7\"`",
        ),
    ] {
        let args = [&["explain", "cat", "192.0.2.7", "--json"], name].concat();
        let one = json(&folder.portreeve(&args))["services"][0].clone();
        assert_eq!(
            (&one["verdict"], &one["origin"]),
            (&verdict.into(), &place.as_str().into()),
            "{one:#}"
        );
        let text = one["text"].as_str().unwrap().replace(&format!(" ({place})"), "");
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn what_is_not_there_is_a_usage_error() {
    let folder = Folder::with(SOUND);
    let ran = folder.portreeve(&["explain", "ssh", "192.0.2.7"]);
    assert_eq!(ran.exit, 64);
    assert!(ran.err.contains("has no service `ssh`; there are echo, telnet, two"), "{}", ran.err);
    let ran = folder.portreeve(&["explain", "echo", "192.0.2.7", "--at", "noon"]);
    assert_eq!(ran.exit, 64);
    assert!(ran.err.contains("`noon` is no time"), "{}", ran.err);
}

#[test]
fn colour_is_for_terminals() {
    let folder = Folder::with(SOUND);
    for args in [&["check"][..], &["explain", "echo", "192.0.2.7"]] {
        let ran = folder.portreeve(args);
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn an_address_that_is_not_on_this_host_is_a_warning() {
    let folder = Folder::with(
        "[service.e]\nlisten = [\"127.0.0.1:7\", \"192.0.2.254:7\", \"*:8\"]\ninternal = \"echo\"\n",
    );
    let ran = folder.portreeve(&["check"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert_eq!(ran.out.matches("warning[host-address]").count(), 1, "{}", ran.out);
    for want in ["`192.0.2.254` is no address of this host", "portreeve.toml:2:26"] {
        assert!(ran.out.contains(want), "{want} in\n{}", ran.out);
    }
}

#[test]
fn files_that_decide_are_named() {
    let folder = Folder::with(SOUND);
    let path = folder.path().join("etc/portreeve/portreeve.toml");
    let path = path.to_str().unwrap();
    let ran = folder.portreeve(&["explain", "echo", "192.0.2.7"]);
    assert!(ran.out.replace('\n', " ").contains(&format!("by {path} alone: ")), "{}", ran.out);
    let value = json(&folder.portreeve(&["explain", "echo", "192.0.2.7", "--json"]));
    assert_eq!(value["configuration"], path);
    let ran = folder.portreeve(&["explain", "ssh", "192.0.2.7"]);
    assert!(ran.err.contains(&format!("{path} has no service `ssh`; there are")), "{}", ran.err);
    let folder = Folder::with("");
    let ran = folder.portreeve(&["explain", "ssh", "192.0.2.7"]);
    assert!(ran.err.contains("has no service `ssh`; it offers nothing at all"), "{}", ran.err);
}

#[test]
fn this_host_itself_is_never_caught_by_a_trap() {
    let folder = Folder::with(SOUND);
    for (peer, spared) in [("127.0.0.1", true), ("::1", true), ("198.51.100.1", false)] {
        let ran = folder.portreeve(&["explain", "telnet", peer]);
        assert!(ran.out.contains("telnet: trapped\n"), "{}", ran.out);
        assert_eq!(ran.out.contains("but this host itself is spared"), spared, "{}", ran.out);
    }
}

#[test]
fn a_conversion_says_by_its_exit_whether_the_old_files_are_still_needed() {
    let folder = Folder::new();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let allow = file("hosts.allow", "sshd: 192.0.2.0/24\n");
    let deny = file("hosts.deny", "sshd: ALL\n");
    // the other file is found by its name, and the order of names does not matter
    for files in [vec![&allow], vec![&deny], vec![&deny, &allow]] {
        let line: Vec<_> = ["convert", "hosts-access"]
            .into_iter()
            .chain(files.iter().map(|f| f.as_str()))
            .collect();
        let ran = folder.portreeve(&line);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{ran:?}");
        assert!(
            ran.out.contains("[service.sshd]\n")
                && ran.out.contains("allow = [\"192.0.2.0/24\"]\n"),
            "{ran:?}"
        );
    }
    let rules = file("tcp.smtp", "127.:allow,RELAYCLIENT=\"\"\n:allow\n");
    let ran = folder.portreeve(&["convert", "tcprules", &rules, "--json"]);
    let value = json(&ran);
    assert_eq!((ran.exit, &value["exact"]), (1, &false.into()));
    assert_eq!(value["remarks"][0]["weight"], "kept");
    assert_eq!(value["remarks"][0]["at"], format!("{rules}:1"));
    let bad = file("xinetd.conf", "service ssh\n{\n");
    let ran = folder.portreeve(&["convert", "xinetd", &bad]);
    assert_eq!((ran.exit, ran.out.as_str()), (78, ""));
    assert!(ran.err.contains("error["), "{ran:?}");
    let nowhere = folder.portreeve(&["convert", "hosts-access", "/nonexistent/hosts.deny"]);
    assert_eq!(nowhere.exit, 0);
    assert!(nowhere.out.contains("note: /nonexistent/hosts.deny: there is no such file"));
    assert_eq!(folder.portreeve(&["convert", "tcprules", "/nonexistent/rules"]).exit, 71);
    assert_eq!(folder.portreeve(&["convert", "tcprules"]).exit, 64);
    assert_eq!(folder.portreeve(&["convert", "tcprules", "/dev/null"]).exit, 71);
}

#[test]
fn the_rule_that_asks_and_the_entry_that_decides_are_quoted() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let allow = "one: 192.0.2.1\none: ALL : aclexec /bin/ask %a\ntwo: @friends\n\
                 three@.example.org: ALL\n";
    std::fs::write(path("hosts.allow"), allow).unwrap();
    std::fs::write(path("hosts.deny"), "ALL: ALL\n").unwrap();
    std::fs::write(path("list"), "198.51.100.0/24\n203.0.113.7  # a remark\n").unwrap();
    let service = |name: &str, port: u16, more: &str| {
        format!("[service.{name}]\nlisten = [\"127.0.0.1:{port}\"]\ninternal = \"echo\"\n{more}\n")
    };
    let configuration = format!(
        "[import]\nhosts-access = {{ allow = \"{}\", deny = \"{}\" }}\n{}{}{}{}",
        path("hosts.allow"),
        path("hosts.deny"),
        service("one", 7001, "hosts-access = true"),
        service("two", 7002, "hosts-access = true"),
        service("three", 7003, "hosts-access = true"),
        service("four", 7004, &format!("hosts-access = false\ndeny = [\"@{}\"]", path("list"))),
    );
    std::fs::write(folder.path().join("etc/portreeve/portreeve.toml"), configuration).unwrap();
    let rules = path("hosts.allow");
    for (service, more, verdict, place, line) in [
        ("one", &[][..], "unknown", format!("{rules}:2:"), "2 | one: ALL : aclexec /bin/ask %a"),
        ("two", &["--name", "a.example"], "unknown", format!("{rules}:3:"), "3 | two: @friends"),
        ("three", &[], "unknown", format!("{rules}:4:"), "4 | three@.example.org: ALL"),
        (
            "three",
            &["--server-name", "x.example.org"],
            "granted",
            format!("{rules}:4:"),
            "4 | three@",
        ),
        ("three", &["--server-names", "none"], "refused", path("hosts.deny:1:"), "1 | ALL: ALL"),
        ("four", &[], "refused", path("list:2:"), "2 | 203.0.113.7  # a remark"),
    ] {
        let ran = folder.portreeve(&[&["explain", service, "203.0.113.7"], more].concat());
        let first = format!("{service}: {verdict}");
        for want in [&*first, &format!("  at {place}"), line] {
            assert!(ran.out.contains(want), "{want} in {ran:?}");
        }
    }
    let ran = folder.portreeve(&["explain", "three", "203.0.113.7"]);
    assert!(ran.out.contains("`--server-name HOST`"), "{ran:?}");
}
