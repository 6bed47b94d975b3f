//! Every entry once: its JSON, its sentence, its row in the documentation.

use crate::entry::convert::{dated, session};
use crate::entry::layout::Colour;
use crate::entry::sentence::tell;
use crate::entry::{Dated, Entry, Loser, Target};
use jiff::tz::TimeZone;
use portreeve_model::Sentence;
use portreeve_wire::event::{
    BanRefused, EndCause, Ending, Enforcement, Event, Helper, Refused, RuleCommand, SessionRef,
    What,
};
use portreeve_wire::{End, SessionId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const JSON: &str = include_str!("../../tests/corpus/events.jsonl");
const TOLD: &str = include_str!("../../tests/corpus/events.txt");
const DOCS: &str = include_str!("../../../../docs/events.md");

/// Entries; one is added here with each variant, or this does not compile.
const VARIANTS: usize = 51;

fn number(entry: &Entry) -> usize {
    match entry {
        Entry::DoorOpened { .. } => 0,
        Entry::DoorClosing { .. } => 1,
        Entry::ListenerUp { .. } => 2,
        Entry::ListenerDown { .. } => 3,
        Entry::ServiceDown { .. } => 4,
        Entry::ServiceUp { .. } => 5,
        Entry::SessionStarted { .. } => 6,
        Entry::Authenticated { .. } => 7,
        Entry::GracePassed { .. } => 8,
        Entry::StartFailed { .. } => 9,
        Entry::SessionEnded { .. } => 10,
        Entry::Identified { .. } => 11,
        Entry::Evidence { .. } => 12,
        Entry::EvidenceDropped { .. } => 13,
        Entry::Refused { .. } => 14,
        Entry::Paused { .. } => 15,
        Entry::Resumed { .. } => 16,
        Entry::TrapTouched { .. } => 17,
        Entry::Banned { .. } => 18,
        Entry::BanEnded { .. } => 19,
        Entry::Reloaded { .. } => 20,
        Entry::ReloadRefused { .. } => 21,
        Entry::HelperStarted { .. } => 22,
        Entry::HelperDied { .. } => 23,
        Entry::Exhausted { .. } => 24,
        Entry::Recovered { .. } => 25,
        Entry::Alarm { .. } => 26,
        Entry::EventsLost { .. } => 27,
        Entry::EventsSkipped { .. } => 28,
        Entry::SessionEnding { .. } => 29,
        Entry::GivenBack { .. } => 30,
        Entry::TrialBegan { .. } => 31,
        Entry::TrialConfirmed { .. } => 32,
        Entry::TrialRolledBack { .. } => 33,
        Entry::PastNotKept => 34,
        Entry::DoorSucceeded { .. } => 35,
        Entry::RuleCommand { .. } => 36,
        Entry::SourceChanged { .. } => 37,
        Entry::SourceRefused { .. } => 38,
        Entry::SourceLate { .. } => 39,
        Entry::ServiceKept { .. } => 40,
        Entry::ServiceReleased { .. } => 41,
        Entry::WatchLost { .. } => 43,
        Entry::WatchFound { .. } => 44,
        Entry::Offence { .. } => 42,
        Entry::BanRefused { .. } => 45,
        Entry::BreakerOpened { .. } => 46,
        Entry::BreakerClosed { .. } => 47,
        Entry::Enforcement { .. } => 48,
        Entry::FirewallChanged { .. } => 49,
        Entry::SuspiciousLogin { .. } => 50,
    }
}

fn end(address: &str, port: u16) -> End {
    End { address: address.parse().unwrap(), port }
}

fn ssh() -> SessionRef {
    SessionRef {
        session: SessionId(7),
        service: 0,
        key: "ssh".into(),
        peer: end("192.0.2.7", 40000),
        local: end("192.0.2.1", 22),
        pid: Some(1234),
    }
}

fn echo() -> SessionRef {
    SessionRef {
        session: SessionId(8),
        service: 1,
        key: "echo".into(),
        peer: end("2001:db8::7", 40001),
        local: end("2001:db8::1", 7),
        pid: None,
    }
}

fn touched(sentence: Sentence, spared: Option<&str>) -> What {
    let (peer, spared) = (end("198.51.100.9", 1025), spared.map(str::to_owned));
    let origin = Some("/etc/xinetd.d/telnet:1:9".to_owned());
    What::TrapTouched { service: 2, key: "telnet".into(), peer, sentence, spared, origin }
}

#[expect(clippy::too_many_lines, reason = "one example for each event")]
fn from_the_monitor() -> Vec<What> {
    let (key, reason) = (|| "ssh".to_owned(), "the address is in use by process 812 (`sshd`)");
    let origin = Some("/etc/xinetd.d/ssh:12:5".to_owned());
    let (address, retry) = (end("192.0.2.1", 22), 4);
    let ended = |ending, duration| What::SessionEnded {
        session: ssh(),
        ending,
        duration,
        cause: None,
        authenticated: None,
    };
    let ending = |cause| What::SessionEnding { session: ssh(), cause };
    vec![
        What::DoorOpened { version: "0.1.0".into(), pid: 812, services: 3 },
        What::DoorClosing { sessions: 1 },
        What::ListenerUp { key: key(), address: end("::", 22), dual: true },
        What::ListenerDown { key: key(), address, reason: reason.into(), retry },
        What::ServiceDown {
            key: key(),
            reason: "user `nobdy` does not exist".into(),
            origin: origin.clone(),
        },
        What::ServiceUp { key: key() },
        What::ServiceKept { key: "ntpd".into(), new: true },
        What::ServiceKept { key: "ntpd".into(), new: false },
        What::ServiceReleased { key: "ntpd".into() },
        What::SessionStarted(ssh()),
        What::SessionStarted(echo()),
        What::Authenticated(ssh()),
        What::GracePassed { session: ssh(), ended: true },
        ending(EndCause::Grace),
        ending(EndCause::Idle),
        ending(EndCause::Shutdown),
        What::StartFailed { session: ssh(), reason: "cannot execute `/usr/sbin/sshd`".into() },
        ended(Ending::Exit(255), 3_210),
        ended(Ending::Signal(9), 90_000),
        What::SessionEnded {
            session: echo(),
            ending: Ending::Closed,
            duration: 12,
            cause: Some(EndCause::Idle),
            authenticated: None,
        },
        ended(Ending::Lost, 86_400_000),
        What::Identified { session: ssh(), answer: Ok("UNIX : joe\x1b[2J".into()) },
        What::Identified { session: ssh(), answer: Err("timeout".into()) },
        What::Refused(Refused {
            service: 0,
            key: key(),
            peer: end("192.0.2.9", 40002),
            class: "full".into(),
            reason: "per-source".into(),
            xinetd: "per_source_limit".into(),
            text: "5 sessions of 192.0.2.9 are open, at most 5 may be".into(),
            origin,
            count: 3,
        }),
        What::Paused { key: key(), service: 0, seconds: 10 },
        What::Resumed { key: key(), service: 0 },
        touched(Sentence::For(Duration::from_secs(3600)), None),
        touched(
            Sentence::Forever,
            Some("198.51.100.0/24 is never banned (/etc/portreeve.toml:9:3)"),
        ),
        touched(Sentence::Never, None),
        What::Banned {
            network: "198.51.100.9".parse().unwrap(),
            until: Some(1_795_307_535),
            key: "telnet".into(),
            reason: "touched the trap `telnet`".into(),
            only: String::new(),
            judge: String::new(),
            by: None,
        },
        What::Banned {
            network: "198.51.100.0/24".parse().unwrap(),
            until: Some(1_795_307_535),
            key: "ssh".into(),
            reason: "5 failures in 10 minutes".into(),
            only: "ssh".into(),
            judge: "guessers".into(),
            by: None,
        },
        What::Banned {
            network: "2001:db8:66::/64".parse().unwrap(),
            until: None,
            key: String::new(),
            reason: "guesses passwords".into(),
            only: String::new(),
            judge: String::new(),
            by: Some(1000),
        },
        What::BanEnded {
            network: "198.51.100.9".parse().unwrap(),
            only: String::new(),
            why: "lifted".into(),
            by: Some(0),
        },
        What::BanEnded {
            network: "198.51.100.0/24".parse().unwrap(),
            only: "ssh".into(),
            why: "expired".into(),
            by: None,
        },
        What::BanRefused(BanRefused {
            network: "198.51.100.9".parse().unwrap(),
            judge: "guessers".into(),
            class: "gateway".into(),
            why: "it is a gateway of this host".into(),
            count: 2,
        }),
        What::BreakerOpened { why: "more than 600 new bans in a minute".into(), seconds: 600 },
        What::BreakerClosed { by: Some(0) },
        What::Reloaded { changes: vec!["ssh: per-source 5 to 10".into(), "echo: new".into()] },
        What::ReloadRefused { text: "a.toml:3:1: error[x]: bad\n  |\n3 | oops\n".into() },
        What::HelperStarted { helper: Helper::Relay, pid: 815 },
        What::HelperDied { helper: Helper::Relay, reason: "signal 9".into(), retry: 2 },
        What::Exhausted { what: "descriptors".into() },
        What::Recovered { what: "descriptors".into() },
        What::Alarm { text: "`/var/log/ssh.log` is past its hard limit of 20480 bytes".into() },
        What::FirewallChanged {
            table: "portreeve".into(),
            by: "nft".into(),
            what: "removed the table".into(),
        },
        What::EventsLost { count: 12 },
    ]
}

/// Events of takeovers, trials and rules.
fn of_trials() -> [What; 12] {
    let command = |session| RuleCommand {
        key: "ssh".into(),
        peer: End { address: [192, 0, 2, 7].into(), port: 40_000 },
        option: if session { "twist" } else { "spawn" }.into(),
        command: "/bin/echo \"Sorry, fresh out.\"".into(),
        outcome: if session { "serves the connection" } else { "ended: it took too long" }.into(),
        session: session.then_some(SessionId(7)),
        count: if session { 1 } else { 3 },
    };
    [
        What::RuleCommand(command(true)),
        What::RuleCommand(command(false)),
        What::SourceChanged {
            path: "/etc/portreeve/deny".into(),
            entries: 1_000_000,
            before: 1,
            duration: 412,
        },
        What::SourceRefused {
            path: "/etc/portreeve/deny".into(),
            reason: "an error in it".into(),
            text: "/etc/portreeve/deny:3:1: error[x]: bad\n  |\n3 | oops\n".into(),
        },
        What::SourceLate {
            path: "/etc/portreeve/deny".into(),
            reason: "it is still being read".into(),
        },
        What::WatchLost { path: "/var/log/auth.log".into() },
        What::WatchFound { path: "/var/log/auth.log".into() },
        What::GivenBack { key: "ssh".into() },
        What::TrialBegan { seconds: 60 },
        What::TrialConfirmed { by: "a session of ssh, process 1234".into() },
        What::TrialRolledBack { reason: "nobody confirmed it in time".into() },
        What::Enforcement(Enforcement {
            enforcer: "command firewall".into(),
            act: "ban".into(),
            network: Some("203.0.113.9/32".parse().unwrap()),
            outcome: "exit status 1; it is tried again".into(),
            output: "no such set".into(),
            count: 2,
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "one of each kind")]
fn examples() -> Vec<Dated> {
    let at = |n: usize| 1_795_303_935_123 + n as u64 * 1000;
    let monitor = from_the_monitor();
    let own = [
        Entry::SuspiciousLogin {
            peer: "192.0.2.7".parse().unwrap(),
            service: "ssh".into(),
            user: Some("root".into()),
            source: "pipe".into(),
            judge: "guessers".into(),
        },
        Entry::Evidence {
            session: session(&ssh()),
            text: r"Invalid user admin\x0d from 192.0.2.7 port 40000".into(),
            cut: false,
            resumed: false,
            sender_pid: None,
            sender_uid: None,
        },
        Entry::Evidence {
            session: session(&ssh()),
            text: "sshd-session[1234]: Connection closed by 192.0.2.7 port 40000".into(),
            cut: false,
            resumed: false,
            sender_pid: Some(1234),
            sender_uid: Some(0),
        },
        Entry::Evidence {
            session: session(&ssh()),
            text: "word ".repeat(20),
            cut: true,
            resumed: true,
            sender_pid: None,
            sender_uid: None,
        },
        Entry::EvidenceDropped { session: session(&ssh()), lines: 420 },
        Entry::EventsLost { by: Loser::Clerk, target: Some(Target::File), count: 1 },
        Entry::EventsSkipped { count: 99 },
        Entry::SessionEnding {
            session: session(&ssh()),
            reason: "command".into(),
            by_uid: Some(1000),
        },
        Entry::EventsLost { by: Loser::Clerk, target: Some(Target::Journal), count: 2 },
        Entry::PastNotKept,
        Entry::Offence {
            kind: "invalid-user".into(),
            peer: Some(ssh().peer.address),
            peer_port: Some(ssh().peer.port),
            service: "ssh".into(),
            user: Some("x from 198.51.100.7".into()),
            source: "socket".into(),
            watch: None,
            detector: Some("sshd".into()),
            session: Some(7),
            certain: true,
            count: 1,
            why: "Invalid user".into(),
            file: None,
            inode: None,
            offset: None,
            cursor: None,
        },
        Entry::Offence {
            kind: "auth-failed".into(),
            peer: None,
            peer_port: None,
            service: "ssh".into(),
            user: None,
            source: "file".into(),
            watch: Some("auth".into()),
            detector: Some("sshd".into()),
            session: None,
            certain: false,
            count: 3,
            why: "Invalid user: it names nobody".into(),
            file: Some("/var/log/auth.log".into()),
            inode: Some(7),
            offset: Some(4096),
            cursor: None,
        },
        Entry::Offence {
            kind: "invalid-user".into(),
            peer: Some(ssh().peer.address),
            peer_port: None,
            service: "ssh".into(),
            user: None,
            source: "journal".into(),
            watch: Some("auth".into()),
            detector: Some("sshd".into()),
            session: None,
            certain: true,
            count: 1,
            why: "Invalid user".into(),
            file: None,
            inode: None,
            offset: None,
            cursor: Some("s=1a;i=7".into()),
        },
        Entry::DoorSucceeded {
            from: "0.1.0".into(),
            version: "0.2.0".into(),
            pid: 812,
            sessions: 2,
            lost: Vec::new(),
        },
        Entry::DoorSucceeded {
            from: "0.1.0".into(),
            version: "0.2.0".into(),
            pid: 812,
            sessions: 0,
            lost: vec!["events that were not written".into()],
        },
    ];
    let first_own = monitor.len();
    let events = monitor
        .into_iter()
        .zip(0..)
        .map(|(what, n)| dated(&Event { at: at(n), level: None, what }));
    let first_trial = first_own + own.len();
    let own = own
        .into_iter()
        .zip(first_own..)
        .map(|(entry, n)| Dated::new(crate::entry::stamp::utc_ms(at(n)), entry));
    let trials = of_trials().into_iter().zip(first_trial..);
    let trials = trials.map(|(what, n)| dated(&Event { at: at(n), level: None, what }));
    events.chain(own).chain(trials).collect()
}

/// `PORTREEVE_BLESS=1 cargo test -p portreeve-clerk` writes the corpus.
fn bless(name: &str, text: &str) -> bool {
    let asked = std::env::var_os("PORTREEVE_BLESS").is_some();
    if asked {
        let path = format!("{}/tests/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, text).unwrap();
    }
    asked
}

#[test]
fn every_entry_has_an_example() {
    let seen: BTreeSet<_> = examples().iter().map(|dated| number(&dated.entry)).collect();
    assert_eq!(seen, (0..VARIANTS).collect());
}

#[test]
fn the_json_of_every_entry_is_as_it_was() {
    let lines: Vec<String> = examples().iter().map(Dated::json).collect();
    if bless("events.jsonl", &lines.concat()) {
        return;
    }
    assert_eq!(lines.concat(), JSON, "if this is meant, users' tools must be told");
}

#[test]
fn what_is_written_can_be_read_back() {
    for example in examples() {
        assert_eq!(serde_json::from_str::<Dated>(&example.json()).unwrap(), example);
    }
}

#[test]
fn every_entry_is_told_in_a_sentence_of_80_columns() {
    let told = |line: &str| tell(line, &TimeZone::UTC, Colour::None);
    let text: String = examples().iter().map(|example| told(&example.json())).collect();
    if bless("events.txt", &text) {
        return;
    }
    assert_eq!(text, TOLD);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

/// Rows such as ``| `paused` | `service`, `seconds` | … |``; `…` in the fields stands for those of
/// a session.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let words = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = DOCS.split("## Severities").next().unwrap_or_default().lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| `")?.split(" | ").collect();
        let name = cells.first()?.strip_suffix('`')?.to_owned();
        let mut fields: BTreeSet<_> = words(cells.get(1)?).into_iter().collect();
        if cells.get(1)?.starts_with("session") {
            let session = "service session peer peer-port local local-port pid";
            fields.extend(session.split(' ').map(str::to_owned));
        }
        Some((name, fields))
    });
    rows.collect()
}

/// Rows such as ``| `err` | `alarm`, `start-failed` |``, in the chapter of severities.
#[test]
fn every_entry_is_documented_with_its_severity() {
    let chapter = DOCS.split("## Severities").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut documented = BTreeMap::new();
    for row in chapter.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let mut words = row.split('`').skip(1).step_by(2);
        let severity = words.next().unwrap();
        documented.extend(words.map(|kind| (kind.to_owned(), severity.to_owned())));
    }
    let kind = |dated: &Dated| {
        let line: serde_json::Value = serde_json::from_str(&dated.json()).unwrap();
        line["event"].as_str().unwrap().to_owned()
    };
    let told = examples().iter().map(|d| (kind(d), d.entry.severity().name().to_owned())).collect();
    assert_eq!(documented, told);
}

#[test]
fn every_entry_is_documented_with_its_fields() {
    let mut written = BTreeMap::<String, BTreeSet<String>>::new();
    for line in JSON.lines() {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        let name = object["event"].as_str().unwrap().to_owned();
        let fields = object.keys().filter(|key| !["at", "event"].contains(&key.as_str()));
        written.entry(name).or_default().extend(fields.cloned());
    }
    assert_eq!(documented(), written);
}
