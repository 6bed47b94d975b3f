//! Bans in the kernel's packet filter: who is shut out gets no answer, from no service of the host;
//! what is open goes on; what others do to the table is made good; other tables are left alone.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{Signal, World, poll_for, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const CONFIGURATION: &str = r#"
[ban]
enforce = ["door", "nftables"]
ends = "none"

[service.hold]
listen = ["192.168.0.1:700", "[2001:db8::1]:700"]
run = ["/bin/cat"]
user = "thisuser"
"#;

/// A service that the door knows nothing of.
const OTHER: &str = "192.168.0.1:9999";

fn nft(world: &World, words: &str) -> String {
    let words: Vec<_> = std::iter::once("nft").chain(words.split(' ')).collect();
    world.door_run(&words)
}

/// Our table, or nothing where there is none.
fn table(world: &World) -> String {
    let tables = nft(world, "list tables");
    if tables.contains("inet portreeve") {
        nft(world, "list table inet portreeve")
    } else {
        String::new()
    }
}

fn in_kernel(world: &World, word: &str) -> bool {
    table(world).split([' ', ',', '\t', '\n']).any(|other| other == word)
}

fn wait_in_kernel(world: &World, word: &str, there: bool) {
    let what = format!("{word} to be {}in the kernel", if there { "" } else { "no more " });
    wait_for(SOON, what, || in_kernel(world, word) == there);
}

/// Packets that the rules have dropped.
fn dropped(world: &World) -> u64 {
    let shown = nft(world, "list chain inet portreeve sources");
    let counts = shown.split("counter packets ").skip(1);
    counts.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok()).sum()
}

/// The host is silent to `far`: it neither lets in nor refuses.
fn is_silent(world: &World, to: &str) {
    let before = dropped(world);
    let address: SocketAddr = to.parse().unwrap();
    let patience = Duration::from_millis(700);
    let outcome = world.within("far", || TcpStream::connect_timeout(&address, patience));
    assert_eq!(outcome.map(|_| ()).unwrap_err().kind(), ErrorKind::TimedOut, "{to}");
    assert!(dropped(world) > before, "the rules count it: {}", table(world));
}

fn firewall(door: &Door<'_>) -> Option<u64> {
    let status = door.status();
    let helpers = status["helpers"].as_array().cloned().unwrap_or_default();
    let ours = helpers.iter().find(|helper| helper["name"] == "firewall")?;
    ours["pid"].as_u64().filter(|_| ours["trouble"].is_null())
}

fn ban(door: &Door<'_>, network: &str) {
    let output = door.command(&["ban", network, "--for", "1h"]);
    assert!(output.status.success(), "{output:?}");
}

fn synchronised(door: &Door<'_>) {
    wait_for(SOON, "the kernel to hold all bans", || {
        let firewall = &door.status()["firewall"];
        firewall["synchronised"] == Value::Bool(true) && firewall["waiting"] == 0
    });
}

/// Sends a word to a service that says it back.
fn says_back(peer: &mut TcpStream, word: &str) {
    peer.write_all(word.as_bytes()).unwrap();
    let mut back = vec![0; word.len()];
    peer.read_exact(&mut back).unwrap();
    assert_eq!(back, word.as_bytes());
}

#[test]
fn who_is_banned_gets_no_answer_and_what_is_open_goes_on() {
    let world = World::standard();
    let other = world.listen("door", OTHER).unwrap();
    let door = Door::native(&world, CONFIGURATION);
    let mut live = world.connect("far", "192.168.0.1:700").unwrap();
    says_back(&mut live, "before");
    synchronised(&door);
    ban(&door, "203.0.113.7");
    wait_in_kernel(&world, "203.0.113.7", true);
    is_silent(&world, "192.168.0.1:700");
    is_silent(&world, OTHER);
    says_back(&mut live, "and after");
    // nobody else is shut out
    let _lan = world.connect("lan", "192.168.0.1:700").unwrap();
    let _beside = world.connect("lan", OTHER).unwrap();
    let _v6 = world.connect("far", "[2001:db8::1]:700").unwrap();
    ban(&door, "2001:db8:f::/64");
    wait_in_kernel(&world, "2001:db8:f::", true);
    is_silent(&world, "[2001:db8::1]:700");
    assert!(door.command(&["unban", "203.0.113.7"]).status.success());
    wait_in_kernel(&world, "203.0.113.7", false);
    let _free = world.connect("far", OTHER).unwrap();
    // a network of another width
    ban(&door, "203.0.113.0/24");
    wait_in_kernel(&world, "203.0.113.0/24", true);
    is_silent(&world, OTHER);
    assert!(door.command(&["unban", "203.0.113.0/24"]).status.success());
    wait_in_kernel(&world, "203.0.113.0/24", false);
    let _again = world.connect("far", OTHER).unwrap();
    drop((live, other));
}

#[test]
fn a_table_that_others_spoil_is_made_again_and_theirs_are_left_alone() {
    let world = World::standard();
    let door = Door::native(&world, CONFIGURATION);
    synchronised(&door);
    ban(&door, "203.0.113.7");
    ban(&door, "198.51.100.0/24");
    wait_in_kernel(&world, "203.0.113.7", true);
    nft(&world, "flush ruleset");
    wait_in_kernel(&world, "203.0.113.7", true);
    wait_in_kernel(&world, "198.51.100.0/24", true);
    let told = door.expect("firewall-changed", |event| event["by"] == "nft");
    assert_eq!(
        (told["table"].as_str(), told["change"].as_str()),
        (Some("portreeve"), Some("removed the table"))
    );
    nft(&world, "add table inet mine");
    nft(&world, "add set inet mine hosts4-1 { type ipv4_addr; }");
    nft(&world, "add element inet mine hosts4-1 { 192.0.2.1 }");
    let mine = nft(&world, "list table inet mine");
    // a set emptied, and a rule that would let everybody in
    synchronised(&door);
    let set = poll_for(SOON, "the set of addresses", || {
        let shown = table(&world);
        let name = shown.split("set ").find(|part| part.starts_with("hosts4-"))?;
        Some(name.split(' ').next()?.to_owned())
    });
    nft(&world, &format!("flush set inet portreeve {set}"));
    wait_in_kernel(&world, "203.0.113.7", true);
    synchronised(&door);
    nft(&world, "insert rule inet portreeve sources accept");
    wait_for(SOON, "the rule to go", || {
        let chain = nft(&world, "list chain inet portreeve sources");
        chain.lines().filter(|line| line.trim() == "accept").count() == 0
    });
    // the program killed: the kernel holds what it held, and its successor all
    synchronised(&door);
    let first = poll_for(SOON, "the firewall", || firewall(&door));
    let pid = i32::try_from(first).unwrap();
    assert!(in_kernel(&world, "203.0.113.7"));
    world.door_run(&["kill", "-9", &pid.to_string()]);
    ban(&door, "203.0.113.8");
    assert!(in_kernel(&world, "203.0.113.7"), "{}", table(&world));
    wait_in_kernel(&world, "203.0.113.8", true);
    let second = poll_for(SOON, "another firewall", || firewall(&door).filter(|pid| *pid != first));
    assert_ne!(first, second);
    synchronised(&door);
    // the door stopped: bans stay until their time, or until they are not wanted
    door.stop();
    assert!(in_kernel(&world, "203.0.113.7") && in_kernel(&world, "203.0.113.8"));
    let program = world.bin("portreeve-firewall");
    world.door_run(&[program.to_str().unwrap(), "--remove"]);
    assert_eq!(table(&world), "");
    assert_eq!(nft(&world, "list table inet mine"), mine, "another's table is as it was");
}

/// Bans that are kept over a restart: in the kernel all the while, and all of them again after it.
#[test]
fn bans_are_in_the_kernel_before_a_restart_while_it_lasts_and_after_it() {
    const BANS: u32 = 5000;
    let world = World::standard();
    let list: String = (0..BANS)
        .map(|n| {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + n);
            format!("1790000000|100|4|{address}\n")
        })
        .collect();
    world.write("/etc/enemies", list);
    let mut door = Door::native(&world, CONFIGURATION);
    let elements = |door: &Door<'_>| {
        wait_for(SOON, "all of them to be in the kernel", || {
            let firewall = &door.status()["firewall"];
            let all = firewall["elements"].as_u64();
            // older kernels do not tell
            firewall["synchronised"] == true && all.is_none_or(|all| all == u64::from(BANS))
        });
    };
    let output = door.command(&["import", "sshguard", "/etc/enemies", "--for", "1d"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(door.status()["bans"], BANS);
    elements(&door);
    door.running().signal(Signal::KILL);
    door.running().wait(SOON);
    let held = |address: &str| {
        let name = table_of(&world);
        let got = format!("get element inet portreeve {name} {{ {address} }}");
        nft(&world, &got).contains(address)
    };
    assert!(held("10.0.0.0") && held("10.0.19.135"), "nobody is let in meanwhile");
    let door = Door::native(&world, CONFIGURATION);
    elements(&door);
    assert!(held("10.0.0.0") && held("10.0.19.135"));
}

/// The name of the set of IPv4 addresses, without listing what is in it.
fn table_of(world: &World) -> String {
    let shown = nft(world, "-t list table inet portreeve");
    let part = shown.split("set ").find(|part| part.starts_with("hosts4-")).unwrap();
    part.split(' ').next().unwrap().to_owned()
}
