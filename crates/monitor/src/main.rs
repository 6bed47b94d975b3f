//! portreeved: binds, admits, spawns, and enforces bans. The only process with root's rights.
//!
//! It reads no byte a peer sends, resolves no name, parses no configuration: those are the relay's,
//! the clerk's and the compiler's, whose answers it judges again.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )
)]

mod accept;
mod args;
mod ban;
mod configuration;
mod control;
mod convert;
mod door;
mod enforce;
mod errand;
mod helper;
mod kept;
mod session;
mod sources;
mod succession;
mod watched;

fn main() -> std::process::ExitCode {
    door::start::main()
}
