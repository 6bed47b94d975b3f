use super::*;
use portreeve_wire::End;
use portreeve_wire::clerk::{BookedCounts, SourceReport};
use portreeve_wire::control::{
    EnforcerStatus, JournalState, JournalStatus, WatchStatus, WatchedFile, WatchedState,
};
use portreeve_wire::event::Helper;

fn ssh() -> ServiceStatus {
    let end = |address: &str, port| End { address: address.parse().unwrap(), port };
    let up = |address, dual| ListenerStatus { address, dual, down: None, retry: None };
    ServiceStatus {
        key: "ssh".into(),
        name: "ssh".into(),
        offer: "/usr/sbin/sshd -i -e".into(),
        origin: "/etc/portreeve/portreeve.toml:4:1".into(),
        problems: Vec::new(),
        listeners: vec![
            up(end("192.0.2.1", 22), false),
            up(end("::", 22), true),
            ListenerStatus {
                address: end("192.0.2.9", 22),
                dual: false,
                down: Some("address not on this host".into()),
                retry: Some(4),
            },
        ],
        endings: Some("ended when no data moved for 10 min".into()),
        refusals: None,
        sessions: 3,
        instances: Some(60),
        startups: 1,
        startups_by_age: true,
        paused: Some(8),
        admitted: 1207,
        refused: vec![("rule".into(), 40), ("hours".into(), 0), ("per-source".into(), 4)],
        last_minute: (10, 3),
    }
}

fn telnet() -> ServiceStatus {
    ServiceStatus {
        key: "telnet@[2001:db8::1]:23".into(),
        name: "telnet".into(),
        offer: "trap, shuts out for ever".into(),
        problems: vec!["banner `/etc/issue\x1b` cannot be read".into()],
        listeners: Vec::new(),
        endings: None,
        refusals: Some("kept silent for 20 s, then closed".into()),
        sessions: 0,
        instances: None,
        startups: 0,
        paused: None,
        admitted: 0,
        refused: Vec::new(),
        last_minute: (0, 0),
        ..ssh()
    }
}

fn list(path: &str, refused: Option<&str>) -> ListStatus {
    ListStatus {
        paths: vec![path.into()],
        entries: Some(1_000_000),
        age: 180,
        changed: false,
        refused: refused.map(str::to_owned),
    }
}

fn watches() -> Vec<WatchStatus> {
    let report = |number, offset, lines, offences| SourceReport {
        number,
        offset,
        size: 4096,
        lines,
        offences,
        ..SourceReport::default()
    };
    let file = |path: &str, state, report| WatchedFile { path: path.into(), state, report };
    let long = SourceReport { long: 2, old: 7, ..report(2, 4000, 1, 0) };
    let auth = WatchStatus {
        name: "auth".into(),
        service: "ssh".into(),
        files: vec![
            file("/var/log/auth.log", WatchedState::There, Some(report(1, 4096, 1207, 44))),
            file("/var/log/auth.log", WatchedState::Renamed, Some(long)),
            file("/var/log/x\x1b", WatchedState::Refused("it is no regular file".into()), None),
            file("/var/log/none", WatchedState::Absent, None),
        ],
        journal: Some(JournalStatus {
            state: JournalState::Read,
            report: Some(report(3, 4096, 1, 1)),
        }),
    };
    let empty =
        WatchStatus { name: "web".into(), service: "web".into(), files: Vec::new(), journal: None };
    vec![auth, empty]
}

fn enforcers() -> Vec<EnforcerStatus> {
    vec![
        EnforcerStatus {
            name: "hosts-deny /etc/hosts.deny".into(),
            entries: Some(2),
            runs: 3,
            ..EnforcerStatus::default()
        },
        EnforcerStatus {
            name: "command firewall".into(),
            runs: 40,
            failures: 3,
            waiting: 1,
            trouble: Some("exit status 1".into()),
            ..EnforcerStatus::default()
        },
    ]
}

fn firewall() -> FirewallStatus {
    FirewallStatus {
        table: "portreeve".into(),
        synchronised: true,
        waiting: 0,
        elements: Some(2),
        packets: 40_213,
        bytes: 2_412_780,
        changed: 1,
        trouble: None,
    }
}

/// A door with one of everything.
pub(crate) fn sample() -> Status {
    let full = "the file system of /var/log/portreeve is full: events are not being written";
    let clerk = HelperStatus { helper: Helper::Clerk, pid: Some(4712), restarts: 0, trouble: None };
    let relay = HelperStatus {
        helper: Helper::Relay,
        pid: None,
        restarts: 2,
        trouble: Some("starting again in 4 s".into()),
    };
    Status {
        judging: Default::default(),
        version: "0.1.0".into(),
        pid: 4711,
        uptime: 3 * 3_600_000 + 120_000,
        stopping: false,
        configuration: "/etc/portreeve/portreeve.toml".into(),
        sessions: 3,
        max_sessions: 10_000,
        delayed: 12,
        max_delayed: 1000,
        delayed_crowded: 3,
        bans: 2,
        bans_evicted: 0,
        events_lost: 0,
        exhausted: None,
        alarms: vec![full.into()],
        cannot: vec!["run services as other users".into()],
        helpers: vec![clerk, relay],
        services: vec![ssh(), telnet()],
        trial: None,
        newest_bans: Vec::new(),
        watches: watches(),
        enforcers: enforcers(),
        firewall: Some(firewall()),
        offences: BookedCounts { charged: 45, nobody: 3, again: 40 },
        lists: vec![
            list("/etc/portreeve/deny", None),
            list("/srv/lists/cloud", Some("`192.0.2.999` is no address (line 7)")),
            ListStatus { entries: None, changed: true, ..list("/srv/none", None) },
        ],
    }
}

const GOLDEN: &str = "\
The door is open, process 4711, portreeve 0.1.0, up 3 h 2 min.
  configuration   /etc/portreeve/portreeve.toml
  sessions        3 of 10000
  delayed         12 of 1000 refused peers; 3 closed at once for want of a place
  bans            2
  in the kernel   table inet portreeve, 2 in its sets, 40213 packets dropped;
                  another program changed it once
  offences        45 charged, 3 that name nobody for certain, 40 told again
  mend            the file system of /var/log/portreeve is full: events are not
                  being written
  cannot          run services as other users

ssh                                                         /usr/sbin/sshd -i -e
  listens on      192.0.2.1:22, [::]:22 (with IPv4)
  not on          192.0.2.9:22: address not on this host; tried again in 4 s
  sessions        3 of 60; startups (by age): 1
  endings         ended when no data moved for 10 min
  paused          its rate was passed; it admits again in 8 s
  last minute     10 admitted, 3 refused
  since the start 1207 admitted, 44 refused: rule 40, per-source 4
  written at      /etc/portreeve/portreeve.toml:4:1

telnet@[2001:db8::1]:23                                 trap, shuts out for ever
  down            banner `/etc/issue\\x1b` cannot be read
  sessions        0
  refusals        kept silent for 20 s, then closed
  last minute     0 admitted, 0 refused
  since the start 0 admitted, 0 refused
  written at      /etc/portreeve/portreeve.toml:4:1

lists
  in force        /etc/portreeve/deny: 1000000 entries, read 3 min ago
  kept            /srv/lists/cloud: 1000000 entries, read 3 min ago; what it
                  holds now cannot be used: `192.0.2.999` is no address (line 7)
  unread          /srv/none; it has changed since, and is about to be read

watch auth, about ssh
  reads           /var/log/auth.log: 1207 lines, 44 offences
  reads out       /var/log/auth.log: 1 line, 0 offences, 96 bytes behind, 2 cut
                  at 8 KiB, 7 passed over as old; it was renamed
  refused         /var/log/x\\x1b; it is no regular file
  missing         /var/log/none
  reads           the journal: 1 entry, 1 offence

watch web
  nothing         no file matches its patterns

enforcers
  told            hosts-deny /etc/hosts.deny: 2 entries, 3 runs
  failing         command firewall: 40 runs, 3 failed, 1 waiting; exit status 1

helpers
  clerk           process 4712
  relay           starting again in 4 s; 2 restarts
";

#[test]
fn a_door_is_shown_in_eighty_columns() {
    let text = status(&sample(), &[], Paint::Plain);
    assert_eq!(text, GOLDEN);
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let text = status(&sample(), &[], Paint::Colour);
    assert!(text.contains("\x1b[31mnot on\x1b[0m          192.0.2.9:22"));
    let mut plain = text;
    for code in ["0", "1", "2", "31", "32", "33"] {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(plain, GOLDEN);
}

#[test]
fn trouble_of_the_whole_door_is_said() {
    let mut all = sample();
    all.stopping = true;
    all.exhausted = Some("descriptors".into());
    all.events_lost = 12;
    all.bans_evicted = 7;
    let text = status(&all, &[], Paint::Plain);
    for want in [
        "The door is closing,",
        "  short           out of descriptors: accepting pauses until some are free\n",
        "  events          12 events lost: the clerk was too slow\n",
        "  bans            2, 7 crowded out by newer ones\n",
    ] {
        assert!(text.contains(want), "{want} in\n{text}");
    }
}

#[test]
fn who_has_a_port_is_named_with_the_lines_to_type() {
    let advice = Advice {
        service: "ssh".into(),
        holders: vec!["[::]:22 (with IPv4) by sshd, process 812 of root: unit ssh.service".into()],
        steps: vec![
            "systemctl stop ssh.socket ssh.service".into(),
            "systemctl mask ssh.socket ssh.service".into(),
        ],
        notes: vec!["sessions of ssh.service go on (KillMode=process)".into()],
        takeover: Some("portreeve takeover ssh --confirm 60s".into()),
    };
    let text = status(&sample(), &[advice], Paint::Plain);
    let want = "\
  held by         [::]:22 (with IPv4) by sshd, process 812 of root: unit
                  ssh.service
  to take it over systemctl stop ssh.socket ssh.service
                  systemctl mask ssh.socket ssh.service
  or, undone      portreeve takeover ssh --confirm 60s
                  unless you confirm it from a new connection
  mind            sessions of ssh.service go on (KillMode=process)
  sessions ";
    assert!(text.contains(want), "{text}");
}
