//! Ours and its peers, in turn, in one run: see `README.md` beside this package.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark is all edge: it starts programs and reads clocks, files and environment"
)]

mod access;
mod args;
mod bans;
mod built;
mod calls;
mod client;
mod contestant;
mod contestants;
mod cpu;
mod descriptors;
mod detect;
mod figures;
mod host;
mod idle;
mod judge;
mod logs;
mod loops;
mod machine;
mod nftables;
mod peers;
mod print;
mod rates;
mod services;

use std::process::ExitCode;

/// What went wrong, for people.
type Failure = String;

fn main() -> ExitCode {
    match args::run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            print::error(&failure);
            ExitCode::FAILURE
        }
    }
}
