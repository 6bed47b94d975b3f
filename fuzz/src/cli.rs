//! The command line.

use crate::supervise::{self, Order};
use crate::targets::{ALL, Target, find};
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Shown for `--help`, and after a wrong word.
pub const HELP: &str = "\
Mutated inputs for every reader, run as `cargo xtask fuzz [OPTION...] [TARGET...]`:

  --seconds N      how long each target runs (10)
  --seed N         what chance begins with (1); the same does the same
  --findings DIR   where inputs are written that a reader does not bear (target/fuzz-findings)
  --rerun FILE     give one such input to one target again
  --list           the targets; without one, all of them run
";

/// What the words ask for.
struct Asked {
    targets: Vec<&'static Target>,
    order: Order,
    rerun: Option<PathBuf>,
    worker: bool,
}

/// Does what the words say. The exit status is 0 when nothing was found, 1 when something was, 64
/// for a wrong command line, 71 when the host does not let it run.
#[must_use]
pub fn main(words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        say(HELP);
        return ExitCode::SUCCESS;
    }
    if words.iter().any(|word| word == "--list") {
        ALL.iter().for_each(|target| say(format_args!("{:<11} {}", target.name, target.about)));
        return ExitCode::SUCCESS;
    }
    match asked(words) {
        Ok(asked) => run(&asked),
        Err(wrong) => {
            say(format_args!("fuzz: {wrong}\n\n{HELP}"));
            ExitCode::from(64)
        }
    }
}

fn asked(words: &[String]) -> Result<Asked, String> {
    let findings = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz-findings");
    let order = Order { seconds: 10, seed: 1, findings };
    let mut asked = Asked { targets: Vec::new(), order, rerun: None, worker: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` takes a value"));
        let number = |text: &String| {
            text.parse::<u64>().map_err(|_| format!("`{text}` after `{word}` is no number"))
        };
        match word.as_str() {
            "--seconds" => asked.order.seconds = number(value()?)?.min(86_400),
            "--seed" => asked.order.seed = number(value()?)?,
            "--findings" => asked.order.findings = value()?.into(),
            "--rerun" => asked.rerun = Some(value()?.into()),
            supervise::WORKER => asked.worker = true,
            name => asked.targets.push(find(name).ok_or_else(|| {
                let names: Vec<_> = ALL.iter().map(|target| target.name).collect();
                format!("`{name}` is no target; there are {}", names.join(", "))
            })?),
        }
    }
    if asked.rerun.is_some() && asked.targets.len() != 1 {
        return Err("`--rerun` takes one target".into());
    }
    if asked.targets.is_empty() {
        asked.targets = ALL.iter().collect();
    }
    Ok(asked)
}

fn run(asked: &Asked) -> ExitCode {
    let mut found = 0;
    for target in &asked.targets {
        if let Some(path) = &asked.rerun {
            let Err(why) = supervise::rerun(target, path) else {
                say("nothing is wrong with it");
                continue;
            };
            say(why);
            return ExitCode::FAILURE;
        }
        let outcome = match asked.worker {
            true => supervise::work(target, &asked.order),
            false => supervise::run(target, &asked.order),
        };
        match outcome {
            Ok(more) => found += more,
            Err(error) => {
                say(format_args!("{}: {error}", target.name));
                return ExitCode::from(71);
            }
        }
    }
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes a line to standard output; an output that is gone is nobody's concern.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
