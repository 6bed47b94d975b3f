//! Every check and test, in order, with an honest end.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::cargo::{cargo, metadata, text};
use crate::cli::say;
use crate::program::run;
use crate::{deps, layers, manual, setup};

/// Longest a step may take, in minutes: a hang is a failure, not a wait.
const MINUTES: u64 = 30;

/// A step and how it is done.
type Step = (&'static str, fn(&mut Tally) -> Result<(), String>);

/// All of them. A step that fails does not keep the others from being done.
const STEPS: [Step; 9] = [
    ("setup", |_| setup::prepare()),
    ("fmt", |_| cargo_step(&["fmt", "--all", "--check"])),
    ("layers", |_| layers::check()),
    ("deps", |_| deps::check()),
    ("clippy", |_| cargo_step(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("docs", |_| docs()),
    ("man", |_| manual::check()),
    ("build", |_| cargo_step(&["build", "--workspace", "--bins"])),
    ("tests", tests),
];

/// Tests counted so far.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Names of failed tests, in their order.
    names: Vec<String>,
}

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
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.env("PORTREEVE_BIN_DIR", bin);
    // the same generated inputs at each run, unless others are asked for
    if std::env::var_os(SEED).is_none() {
        command.env(SEED, "1");
    }
    bounded(command, |line| tally.take(line))
}

impl Tally {
    /// Takes a line of what the tests write.
    fn take(&mut self, line: &str) {
        self.names.extend(failed_test(line).map(str::to_owned));
        self.count(line);
    }

    /// Adds the numbers of a line such as
    /// `test result: ok. 9 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; …`.
    fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let (_, numbers) = result.split_once(". ").unwrap_or_default();
        for part in numbers.split("; ") {
            let (number, what) = part.split_once(' ').unwrap_or_default();
            let number: u64 = number.parse().unwrap_or_default();
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// The name in a line such as `test bans::a_ban_holds ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[cfg(test)]
mod counting {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_others_ignored() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; in",
            "a test said: 100 failed; 5 passed",
        ] {
            tally.take(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.ignored), (11, 3, 1));
        assert!(tally.names.is_empty());
    }

    #[test]
    fn failed_tests_are_named() {
        let mut tally = Tally::default();
        for line in [
            "test bans::a_ban_holds ... FAILED\n",
            "test bans::another ... ok\n",
            "test with::a_panic - should panic ... FAILED\n",
            "a test said ... FAILED\n",
        ] {
            tally.take(line);
        }
        assert_eq!(tally.names, ["bans::a_ban_holds", "with::a_panic - should panic"]);
    }
}
