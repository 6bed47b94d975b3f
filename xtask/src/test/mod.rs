//! Every check and test, in order, with an honest end.

mod programs;
mod tally;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::cargo::{cargo, metadata, text};
use crate::cli::say;
use crate::program::run;
use crate::{deps, layers, manual, setup};
use tally::Tally;

/// Longest a step may take, in minutes: a hang is a failure, not a wait.
const MINUTES: u64 = 30;

/// A step and how it is done.
type Step = (&'static str, fn(&mut Tally) -> Result<(), String>);

/// All of them. A step that fails does not keep the others from being done.
const STEPS: [Step; 10] = [
    ("setup", |_| setup::prepare()),
    ("fmt", |_| cargo_step(&["fmt", "--all", "--check"])),
    ("layers", |_| layers::check()),
    ("deps", |_| deps::check()),
    ("clippy", |_| cargo_step(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("docs", |_| docs()),
    ("man", |_| manual::check()),
    ("build", |_| cargo_step(&["build", "--workspace", "--bins"])),
    ("tests", tests),
    ("doctest", doc_tests),
];

/// Does the named steps, or all. Ends with the times, with a line `failed: NAME` for each failed
/// test, so that the last screenful names them, and with `N passed, N failed` alone on the last line,
/// where a step that failed without a failed test counts as one failed.
pub(crate) fn run_steps(names: &[&str]) -> ExitCode {
    let known = |name: &&str| STEPS.iter().any(|(step, _)| step == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        say(format_args!("there is no step {name}"));
        return ExitCode::from(64);
    }
    let mut tally = Tally::default();
    let mut report = Vec::new();
    let start = Instant::now();
    for (name, work) in STEPS {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        say(format_args!("==> {name}"));
        let (start, failed) = (Instant::now(), tally.failed);
        let outcome = work(&mut tally);
        if outcome.is_err() && tally.failed == failed {
            tally.failed += 1;
        }
        let outcome = outcome.err().unwrap_or_else(|| "ok".to_owned());
        report.push(format!("{name:<8} {:>6.1} s  {outcome}", start.elapsed().as_secs_f64()));
    }
    say("");
    report.iter().for_each(say);
    say(format_args!("{:<8} {:>6.1} s", "total", start.elapsed().as_secs_f64()));
    if tally.ignored > 0 {
        say(format_args!("{} ignored", tally.ignored));
    }
    tally.names.iter().for_each(|name| say(format_args!("failed: {name}")));
    say(format_args!("{} passed, {} failed", tally.passed, tally.failed));
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the generated inputs of property tests begin with (proptest's own variable).
const SEED: &str = "PROPTEST_RNG_SEED";

fn bounded(command: Command, see: impl FnMut(&str)) -> Result<(), String> {
    run(command, Duration::from_secs(60 * MINUTES), see)
}

fn cargo_step(arguments: &[&str]) -> Result<(), String> {
    bounded(cargo(arguments), |_| ())
}

fn docs() -> Result<(), String> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    bounded(command, |_| ())
}

fn tests(tally: &mut Tally) -> Result<(), String> {
    let metadata = metadata()?;
    let bin = Path::new(text(&metadata["target_directory"])).join("debug");
    let mut environment = vec![("PORTREEVE_BIN_DIR", bin.as_path())];
    // the same generated inputs at each run, unless others are asked for
    if std::env::var_os(SEED).is_none() {
        environment.push((SEED, Path::new("1")));
    }
    programs::run_all(tally, &environment)
}

fn doc_tests(tally: &mut Tally) -> Result<(), String> {
    bounded(cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]), |line| tally.take(line))
}
