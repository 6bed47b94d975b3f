//! Small configurations.

use crate::words::{ITEMS, NAMES, NETWORKS, any_hours};
use portreeve_tests::Random;
use portreeve_tests::compare::{Entry, Scene};
use portreeve_tests::hours;
use std::fmt::Write as _;

/// When the services are to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// At any time: nothing runs.
    Asking,
    /// Now: every service runs.
    Running,
}

/// Where the first service listens.
const FIRST_PORT: usize = 7000;

/// A native configuration; every service is called `s`.
pub(crate) fn native(random: &mut Random, purpose: For) -> String {
    let mut text = String::new();
    if random.chance(30) {
        let _ = writeln!(text, "[ban]\nnever = {}", list(&random.some(NETWORKS, 2)));
    }
    if random.chance(30) {
        let _ = writeln!(text, "[defaults]\n{}", who(random, purpose));
    }
    let services = 2 + random.below(3);
    let traps = random.below(3);
    for number in 0..services + traps {
        let port = FIRST_PORT + number;
        let listen = match random.below(3) {
            0 => format!("192.168.0.1:{port}"),
            1 => format!("[2001:db8::1]:{port}"),
            _ => format!("*:{port}"),
        };
        let trap = number >= services;
        let table = if trap { "trap" } else { "service" };
        let _ = writeln!(text, "[{table}.\"s@{port}\"]\nlisten = [\"{listen}\"]");
        text += &match trap {
            true => format!("ban = \"{}\"\n", random.pick(&["1h", "forever", "never"])),
            false => "run = [\"PROBE\", \"drain\"]\nuser = \"root\"\n".to_owned(),
        };
        if !trap || random.chance(40) {
            text += &who(random, purpose);
        }
        if !trap {
            text += &how_many(random);
        }
    }
    text
}

fn list(items: &[&str]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// Lists and hours.
fn who(random: &mut Random, purpose: For) -> String {
    let mut text = String::new();
    let items = |random: &mut Random, most| {
        let mut items = random.some(NETWORKS, most);
        // Nobody answers for names where services run.
        if purpose == For::Asking && random.chance(15) {
            items.push(*random.pick(&[NAMES[0], ".example", "other.test"]));
        }
        list(&items)
    };
    if random.chance(55) {
        let _ = writeln!(text, "allow = {}", items(random, 4));
    }
    if random.chance(45) {
        let _ = writeln!(text, "deny = {}", items(random, 2));
    }
    if random.chance(20) {
        // A list beside the lists: each must let the peer in.
        let _ = writeln!(text, "access = [{{ allow = {} }}]", items(random, 4));
    }
    if random.chance(25) {
        text += &match purpose {
            For::Asking => {
                let zone = random.pick(&["UTC", "Europe/Berlin", "America/New_York", "local"]);
                let hours = [any_hours(random), any_hours(random)];
                let hours = hours.iter().take(1 + random.below(2)).map(String::as_str);
                format!("hours = {}\ntime-zone = \"{zone}\"\n", list(&hours.collect::<Vec<_>>()))
            }
            For::Running => {
                let hours = now(random);
                let hours: Vec<_> = hours.split(' ').collect();
                format!("hours = {}\ntime-zone = \"UTC\"\n", list(&hours))
            }
        };
    }
    text
}

/// Limits.
fn how_many(random: &mut Random) -> String {
    let mut text = String::new();
    if random.chance(30) {
        let _ = writeln!(text, "instances = {}", random.below(4));
    }
    if random.chance(30) {
        let width = random.pick(&["v4 = 32, v6 = 64", "v4 = 24, v6 = 48", "v4 = 32, v6 = 128"]);
        let _ = writeln!(text, "per-source = {{ max = {}, {width} }}", random.below(3));
    }
    if random.chance(15) {
        let _ = writeln!(text, "startups = \"{}:100:4\"", 1 + random.below(3));
    }
    if random.chance(15) {
        let _ = writeln!(text, "per-source-startups = {}", 1 + random.below(2));
    }
    text
}

/// An xinetd configuration; every service's id is `s`.
pub(crate) fn xinetd(random: &mut Random, purpose: For) -> Scene {
    let mut head = String::new();
    if random.chance(40) {
        head = format!("defaults\n{{\n{}}}\n", lists(random, "="));
    }
    let mut scene = Scene::with("generated", &head);
    let services = 2 + random.below(3);
    let sensors = 1 + random.below(2);
    for number in 0..services + sensors {
        let bind = *random.pick(&["192.168.0.1", "2001:db8::1"]);
        let mut lines = format!("id = s\nbind = {bind}\ncps = 0 0\nflags = NOLIBWRAP");
        if number >= services {
            let time = random.pick(&["60", "FOREVER", "NEVER"]);
            lines += &format!(" SENSOR\ntype = INTERNAL UNLISTED\ndeny_time = {time}\n");
        } else {
            let operator = if head.contains("only_from") && random.chance(50) { "+=" } else { "=" };
            lines += "\nserver_args = drain\n";
            lines += &lists(random, operator);
            lines += &limits(random, purpose);
        }
        let entry = Entry::parse_all(&format!("service s{number}\n{{\n{lines}}}\n"));
        for entry in entry {
            let entry = scene.complete(entry);
            scene.text += &entry.text();
        }
    }
    scene
}

fn lists(random: &mut Random, operator: &str) -> String {
    let mut text = String::new();
    if random.chance(45) {
        let _ = writeln!(text, "only_from {operator} {}", random.some(ITEMS, 4).join(" "));
    }
    if random.chance(35) {
        let _ = writeln!(text, "no_access += {}", random.some(ITEMS, 2).join(" "));
    }
    text
}

fn limits(random: &mut Random, purpose: For) -> String {
    let mut text = String::new();
    if random.chance(25) {
        let hours = match purpose {
            For::Asking => any_hours(random),
            For::Running => now(random),
        };
        let _ = writeln!(text, "access_times = {hours}");
    }
    if random.chance(30) {
        let _ = writeln!(text, "instances = {}", random.below(3));
    }
    if random.chance(30) {
        let _ = writeln!(text, "per_source = {}", 1 + random.below(2));
    }
    text
}

/// Hours that are open now, or not.
fn now(random: &mut Random) -> String {
    if random.chance(50) { hours::open() } else { hours::closed() }
}
