//! Who has which rights: every process of a running door, against the committed table.
#![forbid(unsafe_code)]

use portreeve_testkit::{ProcStatus, World, children, open_descriptors, poll_for, proc_status};
use portreeve_tests::{Door, SOON, document};
use std::collections::BTreeMap;

const CONFIGURATION: &str = r#"
[ban]
enforce = ["door", "nftables"]
[service.hold]
listen = ["192.168.0.1:700"]
run = ["/bin/cat"]
user = "thisuser"

[service.echo]
listen = ["192.168.0.1:7"]
internal = "echo"
"#;

/// CAP_DAC_READ_SEARCH, by its number in capabilities(7).
const READ_SEARCH: u64 = 1 << 2;

/// CAP_NET_ADMIN, likewise.
const NET_ADMIN: u64 = 1 << 12;

fn row(name: &str, status: &ProcStatus) -> String {
    let all = status.set("CapBnd");
    let sets = ["CapEff", "CapPrm"].map(|set| status.set(set));
    let capabilities = match sets {
        [0, 0] => "-".to_owned(),
        [READ_SEARCH, READ_SEARCH] => "dac_read_search".to_owned(),
        [NET_ADMIN, NET_ADMIN] => "net_admin".to_owned(),
        [effective, permitted] if effective == all && permitted == all => "all".to_owned(),
        other => format!("{other:x?}"),
    };
    let same = |ids: Vec<u32>| match ids.as_slice() {
        [id, rest @ ..] if rest.iter().all(|other| other == id) => id.to_string(),
        other => format!("{other:?}"),
    };
    let groups: Vec<_> = status.groups().iter().map(u32::to_string).collect();
    let groups = if groups.is_empty() { "-".to_owned() } else { groups.join(",") };
    let (privs, seccomp) = (status.get("NoNewPrivs"), status.get("Seccomp"));
    let (uid, gid) = (same(status.uids()), same(status.gids()));
    [name, &uid, &gid, &groups, &capabilities, privs, seccomp].join(" ")
}

/// The rows of a table of the page: the first after `text` and its heading, if it has one.
fn committed(table: usize, heading: usize) -> Vec<String> {
    let page = document("privileges.md");
    let block = page.split("```").nth(2 * table + 1).expect("a table in docs/privileges.md");
    let rows = block.lines().skip(1 + heading).filter(|line| !line.trim().is_empty());
    rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn helper(door: &mut Door<'_>, name: &str) -> u32 {
    let monitor = door.running().pid();
    poll_for(SOON, format!("{name} to run"), || {
        // the kernel keeps fifteen letters of a name
        let short = &name[..name.len().min(15)];
        let named = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == short);
        children(monitor).into_iter().find(named)
    })
}

/// The compiler lives for milliseconds: reload until one is seen with its sandbox closed.
fn compiler(door: &mut Door<'_>) -> ProcStatus {
    let monitor = door.running().pid();
    poll_for(SOON, "portreeve-compile in its sandbox", || {
        door.running().signal(portreeve_testkit::Signal::HUP);
        let end = std::time::Duration::from_millis(150);
        let mut seen = None;
        let mut waited = std::time::Duration::ZERO;
        while waited < end && seen.is_none() {
            let mut statuses = children(monitor).into_iter().filter_map(proc_status);
            seen = statuses.find(|s| s.get("Name") == "portreeve-compi" && s.get("Seccomp") == "2");
            let pause = std::time::Duration::from_micros(200);
            std::thread::sleep(pause);
            waited += pause;
        }
        seen
    })
}

#[test]
fn every_process_has_the_committed_rights_and_no_others() {
    let world = World::standard();
    let mut door = Door::native(&world, CONFIGURATION);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("hold", 1);
    let monitor = door.running().pid();
    let clerk = helper(&mut door, "portreeve-clerk");
    let relay = helper(&mut door, "portreeve-relay");
    let firewall = helper(&mut door, "portreeve-firewall");
    poll_for(SOON, "the firewall in its sandbox", || {
        proc_status(firewall).filter(|status| status.get("Seccomp") == "2")
    });
    let status = |pid| proc_status(pid).expect("it runs");
    let rows = vec![
        row("portreeved", &status(monitor)),
        row("portreeve-clerk", &status(clerk)),
        row("portreeve-relay", &status(relay)),
        row("portreeve-firewall", &status(firewall)),
        row("portreeve-compile", &compiler(&mut door)),
    ];
    assert_eq!(rows, committed(0, 1));
    drop(peer);
}

/// What a process has open, by kind and number; listeners are told from other sockets.
fn descriptors(name: &str, pid: u32, listening: &[String]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for what in open_descriptors(pid).into_values() {
        let kind = if listening.contains(&what) {
            "listener"
        } else if what == "/dev/null" {
            "null"
        } else if what.contains("/portreeve-world-") {
            "output"
        } else if what.starts_with('/') {
            what.as_str()
        } else {
            let inner = what.strip_prefix("anon_inode:").unwrap_or(&what);
            inner.split(':').next().unwrap_or_default().trim_matches(['[', ']'])
        };
        match counts.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind.to_owned(), 1)),
        }
    }
    let counts: Vec<_> =
        counts.into_iter().map(|(kind, count)| format!("{kind}={count}")).collect();
    format!("{name} {}", counts.join(" "))
}

#[test]
fn every_process_has_the_committed_descriptors_and_no_others() {
    let world = World::standard();
    let mut door = Door::native(&world, CONFIGURATION);
    let listening = listeners(door.monitor());
    let mut rows = || -> Vec<String> {
        let helpers = ["portreeve-clerk", "portreeve-relay", "portreeve-firewall"]
            .map(|name| descriptors(name, helper(&mut door, name), &listening));
        let first = descriptors("portreeved", door.monitor(), &listening);
        std::iter::once(first).chain(helpers).collect()
    };
    let sorted = |rows: Vec<String>| -> Vec<Vec<String>> {
        let words = |row: &String| {
            let mut words: Vec<_> = row.split_whitespace().map(str::to_owned).collect();
            words.sort();
            words
        };
        rows.iter().map(words).collect()
    };
    // What a process opens for a moment, such as the ledger's journal, is not there for long.
    let wanted = sorted(committed(1, 0));
    let mut found = Vec::new();
    for _ in 0..100 {
        found = sorted(rows());
        if found == wanted {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(found, wanted);
}

/// The sockets that listen in a process's network.
fn listeners(pid: u32) -> Vec<String> {
    let table = std::fs::File::open(format!("/proc/{pid}/net/tcp")).expect("the table of sockets");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(table, 1 << 20), &mut text)
        .expect("a readable table");
    let lines = text.lines().skip(1);
    let fields = lines.map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    fields.filter(|f| f[3] == "0A").map(|f| format!("socket:[{}]", f[9])).collect()
}

#[test]
fn a_service_gets_its_three_descriptors_and_the_helpers_no_listener() {
    let world = World::standard();
    let mut door = Door::native(&world, CONFIGURATION);
    let peer = world.connect("lan", "192.168.0.1:700").unwrap();
    door.wait_sessions("hold", 1);
    let cat = helper(&mut door, "cat");
    // its loader opens libraries for a moment
    let descriptors = poll_for(SOON, "three descriptors and no others", || {
        let open = open_descriptors(cat);
        open.keys().copied().eq([0, 1, 2]).then_some(open)
    });
    assert_eq!(descriptors[&0], descriptors[&1]);
    assert!(descriptors[&0].starts_with("socket:"), "{descriptors:?}");
    assert!(descriptors[&2].starts_with("pipe:"), "evidence: {descriptors:?}");
    assert_eq!(proc_status(cat).unwrap().uids(), [59001; 4]);

    let monitor = door.running().pid();
    let ours: BTreeMap<_, _> = open_descriptors(monitor);
    assert!(!ours.values().any(|what| *what == descriptors[&0]), "no duplicate of the connection");
    let listening = listeners(monitor);
    assert_eq!(listening.len(), 2, "{listening:?}");
    for name in ["portreeve-clerk", "portreeve-relay", "portreeve-firewall"] {
        let pid = helper(&mut door, name);
        let open = open_descriptors(pid);
        assert!(!open.values().any(|what| listening.contains(what)), "{name}: {open:?}");
    }
    drop(peer);
}
