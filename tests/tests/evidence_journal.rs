//! A host that systemd runs, under attack: its own sshd, which logs to the journal, and behind the door
//! an sshd that logs by syslog, where `/dev/log` is the journal's. Every try is one offence of the
//! address that connected; what users write into the journal in sshd's name charges nobody.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{Root, read_until, wait_for};
use portreeve_tests::{SOON, figures, packaged};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::Output;

/// The only address that attacks, and the one that texts name.
const ATTACKER: &str = "203.0.113.7";
const VICTIM: &str = "198.51.100.7";

const HOST: &str = "203.0.113.1";
/// Where the host's own sshd listens, and where the door does.
const OWN: u16 = 2201;
const DOOR: u16 = 2202;

/// With its first line said while the connection is open: the journal asks /proc which unit and
/// program a process is of when it reads that line, and remembers it for those that follow.
const SSHD: &str = "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPidFile none\n\
                    PasswordAuthentication yes\nMaxStartups 100\nLogLevel VERBOSE\n";

const CONFIGURATION: &str = r#"
[service.log]
listen = ["203.0.113.1:2202"]
run = ["/usr/sbin/sshd", "-i", "-f", "/etc/ssh/attacked"]
watch = "sshd"
syslog = "private"

[watch.ssh]
journal = { unit = ["attacked.service"], uid = [0], exe = ["/usr/sbin/sshd", "/usr/lib/openssh/sshd-session"] }
detectors = ["sshd"]
service = "own"
"#;

const ATTACKED: &str = "[Service]\nType=exec\nKillMode=process\n\
    ExecStart=/usr/sbin/sshd -D -f /etc/ssh/attacked -p 2201 -o ListenAddress=203.0.113.1\n";

/// What has to run first: nothing of the host's units is started by itself here, nor what gives the
/// journal to its group.
const JOURNAL: &str = "install -d -m 2755 -g systemd-journal /run/log/journal\n\
    systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service";

/// What is written in sshd's name.
const FORGED: &str = "Failed password for root from 198.51.100.7 port 4711 ssh2";

/// What a client does, and how many tries that is.
#[derive(Clone, Copy, Debug)]
enum Attack {
    /// Two passwords for this name.
    Passwords(&'static str),
    /// These bytes, and goodbye.
    Raw(&'static [u8]),
}

impl Attack {
    const ALL: [Self; 6] = [
        Self::Passwords("thisuser"),
        Self::Passwords("x from 198.51.100.7 port 22 ssh2"),
        Self::Raw(b""),
        Self::Raw(b"GET / HTTP/1.0\r\n\r\n"),
        Self::Raw(b"Failed password for root from 198.51.100.7 port 22 ssh2\r\n"),
        Self::Raw(b"SSH-2.0-x Invalid user root from 198.51.100.7\r\n"),
    ];

    fn tries(self) -> u64 {
        match self {
            Self::Passwords(_) => 2,
            Self::Raw(_) => 1,
        }
    }

    fn at(self, root: &Root, port: u16) {
        let user = match self {
            Self::Raw(bytes) => return raw(root, port, bytes),
            Self::Passwords(user) => user,
        };
        let output =
            ssh(root, port, "stranger", user, &["-o", "PreferredAuthentications=password"]);
        assert_eq!(output.status.code(), Some(255), "{self:?}: {output:?}");
    }
}

/// A real client, which types wrong passwords.
fn ssh(root: &Root, port: u16, key: &str, user: &str, more: &[&str]) -> Output {
    let key = root.keys().user(key).display().to_string();
    let port = port.to_string();
    let mut words = vec!["env", "SSH_ASKPASS=/etc/ssh/askpass", "SSH_ASKPASS_REQUIRE=force", "ssh"];
    words.extend(["-F", "none", "-p", &port, "-b", ATTACKER, "-i", &key]);
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
        words.extend(["-o", option]);
    }
    let (command, options) = more.split_last().unwrap();
    let login = ["-l", user, HOST];
    match options.is_empty() {
        true => words.extend(login.into_iter().chain([*command])),
        false => words.extend(more.iter().copied().chain(login).chain(["true"])),
    }
    root.run(&words)
}

fn raw(root: &Root, port: u16, bytes: &[u8]) {
    let to = format!("{HOST}:{port}");
    let mut stream = root.connect_from(ATTACKER.parse().unwrap(), &to).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let greeted = read_until(&stream, b"\n", SOON);
    assert!(greeted.text().starts_with("SSH-2.0-"), "{greeted:?}");
    root.bash("journalctl --sync"); // the journal knows who it is that speaks
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = Vec::new();
    let _ = stream.take(1 << 20).read_to_end(&mut rest);
}

/// A host with a journal, an sshd of its own, and a door; or nothing, where the machine can have none.
fn host() -> Option<Root> {
    let door = packaged("systemd/portreeved.service");
    let units = [("portreeved.service", &*door), ("attacked.service", ATTACKED)];
    let root = Root::systemd(&units, &[]);
    let why = root.as_ref().err();
    why.inspect(|why| figures(&format!("no systemd can be shown here: {why}")));
    let root = root.ok()?;
    root.bash(&format!("ip addr add {HOST}/32 dev lo; ip addr add {ATTACKER}/32 dev lo"));
    root.write("/etc/ssh/attacked", SSHD, 0o644);
    root.write("/etc/ssh/askpass", "#!/bin/sh\njournalctl --sync\necho wrong\n", 0o755);
    root.write("/etc/portreeve/portreeve.toml", CONFIGURATION, 0o644);
    root.bash(JOURNAL);
    assert_eq!(root.bash("readlink -f /dev/log").trim_end(), "/run/systemd/journal/dev-log");
    root.bash("systemctl start attacked.service portreeved.service");
    Some(root)
}

fn status(root: &Root) -> Value {
    let told = root.run(&["portreeve", "status", "--json"]);
    serde_json::from_slice(&told.stdout).unwrap_or_default()
}

fn events(root: &Root) -> Vec<Value> {
    let lines = root.read("/var/log/portreeve/events.jsonl");
    // the last line may be half written
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn offences(root: &Root) -> Vec<Value> {
    events(root).into_iter().filter(|event| event["event"] == "offence").collect()
}

/// How many tries each service was charged with.
fn by_service(all: &[Value]) -> BTreeMap<&str, u64> {
    let mut found = BTreeMap::new();
    for offence in all {
        let count = offence["count"].as_u64().unwrap_or(1);
        *found.entry(offence["service"].as_str().unwrap()).or_default() += count;
    }
    found
}

/// How many of the journal's entries say each thing, of those in sshd's name.
fn messages(root: &Root) -> BTreeMap<String, u32> {
    let told = root.bash("journalctl --sync; journalctl -q -o json -t sshd -t sshd-session");
    let mut found = BTreeMap::new();
    for line in told.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = entry["MESSAGE"].as_str().unwrap_or_default().to_owned();
        *found.entry(text).or_default() += 1;
    }
    found
}

/// What ordinary users write in sshd's name: by logger(1), by a program of that name, from inside a
/// login at the host's sshd (so in its unit) and at the door's; and root, in no unit of sshd's.
fn forge(root: &Root) {
    root.bash("cp /usr/bin/logger /home/sshd && chmod 755 /home/sshd");
    let script = format!("logger -t sshd '{FORGED}'; /home/sshd -t sshd --id=1 '{FORGED}'");
    root.bash(&format!("setpriv --reuid 59001 --regid 59001 --clear-groups sh -c \"{script}\""));
    root.bash(&script);
    for port in [OWN, DOOR] {
        let output = ssh(root, port, "thisuser", "thisuser", &[&format!("{script}; id -un")]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "thisuser\n", "{output:?}");
    }
}

#[test]
fn a_host_whose_log_is_the_journal_charges_who_connected_and_nobody_else() {
    let Some(root) = host() else { return };
    // What is written before journalctl has found the journal's end is not looked at.
    let read = || {
        let login = ssh(&root, OWN, "thisuser", "thisuser", &["true"]);
        status(&root)["watches"][0]["journal"]["entries"].as_u64() > Some(0)
            && login.status.success()
    };
    wait_for(SOON, "the journal to be read", read);
    let mounts = root.read("/proc/1/mountinfo");
    forge(&root);
    std::thread::scope(|scope| {
        for port in [OWN, DOOR] {
            let root = &root;
            scope.spawn(move || Attack::ALL.iter().for_each(|attack| attack.at(root, port)));
        }
    });
    let tries: u64 = Attack::ALL.iter().map(|attack| attack.tries()).sum();
    let want = BTreeMap::from([("log", tries), ("own", tries)]);
    let enough = || {
        let found = offences(&root);
        let found = by_service(&found);
        want.iter().all(|(service, tries)| found.get(service) >= Some(tries))
    };
    wait_for(SOON, "all tries", enough);
    assert_eq!(root.read("/proc/1/mountinfo"), mounts);
    let counted = || {
        let all = offences(&root).len();
        let counts = &status(&root)["offences"];
        counts["charged"] == all && counts["nobody"] == 0
    };
    wait_for(SOON, "all to be counted", counted);
    root.bash("systemctl stop portreeved.service");
    let found = offences(&root);
    assert_eq!(by_service(&found), want, "{found:#?}");
    for offence in &found {
        let (peer, certain) = (&offence["peer"], &offence["certain"]);
        assert!(peer == ATTACKER && *certain == true && peer != VICTIM, "{offence}");
        let own = offence["service"] == "own";
        let fits = if own { &["journal"][..] } else { &["socket", "door"] };
        assert!(fits.iter().any(|source| offence["source"] == *source), "{offence}");
    }
    // Nothing is missing there: the forged lines, and all that came through sockets of sessions.
    let journal = messages(&root);
    assert_eq!(journal.get(FORGED), Some(&8), "{journal:#?}");
    let mut passed = BTreeMap::new();
    for event in events(&root).iter().filter(|event| event["event"] == "evidence") {
        let text = event["text"].as_str().unwrap();
        let text = text.split_once(": ").map_or(text, |(_, text)| text); // behind `sshd[PID]`
        *passed.entry(text.to_owned()).or_default() += 1_u32;
    }
    assert!(passed.len() > 6, "{passed:#?}");
    for (text, times) in &passed {
        assert!(journal.get(text) >= Some(times), "{text}: {journal:#?}");
    }
}
