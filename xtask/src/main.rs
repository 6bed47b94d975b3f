//! The chores of the workspace: demo, tests, layer check, dependency list.

#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "chores start programs, read the workspace's files and measure time"
)]

mod cargo;
mod cli;
mod demo;
mod deps;
mod fuzz;
mod layers;
mod manual;
mod program;
mod setup;
mod soak;
mod test;

fn main() -> std::process::ExitCode {
    cli::main(&std::env::args().skip(1).collect::<Vec<_>>())
}
