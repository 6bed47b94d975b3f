//! Judgement, end to end: real clients guess at real servers, behind the door and beside it, and are shut
//! out by the attempt that decides; nobody else is. An administrator who is logged in may fail as
//! often as he likes.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{World, read_until, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

const SSHD: &str = "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPidFile none\n\
                    PasswordAuthentication yes\nMaxStartups 100\nLogLevel INFO\n";

/// sshd by either of its own voices, once more for who is slow, and one beside the door.
const SSH: &str = r#"
[defaults]
user = "root"
watch = "sshd"

[service.ssh]
listen = ["192.168.0.1:22"]
run = ["/usr/sbin/sshd", "-i"]
syslog = "private"

[service.ssh-stderr]
listen = ["192.168.0.1:2222"]
run = ["/usr/sbin/sshd", "-i", "-e"]
stderr = "evidence"

[service.ssh-slow]
listen = ["192.168.0.1:2223"]
run = ["/usr/sbin/sshd", "-i", "-e"]
stderr = "evidence"

[watch.beside]
files = ["/var/log/auth.log"]
detectors = ["sshd"]
service = "beside"

[judge.quick]
services = ["ssh", "ssh-stderr", "beside"]
tallies = [{ window = "10m", limit = 3 }]
levels = [{ ipv4 = 32, ipv6 = 64 }]
term = "1h"

[judge.patient]
services = ["ssh-slow"]
tallies = [{ name = "burst", window = "1s", limit = 2 }, { name = "slow", window = "1h", limit = 3 }]
levels = [{ ipv4 = 32, ipv6 = 64 }]
term = "1h"
"#;

/// Where sshd listens by itself.
const BESIDE: u16 = 2203;

/// What a client tries each time; that is one offence.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    /// A password for somebody who is there.
    Password,
    /// One for somebody who is not.
    Unknown,
    /// A key that nobody accepts.
    Key,
    /// Nothing: it leaves before it has authenticated.
    Drop,
}

impl Attempt {
    const ALL: [Self; 4] = [Self::Password, Self::Unknown, Self::Key, Self::Drop];

    fn at(self, world: &World, from: &str, port: u16) {
        let (user, methods) = match self {
            Self::Drop => return drop_out(world, from, port),
            Self::Password => ("thisuser", "password"),
            Self::Unknown => ("nobody-there", "password"),
            Self::Key => ("thisuser", "publickey"),
        };
        let mut ssh = client(world, from, user, "stranger", port);
        ssh.args(["-o", &format!("PreferredAuthentications={methods}"), "192.168.0.1", "true"]);
        let output = world.run(ssh, SOON);
        assert_eq!(output.status.code(), Some(255), "{self:?}: {output:?}");
    }
}

/// A client that types a wrong password once, if it is asked.
fn client(world: &World, from: &str, user: &str, key: &str, port: u16) -> Command {
    let mut ssh = world.client("far", "ssh");
    let key = world.ssh_keys().user(key);
    ssh.args(["-F", "none", "-p", &port.to_string(), "-b", from, "-l", user, "-i"]).arg(key);
    for option in [
        "ConnectTimeout=60",
        "GlobalKnownHostsFile=/dev/null",
        "UserKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "LogLevel=ERROR",
        "NumberOfPasswordPrompts=1",
        "StrictHostKeyChecking=no",
    ] {
        ssh.args(["-o", option]);
    }
    ssh.env("SSH_ASKPASS", "/etc/ssh/askpass").env("SSH_ASKPASS_REQUIRE", "force");
    ssh
}

fn drop_out(world: &World, from: &str, port: u16) {
    let mut stream = world.connect_from("far", from, &format!("192.168.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let greeted = read_until(&stream, b"\n", SOON);
    assert!(greeted.text().starts_with("SSH-2.0-"), "{greeted:?}");
    let _ = stream.write_all(b"SSH-2.0-x\r\n");
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.take(1 << 20).read_to_end(&mut Vec::new());
}

/// The door's world with sshd's configuration, and what clients type.
fn prepare() -> World {
    let world = World::standard();
    let _keys = world.ssh_keys();
    world.write("/etc/ssh/sshd_config", SSHD);
    world.write_program("/etc/ssh/askpass", "#!/bin/sh\necho wrong\n");
    world
}

/// One more address that clients have.
fn address(world: &World, number: usize) -> String {
    let address = format!("198.51.100.{number}");
    world.add_client_address("far", &address);
    address
}

fn offences(door: &Door<'_>, of: &str) -> Vec<Value> {
    let own = |event: &Value| event["event"] == "offence" && event["peer"] == of;
    door.events().into_iter().filter(own).collect()
}

fn bans(door: &Door<'_>, of: &str) -> Vec<Value> {
    let own = |event: &Value| event["event"] == "banned" && event["network"] == of;
    door.events().into_iter().filter(own).collect()
}

/// Waits until that many offences of somebody's are told of.
#[track_caller]
fn wait_offences(door: &Door<'_>, of: &str, count: usize) {
    wait_for(SOON, format!("{count} offences of {of}"), || offences(door, of).len() >= count);
}

/// Somebody is let in no more, and that is why.
#[track_caller]
fn assert_shut_out(world: &World, door: &Door<'_>, from: &str, port: u16) {
    let mut stream = world.connect_from("far", from, &format!("192.168.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    assert_eq!(String::from_utf8_lossy(&heard), "", "{from} at {port}");
    door.expect("refused", |event| event["peer"] == from && event["class"] == "banned");
}

/// Guesses three times; the third attempt decides, and no other does.
fn guess(world: &World, door: &Door<'_>, attempt: Attempt, from: &str, port: u16, judge: &str) {
    for number in 1..=3 {
        assert_eq!(bans(door, from), [] as [Value; 0], "{attempt:?} before {number}");
        attempt.at(world, from, port);
        wait_offences(door, from, number);
        if judge == "patient" {
            std::thread::sleep(Duration::from_millis(1100)); // past the burst's window
        }
    }
    let banned = door.expect("banned", |event| event["network"] == from);
    assert_eq!(banned["judge"], judge, "{banned}");
    assert_shut_out(world, door, from, port);
    assert_eq!((offences(door, from).len(), bans(door, from).len()), (3, 1), "{attempt:?}");
}

#[test]
fn who_guesses_at_sshd_is_shut_out_by_the_deciding_attempt_and_nobody_else() {
    let world = prepare();
    world.write("/var/log/auth.log", "");
    let door = Door::native(&world, SSH);
    let admin = address(&world, 200);
    let mut login = client(&world, &admin, "thisuser", "thisuser", 22);
    login.args(["192.168.0.1", "sleep 600"]);
    let login = world.start("login", login);
    door.expect("authenticated", |event| event["peer"] == admin.as_str());
    let mut number = 1;
    let mut next = || {
        number += 1;
        address(&world, number)
    };
    let mut guessers = Vec::new();
    for attempt in Attempt::ALL {
        guessers.push((attempt, next(), 22, "quick"));
        guessers.push((attempt, next(), 2222, "quick"));
    }
    guessers.push((Attempt::Password, next(), 2223, "patient"));
    let careful = next();
    std::thread::scope(|scope| {
        for (attempt, from, port, judge) in &guessers {
            let (world, door) = (&world, &door);
            scope.spawn(move || guess(world, door, *attempt, from, *port, judge));
        }
        // Who is logged in from there is not shut out, however often somebody fails.
        scope.spawn(|| {
            for number in 1..=5 {
                Attempt::Password.at(&world, &admin, 2222);
                wait_offences(&door, &admin, number);
            }
        });
        // Nor is who has failed less often.
        scope.spawn(|| {
            (0..2).for_each(|_| Attempt::Password.at(&world, &careful, 22));
            wait_offences(&door, &careful, 2);
        });
    });
    for good in [&admin, &careful] {
        let mut again = client(&world, good, "thisuser", "thisuser", 22);
        again.args(["192.168.0.1", "id -un"]);
        let output = world.run(again, SOON);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "thisuser\n", "{output:?}");
        assert_eq!(bans(&door, good), [] as [Value; 0]);
    }
    // A login from where a judge wanted nobody is told; one after a few failures is none.
    door.expect("suspicious-login", |event| {
        event["peer"] == admin.as_str() && event["user"] == "thisuser"
    });
    let told =
        |event: &&Value| event["event"] == "suspicious-login" && event["peer"] == careful.as_str();
    assert!(door.events().iter().find(told).is_none());
    drop(login);
    let listed = door.command(&["bans", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["bans"].as_array().unwrap().len(), guessers.len(), "{listed}");
    door.stop();
}

#[test]
fn who_guesses_at_an_sshd_beside_the_door_is_shut_out_by_what_it_logs() {
    let world = prepare();
    world.write("/var/log/auth.log", "");
    let door = Door::native(&world, SSH);
    let mut beside = world.door("/usr/sbin/sshd");
    let port = BESIDE.to_string();
    beside.args(["-D", "-f", "/etc/ssh/sshd_config", "-p", &port]);
    beside.args(["-o", "ListenAddress=192.168.0.1"]);
    let _beside = world.start("sshd", beside);
    let listens = || world.syslog().iter().any(|line| line.contains("Server listening"));
    wait_for(SOON, "sshd to listen", listens);
    let (guesser, other) = (address(&world, 2), address(&world, 3));
    // A log daemon writes what it was sent.
    let written = Mutex::new(0);
    let log = || {
        let mut written = written.lock().unwrap();
        let lines = world.syslog();
        let new: String = lines.iter().skip(*written).map(|line| filed(line)).collect();
        *written = lines.len();
        world.door_run(&["sh", "-c", "printf %s \"$1\" >> /var/log/auth.log", "sh", &new]);
    };
    for (attempt, number) in
        [Attempt::Password, Attempt::Unknown, Attempt::Key].into_iter().zip(1..)
    {
        assert_eq!(bans(&door, &guesser), [] as [Value; 0], "before {number}");
        for from in [&guesser, &other].into_iter().take(if number < 3 { 2 } else { 1 }) {
            attempt.at(&world, from, BESIDE);
            wait_for(SOON, "what sshd logs", || {
                log();
                offences(&door, from).len() >= number
            });
        }
    }
    let banned = door.expect("banned", |event| event["network"] == guesser.as_str());
    assert_eq!(banned["judge"], "quick", "{banned}");
    assert_shut_out(&world, &door, &guesser, 22);
    assert_eq!(offences(&door, &other).len(), 2);
    assert_eq!(bans(&door, &other), [] as [Value; 0]);
    door.stop();
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
"#;

const MAIL: &str = r#"
[service.mail]
listen = ["192.168.0.1:2525"]
run = ["/usr/sbin/exim4", "-C", "/etc/exim.conf", "-bs"]
user = "root"
watch = "exim"
syslog = "private"

[judge.mail]
services = ["mail"]
tallies = [{ window = "1h", limit = 3, charges = [{ kinds = ["spam", "relay", "rejected"] }] }]
term = "1d"
"#;

/// One message for somebody who is not served here.
fn relay(world: &World, from: &str) {
    let mut stream = world.connect_from("far", from, "192.168.0.1:2525").unwrap();
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
    say("EHLO x\r\n", "250");
    say("MAIL FROM:<a@example.net>\r\n", "250");
    say("RCPT TO:<b@example.org>\r\n", "550");
    // Whoever has just been banned may be gone by now.
    let _ = stream.write_all(b"QUIT\r\n");
    let _ = stream.set_read_timeout(Some(SOON));
    let _ = stream.take(1 << 16).read_to_end(&mut Vec::new());
}

/// What the owner is told of both.
fn asked(door: &Door<'_>, source: &str, other: &str) {
    let who = |of: &str| -> Value {
        let told = door.command(&["who", of, "--json"]);
        assert_eq!(told.status.code(), Some(0), "{told:?}");
        serde_json::from_slice(&told.stdout).unwrap()
    };
    // What is told of is in the ledger a moment later.
    wait_for(SOON, "all of it in the ledger", || {
        who(source)["history"][0].is_object() && who(other)["offences"][1].is_object()
    });
    let guilty = who(source);
    let ban = &guilty["history"][0];
    assert_eq!((&ban["judge"], &ban["ended"]), (&"mail".into(), &Value::Null), "{guilty}");
    assert_eq!(ban["evidence"].as_array().unwrap().len(), 3, "{guilty}");
    assert_eq!(guilty["bans"][0]["judge"], "mail", "{guilty}");
    assert_eq!(guilty["offences"].as_array().unwrap().len(), 3, "{guilty}");
    let good = who(other);
    assert_eq!(good["standings"][0]["missing"], 1000, "{good}");
    assert_eq!((&good["history"], &good["bans"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let told = door.command(&["offences", "--json", "--peer", source, "--last", "2"]);
    let lines: Vec<Value> = String::from_utf8(told.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line["peer"] == source), "{lines:?}");
    let nobody = door.command(&["who", "203.0.113.99"]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
}

#[test]
fn who_sends_spam_is_shut_out_of_a_real_mail_server() {
    let world = World::standard();
    world.write("/etc/exim.conf", EXIM);
    let accounts = world.read("/etc/passwd");
    let account = "Debian-exim:x:810:810::/run/exim:/usr/sbin/nologin\n";
    world.write("/etc/passwd", format!("{accounts}{account}"));
    world.write("/etc/group", format!("{}Debian-exim:x:810:\n", world.read("/etc/group")));
    world.door_run(&["install", "-d", "-m", "0770", "-o", "810", "-g", "810", "/run/exim"]);
    let door = Door::native(&world, MAIL);
    let (source, other) = (address(&world, 2), address(&world, 3));
    relay(&world, &other);
    wait_offences(&door, &other, 1);
    for number in 1..=3 {
        assert_eq!(bans(&door, &source), [] as [Value; 0], "before {number}");
        relay(&world, &source);
        wait_offences(&door, &source, number);
    }
    let banned = door.expect("banned", |event| event["network"] == source.as_str());
    assert_eq!(banned["judge"], "mail", "{banned}");
    assert_shut_out(&world, &door, &source, 2525);
    relay(&world, &other); // still heard
    wait_offences(&door, &other, 2);
    assert_eq!(bans(&door, &other), [] as [Value; 0]);
    asked(&door, &source, &other);
    door.stop();
}
