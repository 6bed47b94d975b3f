//! Who is charged when real clients attack real servers: sshd behind the door, once with its words on
//! standard error and once as it is, by syslog; beside it, from its log file; and Exim behind the door.
//! Every try is one offence of the address that connected. Whatever names the clients choose, nobody
//! else is ever charged.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{World, read_until, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;

/// The only address that attacks, and the one that its texts name.
const ATTACKER: &str = "203.0.113.7";
const VICTIM: &str = "198.51.100.7";

const SSHD: &str = "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPidFile none\n\
                    PasswordAuthentication yes\nMaxStartups 100\nLogLevel INFO\n";

/// Both ways in, and one beside the door.
const DOOR: &str = include_str!("../../examples/ssh-evidence/portreeve.toml");

/// What a client does, and how many tries that is.
#[derive(Clone, Copy, Debug)]
enum Attack {
    /// Two passwords for this name.
    Passwords(&'static str),
    /// The name alone.
    None(&'static str),
    /// A key that nobody accepts.
    Key(&'static str),
    /// These bytes, and goodbye.
    Raw(&'static [u8]),
}

impl Attack {
    const ALL: [Self; 12] = [
        Self::Passwords("thisuser"),
        Self::Passwords("x from 198.51.100.7"),
        Self::Passwords("x from 198.51.100.7 port 22 ssh2"),
        Self::None("Invalid user root from 198.51.100.7"),
        Self::Key("thisuser"),
        Self::Key("root from 198.51.100.7 not allowed because not listed in AllowUsers"),
        Self::Raw(b""),
        Self::Raw(b"GET / HTTP/1.0\r\n\r\n"),
        Self::Raw(b"Failed password for root from 198.51.100.7 port 22 ssh2\r\n"),
        Self::Raw(b"User root from 198.51.100.7 not allowed because not listed in AllowUsers\r\n"),
        Self::Raw(b"' from 198.51.100.7 port 22\r\n"),
        Self::Raw(b"SSH-2.0-x Invalid user root from 198.51.100.7\r\n"),
    ];

    fn tries(self) -> usize {
        match self {
            Self::Passwords(_) => 2,
            Self::None(_) | Self::Key(_) | Self::Raw(_) => 1,
        }
    }

    fn at(self, world: &World, port: u16) {
        let (user, methods) = match self {
            Self::Raw(bytes) => return raw(world, port, bytes),
            Self::Passwords(user) => (user, "password"),
            Self::None(user) => (user, "none"),
            Self::Key(user) => (user, "publickey"),
        };
        let mut ssh = world.client("far", "ssh");
        let key = world.ssh_keys().user("stranger");
        ssh.args(["-F", "none", "-p", &port.to_string(), "-b", ATTACKER, "-i"]).arg(key);
        for option in [
            "ConnectTimeout=60",
            "GlobalKnownHostsFile=/dev/null",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "LogLevel=ERROR",
            "NumberOfPasswordPrompts=2",
            "StrictHostKeyChecking=no",
        ] {
            ssh.args(["-o", option]);
        }
        ssh.args(["-o", &format!("PreferredAuthentications={methods}")]);
        ssh.env("SSH_ASKPASS", "/etc/ssh/askpass").env("SSH_ASKPASS_REQUIRE", "force");
        ssh.args(["-l", user, "192.168.0.1", "true"]);
        let output = world.run(ssh, SOON);
        assert_eq!(output.status.code(), Some(255), "{self:?}: {output:?}");
    }
}

fn raw(world: &World, port: u16, bytes: &[u8]) {
    let to = format!("192.168.0.1:{port}");
    let mut stream = world.connect_from("far", ATTACKER, &to).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    // its own first line, so that it is there and reads
    let greeted = read_until(&stream, b"\n", SOON);
    assert!(greeted.text().starts_with("SSH-2.0-"), "{greeted:?}");
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = Vec::new();
    let _ = stream.take(1 << 20).read_to_end(&mut rest);
}

/// The door, sshd's configuration and what clients type.
fn prepare() -> World {
    let world = World::standard();
    let _keys = world.ssh_keys();
    world.write("/etc/ssh/sshd_config", SSHD);
    world.write_program("/etc/ssh/askpass", "#!/bin/sh\necho wrong\n");
    world
}

fn offences(events: &[Value]) -> Vec<&Value> {
    events.iter().filter(|event| event["event"] == "offence").collect()
}

/// How many tries each service was charged with.
fn by_service(events: &[Value]) -> BTreeMap<&str, u64> {
    let mut all = BTreeMap::new();
    for offence in offences(events) {
        let count = offence["count"].as_u64().unwrap_or(1);
        *all.entry(offence["service"].as_str().unwrap()).or_default() += count;
    }
    all
}

/// Nobody but the attacker, ever; and nobody where it is not certain.
fn assert_no_bystander(events: &[Value]) {
    for offence in offences(events) {
        assert_eq!(offence["peer"], ATTACKER, "{offence}");
        assert_eq!(offence["certain"], true, "{offence}");
    }
}

#[test]
fn every_try_at_a_real_sshd_is_one_offence_of_who_connected() {
    let world = prepare();
    // As on a host with systemd: whatever is mounted anywhere is mounted everywhere.
    world.door_run(&["mount", "--make-rshared", "/"]);
    let mounts = || world.read("/proc/1/mountinfo");
    let before = mounts();
    world.write("/var/log/auth.log", "");
    let door = Door::native(&world, DOOR);
    let mut beside = world.door("/usr/sbin/sshd");
    beside.args([
        "-D",
        "-f",
        "/etc/ssh/sshd_config",
        "-p",
        "2203",
        "-o",
        "ListenAddress=192.168.0.1",
    ]);
    let _beside = world.start("sshd", beside);
    // it says so in the log: who asks the port would be one more
    let listens = || world.syslog().iter().any(|line| line.contains("Server listening"));
    wait_for(SOON, "sshd to listen", listens);
    std::thread::scope(|scope| {
        for port in [22, 2222, 2203] {
            let world = &world;
            scope.spawn(move || Attack::ALL.iter().for_each(|attack| attack.at(world, port)));
        }
    });
    // Who may come in is no offender, and is seen to have authenticated by either way.
    for (key, port) in [("ssh", 22), ("ssh-stderr", 2222)] {
        let output = world.ssh("far", "thisuser", "thisuser", "192.168.0.1", port, "id -un");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "thisuser\n", "{output:?}");
        door.expect("authenticated", |event| event["service"] == key);
        door.wait_sessions(key, 0);
    }
    // Nothing is missing in the host's log, and nothing of ours is mounted where others see it.
    let accepted = |line: &String| line.contains("Accepted publickey for thisuser");
    wait_for(SOON, "a session's words in the host's log", || world.syslog().iter().any(accepted));
    assert_eq!(mounts(), before);
    let tries: u64 = Attack::ALL.iter().map(|attack| attack.tries() as u64).sum();
    wait_for(SOON, "all tries at the door's", || {
        let events = door.events();
        let found = by_service(&events);
        found.get("ssh") >= Some(&tries) && found.get("ssh-stderr") >= Some(&tries)
    });
    // A log daemon writes all that was sent to it, also what the door has passed on: once more each.
    let lines: String = world.syslog().iter().map(|line| filed(line)).collect();
    world.write("/var/log/auth.log", &lines);
    wait_for(SOON, "all tries beside the door", || {
        by_service(&door.events()).get("beside") >= Some(&tries)
    });
    door.stop();
    let events = portreeve_tests::events(&world);
    assert_no_bystander(&events);
    let want = BTreeMap::from([("beside", tries), ("ssh", tries), ("ssh-stderr", tries)]);
    assert_eq!(by_service(&events), want, "{lines}");
    for (service, source) in [("ssh-stderr", "pipe"), ("ssh", "socket"), ("beside", "file")] {
        let own = |offence: &&&Value| offence["service"] == service;
        let all = offences(&events);
        let mut of = all.iter().filter(own);
        let fits = |o: &&Value| o["source"] == source || o["source"] == "door";
        assert!(of.all(fits), "{service}: {all:#?}");
    }
    assert!(!offences(&events).iter().any(|o| o["peer"] == VICTIM));
}

/// A message as a log daemon puts it into a file: without its priority, with the host.
fn filed(message: &str) -> String {
    let text = message.split_once('>').map_or(message, |(_, text)| text).trim_end();
    let (stamp, rest) = text.split_at_checked(15).unwrap_or((text, ""));
    format!("{stamp} door{}\n", rest.replace('\n', "#012"))
}

const EXIM: &str = r#"
primary_hostname = door.example
log_file_path = syslog
syslog_timestamp = no
spool_directory = /run/exim
acl_smtp_rcpt = nobody
queue_only = true
tls_advertise_hosts =
daemon_smtp_ports = 25

begin acl
nobody:
  deny message = relay not permitted

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
  server_set_id = $auth2
"#;

const MAIL: &str = r#"
[service.mail]
listen = ["192.168.0.1:2525"]
run = ["/usr/sbin/exim4", "-C", "/etc/exim.conf", "-bs"]
user = "root"
watch = "exim"
syslog = "private"
"#;

#[test]
fn tries_at_a_real_mail_server_are_charged_to_who_connected() {
    let world = World::standard();
    world.write("/etc/exim.conf", EXIM);
    let accounts = world.read("/etc/passwd");
    let account = "Debian-exim:x:810:810::/run/exim:/usr/sbin/nologin\n";
    world.write("/etc/passwd", format!("{accounts}{account}"));
    world.write("/etc/group", format!("{}Debian-exim:x:810:\n", world.read("/etc/group")));
    world.door_run(&["install", "-d", "-m", "0770", "-o", "810", "-g", "810", "/run/exim"]);
    let door = Door::native(&world, MAIL);
    for helo in ["x", "[198.51.100.7]", "unknown"] {
        let to = "192.168.0.1:2525";
        let mut stream = world.connect_from("far", ATTACKER, to).unwrap();
        let mut say = |line: &str, answer: &str| {
            stream.write_all(line.as_bytes()).unwrap();
            // the last line of an answer has a blank behind its number
            let mut heard = String::from("-");
            for _ in 0..100 {
                heard = read_until(&stream, b"\r\n", SOON).text();
                if heard.get(3..4) != Some("-") {
                    break;
                }
            }
            assert!(heard.starts_with(answer), "{line}: {heard}");
        };
        say("", "220");
        say(&format!("EHLO {helo}\r\n"), "250");
        say("AUTH PLAIN AHggZnJvbSAxOTguNTEuMTAwLjcAeA==\r\n", "535");
        say("MAIL FROM:<198.51.100.7@example.net>\r\n", "250");
        say("RCPT TO:<\"unknown[198.51.100.7]: 554 5.7.1\"@example.org>\r\n", "550");
        say("QUIT\r\n", "221");
    }
    wait_for(SOON, "six offences", || offences(&door.events()).len() >= 6);
    door.stop();
    let events = portreeve_tests::events(&world);
    assert_no_bystander(&events);
    assert_eq!(by_service(&events), BTreeMap::from([("mail", 6)]));
    assert!(world.syslog().iter().any(|line| line.contains("authenticator failed")));
}
