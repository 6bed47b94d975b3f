//! Runs the package `fuzz`, built for speed with every check of a debug build.

use std::process::ExitCode;

use crate::cargo::cargo;
use crate::cli::say;

/// Hands the words on. It watches itself and ends by itself; the exit status is its own.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let mut command =
        cargo(&["run", "--quiet", "--profile", "fuzz", "--package", "portreeve-fuzz"]);
    match command.arg("--").args(words).status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            say(format_args!("cannot run cargo: {error}"));
            ExitCode::FAILURE
        }
    }
}
