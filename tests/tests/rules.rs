//! Rules of tcprules as an access list of a service: the same peers get in, with the same variables,
//! as behind tcpserver; a database that is replaced decides at once, and one that is damaged never.
#![forbid(unsafe_code)]

use portreeve_testkit::{
    DnsServer, IdentReply, IdentServer, World, Zone, read_to_end_bounded, wait_for,
};
use portreeve_tests::{Door, SOON, example};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const CDB: &str = "/etc/tcp.test.cdb";

fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

/// Makes the database of a text, as its users do: `rename(2)` puts it into its place.
fn tcprules(world: &World, program: &str, text: &str) {
    world.write("/etc/tcp.test", text);
    let line = format!("{program} {CDB} {CDB}.tmp < /etc/tcp.test");
    world.door_run(&["sh", "-c", &line]);
}

fn configuration(rules: &str) -> String {
    format!(
        "[service.ruled]\nlisten = [\"*:700\"]\nuser = \"root\"\nrun = [\"/usr/bin/env\"]\n\
         environment = {{ default-path = false }}\nrules = {rules}\n"
    )
}

/// Ends the load, however the test ends.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What a program behind tcpserver reads of its environment, in order; ports differ.
fn variables(environment: &str) -> Vec<&str> {
    let ours = |line: &&str| {
        let name = line.split('=').next().unwrap_or_default();
        let tcp = name.starts_with("TCP") && !name.starts_with("TCP6");
        (tcp || ["PROTO", "RELAYCLIENT", "W"].contains(&name))
            && !["TCPLOCALPORT", "TCPREMOTEPORT", "TCPLOCALHOST"].contains(&name)
    };
    let mut found: Vec<&str> = environment.lines().filter(ours).collect();
    found.sort_unstable();
    found
}

#[test]
fn the_same_peers_get_in_with_the_same_variables_as_behind_tcpserver() {
    let world = World::standard();
    world.add_client("pool", &["198.51.100.8", "198.51.100.9", "198.51.101.1", "10.1.2.3"]);
    let text = "198.51.100.9:deny\n198.51.100.:allow,RELAYCLIENT=\"\",W=\"a b\"\n\
                10.0-2.:allow,W=\"1\",W=\"2\",TCPREMOTEIP=\"8.8.8.8\"\n198.51.:deny\n";
    let ours = world.bin("portreeve-tools").display().to_string() + " tcprules";
    for program in ["/usr/bin/tcprules", &ours] {
        tcprules(&world, program, text);
        let mut ancestor = world.door("/usr/bin/tcpserver");
        ancestor.args(["-RHl0", "-x", CDB, "0", "701", "/usr/bin/env"]);
        let _ancestor = world.start("tcpserver", ancestor);
        let door = Door::native(&world, &configuration(&format!("\"{CDB}\"")));
        wait_for(SOON, "tcpserver listens", || world.connect("lan", "192.168.0.1:701").is_ok());
        let peers = [
            ("lan", "192.168.0.50", "192.168.0.1"),
            ("far", "203.0.113.7", "88.1.2.3"),
            ("pool", "198.51.100.8", "88.1.2.3"),
            ("pool", "198.51.100.9", "88.1.2.3"),
            ("pool", "198.51.101.1", "88.1.2.3"),
            ("pool", "10.1.2.3", "88.1.2.3"),
        ];
        for (client, from, to) in peers {
            let [own, theirs] = [700, 701].map(|port| {
                let stream = world.connect_from(client, from, &format!("{to}:{port}")).unwrap();
                read_to_end_bounded(&stream, 1 << 16, SOON).text()
            });
            assert_eq!(variables(&own), variables(&theirs), "{from}: {own}{theirs}");
            assert_eq!(own.is_empty(), theirs.is_empty(), "{from}");
        }
        let refused = door.expect("refused", |event| event["peer"] == "198.51.101.1");
        assert!(refused.to_string().contains(&format!("`198.51.` ({CDB})")), "{refused:#}");
        door.stop();
    }
}

#[test]
fn names_and_users_are_asked_for_where_a_rule_needs_them_and_never_trusted_blindly() {
    let world = World::standard();
    world.add_client_address("far", "192.0.2.53");
    world.add_client("liar", &["198.51.100.9"]);
    world.set_resolver("192.0.2.53");
    let zone = Zone::new()
        .host("friend.example.org", "192.168.0.50")
        .name("198.51.100.9", "friend.example.org");
    let _dns = DnsServer::start(&world, "far", "192.0.2.53:53", zone);
    let user = IdentReply::User("joe".into());
    let _ident = IdentServer::start(&world, "lan", "192.168.0.50:113", user);
    for (text, client, to, want) in [
        ("=friend.example.org:allow,W=\"n\"\n:deny", "lan", "192.168.0.1", Some("W=n")),
        ("=.example.org:allow,W=\"s\"\n:deny", "lan", "192.168.0.1", Some("W=s")),
        ("=friend.example.org:allow\n:deny", "liar", "88.1.2.3", None),
        ("=:allow\n:deny", "liar", "88.1.2.3", None),
        ("joe@192.168.0.50:allow,W=\"u\"\n:deny", "lan", "192.168.0.1", Some("W=u")),
        ("joe@=friend.example.org:allow,W=\"b\"\n:deny", "lan", "192.168.0.1", Some("W=b")),
        ("ann@192.168.0.50:allow\n:deny", "lan", "192.168.0.1", None),
    ] {
        tcprules(&world, "/usr/bin/tcprules", text);
        let door = Door::native(&world, &configuration(&format!("\"{CDB}\"")));
        let environment = told(&world, client, &format!("{to}:700"));
        match want {
            None => assert_eq!(environment, "", "{text}"),
            Some(want) => assert!(variables(&environment).contains(&want), "{text}: {environment}"),
        }
        door.stop();
    }
}

#[test]
fn a_database_replaced_under_load_decides_at_once_and_without_one_wrong_verdict() {
    let world = World::standard();
    // the file's generation is what whoever it lets in is told; strangers are refused in each
    let text = |generation: u64| {
        format!("192.168.0.50:allow,W=\"{generation}\"\n203.0.113.7:deny\n:deny\n")
    };
    tcprules(&world, "/usr/bin/tcprules", &text(0));
    let door = Door::native(&world, &configuration(&format!("\"{CDB}\"")));
    let generation_of = |environment: &str| -> u64 {
        let line = environment.lines().find_map(|line| line.strip_prefix("W="));
        line.unwrap_or_else(|| panic!("not let in: {environment}")).parse().unwrap()
    };
    let (written, done, served) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
    // a file that cannot be read in two seconds decides later, which an event says
    let late = || door.events().iter().any(|event| event["event"] == "source-late");
    let in_time = |got: u64, before: u64| {
        assert!(got >= before || late(), "{got} after {before} was in place");
    };
    std::thread::scope(|scope| {
        let over = Over(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    // a connection made after a rename is decided by that file or a later one
                    let before = written.load(Ordering::SeqCst);
                    let got = generation_of(&told(&world, "lan", "192.168.0.1:700"));
                    in_time(got, before);
                    served.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert_eq!(told(&world, "far", "88.1.2.3:700"), "", "a stranger came in");
                served.fetch_add(1, Ordering::SeqCst);
            }
        });
        for generation in 1..=40 {
            tcprules(&world, "/usr/bin/tcprules", &text(generation));
            written.store(generation, Ordering::SeqCst);
            in_time(generation_of(&told(&world, "lan", "192.168.0.1:700")), generation);
        }
        wait_for(SOON * 6, "two thousand connections", || served.load(Ordering::SeqCst) > 2000);
        drop(over);
    });
    door.stop();
}

#[test]
fn a_database_that_is_damaged_emptied_or_removed_leaves_the_old_one_in_force() {
    let world = World::standard();
    let text = "192.168.0.50:allow,W=\"old\"\n:deny\n";
    tcprules(&world, "/usr/bin/tcprules", text);
    let door = Door::native(&world, &configuration(&format!("\"{CDB}\"")));
    let old = || {
        assert!(told(&world, "lan", "192.168.0.1:700").contains("W=old\n"));
        assert_eq!(told(&world, "far", "88.1.2.3:700"), "");
    };
    let refusals = || door.events().iter().filter(|e| e["event"] == "source-refused").count();
    for (number, line) in (1..).zip([
        format!("head -c 2100 {CDB} > {CDB}.tmp && mv {CDB}.tmp {CDB}"),
        format!(": > {CDB}.tmp && mv {CDB}.tmp {CDB}"),
        format!("echo oops:oops > {CDB}"),
        format!("rm {CDB}"),
    ]) {
        world.door_run(&["sh", "-c", &line]);
        wait_for(SOON, format!("`{line}` is refused"), || refusals() >= number);
        old();
        let alarms = door.status()["alarms"].to_string();
        assert!(alarms.contains(CDB), "{line}: {alarms}");
    }
    tcprules(&world, "/usr/bin/tcprules", "203.0.113.7:allow,W=\"new\"\n:deny\n");
    wait_for(SOON, "the next good one decides", || {
        told(&world, "far", "88.1.2.3:700").contains("W=new\n")
    });
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "");
    wait_for(SOON, "the alarm ends", || !door.status()["alarms"].to_string().contains(CDB));
    door.stop();
}

#[test]
fn a_real_login_behind_rules_and_a_database_that_is_missing() {
    let world = World::standard();
    world.ssh_keys();
    let service = |rules: &str| {
        format!(
            "[service.ssh]\nlisten = [\"*:22\"]\nuser = \"root\"\n\
             run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]\nwatch = \"sshd\"\nrules = {rules}\n"
        )
    };
    world.write("/etc/missing.toml", service(&format!("\"{CDB}\"")));
    let checked = portreeve_tests::command(&world, &["check", "--config", "/etc/missing.toml"]);
    let words = String::from_utf8_lossy(&checked.stdout).into_owned()
        + &String::from_utf8_lossy(&checked.stderr);
    assert!(!checked.status.success() && words.contains("cannot be read"), "{words}");
    for file in ["ssh", "Makefile"] {
        world.door_run(&["mkdir", "-p", "/etc/tcp"]);
        world.write(format!("/etc/tcp/{file}"), example(&format!("seed-1-tcprules/{file}")));
    }
    world.door_run(&["make", "-C", "/etc/tcp"]);
    let published = Door::native(&world, &example("seed-1-tcprules/portreeve.toml"));
    let login = |client, to| world.ssh(client, "root", "root", to, 22, "id -un").status.code();
    assert_eq!(login("far", "88.1.2.3"), Some(0), "`:allow`, as published");
    world.write("/etc/tcp/ssh", "203.0.113.:deny\n:allow\n");
    world.door_run(&["make", "-B", "-C", "/etc/tcp"]);
    assert_eq!(login("far", "88.1.2.3"), Some(255));
    assert_eq!(login("lan", "192.168.0.1"), Some(0));
    published.stop();
    let table = format!("{{ file = \"{CDB}\", missing = \"allow\" }}");
    let door = Door::native(&world, &service(&table));
    assert_eq!(login("far", "88.1.2.3"), Some(0), "no rules refuse nobody");
    tcprules(&world, "/usr/bin/tcprules", "192.168.0.:allow\n:deny\n");
    assert_eq!(login("lan", "192.168.0.1"), Some(0));
    assert_eq!(login("far", "88.1.2.3"), Some(255));
    let refused = door.expect("refused", |event| event["peer"] == "203.0.113.7");
    assert_eq!(refused["reason"], "rule", "{refused:#}");
    door.stop();
}
