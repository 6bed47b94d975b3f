//! The same questions to a door that is open, what then happens there, and, for xinetd's
//! configurations, in the real xinetd.

use crate::generate::{For, native, xinetd};
use crate::opinion::{View, reason};
use crate::words::{PEERS4, PEERS6};
use portreeve_config::{Disk, Entry, Trust, load};
use portreeve_model::{Config, Network, Offer, Pattern, Sentence};
use portreeve_testkit::World;
use portreeve_testkit::naive::{NaiveBan, NaiveCounts, NaiveNames, decide};
use portreeve_tests::Random;
use portreeve_tests::compare::allowed::{ALL, What};
use portreeve_tests::compare::{Input, Scene, Script, Side, Step, Told, Verdict, Visit, from};
use portreeve_tests::{Door, events, figures, hours};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Configurations of each language.
const CONFIGURATIONS: usize = 14;
/// Connections to each.
const CONNECTIONS: usize = 36;

/// What is remembered while connections come.
#[derive(Default)]
struct Twin {
    bans: Vec<NaiveBan>,
    /// The service and the peer of each connection that is held open.
    held: Vec<(String, IpAddr)>,
}

#[test]
fn the_open_door_does_what_was_foretold_from_native_files() {
    let mut random = Random(3);
    let stage = Scene::with("native", "").stage();
    let mut words = BTreeMap::new();
    for _ in 0..CONFIGURATIONS {
        let text = native(&mut random, For::Running);
        let probe = stage.world.bin("portreeve-probe").display().to_string();
        let text = text.replace("PROBE", &probe);
        let config = read(&stage.world, &text, Entry::Native);
        let mut scene = Scene::with("native", &text);
        scene.scripts = vec![script(&mut random, &config)];
        let door = Door::native(&stage.world, &text);
        open(&scene, &stage.world, door, &config, &mut words);
    }
    enough(&words, &["granted", "trap", "banned", "hours", "rule", "full"]);
}

#[test]
fn the_open_door_does_what_was_foretold_and_what_xinetd_does() {
    let mut random = Random(4);
    let mut words = BTreeMap::new();
    let mut allowed: BTreeMap<&str, usize> = BTreeMap::new();
    let stage = Scene::with("xinetd", "").stage();
    for _ in 0..CONFIGURATIONS {
        let mut scene = xinetd(&mut random, For::Running);
        let probe = stage.world.bin("portreeve-probe").display().to_string();
        scene.text = scene.text.replace("PROBE", &probe);
        let config = read(&stage.world, &scene.text, Entry::Xinetd);
        scene.scripts = vec![script(&mut random, &config)];
        let door = Door::xinetd(&stage.world, &scene.text);
        let told = open(&scene, &stage.world, door, &config, &mut words);
        let ancestor = scene.run(&stage.world, Side::Ancestor);
        compare(&scene, &told, &ancestor[0].told, &mut allowed);
    }
    figures(&format!("allowed: {allowed:?}"));
    enough(&words, &["granted", "trap", "banned", "hours", "rule", "full"]);
    assert!(allowed.len() >= 3, "{allowed:?}");
}

fn enough(words: &BTreeMap<String, usize>, wanted: &[&str]) {
    figures(&format!("happened: {words:?}"));
    for word in wanted {
        assert!(words.get(*word).is_some_and(|count| *count >= 3), "{word}: {words:?}");
    }
}

/// The configuration as the plain evaluator reads it.
fn read(world: &World, text: &str, entry: fn(String) -> Entry) -> Config {
    let native = matches!(entry(String::new()), Entry::Native(_));
    let path = if native { "portreeve.toml" } else { "xinetd.conf" };
    let path = world.dir().join(path);
    std::fs::write(&path, text).expect("write a configuration");
    let loaded = load(&entry(path.display().to_string()), &mut Disk::new(Trust::Root));
    let mut config = loaded.config.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics));
    // The door reads the same text at its own place.
    config.files =
        vec![if native { "/etc/portreeve/portreeve.toml" } else { "/etc/xinetd.conf" }.to_owned()];
    config
}

/// Connections to the services of a configuration, some of which stay open for a while.
fn script(random: &mut Random, config: &Config) -> Script {
    // Few enough peers that they meet their own bans and limits, and their neighbours'.
    let few = |random: &mut Random, all: &'static [&'static str]| {
        let at = random.below(all.len() - 3);
        &all[at..at + 4]
    };
    let (peers4, peers6) = (few(random, PEERS4), few(random, PEERS6));
    let mut steps = Vec::new();
    for _ in 0..CONNECTIONS {
        let service = random.pick(&config.services);
        let listen = &service.listen[0];
        let portreeve_model::Bind::Address(bind) = listen.bind else { panic!("{listen:?}") };
        let v6 = match (bind.is_unspecified(), bind) {
            (true, _) => random.chance(40),
            (false, bind) => bind.is_ipv6(),
        };
        let (host, peers): (IpAddr, &[&str]) = match v6 {
            true => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(), peers6),
            false => ([192, 168, 0, 1].into(), peers4),
        };
        let visit = from(random.pick::<&str>(peers)).reaching(SocketAddr::new(host, listen.port));
        steps.push(match random.below(100) {
            0..45 => Step::Hold(visit),
            45..92 => Step::Visit(visit.until("}\n")),
            _ => Step::Release,
        });
    }
    Script { name: "generated", steps }
}

/// What was said before a connection.
struct Foretold {
    explained: View,
    reason: Option<String>,
    plain: View,
    visit: Visit,
}

/// Asks before each connection, looks at what then happens, and compares both with the plain
/// evaluator's opinion.
fn open(
    scene: &Scene,
    world: &World,
    door: Door<'_>,
    config: &Config,
    words: &mut BTreeMap<String, usize>,
) -> Vec<Told> {
    let mut twin = Twin::default();
    let mut steps = scene.scripts[0].steps.iter();
    let mut foretold: Vec<Foretold> = Vec::new();
    let before = events(world).len();
    let told = scene.play(world, door, &mut |door, visit| {
        let step = loop {
            match steps.next() {
                Some(Step::Release) => twin.held.clear(),
                step => break step,
            }
        };
        let plain = twin.opinion(config, visit);
        let answer = ask(door, key_of(config, visit.to), visit.peer);
        twin.remember(config, visit, &plain, matches!(step, Some(Step::Hold(_))));
        let (explained, reason) = (View::explained(&answer), reason(&answer));
        foretold.push(Foretold { explained, reason, plain, visit: visit.clone() });
    });
    let mut happened = events(world).split_off(before);
    happened.retain(|event| {
        let kind = event["event"].as_str().unwrap_or_default();
        ["session-started", "refused", "trap-touched"].contains(&kind)
    });
    world.door_run(&["rm", "-rf", "/var/lib/portreeve"]);
    assert_eq!(happened.len(), foretold.len(), "{happened:#?}");
    let told: Vec<Told> = told.into_iter().flatten().collect();
    for (at, ((foretold, event), told)) in foretold.iter().zip(&happened).zip(&told).enumerate() {
        let Foretold { explained, reason: foreseen, plain, visit } = foretold;
        let place = format!("connection {at}: {visit:?}\n{}", scene.text);
        assert_eq!(event["peer"], visit.peer.to_string(), "{place}");
        assert_eq!(explained, plain, "explain: {place}");
        assert_eq!(&View::happened(event), plain, "the door: {event:#} {place}");
        assert_eq!(&reason(event), foreseen, "{place}");
        let served = told.verdict("") == Verdict::Served;
        assert_eq!(served, plain.word == "granted", "what the peer met: {told:?} {place}");
        *words.entry(plain.word.clone()).or_default() += 1;
    }
    told
}

/// What the open door would do.
fn ask(door: &Door<'_>, key: &str, peer: IpAddr) -> Value {
    let output = door.command(&["explain", key, &peer.to_string(), "--json"]);
    let mut answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(answer["source"], "door", "{answer:#}");
    let granted = answer["services"][0]["verdict"] == "granted";
    assert_eq!(output.status.code(), Some(i32::from(!granted)), "{answer:#}");
    answer["services"][0].take()
}

fn key_of(config: &Config, to: SocketAddr) -> &str {
    let service = config.services.iter().find(|s| s.listen[0].port == to.port());
    service.map_or("", |service| service.key.as_str())
}

impl Twin {
    fn opinion(&self, config: &Config, visit: &Visit) -> View {
        let key = key_of(config, visit.to);
        // Nobody of those who are held has authenticated, nor has grace passed.
        let live = self.held.iter().filter(|(other, _)| other == key);
        let counts = NaiveCounts {
            all_sessions: u32::try_from(self.held.len()).unwrap_or(u32::MAX),
            live: live.map(|(_, peer)| (*peer, true)).collect(),
            ..NaiveCounts::default()
        };
        let names = &NaiveNames::NotAsked;
        let opinion = decide(config, key, visit.peer, now(), names, &counts, &self.bans);
        View::naive(opinion, config)
    }

    fn remember(&mut self, config: &Config, visit: &Visit, view: &View, held: bool) {
        let key = key_of(config, visit.to).to_owned();
        match view.word.as_str() {
            "granted" if held => self.held.push((key, visit.peer)),
            "trap" => {
                let service = config.services.iter().find(|s| s.key.as_str() == key);
                let sentence = service.map(|service| match &service.offer {
                    Offer::Trap(trap) => trap.sentence,
                    Offer::Program(_) | Offer::Internal(_) => Sentence::Never,
                });
                if sentence != Some(Sentence::Never) {
                    self.bans.extend(banned(config, visit.peer));
                }
            }
            _ => {}
        }
    }
}

/// An IPv4 peer alone, an IPv6 peer with its network of 64 bits; not who is never banned.
fn banned(config: &Config, peer: IpAddr) -> Option<NaiveBan> {
    let never: Vec<Network> = config
        .settings
        .never_ban
        .iter()
        .flat_map(|rule| match &rule.pattern {
            Pattern::Network(network) => vec![*network],
            Pattern::Range(range) => range.networks(),
            Pattern::Host(_) | Pattern::Listed(_) => Vec::new(),
        })
        .collect();
    let free = |network: Network| {
        !never.iter().any(|n| n.contains(network.address()) || network.contains(n.address()))
    };
    let wide = if peer.is_ipv4() { 32 } else { 64 };
    let networks = [Network::new(peer, wide).ok()?, Network::host(peer)];
    let network = networks.into_iter().find(|network| free(*network))?;
    free(Network::host(peer)).then_some(NaiveBan { network, until: None })
}

fn now() -> i64 {
    i64::try_from(hours::now()).unwrap_or(i64::MAX)
}

/// Whether each connection was served by both, or by one alone where that is allowed.
fn compare(
    scene: &Scene,
    ours: &[Told],
    ancestor: &[Told],
    allowed: &mut BTreeMap<&'static str, usize>,
) {
    let entries = scene.entries();
    let inputs = Input::all(scene, &entries, &scene.scripts[0]);
    // Where one of the two holds a connection that the other refused, their counts differ.
    let mut apart: BTreeSet<SocketAddr> = BTreeSet::new();
    let mut met = inputs.iter().zip(ours).zip(ancestor);
    for step in &scene.scripts[0].steps {
        if matches!(step, Step::Release) {
            apart.clear();
            continue;
        }
        let Some(((input, ours), ancestor)) = met.next() else { break };
        if apart.contains(&input.visit.to) {
            continue;
        }
        let rows = ALL.iter().filter(|row| (row.when)(input));
        let instead = rows.filter_map(|row| match row.what {
            What::Instead(verdict) => Some((row.defect, verdict)),
            What::Mended(_) => None,
        });
        let (ours, theirs) = (ours.verdict(""), ancestor.verdict(""));
        let instead: Vec<_> = instead.collect();
        let before =
            input.script.steps.iter().map(|step| format!("{step:?}\n")).collect::<String>();
        let place = || format!("{:?} {instead:?}\n{}\n{before}", input.visit, scene.text);
        match instead.first() {
            Some((defect, verdict)) => {
                *allowed.entry(defect).or_default() += 1;
                apart.extend(matches!(step, Step::Hold(_)).then_some(input.visit.to));
                assert_eq!(ours, *verdict, "{}", place());
                assert_ne!(theirs, *verdict, "{}", place());
            }
            None => assert_eq!(ours, theirs, "xinetd: {}", place()),
        }
    }
}
