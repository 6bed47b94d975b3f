//! `explain` on files alone against the plain evaluator: hundreds of configurations.

use crate::generate::{For, native, xinetd};
use crate::opinion::View;
use crate::words::{NAMES, PEERS4, PEERS6, rfc3339};
use portreeve_config::{Disk, Entry, Trust, load};
use portreeve_model::Config;
use portreeve_testkit::World;
use portreeve_testkit::naive::{NaiveCounts, NaiveNames, decide};
use portreeve_tests::Random;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Configurations of each language.
const CONFIGURATIONS: u64 = 150;
/// Questions about each: a peer, a time, perhaps a name. All services are explained at once.
const QUESTIONS: usize = 5;
/// Questions that one shell asks.
const BATCH: usize = 250;

/// What `explain` is asked.
struct Asked {
    path: PathBuf,
    option: &'static str,
    peer: &'static str,
    /// Seconds since the epoch.
    at: i64,
    name: Option<&'static str>,
}

/// Asks each question of a file in turn, and writes a line with its number before each answer.
const ASK: &str = r##"
while read -r number option path peer at name; do
    echo "# $number"
    set -- explain s "$peer" --offline --json --at "$at" "$option" "$path"
    [ "$name" = - ] || set -- "$@" --name "$name"
    "$0" "$@" || [ $? = 1 ] || echo "failed: $*"
done
"##;

#[test]
fn explain_agrees_with_the_plain_evaluator_on_files() {
    let world = World::new();
    let mut random = Random(2);
    let mut configs = BTreeMap::new();
    let mut asked = Vec::new();
    for number in 0..2 * CONFIGURATIONS {
        let (text, option, name) = match number % 2 {
            0 => (native(&mut random, For::Asking), "--config", "toml"),
            _ => (xinetd(&mut random, For::Asking).text, "--xinetd", "conf"),
        };
        let path = world.dir().join(format!("{number}.{name}"));
        let text = text.replace("PROBE", "/bin/true");
        std::fs::write(&path, &text).expect("write a configuration");
        configs.insert(path.clone(), (read(&path, option, &text), text));
        for _ in 0..QUESTIONS {
            let peers: &[&str] = if random.chance(60) { PEERS4 } else { PEERS6 };
            let name = random.chance(25).then(|| *random.pick(NAMES));
            let at = 1_780_000_000 + i64::try_from(random.below(400 * 86_400)).unwrap_or(0);
            asked.push(Asked {
                path: path.clone(),
                option,
                peer: random.pick::<&str>(peers),
                at,
                name,
            });
        }
    }
    let answers = ask(&world, &asked);
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for (asked, answer) in asked.iter().zip(&answers) {
        let (config, text) = &configs[&asked.path];
        let services = answer["services"].as_array().expect("services");
        assert_eq!(services.len(), config.services.len(), "{answer:#}");
        for service in services {
            let (ours, plain) = (View::explained(service), plain(config, service, asked));
            assert_eq!(ours, plain, "{} at {}: {service:#}\n{text}", asked.peer, asked.at);
            *words.entry(ours.word).or_default() += 1;
        }
    }
    portreeve_tests::figures(&format!("explained: {words:?}"));
    for word in ["granted", "trap", "names", "hours", "rule", "full"] {
        assert!(words.get(word).is_some_and(|count| *count >= 20), "{word}: {words:?}");
    }
}

fn plain(config: &Config, service: &Value, asked: &Asked) -> View {
    let key = service["service"].as_str().expect("a key");
    let peer = asked.peer.parse().expect("an address");
    let names = match asked.name {
        Some(name) => NaiveNames::Confirmed(vec![name.to_owned()]),
        None => NaiveNames::NotAsked,
    };
    let counts = NaiveCounts::default();
    View::naive(decide(config, key, peer, asked.at, &names, &counts, &[]), config)
}

fn read(path: &std::path::Path, option: &str, text: &str) -> Config {
    let name = path.display().to_string();
    let entry = if option == "--config" { Entry::Native(name) } else { Entry::Xinetd(name) };
    let loaded = load(&entry, &mut Disk::new(Trust::Root));
    loaded.config.unwrap_or_else(|| panic!("{:?}\n{text}", loaded.diagnostics))
}

/// The answer to each question, asked by a few shells at once.
fn ask(world: &World, asked: &[Asked]) -> Vec<Value> {
    let lines: Vec<String> = asked
        .iter()
        .enumerate()
        .map(|(number, one)| {
            let (path, name) = (one.path.display(), one.name.unwrap_or("-"));
            let at = rfc3339(one.at);
            format!("{number} {} {path} {} {at} {name}\n", one.option, one.peer)
        })
        .collect();
    let batches: Vec<&[String]> = lines.chunks(BATCH).collect();
    let one = |number: usize, batch: &[String]| {
        let list = world.dir().join(format!("questions-{number}"));
        std::fs::write(&list, batch.concat()).expect("write questions");
        let mut command = world.door("sh");
        command.args(["-c", &format!("exec <{}\n{ASK}", list.display())]);
        command.arg(world.bin("portreeve"));
        let output = world.run(command, Duration::from_secs(120));
        String::from_utf8(output.stdout).expect("text")
    };
    let said: String = std::thread::scope(|scope| {
        let started = batches.iter().enumerate();
        let started: Vec<_> =
            started.map(|(n, batch)| scope.spawn(move || one(n, batch))).collect();
        started.into_iter().map(|shell| shell.join().expect("a shell")).collect()
    });
    let answers: Vec<Value> = said
        .split("\n# ")
        .map(|answer| {
            let json = answer.find('{').map_or("", |at| &answer[at..]);
            serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {answer}"))
        })
        .collect();
    assert_eq!(answers.len(), asked.len());
    answers
}
