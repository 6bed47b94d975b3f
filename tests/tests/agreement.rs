//! Four judges of one configuration: `explain` from the files, `explain` by the running door, the
//! running door itself, and a naive evaluator; for xinetd's language the real xinetd as well. Over
//! generated configurations and peers they must agree, on the line that decides too.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use portreeve_config::{Disk, Entry, Trust, load};
use portreeve_model::Config;
use portreeve_policy::{Facts, IdentAnswer, Names, ServiceIndex, State, Tables, Verdict, consider};
use portreeve_testkit::naive::{NaiveBan, NaiveCounts, NaiveNames, decide};
use portreeve_testkit::{World, Xinetd, read_to_end_bounded};
use portreeve_tests::generate::{Clock, PEERS, SERVICES, name, native, port, xinetd};
use portreeve_tests::{Door, SOON, command};
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;

/// Configurations judged live, of each language.
const LIVE: u64 = 10;
/// Configurations judged on paper, of each language.
const PAPER: u64 = 400;

fn is_v4(peer: &str) -> bool {
    peer.contains('.')
}

/// What a connection gives: served or not.
fn served(world: &World, client: &str, peer: &str, service: usize) -> bool {
    let to = match is_v4(peer) {
        true => format!("192.168.0.1:{}", port(service)),
        false => format!("[2001:db8::1]:{}", port(service)),
    };
    let stream = world.connect_from(client, peer, &to);
    stream.is_ok_and(|stream| read_to_end_bounded(&stream, 64, SOON).text() == "in\n")
}

/// `explain`'s own words: verdict, reason, origin.
fn explained(world: &World, service: usize, peer: &str, more: &[&str]) -> (String, Value, Value) {
    let service = name(service);
    let args = [&["explain", &service, peer, "--json"], more].concat();
    let output = command(world, &args);
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{args:?}: {e}: {output:?}"));
    let one = &answer["services"][0];
    let verdict = one["verdict"].as_str().unwrap_or_default().to_owned();
    assert_eq!(output.status.code(), Some(i32::from(verdict != "granted")), "{answer:#}");
    (verdict, one["reason"].clone(), one["origin"].clone())
}

fn clock(world: &World) -> Clock {
    Clock { hour: world.door_run(&["date", "+%H"]).trim().parse().unwrap() }
}

fn checked(path: &str, xinetd: bool) -> Config {
    let entry = if xinetd { Entry::Xinetd(path.into()) } else { Entry::Native(path.into()) };
    let loaded = load(&entry, &mut Disk::new(Trust::Root));
    let findings = format!("{:?}", loaded.diagnostics);
    loaded.config.unwrap_or_else(|| panic!("{path}: {findings}"))
}

fn opinion(
    config: &Config,
    service: usize,
    peer: &str,
    wall: i64,
) -> (bool, String, Option<String>) {
    let address: IpAddr = peer.parse().unwrap();
    let (yes, word, origin) = decide(
        config,
        &name(service),
        address,
        wall,
        &NaiveNames::NotAsked,
        &NaiveCounts::default(),
        &[] as &[NaiveBan],
    );
    (yes, word.to_owned(), origin.map(|origin| origin.show(&config.files)))
}

/// Holds one live configuration against every judge.
fn judge_live(world: &World, door: &Door<'_>, config: &Config, text: &str, wall: i64) -> usize {
    let mut refusals = 0;
    for service in 0..SERVICES {
        for (client, peer) in PEERS {
            let v6_peer_of_a_v4_service = !is_v4(peer) && text.contains("bind = 192.168.0.1");
            if v6_peer_of_a_v4_service {
                continue;
            }
            let about = format!("{} from {peer} under\n{text}", name(service));
            let (naive, class, place) = opinion(config, service, peer, wall);
            let before = door.events().len();
            assert_eq!(
                served(world, client, peer, service),
                naive,
                "the door and {class}: {about}"
            );
            let offline = explained(world, service, peer, &["--offline"]);
            let live = explained(world, service, peer, &[]);
            assert_eq!(offline, live, "explain from files and by the door: {about}");
            assert_eq!(offline.0 == "granted", naive, "explain and {class}: {about}");
            if naive {
                continue;
            }
            refusals += 1;
            let refused = door_refused(door, before, service, peer);
            assert_eq!(refused["class"], class, "{about}");
            assert_eq!(refused["reason"], offline.1, "{about}");
            assert_eq!(refused["origin"], offline.2, "{about}");
            assert_eq!(refused["origin"].as_str(), place.as_deref(), "{about}");
        }
    }
    refusals
}

fn door_refused(door: &Door<'_>, before: usize, service: usize, peer: &str) -> Value {
    let fits =
        |e: &Value| e["event"] == "refused" && e["peer"] == peer && e["service"] == name(service);
    portreeve_testkit::poll_for(SOON, "the refusal's event", || {
        door.events().into_iter().skip(before).find(fits)
    })
}

fn now(world: &World) -> i64 {
    world.door_run(&["date", "+%s"]).trim().parse().unwrap()
}

fn world() -> World {
    let world = World::standard();
    world.add_client("many", &["198.51.100.0/24"]);
    world
}

#[test]
fn the_door_explain_and_a_naive_evaluator_agree_on_native_configurations() {
    let world = world();
    let clock = clock(&world);
    let path = "/etc/portreeve/portreeve.toml";
    let door = Door::native(&world, &native(1000, clock));
    let mut refusals = 0;
    for seed in 1000..1000 + LIVE {
        let text = native(seed, clock);
        world.write(path, &text);
        let reload = door.command(&["reload"]);
        assert_eq!(reload.status.code(), Some(0), "{reload:?}\n{text}");
        let config = inside(&world, path, &text, false);
        refusals += judge_live(&world, &door, &config, &text, now(&world));
    }
    assert!(refusals > 50, "the set is worth something: {refusals}");
}

#[test]
fn the_door_explain_a_naive_evaluator_and_xinetd_agree_on_its_configurations() {
    let (ours, theirs) = (world(), world());
    let clock = clock(&ours);
    let import = "[import]\nxinetd = \"/etc/xinetd.conf\"\n";
    ours.write("/etc/xinetd.conf", xinetd(2000, clock));
    let door = Door::native(&ours, import);
    let mut ancestor = Xinetd::start(&theirs, &xinetd(2000, clock));
    let mut refusals = 0;
    for seed in 2000..2000 + LIVE {
        let text = xinetd(seed, clock);
        ours.write("/etc/xinetd.conf", &text);
        let reload = door.command(&["reload"]);
        assert_eq!(reload.status.code(), Some(0), "{reload:?}\n{text}");
        ancestor.reload(&text);
        let config = inside(&ours, "/etc/xinetd.conf", &text, true);
        refusals += judge_live(&ours, &door, &config, &text, now(&ours));
        for service in 0..SERVICES {
            for (client, peer) in PEERS.into_iter().filter(|(_, peer)| is_v4(peer)) {
                let (naive, class, _) = opinion(&config, service, peer, now(&ours));
                let about = format!("{} from {peer} under\n{text}", name(service));
                let xinetd = served(&theirs, client, peer, service);
                assert_eq!(xinetd, naive, "xinetd and {class}: {about}");
            }
        }
    }
    assert!(refusals > 50, "the set is worth something: {refusals}");
}

/// The configuration as the door reads it, read here from a copy.
fn inside(world: &World, path: &str, text: &str, xinetd: bool) -> Config {
    let copy = world.dir().join("copy");
    world.write(&copy, text);
    let mut config = checked(&copy.display().to_string(), xinetd);
    config.files =
        config.files.iter().map(|file| file.replace(&copy.display().to_string(), path)).collect();
    config
}

#[test]
fn policy_and_a_naive_evaluator_agree_on_paper() {
    let world = World::new();
    let clock = clock(&world);
    let wall = now(&world);
    let mut verdicts = [0usize; 2];
    for seed in 0..PAPER {
        for language in [true, false] {
            let text = if language { xinetd(seed, clock) } else { native(seed, clock) };
            let config = inside(&world, "/etc/x", &text, language);
            let tables = Tables::compile(&config);
            let mut state = State::new(10_000, 100);
            state.adopt(&tables);
            for (index, service) in (0..).zip(0..SERVICES) {
                for (_, peer) in PEERS {
                    let facts = Facts {
                        peer: peer.parse().unwrap(),
                        port: 4711,
                        now: Duration::from_secs(1),
                        wall,
                        load: None,
                        dice: 99,
                        names: Names::NotAsked,
                        ident: IdentAnswer::NotAsked,
                    };
                    let mut steps = Vec::new();
                    let verdict =
                        consider(&tables, ServiceIndex(index), &state, &facts, &mut steps);
                    let (yes, class, place) = match verdict {
                        Verdict::Grant(()) => (true, "granted", None),
                        Verdict::Refuse(refusal) => (false, refusal.reason.class(), refusal.origin),
                        other @ (Verdict::Need(_) | Verdict::Sprung(_)) => panic!("{other:?}"),
                    };
                    let place = place.map(|origin| origin.show(&config.files));
                    let naive = opinion(&config, service, peer, wall);
                    verdicts[usize::from(yes)] += 1;
                    let about = format!("{} from {peer} under\n{text}", name(service));
                    assert_eq!((yes, class.to_owned(), place), naive, "{about}");
                }
            }
        }
    }
    assert!(verdicts.iter().all(|n| *n > 4000), "both verdicts come often: {verdicts:?}");
}
