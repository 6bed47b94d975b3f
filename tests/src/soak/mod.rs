//! A door under faults and traffic, mixed by a seed, for minutes: what it does at random, what must
//! hold all the time, and what must be left at the end. Then services that stay up, likewise.
//!
//! The order of deeds is the seed's; how far each comes is the machine's.

mod deeds;
mod stage;

use crate::Random;
use crate::upkeep::{Plan, Under, storm};
use deeds::DEEDS;
use stage::Stage;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Shown for `--help`, and after a wrong word.
const HELP: &str = "\
A door under faults and traffic, then services that stay up whatever is killed, as root in namespaces
of their own, run as `cargo xtask soak [OPTION...]`:

  --minutes N      how long each of the two (5; at most 1440)
  --seed N         what the order of deeds begins with (1)
  --only WHAT      `door` or `services`
";

/// Deeds between two looks at what the door holds.
const BETWEEN: u32 = 8;

/// Deeds after which tables and allocator are as large as they will be.
const WARMING: [&str; 6] = ["brief", "refused", "login", "silent", "crowd", "trap"];

/// Does what the words say: 0 when all held, 1 when something did not, 64 for a wrong command line.
#[must_use]
pub fn main(words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        say(HELP);
        return ExitCode::SUCCESS;
    }
    match asked(words) {
        Ok((minutes, seed, what)) => {
            let door = what == What::Services || soak(minutes, seed);
            let services = what == What::Door || keep(minutes, seed);
            if door && services { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(wrong) => {
            say(format_args!("soak: {wrong}\n\n{HELP}"));
            ExitCode::from(64)
        }
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Both,
    Door,
    Services,
}

fn asked(words: &[String]) -> Result<(u64, u64, What), String> {
    let (mut minutes, mut seed, mut what) = (5, 1, What::Both);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next();
        if word == "--only" {
            what = match value.map(String::as_str) {
                Some("door") => What::Door,
                Some("services") => What::Services,
                _ => return Err("`--only` takes `door` or `services`".to_owned()),
            };
            continue;
        }
        let value = value.and_then(|value| value.parse::<u64>().ok());
        let value = value.ok_or_else(|| format!("`{word}` takes a number"));
        match word.as_str() {
            "--minutes" => minutes = value?.clamp(1, 1440),
            "--seed" => seed = value?,
            other => return Err(format!("there is no option `{other}`")),
        }
    }
    Ok((minutes, seed, what))
}

/// Services of each kind that are kept up here.
const SERVICES: usize = 20;

/// Services that stay up: a minute on a host of its own each time, by hand and under the units in turn.
fn keep(minutes: u64, seed: u64) -> bool {
    for minute in 0..minutes {
        let under = if minute % 2 == 0 { Under::Hand } else { Under::Units };
        let plan = Plan { seconds: 60, seed: seed.wrapping_add(minute), services: SERVICES, under };
        match catch_unwind(AssertUnwindSafe(|| storm(&plan))) {
            Ok(Ok(told)) => say(format_args!("{under:?}: {told}")),
            Ok(Err(why)) => say(format_args!("{under:?} cannot be shown here: {why}")),
            Err(panic) => {
                say(format_args!("FOUND, {under:?}: {}", text(&*panic)));
                return false;
            }
        }
    }
    say("all held: each service once, no line lost or doubled");
    true
}

/// What a panic says.
fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?")
}

/// What was done so far, for the last words.
#[derive(Debug, Default)]
struct Log {
    deeds: BTreeMap<&'static str, u32>,
    last: String,
}

fn soak(minutes: u64, seed: u64) -> bool {
    say(format_args!("soak: {minutes} minutes, seed {seed}"));
    let mut log = Log::default();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(minutes, seed, &mut log)));
    for (deed, count) in &log.deeds {
        say(format_args!("{count:>6} × {deed}"));
    }
    match outcome {
        Ok(figures) => {
            say(figures);
            say("all held: no leak, no spin, no lost listener, no ban forgotten");
            true
        }
        Err(panic) => {
            say(format_args!("FOUND after {}, seed {seed}: {}", log.last, text(&*panic)));
            false
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it lasts so many minutes by the clock")]
fn run(minutes: u64, seed: u64, log: &mut Log) -> String {
    let start = Instant::now();
    let end = start + Duration::from_secs(60 * minutes);
    let world = portreeve_testkit::World::standard();
    let mut stage = Stage::open(&world, Random(seed));
    log.last = "warming up".to_owned();
    for name in WARMING {
        for deed in DEEDS.iter().filter(|deed| deed.name == name) {
            say(format_args!("warming up: {}", (deed.work)(&mut stage)));
        }
    }
    stage.warm();
    let all: usize = DEEDS.iter().map(|deed| deed.weight).sum();
    let mut count = 0;
    while Instant::now() < end {
        let mut at = stage.random.below(all);
        let deed = DEEDS.iter().find(|deed| {
            let here = at < deed.weight;
            at = at.saturating_sub(deed.weight);
            here
        });
        let Some(deed) = deed else { continue };
        log.last = format!("deed {count}, {}", deed.name);
        let told = (deed.work)(&mut stage);
        let seconds = start.elapsed().as_secs();
        say(format_args!("{:>3}:{:02}  {:<10} {told}", seconds / 60, seconds % 60, deed.name));
        *log.deeds.entry(deed.name).or_default() += 1;
        stage.sound(deed.name);
        count += 1;
        if count % BETWEEN == 0 {
            stage.rested(deed.name);
        }
    }
    log.last = "the end".to_owned();
    stage.close()
}

/// Writes a line to standard output; an output that is gone is nobody's concern.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
