//! The command line: one word, then what belongs to it.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use crate::demo::{self, Length};
use crate::{deps, fuzz, layers, soak, test};

/// Shown for `--help`, and after a wrong word.
const HELP: &str = "\
Chores of the workspace, run as `cargo xtask CHORE`:

  demo [--once]    build, open a door on loopback in a folder of its own, say what to try, and
                   follow the events; with --once try everything and end
  test [STEP...]   install what is missing, then every check and test, or the named steps only
  fuzz [WORD...]   mutated inputs for every reader; `cargo xtask fuzz --help` has the words
  soak [WORD...]   a door, and kept services, under faults; `cargo xtask soak --help` has the words
  layers           check who depends on whom, and that pure crates stay pure
  deps             compare the crates in the root process with docs/root-dependencies.txt
  deps --bless     write that file anew
  --help           this text

Steps of `test`, in order: setup fmt layers deps clippy docs man build tests
";

/// Does a chore. The exit status is 0 when all is well, 1 when not, 64 for a wrong command line.
pub(crate) fn main(words: &[String]) -> ExitCode {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", steps @ ..] => return test::run_steps(steps),
        ["demo"] => demo::show(Length::Open),
        ["demo", "--once"] => demo::show(Length::Once),
        ["fuzz", rest @ ..] => return fuzz::run(rest),
        ["soak", rest @ ..] => return soak::run(rest),
        ["layers"] => layers::check(),
        ["deps"] => deps::check(),
        ["deps", "--bless"] => deps::bless(),
        ["--help" | "-h" | "help"] => {
            say(HELP);
            Ok(())
        }
        [] => {
            say(HELP);
            return ExitCode::from(64);
        }
        [word, ..] => {
            say(format_args!("xtask: `{word}`, or what follows it, is no chore\n\n{HELP}"));
            return ExitCode::from(64);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(reason);
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output; an output that is gone is nobody's concern.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
