//! Builds the programs, and runs a door, then services that stay up, under faults.

use std::process::ExitCode;

use crate::cargo::cargo;
use crate::cli::say;

/// Hands the words on. It ends by itself; the exit status is its own.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let steps: [&[&str]; 2] = [
        &["build", "--workspace", "--bins"],
        &["run", "--quiet", "--package", "portreeve-tests", "--bin", "portreeve-soak", "--"],
    ];
    let [mut build, mut soak] = steps.map(cargo);
    soak.args(words);
    for command in [&mut build, &mut soak] {
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                return code.map_or(ExitCode::FAILURE, ExitCode::from);
            }
            Err(error) => {
                say(format_args!("cannot run cargo: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
