//! Programs that run others: how one is found, options, numbers.

use crate::kit::Kit;
use std::fs::{self, File};
use std::process::Command;

#[test]
fn a_program_is_found_along_the_path_and_the_worst_trouble_is_remembered() {
    let kit = Kit::new();
    kit.file("one/tool", "#!/bin/sh\necho one\n", 0o644);
    kit.file("two/tool", "#!/bin/sh\necho two\n", 0o755);
    kit.file("text/tool", "echo text\n", 0o755);
    kit.file("tool", "#!/bin/sh\necho here\n", 0o755);
    kit.file("file", "", 0o644);
    fs::create_dir_all(kit.path("folder/tool")).unwrap();
    kit.file("empty/x", "", 0o644);
    let denied = "pgrphack: fatal: unable to run tool: access denied\n";
    let missing = "pgrphack: fatal: unable to run tool: file does not exist\n";
    let format = "pgrphack: fatal: unable to run tool: exec format error\n";
    for (path, program, code, out, err) in [
        ("one:two", "tool", 0, "two\n", ""),
        ("one:empty", "tool", 111, "", denied),
        ("folder", "tool", 111, "", denied),
        ("empty", "tool", 111, "", missing),
        ("text:two", "tool", 111, "", format),
        ("empty:", "tool", 0, "here\n", ""),
        (":two", "tool", 0, "here\n", ""),
        ("", "tool", 0, "here\n", ""),
        ("empty::two", "tool", 0, "here\n", ""),
        ("two", "./tool", 0, "here\n", ""),
        ("two", "one/tool", 111, "", "pgrphack: fatal: unable to run one/tool: access denied\n"),
        ("file/x:two", "tool", 111, "", "pgrphack: fatal: unable to run tool: not a directory\n"),
    ] {
        for house in &kit.houses {
            let words = ["pgrphack", program];
            let told = kit.run_with(house, &words, "", |command| _ = command.env("PATH", path));
            assert_eq!(told, (Some(code), out.into(), err.into()), "{house:?} {path} {program}");
        }
    }
    // no PATH at all is /bin:/usr/bin
    for house in &kit.houses {
        let words = ["pgrphack", "sh", "-c", "echo found"];
        let told = kit.run_with(house, &words, "", |command| _ = command.env_remove("PATH"));
        assert_eq!(told, (Some(0), "found\n".into(), String::new()));
    }
    // a program that is being written
    let busy = kit.path("busy");
    fs::copy("/bin/true", &busy).unwrap();
    let open = File::options().append(true).open(&busy).unwrap();
    kit.both(
        &["pgrphack", "./busy"],
        "",
        (111, "", "pgrphack: fatal: unable to run ./busy: text busy\n"),
    );
    drop(open);
}

#[test]
fn options_are_read_as_they_always_were() {
    let kit = Kit::new();
    kit.file("-", "", 0o644);
    let usage = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\n";
    for (words, code, out, err) in [
        (&["setlock", "-nx", "held", "echo", "a"][..], 0, "a\n", String::new()),
        (&["setlock", "--", "held", "echo", "--"], 0, "--\n", String::new()),
        (&["setlock", "-", "echo", "a"], 0, "a\n", String::new()),
        (&["setlock", "-nqx", "held"], 100, "", format!("setlock: illegal option -- q\n{usage}")),
        (&["setlock", "-n", "held"], 100, "", usage.into()),
        (
            &["setlock", "-x", "held", "none"],
            111,
            "",
            "setlock: fatal: unable to run none: file does not exist\n".into(),
        ),
        (
            &["setlock", "-xX", "no/held", "true"],
            111,
            "",
            "setlock: fatal: unable to open no/held: file does not exist\n".into(),
        ),
        (&["setlock", "-Xx", "no/held", "true"], 0, "", String::new()),
        (
            &["setlock", "/", "true"],
            111,
            "",
            "setlock: fatal: unable to open /: is a directory\n".into(),
        ),
        (&["setlock", "-/", "true"], 100, "", format!("setlock: illegal option -- /\n{usage}")),
        (&["softlimit", "-o300", "-o40", "sh", "-c", "ulimit -n"], 0, "40\n", String::new()),
    ] {
        kit.both(words, "", (code, out, &err));
    }
    let wrong = kit.run(&kit.houses[0], &["softlimit", "-m"], "");
    assert!(wrong.2.starts_with("softlimit: option requires an argument -- m\nsoftlimit: usage: "));
    kit.both(&["softlimit", "-m"], "", (100, "", &wrong.2));
}

#[test]
fn ids_sessions_and_locks_are_handed_on_as_documented() {
    let kit = Kit::new();
    let unknown = |tool: &str| format!("{tool}: fatal: unknown account 65534\n");
    kit.both(&["setuidgid", "65534", "true"], "", (111, "", &unknown("setuidgid")));
    kit.both(&["envuidgid", "65534", "true"], "", (111, "", &unknown("envuidgid")));
    kit.both(&["setuidgid"], "", (100, "", "setuidgid: usage: setuidgid account child\n"));
    kit.both(&["envuidgid"], "", (100, "", "envuidgid: usage: envuidgid account child\n"));
    kit.both(&["envdir", "x"], "", (111, "", "envdir: usage: envdir dir child\n"));
    let gone = "envdir: fatal: unable to switch to directory -x: file does not exist\n";
    kit.both(&["envdir", "-x", "true"], "", (111, "", gone));
    // whoever may not become somebody else
    for house in &kit.houses {
        let program = house.join("setuidgid");
        let program = program.to_str().unwrap();
        for (caps, what) in [("-setgid", "setgid"), ("-setuid", "setuid")] {
            let bound = format!("--bounding-set={caps},-setpcap");
            let mut command = Command::new("setpriv");
            command.args([&bound, "--inh-caps=-all", "--ambient-caps=-all"]);
            let output = command.args([program, "nobody", "true"]).output().unwrap();
            let want = format!("setuidgid: fatal: unable to {what}: permission denied\n");
            assert_eq!(String::from_utf8_lossy(&output.stderr), want, "{house:?}");
            assert_eq!(output.status.code(), Some(111));
        }
    }
    // a session of its own, and no complaint where there is one already
    let script = "set -- $(ps -o pid=,sid= -p $$); test $1 = $2 && echo leads";
    kit.both(&["pgrphack", "sh", "-c", script], "", (0, "leads\n", ""));
    for house in &kit.houses {
        let again = house.join("pgrphack");
        let words = ["pgrphack", again.to_str().unwrap(), "sh", "-c", script];
        assert_eq!(kit.run(house, &words, ""), (Some(0), "leads\n".into(), String::new()));
    }
    // the lock lives as long as any process that has it
    for [holder, other] in [[0, 1], [1, 0], [0, 0], [1, 1]] {
        let script = "sleep 600 </dev/null >/dev/null 2>&1 & echo $!";
        let (code, pid, _) =
            kit.run(&kit.houses[holder], &["setlock", "held", "sh", "-c", script], "");
        assert_eq!(code, Some(0));
        let busy = "setlock: fatal: unable to lock held: temporary failure\n";
        let told = kit.run(&kit.houses[other], &["setlock", "-n", "held", "true"], "");
        let killed = Command::new("kill").arg(pid.trim()).status().unwrap();
        assert!(killed.success());
        assert_eq!(told, (Some(111), String::new(), busy.into()));
        // waits for its end
        let told = kit.run(&kit.houses[other], &["setlock", "held", "echo", "free"], "");
        assert_eq!(told, (Some(0), "free\n".into(), String::new()));
    }
}
