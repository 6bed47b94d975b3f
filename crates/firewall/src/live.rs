//! The table in a kernel, in a network of the test's own.

use crate::kernel::Kernel;
use crate::sets::Now;
use crate::table::Table;
use portreeve_model::Network;
use portreeve_sys::clock;
use portreeve_testkit::{World, wait_for};
use portreeve_wire::firewall::{Change, Counts, Cut, Shut, Table as Plan};
use std::time::Duration;

fn plan() -> Plan {
    Plan {
        name: "portreeve".to_owned(),
        priority: -300,
        most: 1000,
        cut: Cut::Beginnings,
        never: vec![net("192.0.2.0/24"), net("2001:db8:5::/48")],
    }
}

fn net(text: &str) -> Network {
    text.parse().unwrap()
}

fn now() -> Now {
    Now(u64::try_from(clock::wall().as_millis()).unwrap())
}

/// A ban for so many seconds from now on; for ever without.
fn shut(network: &str, seconds: Option<u64>) -> Shut {
    let end = |seconds| i64::try_from(clock::wall().as_secs() + seconds).unwrap();
    Shut { network: net(network), until: seconds.map(end) }
}

struct Scene<'w> {
    world: &'w World,
    kernel: Kernel,
    table: Table,
}

impl<'w> Scene<'w> {
    fn new(world: &'w World) -> Self {
        let mut kernel = world.within("door", || Kernel::open().unwrap());
        let table = Table::adopt(&mut kernel, plan(), Counts::default(), now()).unwrap();
        Self { world, kernel, table }
    }

    fn synchronise(&mut self, shuts: &[Shut]) {
        self.table.begin(&mut self.kernel, now()).unwrap();
        self.table.fill(&mut self.kernel, shuts.to_vec(), now()).unwrap();
        assert!(self.table.finish(&mut self.kernel, now()).unwrap());
    }

    fn apply(&mut self, changes: &[Change]) {
        self.table.apply(&mut self.kernel, changes.to_vec(), now()).unwrap();
    }

    fn nft(&self, words: &str) -> String {
        nft(self.world, words)
    }

    /// The table as nft shows it, blanks made one, times left out.
    fn shown(&self) -> String {
        let text = self.nft("list table inet portreeve");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn holds(&self, word: &str) -> bool {
        let shown = self.shown();
        shown.split([' ', ',']).any(|other| other == word)
    }
}

fn nft(world: &World, words: &str) -> String {
    let words: Vec<_> = std::iter::once("nft").chain(words.split(' ')).collect();
    world.door_run(&words)
}

#[test]
fn nft_shows_the_table_that_was_meant() {
    let world = World::new();
    let mut scene = Scene::new(&world);
    scene.synchronise(&[
        shut("203.0.113.9", Some(3600)),
        shut("203.0.113.10", None),
        shut("198.51.100.0/24", Some(3600)),
        shut("198.51.100.16/28", None),
        shut("2001:db8::1", None),
        shut("2001:db8:1:2::/64", None),
        shut("2001:db8:9::/48", None),
        shut("203.0.113.11", Some(0)),
    ]);
    let shown = scene.shown();
    for part in [
        "type filter hook prerouting priority raw; policy accept; meta iiftype loopback accept \
         tcp flags syn / syn,ack jump sources \
         meta l4proto tcp ip frag-off & 8191 == 1 jump sources \
         meta l4proto udp jump sources meta l4proto udplite jump sources \
         meta l4proto sctp @th,96,8 0x1 jump sources",
        "ip saddr @never4-2 accept ip6 saddr @never6-2 accept \
         ip saddr @hosts4-2 counter packets 0 bytes 0 drop \
         ip saddr @wide4-2 counter packets 0 bytes 0 drop \
         ip6 saddr @hosts6-2 counter packets 0 bytes 0 drop \
         ip6 saddr & ffff:ffff:ffff:ffff:: == @nets6-2 counter packets 0 bytes 0 drop \
         ip6 saddr @wide6-2 counter packets 0 bytes 0 drop",
        "203.0.113.10",
        "198.51.100.16/28",
        "2001:db8::1",
        "2001:db8:1:2::",
        "2001:db8:9::/48",
        "elements = { 192.0.2.0/24 }",
        "elements = { 2001:db8:5::/48 }",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("203.0.113.11"), "its end had come: {shown}");
    assert!(!shown.contains("-1 {"), "the state before is gone: {shown}");
    assert_eq!(scene.table.look(&mut scene.kernel), Ok(None));
}

#[test]
fn changes_are_carried_out_and_the_kernel_ends_bans_by_itself() {
    let world = World::new();
    let mut scene = Scene::new(&world);
    let (one, other) = (shut("203.0.113.9", Some(3600)), shut("203.0.113.10", Some(3600)));
    let (wide, inner) = (shut("198.51.100.0/24", Some(7200)), shut("198.51.100.16/28", Some(3600)));
    scene.apply(&[one, other, wide, inner].map(Change::Shut));
    assert!(scene.holds("203.0.113.9") && scene.holds("198.51.100.0/24"), "{}", scene.shown());
    // the same again, and what is not there
    scene.apply(&[Change::Shut(other), Change::Free(net("203.0.113.99"))]);
    let (one, wide) = (shut("203.0.113.9", Some(2)), shut("198.51.100.0/24", Some(2)));
    scene.apply(&[one, wide].map(Change::Shut));
    wait_for(Duration::from_secs(30), "the kernel to end two of them", || {
        !scene.holds("203.0.113.9") && !scene.shown().contains("198.51.100.32")
    });
    assert!(scene.holds("203.0.113.10") && scene.holds("198.51.100.16/28"), "{}", scene.shown());
    // shorter, longer, for ever: the last word counts
    scene.apply(&[Change::Shut(shut("203.0.113.10", None)), Change::Free(inner.network)]);
    assert!(!scene.holds("198.51.100.16/28"));
    let shown = scene.shown();
    assert!(shown.contains("elements = { 203.0.113.10 }"), "without a timeout: {shown}");
    scene.apply(&[Change::Free(other.network)]);
    assert!(!scene.holds("203.0.113.10"));
}

#[test]
fn changes_during_a_synchronisation_hold_before_and_after_it() {
    let world = World::new();
    let mut scene = Scene::new(&world);
    scene.synchronise(&[shut("203.0.113.1", None), shut("203.0.113.2", None)]);
    let (table, kernel) = (&mut scene.table, &mut scene.kernel);
    table.begin(kernel, now()).unwrap();
    table.fill(kernel, vec![shut("203.0.113.2", None), shut("203.0.113.3", None)], now()).unwrap();
    scene.apply(&[
        Change::Shut(shut("203.0.113.4", None)),
        Change::Free(net("203.0.113.3")),
        Change::Shut(shut("198.51.100.0/24", None)),
    ]);
    for (address, held) in [("203.0.113.1", true), ("203.0.113.4", true)] {
        assert_eq!(scene.holds(address), held, "{address}");
    }
    assert!(scene.table.finish(&mut scene.kernel, now()).unwrap());
    for (address, held) in [
        ("203.0.113.1", false),
        ("203.0.113.2", true),
        ("203.0.113.3", false),
        ("203.0.113.4", true),
        ("198.51.100.0/24", true),
    ] {
        assert_eq!(scene.holds(address), held, "{address}: {}", scene.shown());
    }
    assert!(!scene.table.finish(&mut scene.kernel, now()).unwrap(), "nothing is under way");
}

#[test]
fn a_full_set_takes_what_it_can() {
    let world = World::new();
    let mut scene = Scene::new(&world);
    let address = |n: u32| std::net::Ipv4Addr::from(0x0a00_0000 + n);
    let shuts: Vec<_> = (0..1500).map(|n| shut(&address(n).to_string(), None)).collect();
    scene.synchronise(&shuts);
    assert!(scene.table.full);
    let held = scene.shown().matches("10.0.").count();
    assert!((900..=1000).contains(&held), "{held}");
}

#[test]
fn a_table_left_by_another_is_taken_or_made_anew_and_others_are_not_touched() {
    let world = World::new();
    nft(&world, "add table inet mine");
    nft(&world, "add set inet mine hosts4-1 { type ipv4_addr; }");
    let mut scene = Scene::new(&world);
    scene.synchronise(&[shut("203.0.113.1", None)]);
    let Scene { mut kernel, .. } = scene;
    // one that was not finished stands beside it
    let mut table = Table::adopt(&mut kernel, plan(), Counts::default(), now()).unwrap();
    table.begin(&mut kernel, now()).unwrap();
    let mut scene = Scene { world: &world, kernel, table };
    let counts = Counts::default();
    scene.table = Table::adopt(&mut scene.kernel, plan(), counts, now()).unwrap();
    assert!(scene.holds("203.0.113.1"), "what was in force stays: {}", scene.shown());
    scene.synchronise(&[shut("203.0.113.2", None)]);
    assert!(!scene.shown().contains("hosts4-2 {"), "{}", scene.shown());
    // another's things in our table go, whatever they are
    scene.nft("add chain inet portreeve sly { type filter hook prerouting priority -400; }");
    scene.nft("add set inet portreeve more { type ipv4_addr; }");
    scene.nft("add rule inet portreeve sly ip saddr @more accept");
    assert!(scene.table.look(&mut scene.kernel).unwrap().is_some());
    scene.synchronise(&[shut("203.0.113.2", None)]);
    assert_eq!(scene.table.look(&mut scene.kernel), Ok(None));
    scene.nft("insert rule inet portreeve sources accept");
    let found = scene.table.look(&mut scene.kernel).unwrap().unwrap();
    assert!(found.contains("rules"), "{found}");
    scene.nft("flush ruleset");
    let found = scene.table.look(&mut scene.kernel).unwrap().unwrap();
    assert!(found.contains("gone"), "{found}");
    assert!(scene.table.begin(&mut scene.kernel, now()).is_ok());
    // the state in use is gone: what it had has to be told again
    scene.table = Table::adopt(&mut scene.kernel, plan(), counts, now()).unwrap();
    scene.synchronise(&[shut("203.0.113.2", None)]);
    assert!(scene.holds("203.0.113.2"));
    nft(&world, "add table inet mine");
    Table::remove(&mut scene.kernel, "portreeve").unwrap();
    Table::remove(&mut scene.kernel, "portreeve").unwrap();
    let left = scene.nft("list ruleset");
    assert!(left.contains("mine") && !left.contains("portreeve"), "{left}");
}
