//! The command beside the running door: who is inside, who is shut out, and what its owner does
//! about either.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{Running, World, poll_for, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON, command};
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;

const SSH: &str = "[service.ssh]\nlisten = [\"192.168.0.1:22\"]\n\
     run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\nwatch = \"sshd\"\n\
     startups = 20\ngrace = \"1h\"\n";
const CAT: &str = "[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n";

/// What a run said, both ways, and its exit status.
fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    // the world's own start says where the host grants it fewer descriptors
    let lines = text.iter().flat_map(|part| part.lines()).filter(|l| !l.starts_with("clean: "));
    (output.status.code().unwrap_or(-1), lines.map(|line| format!("{line}\n")).collect())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("JSON: {e}: {output:?}"))
}

fn sessions(door: &Door<'_>, args: &[&str]) -> Vec<Value> {
    let output = door.command(&[&["sessions", "--json"], args].concat());
    json(&output)["sessions"].as_array().cloned().unwrap()
}

fn bans(world: &World) -> Vec<Value> {
    json(&command(world, &["bans", "--json"]))["bans"].as_array().cloned().unwrap()
}

fn networks(bans: &[Value]) -> Vec<&str> {
    bans.iter().filter_map(|ban| ban["network"].as_str()).collect()
}

fn stages(all: &[Value]) -> Vec<&str> {
    all.iter().filter_map(|one| one["stage"].as_str()).collect()
}

fn number(one: &Value) -> String {
    one["number"].as_u64().unwrap().to_string()
}

/// An open ssh login that waits for nothing.
fn login(world: &World, client: &str) -> Running {
    let mut command = world.ssh_command(client, "thisuser", "thisuser", "192.168.0.1", 22);
    command.stdin(Stdio::piped()).args(["echo", "in;", "exec", "sleep", "600"]);
    let login = world.start("ssh", command);
    wait_for(SOON, "the login", || login.stdout().contains("in"));
    login
}

fn is_let_in(world: &World, client: &str) -> bool {
    let Ok(mut peer) = world.connect(client, "192.168.0.1:700") else { return false };
    use std::io::Write as _;
    let _ = peer.write_all(b"x\n");
    let _ = peer.shutdown(std::net::Shutdown::Write);
    read_to_end_bounded(&peer, 16, SOON).text() == "x\n"
}

#[test]
fn sessions_are_listed_and_ended_by_number_and_by_kind() {
    let world = World::standard();
    world.ssh_keys();
    let door = Door::native(&world, &format!("{SSH}{CAT}"));
    let mut first = login(&world, "lan");
    let silent: Vec<_> = (0..3).map(|_| world.connect("far", "192.168.0.1:22").unwrap()).collect();
    // Two listeners have no order between them: the other service's session comes when these are in.
    door.wait_sessions("ssh", 4);
    let other = world.connect("lan", "192.168.0.1:700").unwrap();
    let listed = poll_for(SOON, "five sessions, one authenticated", || {
        let all = sessions(&door, &[]);
        let open = stages(&all).contains(&"authenticated") && all.len() == 5;
        open.then_some(all)
    });
    assert_eq!(
        stages(&listed),
        ["authenticated", "startup", "startup", "startup", "startup-by-age"],
        "in the order of their numbers"
    );
    let one = &listed[0];
    assert_eq!((&one["service"], &one["peer"]), (&"ssh".into(), &"192.168.0.50".into()));
    assert_eq!((&one["local"], &one["local-port"]), (&"192.168.0.1".into(), &22.into()));
    assert!(one["pid"].is_u64() && one["age-ms"].is_u64() && one["grace-seconds"].is_null());
    assert!(listed[1]["grace-seconds"].as_u64().is_some_and(|left| left > 3000));
    assert_eq!(sessions(&door, &["--service", "cat"]).len(), 1);
    assert_eq!(sessions(&door, &["--peer", "203.0.113.0/24"]).len(), 3);
    let (exit, text) = said(&door.command(&["sessions", "--service", "nonesuch"]));
    assert_eq!(exit, 64, "{text}");
    let (_, text) = said(&door.command(&["sessions"]));
    assert!(text.starts_with("NUMBER  SERVICE") && text.lines().count() == 6, "{text}");

    // one startup by its number
    let (exit, text) = said(&door.command(&["end", &number(&listed[1])]));
    assert_eq!(exit, 0, "{text}");
    read_to_end_bounded(&silent[0], 1 << 16, SOON);
    wait_for(SOON, "it to be over", || sessions(&door, &["--service", "ssh"]).len() == 3);
    let event = door.expect("session-ending", |e| e["session"] == listed[1]["number"]);
    assert_eq!((&event["reason"], &event["by-uid"]), (&"command".into(), &0.into()));
    let (exit, text) = said(&door.command(&["end", &number(&listed[1]), "99999"]));
    assert_eq!(exit, 1, "both are over: {text}");

    // the other startups of the service: who is logged in stays
    let output = door.command(&["end", "--service", "ssh", "--startups", "--json"]);
    assert_eq!(json(&output)["ending"].as_array().unwrap().len(), 2, "{output:?}");
    wait_for(SOON, "the startups to be over", || {
        stages(&sessions(&door, &["--service", "ssh"])) == ["authenticated"]
    });
    let (exit, text) = said(&door.command(&["end", "--startups", &number(&listed[0])]));
    assert!(exit == 1 && text.contains("has authenticated and goes on"), "{exit} {text}");
    assert!(first.try_wait().is_none(), "the login goes on");

    // and the login itself, with its program
    let (exit, text) = said(&door.command(&["end", "--peer", "192.168.0.50"]));
    assert_eq!(exit, 0, "{text}");
    assert_eq!(first.wait(SOON).code(), Some(255), "its connection was closed");
    door.wait_sessions("ssh", 0);
    door.wait_sessions("cat", 0);
    let (exit, text) = said(&door.command(&["sessions"]));
    assert_eq!((exit, text.as_str()), (0, "No session is open.\n"));
    drop(other);
}

#[test]
fn a_session_that_ignores_the_word_is_killed() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write_program(
        format!("{dir}/deaf"),
        "#!/bin/sh\ntrap '' TERM\necho up\nwhile :; do sleep 1; done\n",
    );
    let deaf = format!("[service.deaf]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"{dir}/deaf\"]\n");
    let echo = "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n";
    let door = Door::native(&world, &format!("{deaf}{echo}"));
    let peer = world.connect("lan", "192.168.0.1:701").unwrap();
    assert_eq!(portreeve_testkit::read_until(&peer, b"\n", SOON).text(), "up\n");
    let relayed = world.connect("lan", "192.168.0.1:7").unwrap();
    door.wait_sessions("echo", 1);
    for service in ["deaf", "echo"] {
        let (exit, text) = said(&door.command(&["end", "--service", service]));
        assert_eq!(exit, 0, "{text}");
        door.wait_sessions(service, 0);
    }
    read_to_end_bounded(&peer, 16, SOON);
    read_to_end_bounded(&relayed, 16, SOON);
    let end = door.expect("session-ended", |e| e["service"] == "deaf");
    assert_eq!(end["signal"], 9, "{end}");
    door.expect("session-ended", |e| e["service"] == "echo" && e["ending"] == "closed");
}

#[test]
fn the_session_and_the_address_one_works_from_are_left_alone() {
    let world = World::standard();
    world.ssh_keys();
    let door = Door::native(&world, &format!("{SSH}{CAT}"));
    let other = login(&world, "far");
    let portreeve = world.bin("portreeve").display().to_string();
    let remote = |line: &str| {
        let output = world.ssh("lan", "root", "root", "192.168.0.1", 22, line);
        said(&output)
    };
    let (exit, text) = remote(&format!("{portreeve} end --service ssh"));
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("is the one this command runs in: nothing was ended"), "{text}");
    assert!(text.contains("`--yes`"), "a way out: {text}");
    // a process that left its parents, as under a terminal multiplexer, is known by its connection
    let file = world.dir().join("away").display().to_string();
    let away = format!(
        "setsid --fork sh -c '{portreeve} end --service ssh >{file} 2>&1; echo $? >>{file}'; \
         while ! grep -q '^[0-9]' {file} 2>/dev/null; do sleep 0.1; done; cat {file}"
    );
    let (_, text) = remote(&away);
    assert!(text.contains("nothing was ended") && text.trim_end().ends_with('1'), "{text}");
    // without the variable the ancestors tell
    let (exit, text) = remote(&format!("env -u SSH_CONNECTION {portreeve} end --service ssh"));
    assert!(exit == 1 && text.contains("nothing was ended"), "{exit} {text}");
    let (exit, text) = remote(&format!("{portreeve} ban 192.168.0.0/24"));
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("you are connected from 192.168.0.50"), "{text}");
    let (exit, text) =
        remote(&format!("env -u SSH_CONNECTION {portreeve} ban 192.168.0.50 --for 1h"));
    assert!(exit == 1 && text.contains("you are connected from"), "{exit} {text}");
    assert_eq!(door.status()["bans"], 0);
    let (exit, text) = remote(&format!("{portreeve} end --service ssh --yes; sleep 30"));
    assert_eq!(exit, 255, "it was meant: {text}");
    door.wait_sessions("ssh", 0);
    drop(other);
}

#[test]
fn a_new_never_rule_lifts_the_bans_it_covers_and_a_reload_tells_values() {
    let world = World::standard();
    let door = Door::native(&world, CAT);
    for network in ["203.0.113.7", "203.0.113.0/24", "198.51.100.7"] {
        assert_eq!(said(&door.command(&["ban", network])).0, 0);
    }
    let newest = door.status()["newest-bans"].as_array().unwrap().len();
    assert_eq!(newest, 3);
    let limits = "instances = 7\nper-source = 3\nallow = [\"203.0.113.0/24\"]\n";
    let never = "[ban]\nnever = [\"203.0.113.0/25\"]\n";
    world.write("/etc/portreeve/portreeve.toml", format!("{CAT}{limits}{never}"));
    let (exit, text) = said(&door.command(&["reload"]));
    assert_eq!(exit, 0, "{text}");
    for want in ["never ban +203.0.113.0/25", "allow +203.0.113.0/24", "instances none → 7"] {
        assert!(text.contains(want), "{want}: {text}");
    }
    assert_eq!(networks(&bans(&world)), ["198.51.100.7"], "whom the rule covers is free at once");
    assert_eq!(door.status()["bans"], 1);
    assert!(is_let_in(&world, "far"));
    door.expect("ban-ended", |e| e["network"] == "203.0.113.0/24" && e["why"] == "lifted");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one life of a few bans")]
fn a_ban_by_hand_shuts_out_survives_a_restart_and_is_lifted() {
    let world = World::standard();
    let configuration = format!("{CAT}[ban]\nnever = [\"192.168.0.50\"]\n");
    let door = Door::native(&world, &configuration);
    assert!(is_let_in(&world, "far"));
    door.wait_sessions("cat", 0);
    let inside = world.connect("far", "192.168.0.1:700").unwrap();
    door.wait_sessions("cat", 1);
    for (args, want) in [
        (vec!["ban", "203.0.113.7", "--for", "30d", "--why", "guesses passwords"], "1 session"),
        (vec!["ban", "203.0.113.99/24", "--for", "1d"], "203.0.113.0/24 is shut out"),
        (vec!["ban", "2001:db8:7::/48"], "until it is lifted"),
    ] {
        let (exit, text) = said(&door.command(&args));
        assert!(exit == 0 && text.contains(want), "{args:?}: {exit} {text}");
    }
    let event = door.expect("banned", |e| e["network"] == "203.0.113.7");
    assert_eq!((&event["by-uid"], &event["reason"]), (&0.into(), &"guesses passwords".into()));
    assert!(!is_let_in(&world, "far"));
    door.wait_sessions("cat", 1); // who was inside goes on
    for (network, want) in [
        ("192.168.0.50", "the never-ban list protects it (/etc/portreeve/portreeve.toml:"),
        ("192.168.0.0/16", "the never-ban list"),
        ("192.168.0.1", "it is this host itself"),
        ("127.0.0.0/16", "it is this host itself"),
        ("10.0.0.0/8", "wider than a /16"),
    ] {
        let (exit, text) = said(&door.command(&["ban", network]));
        assert!(exit == 1 && text.contains(want), "{network}: {exit} {text}");
    }
    let (exit, text) = said(&door.command(&["ban", "203.0.113.7", "--for", "1h"]));
    assert!(exit == 0 && text.contains("already, and for longer"), "{exit} {text}");
    assert_eq!(door.status()["bans"], 3);
    drop(inside);
    door.wait_sessions("cat", 0);
    door.stop();

    let door = Door::start(&world, &[]);
    let kept = bans(&world);
    assert_eq!(networks(&kept), ["203.0.113.0/24", "203.0.113.7", "2001:db8:7::/48"], "sorted");
    assert_eq!(kept[1]["reason"], "guesses passwords");
    assert_eq!(kept[1]["origin"], "by hand, uid 0");
    assert!(kept[1]["service"].is_null() && kept[2]["until"].is_null());
    assert!(kept[1]["since"].as_str().is_some_and(|at| at.ends_with('Z')));
    let (exit, text) = said(&door.command(&["bans", "203.0.113.7"]));
    assert!(exit == 0 && text.lines().count() == 3, "the one and the one around it: {text}");
    let (exit, _) = said(&door.command(&["bans", "198.51.100.0/24"]));
    assert_eq!(exit, 1);

    // nested bans: lifting one tells of the others
    let (exit, text) = said(&door.command(&["unban", "203.0.113.7"]));
    assert!(exit == 0 && text.contains("still shut out by the ban on 203.0.113.0/24"), "{text}");
    assert!(!is_let_in(&world, "far"), "the network's ban holds");
    let (exit, text) = said(&door.command(&["unban", "203.0.113.7"]));
    assert!(exit == 1 && text.contains("has no ban of its own"), "{exit} {text}");
    assert!(text.contains("`portreeve unban 203.0.113.0/24`"), "{text}");
    let (exit, text) = said(&door.command(&["unban", "2001:db8::/32"]));
    assert!(exit == 1 && text.contains("Inside it is the ban on 2001:db8:7::/48"), "{text}");
    let (exit, text) = said(&door.command(&["unban", "203.0.113.0/24"]));
    assert_eq!((exit, text.as_str()), (0, "The ban on 203.0.113.0/24 is lifted.\n"));
    assert!(is_let_in(&world, "far"));
    let event = door.expect("ban-ended", |e| e["network"] == "203.0.113.0/24");
    assert_eq!((&event["why"], &event["by-uid"]), (&"lifted".into(), &0.into()));

    // all at once, where nobody can be asked
    let (exit, text) = said(&door.command(&["unban", "--all"]));
    assert!(exit == 64 && text.contains("add `--yes`"), "{exit} {text}");
    let (exit, text) = said(&door.command(&["unban", "--all", "--yes"]));
    assert_eq!((exit, text.as_str()), (0, "1 ban is lifted.\n"));
    door.stop();
    let door = Door::start(&world, &[]);
    assert_eq!(door.status()["bans"], 0, "lifted for good");
    let (exit, text) = said(&door.command(&["bans"]));
    assert_eq!((exit, text.as_str()), (0, "Nobody is shut out.\n"));
}

#[test]
fn a_long_list_of_bans_comes_whole_and_is_lifted_at_the_ledgers_pace() {
    const MANY: usize = 30_000;
    let world = World::standard();
    let door = Door::native(&world, CAT);
    let (exit, text) = said(&door.command(&["ban", "198.51.100.7"]));
    assert_eq!(exit, 0, "{text}");
    door.stop();
    // written into the ledger by its own user, while no door is open
    let script = format!(
        "import sqlite3,glob\ndb=sqlite3.connect(glob.glob('/var/lib/portreeve/**/ledger.sqlite',\
         recursive=True)[0])\nwith db: db.executemany('insert into bans(network,family,length,\
         since,only,judge,until,service,reason,origin) values(?,4,32,1795303935,char(),char(),\
         null,?,?,null)',[('10.%d.%d.%d'%(n>>16&255,n>>8&255,n&255),'telnet','touched the trap')\
         for n in range({MANY})])\nwith db: db.executemany('insert into bans(network,family,length,\
         since,only,judge,until,service,reason,origin) values(?,4,24,1795303935,char(),char(),\
         null,?,?,null)',[('11.%d.%d.0/24'%(n>>8,n&255),'','forged') for n in range(1500)])\n"
    );
    world.door_run(&["python3", "-c", &script]);
    world.door_run(&["sh", "-c", "chown -R portreeve-clerk: /var/lib/portreeve/*"]);
    let door = Door::start(&world, &[]);
    wait_for(SOON * 3, "the ledger's bans", || door.status()["bans"].as_u64() > Some(30_000));
    let all = bans(&world);
    assert_eq!(all.len(), MANY + 1 + 1000, "a ledger shuts out a bounded number of whole networks");
    let sorted = networks(&all);
    assert_eq!((sorted[0], sorted[MANY - 1]), ("10.0.0.0", "10.0.117.47"));
    assert_eq!(*sorted.last().unwrap(), "198.51.100.7");
    let text = said(&door.command(&["bans", "10.0.117.47"])).1;
    assert_eq!(text.lines().count(), 2, "found among all: {text}");
    let mut unban = world.door(world.bin("portreeve"));
    unban.args(["unban", "--all", "--yes"]);
    let (exit, text) = said(&world.run(unban, Duration::from_secs(120)));
    assert_eq!((exit, text), (0, format!("{} bans are lifted.\n", MANY + 1001)));
    assert_eq!(door.status()["bans"], 0);
    door.stop();
    let door = Door::start(&world, &[]);
    assert_eq!(door.status()["bans"], 0, "none came back");
}

#[test]
fn only_those_who_may_ask_are_answered_and_the_others_are_told_what_to_do() {
    let world = World::standard();
    let door = Door::native(&world, CAT);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("cat", 1);
    let portreeve = world.bin("portreeve");
    for args in [
        &["sessions"][..],
        &["end", "0"],
        &["bans"],
        &["ban", "198.51.100.7"],
        &["unban", "--all", "--yes"],
    ] {
        let mut stranger = world.door_as("otheruser", &portreeve);
        stranger.args(args);
        let (exit, text) = said(&world.run(stranger, SOON));
        assert!(exit == 77 && text.contains("portreeve-admin"), "{args:?}: {exit} {text}");
    }
    assert_eq!(sessions(&door, &[]).len(), 1, "nothing was ended");
    drop(peer);
}

/// A door of `thisuser` in a folder, with its root.
fn users_door(world: &World) -> (Running, String) {
    let root = world.dir().join("home/thisuser/door");
    let folder = root.join("etc/portreeve");
    world.door_run(&["mkdir", "-p", &folder.display().to_string()]);
    world.write(
        folder.join("portreeve.toml"),
        "[service.cat]\nlisten = [\"192.168.0.1:7700\"]\nrun = [\"/bin/cat\"]\n\
         [service.echo]\nlisten = [\"192.168.0.1:7007\"]\ninternal = \"echo\"\n",
    );
    world.door_run(&["chown", "-R", "thisuser:thisuser", &root.display().to_string()]);
    let root = root.display().to_string();
    let mut command = world.door_as("thisuser", world.bin("portreeved"));
    command.args(["--root", &root]);
    let daemon = world.start("portreeved", command);
    wait_for(SOON, "the door", || world.connect("lan", "192.168.0.1:7007").is_ok());
    (daemon, root)
}

#[test]
fn an_ordinary_users_door_answers_its_user_and_completes_in_bash() {
    let world = World::standard();
    let (mut daemon, root) = users_door(&world);
    let peer = world.connect("lan", "192.168.0.1:7700").unwrap();
    let run = |args: &[&str]| {
        let mut command = world.door_as("thisuser", world.bin("portreeve"));
        command.args(["--root", &root]).args(args);
        said(&world.run(command, SOON))
    };
    wait_for(SOON, "the session", || run(&["sessions", "--service", "cat"]).1.contains("cat"));
    let (exit, text) = run(&["ban", "203.0.113.7", "--why", "x"]);
    assert_eq!(exit, 0, "{text}");
    let all = run(&["sessions", "--service", "cat", "--json"]).1;
    let all: Value = serde_json::from_str(&all).unwrap();
    let own = number(&all["sessions"][0]);

    // a real bash, with the completions that the program prints
    let portreeve = world.bin("portreeve").display().to_string();
    let complete = |line: &str| {
        let script = format!(
            "source <({portreeve} completions bash)\nCOMP_WORDS=({portreeve} --root {root} {line})\n\
             COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))\n\
             _portreeve_live {portreeve} \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let mut bash = world.door_as("thisuser", "bash");
        bash.args(["--norc", "-c", &script]);
        let (exit, text) = said(&world.run(bash, SOON));
        assert_eq!(exit, 0, "{line}: {text}");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("end ''"), [own.as_str()], "numbers of sessions");
    assert_eq!(complete("end --service ''"), ["cat", "echo"]);
    assert_eq!(complete("explain c"), ["cat"]);
    assert_eq!(complete("unban 2"), ["203.0.113.7"]);
    assert_eq!(complete("sess"), ["sessions"]);
    assert_eq!(complete("end --st"), ["--startups"]);
    assert!(complete("end --").contains(&"--yes".to_owned()));
    let registered = format!("source <({portreeve} completions bash); complete -p portreeve");
    let mut bash = world.door_as("thisuser", "bash");
    bash.args(["--norc", "-c", &registered]);
    assert!(said(&world.run(bash, SOON)).1.contains("-F _portreeve_live portreeve"));

    let mut stranger = world.door_as("otheruser", world.bin("portreeve"));
    stranger.args(["--root", &root, "sessions"]);
    assert_ne!(said(&world.run(stranger, SOON)).0, 0, "another user has no business here");
    let (exit, text) = run(&["end", &own]);
    assert_eq!(exit, 0, "{text}");
    read_to_end_bounded(&peer, 16, SOON);
    wait_for(SOON, "it to be over", || {
        run(&["sessions", "--service", "cat"]).1.contains("No such")
    });
    let (exit, text) = run(&["unban", "203.0.113.7"]);
    assert_eq!((exit, text.as_str()), (0, "The ban on 203.0.113.7 is lifted.\n"));
    daemon.stop(SOON);
}
