//! tcpd under a real xinetd: the ancestor's and ours, for the same clients.

use portreeve_testkit::{IdentReply, IdentServer, World, Xinetd, poll_for, read_to_end_bounded};
use std::fs;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// The first port of the ancestor's services, and of ours.
const PORTS: [u16; 2] = [1000, 2000];

/// What both do alike: a name, its rule in hosts.allow, its rule in hosts.deny. `OUT` is where
/// commands may write, apart for each.
const ALIKE: &[(&str, &str, &str)] = &[
    ("plain", "ALL", ""),
    ("default", "", ""),
    ("refused", "", "ALL"),
    ("elsewhere", "192.0.2.", "ALL"),
    ("named", ".example.com", "ALL"),
    ("local", "LOCAL", "ALL"),
    ("unknown-host", "", "UNKNOWN"),
    ("net", "192.168.0.0/255.255.255.0 EXCEPT 192.168.0.50", "ALL"),
    ("spawned", "ALL : spawn /bin/echo '%%F' %a %h %n %u %d %c %s %A %H %N >OUT", ""),
    (
        "spawned-twice",
        "ALL : spawn echo one >OUT : spawn echo two >>OUT; sleep 1; echo end >>OUT",
        "",
    ),
    ("spawned-refused", "", "ALL : spawn echo gone %c >OUT"),
    ("twisted", "", "ALL : twist /bin/echo 'Sorry, %a, fresh out.'; echo to stderr >&2"),
    ("twisted-input", "ALL : twist /bin/echo got; read line; echo $line", ""),
    ("banner", "ALL : banners /run/banners", ""),
    ("banner-refused", "", "ALL : banners /run/banners"),
    ("banner-none", "ALL : banners /run/no-banners", ""),
    ("environment", "ALL : setenv GREETING  hello   %a : setenv = EMPTY", ""),
    ("mask", "ALL : umask 027 : nice 5", ""),
    ("kept", "ALL : keepalive : linger 5", ""),
    ("tested", "ALL : aclexec test %a = 192.168.0.50 : setenv TESTED yes", "ALL"),
    ("tested-false", "ALL : aclexec false", "ALL"),
    ("tested-missing", "ALL : aclexec /no/such/command 2>/dev/null", "ALL"),
    ("group", "@lans", "ALL"),
    ("group-of-others", "@others", "ALL"),
    ("user", "joe@ALL", "ALL"),
    ("stranger", "ann@ALL", "ALL"),
    ("asked", "ALL : rfc931 5 : setenv WHO %c", ""),
    ("loud", "ALL : severity local3.notice", ""),
    ("loud-refused", "", "ALL : severity mail.crit"),
    ("denied-in-allow", "ALL : deny", ""),
    ("allowed-in-deny", "", "ALL : allow"),
    ("bad-option", "ALL : spawn echo before >OUT : bogus", ""),
    ("bad-user", "ALL : user no-such-user", ""),
    ("not-last", "", "ALL : twist /bin/echo x : deny"),
    ("gone", "ALL", ""), // there is no such daemon
];

/// Where they differ: a row of the book, name, rules, what the client gets from each.
const APART: &[(&str, &str, &str, &str, [&str; 2])] = &[
    ("`user`, `group`", "become", "ALL : user thisuser", "", ["uid 0 groups 0\n", "uid USER\n"]),
    ("the output of `aclexec`", "leak", "ALL : aclexec echo leaked", "", ["leaked", "served leak"]),
    ("`aclexec` that fails", "later", "ALL : aclexec false : allow", "ALL", ["served later", ""]),
    (
        "`aclexec` that fails",
        "carried-over",
        "ALL : aclexec false",
        "ALL : spawn true",
        ["served carried-over", ""],
    ),
    (
        "`aclexec` that fails",
        "in-deny",
        "",
        "ALL : aclexec false",
        ["served in-deny", "served in-deny"],
    ),
    (
        "an `aclexec` that cannot be run, or that a signal ends",
        "unrunnable",
        "",
        "ALL : aclexec /no/such/command 2>/dev/null",
        ["served unrunnable", ""],
    ),
];

const DAEMON: &str = r#"#!/bin/sh
echo "served ${0##*/} $*"
echo "umask $(umask) nice $(nice)"
env | grep -E '^(GREETING|EMPTY|TESTED|WHO)=' | sort
"#;

/// A private host with rules for every case, under both.
struct Stage {
    _xinetd: Xinetd,
    _ident: IdentServer,
    world: World,
}

fn stage(cases: &[(&str, &str, &str)]) -> Stage {
    let world = World::standard();
    let hosts = "127.0.0.1 localhost\n192.168.0.50 lan.example.com\n192.168.0.1 door.example.com\n";
    fs::write(world.etc("hosts"), hosts).expect("write the names");
    fs::write(world.etc("netgroup"), "lans (lan.example.com,,)\nothers (far.example.com,,)\n")
        .expect("write the groups");
    let switch = world.etc("nsswitch.conf");
    let text = fs::read_to_string(&switch).expect("read nsswitch.conf");
    fs::write(switch, text + "netgroup: files\n").expect("write nsswitch.conf");
    let ident =
        IdentServer::start(&world, "lan", "192.168.0.50:113", IdentReply::User("joe".into()));
    let ours = world.bin("portreeve-tools").display().to_string();
    world.door_run(&["mkdir", "-p", "/run/ours", "/run/d", "/run/out"]);
    world.door_run(&["chmod", "1777", "/run/out"]);
    world.door_run(&[&ours, "install", "/run/ours"]);
    for name in ["banner", "banner-refused"] {
        world.write(format!("/run/banners/{name}"), "\0\0you are %a, %d\nat %h");
    }
    let (mut allow, mut deny, mut services) = (String::new(), String::new(), String::new());
    for (number, (name, allowed, denied)) in (0_u16..).zip(cases) {
        if *name != "gone" {
            let id = if *name == "become" { "echo uid $(id -u) groups $(id -G)\n" } else { "" };
            world.write_program(format!("/run/d/{name}"), format!("{DAEMON}{id}"));
        }
        for (text, clients) in [(&mut allow, allowed), (&mut deny, denied)] {
            if !clients.is_empty() {
                let clients = clients.replace("OUT", "/run/out/%d-%R");
                let clients = clients.replace("LONG", &format!("ALL : spawn {}", "%a".repeat(800)));
                text.push_str(&format!("{name}: {clients}\n"));
            }
        }
        for (port, program) in PORTS.iter().zip(["/usr/sbin/tcpd", "/run/ours/tcpd"]) {
            let port = port + number;
            services.push_str(&format!(
                "service {name}-{port}\n{{\n type = UNLISTED\n socket_type = stream\n wait = no\n \
                 user = root\n flags = NOLIBWRAP NAMEINARGS\n bind = 192.168.0.1\n port = {port}\n \
                 server = {program}\n server_args = /run/d/{name} one two\n}}\n"
            ));
        }
    }
    fs::write(world.etc("hosts.allow"), allow).expect("write hosts.allow");
    fs::write(world.etc("hosts.deny"), deny).expect("write hosts.deny");
    let xinetd = Xinetd::start(&world, &services);
    Stage { _xinetd: xinetd, _ident: ident, world }
}

impl Stage {
    /// What a client gets from both of each case, all at once: a refused one waits 5 seconds. It
    /// writes where that is read: what nobody has read makes the end a reset, which overtakes what
    /// was not sent so far.
    fn got(&self, client: &str, names: &[&str]) -> Vec<[String; 2]> {
        let ask = |number: u16, port: u16, name: &str| {
            let stream = self.world.connect(client, &format!("192.168.0.1:{}", port + number));
            let stream = stream.expect("connect");
            if name == "twisted-input" {
                std::io::Write::write_all(&mut &stream, b"a line\n").expect("write");
            }
            read_to_end_bounded(&stream, 1 << 16, LIMIT).text()
        };
        thread::scope(|scope| {
            let asked: Vec<_> = (0..)
                .zip(names)
                .map(|(number, name)| {
                    PORTS.map(|port| scope.spawn(move || ask(number, port, name)))
                })
                .collect();
            asked.into_iter().map(|both| both.map(|one| one.join().expect("an answer"))).collect()
        })
    }

    /// What each case wrote, if anything, by number and which.
    fn written(&self, name: &str, number: usize, port: u16) -> Option<String> {
        let port = port + u16::try_from(number).expect("few");
        let path = format!("/run/out/{name}-{port}");
        self.world.exists(&path).then(|| self.world.read(&path))
    }

    /// The lines in the system log under a daemon's name, without the numbers of processes.
    fn log(&self, name: &str) -> Vec<String> {
        let tag = format!(" {name}[");
        let lines = self.world.syslog();
        let lines = lines.iter().filter(|line| line.contains(&tag)).filter_map(|line| {
            let (head, text) = line.split_once("]: ")?;
            let priority = head.split_once('>')?.0;
            // the ancestor says 1 whatever the command returned
            let text = if text.starts_with("aclexec returned ") { "aclexec" } else { text };
            Some(format!("{priority}> {text}"))
        });
        lines.collect()
    }
}

#[test]
fn tcpd_serves_refuses_and_carries_out_as_the_ancestor() {
    let stage = stage(ALIKE);
    let names: Vec<_> = ALIKE.iter().map(|(name, ..)| *name).collect();
    let got = stage.got("lan", &names);
    for (number, ((name, ..), [theirs, ours])) in ALIKE.iter().zip(&got).enumerate() {
        assert_eq!(theirs, ours, "{name}");
        let written = PORTS.map(|port| stage.written(name, number, port));
        assert_eq!(written[0], written[1], "{name}");
        // each line twice: both say the same
        let mut log = stage.log(name);
        log.sort();
        let (pairs, rest) = log.as_chunks::<2>();
        assert!(!pairs.is_empty() && rest.is_empty(), "{name}: {log:#?}");
        assert!(pairs.iter().all(|[one, other]| one == other), "{name}: {log:#?}");
    }
    let of = |name: &str| {
        let number = ALIKE.iter().position(|case| case.0 == name).expect("a case");
        (got[number][1].clone(), stage.written(name, number, PORTS[1]))
    };
    assert_eq!(of("plain").0, "served plain one two\numask 0022 nice 0\n");
    assert_eq!(of("refused").0, "");
    assert_eq!(of("twisted").0, "Sorry, 192.168.0.50, fresh out.\nto stderr\n");
    assert_eq!(of("twisted-input").0, "got\na line\n");
    assert_eq!(of("mask").0, "served mask one two\numask 0027 nice 5\n");
    assert!(of("banner").0.starts_with("\0\0you are 192.168.0.50, banner\r\nat 192.168.0.50"));
    assert!(of("environment").0.ends_with("EMPTY=\nGREETING=hello   192.168.0.50\n"));
    assert!(of("group").0.starts_with("served") && of("group-of-others").0.is_empty());
    assert!(of("user").0.starts_with("served") && of("stranger").0.is_empty());
    assert!(
        of("spawned").1.is_some_and(|text| text.starts_with("%F 192.168.0.50 192.168.0.50 lan."))
    );
    assert!(stage.log("loud").iter().any(|line| line.starts_with("<157> connect from ")));
    assert!(
        stage
            .log("refused")
            .iter()
            .any(|line| line == "<28> refused connect from 192.168.0.50 (192.168.0.50)")
    );
}

#[test]
fn where_tcpd_differs_it_is_in_the_book() {
    let cases: Vec<_> =
        APART.iter().map(|(_, name, allow, deny, _)| (*name, *allow, *deny)).collect();
    let stage = stage(&cases);
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wrappers.md");
    let book = fs::read_to_string(book).expect("read the book");
    let id = |flag: &str| stage.world.door_run(&["id", flag, "thisuser"]).trim().to_owned();
    let user = format!("{} groups {}", id("-u"), id("-G"));
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    let got = ["lan", "far"].map(|client| stage.got(client, &names));
    for (number, (row, name, _, _, want)) in APART.iter().enumerate() {
        assert!(book.contains(&format!("\n| {row} | ")), "{row}");
        // the name of `far` can not be looked up: nothing answers
        let got = &got[usize::from(row.starts_with("a name that"))][number];
        for (want, got) in want.iter().zip(got) {
            let want = want.replace("USER", &user);
            let want = want.as_str();
            let fits = if want.is_empty() { got.is_empty() } else { got.contains(want) };
            assert!(fits, "{name}: {want} in {got}");
        }
        assert!(!got[1].contains("leaked"), "{name}: {}", got[1]);
    }
}

#[test]
fn try_from_tells_of_its_client_as_the_ancestor() {
    let world = World::standard();
    let hosts = "127.0.0.1 localhost\n192.168.0.50 lan.example.com\n192.168.0.1 door.example.com\n";
    fs::write(world.etc("hosts"), hosts).expect("write the names");
    let _ident =
        IdentServer::start(&world, "lan", "192.168.0.50:113", IdentReply::User("joe".into()));
    let ours = world.bin("portreeve-tools").display().to_string();
    world.door_run(&["mkdir", "-p", "/run/ours"]);
    world.door_run(&[&ours, "install", "/run/ours"]);
    let services = [
        (1000, "/usr/sbin/try-from"),
        (2000, "/run/ours/try-from"),
        (3000, "/run/ours/tcpd\n server_args = /run/ours/try-from"),
        (4000, "/run/ours/tcpd\n server_args = tcpd tcpd"),
    ];
    let services = services.map(|(port, program)| {
        format!(
            "service s{port}\n{{\n type = UNLISTED\n socket_type = stream\n wait = no\n user = root\n \
             flags = NOLIBWRAP{}\n port = {port}\n server = {program}\n}}\n",
            if port > 2000 { " NAMEINARGS" } else { "" }
        )
    });
    let _xinetd = Xinetd::start(&world, &services.concat());
    let told = [1000, 2000, 3000, 4000].map(|port| {
        let stream = world.connect("lan", &format!("192.168.0.1:{port}")).expect("connect");
        read_to_end_bounded(&stream, 1 << 16, LIMIT).text()
    });
    assert_eq!(told[0], told[1]);
    assert_eq!(told[1], told[2], "behind tcpd");
    assert_eq!(told[3], "", "tcpd behind tcpd");
    let said = |line: &String| line.ends_with("/usr/sbin/tcpd is recursively calling itself");
    assert!(world.syslog().iter().any(said));
    assert!(told[1].starts_with("client address  (%a): 192.168.0.50\n"), "{}", told[1]);
    assert_eq!(told[1].lines().count(), 8);
}

/// The published examples, with a real sshd.
#[test]
fn the_published_rules_guard_a_real_sshd() {
    let world = World::standard();
    world.add_client("office", &["192.0.33.5"]);
    let hosts = "127.0.0.1 localhost\n203.0.113.7 far.example.com\n192.168.0.50 lan.example.org\n\
         192.0.33.5 office.example.net\n";
    fs::write(world.etc("hosts"), hosts).expect("write the names");
    world.ssh_keys();
    let ours = world.bin("portreeve-tools").display().to_string();
    world.door_run(&["mkdir", "-p", "/run/ours"]);
    world.door_run(&[&ours, "install", "/run/ours"]);
    // Debian's sshd asks the rules too, by its name: this one has another
    world.write_program(
        "/run/d/sshd",
        "#!/bin/bash\nexec -a /usr/sbin/unasked /usr/sbin/sshd \"$@\"\n",
    );
    let rules = |allow: &str, deny: &str| {
        fs::write(world.etc("hosts.allow"), allow).expect("write hosts.allow");
        fs::write(world.etc("hosts.deny"), deny).expect("write hosts.deny");
    };
    let _xinetd = Xinetd::start(
        &world,
        "service ssh\n{\n type = UNLISTED\n socket_type = stream\n wait = no\n user = root\n \
         flags = NOLIBWRAP NAMEINARGS\n port = 22\n server = /run/ours/tcpd\n \
         server_args = /run/d/sshd -i\n}\n",
    );
    let come_in = |client: &str| {
        world.ssh(client, "thisuser", "thisuser", "88.1.2.3", 22, "exit 42").status.code()
    };
    let first_line = |client: &str| {
        let stream = world.connect(client, "88.1.2.3:22").expect("connect");
        portreeve_testkit::read_until(&stream, b"\n", LIMIT).text()
    };
    rules("sshd: 192.0.32.0/20\nsshd: 127.0.0.0/8\n", "sshd: ALL\n");
    assert_eq!(come_in("office"), Some(42));
    assert_eq!(first_line("far"), "");
    rules(
        "sshd: .example.org : allow\nsshd: .example.com : spawn \\\n\
         /bin/date -u +\"%%F %%T UTC from %h\" >> /run/sshd.log : allow\n",
        "sshd: ALL\n",
    );
    assert_eq!((come_in("far"), come_in("lan")), (Some(42), Some(42)));
    assert_eq!(first_line("office"), "");
    let log = world.read("/run/sshd.log");
    let year = log.get(..2) == Some("20");
    assert!(
        year && log.ends_with(" UTC from far.example.com\n") && log.lines().count() == 1,
        "{log}"
    );
    // as published, `deny` follows `twist`: an option that must be the last, so that all are refused
    rules(
        "",
        "sshd: .example.org : deny\nsshd: ALL : twist /bin/echo \"Sorry, fresh out.\" : deny\n",
    );
    assert_eq!(first_line("office"), "");
    poll_for(LIMIT, "the reason in the log", || {
        let wanted = "option \"twist\" must be at end";
        world.syslog().iter().any(|line| line.contains(wanted)).then_some(())
    });
    rules("", "sshd: .example.org : deny\nsshd: ALL : twist /bin/echo \"Sorry, fresh out.\"\n");
    assert_eq!(
        (first_line("office").as_str(), first_line("lan").as_str()),
        ("Sorry, fresh out.\n", "")
    );
}
