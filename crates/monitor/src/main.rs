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

mod accepting;
mod args;
mod arrive;
mod backlog;
mod bans;
mod claim;
mod clerk;
mod closing;
mod compiler;
mod control;
mod convert;
mod crier;
mod current;
mod delayed;
mod dice;
mod door;
mod ending;
mod estate;
mod evidence;
mod farewell;
mod gather;
mod handing;
mod helper;
mod idle;
mod inherit;
mod legacy;
mod listeners;
mod manager;
mod outbox;
mod paths;
mod pending;
mod pings;
mod plan;
mod reap;
mod refuse;
mod rehearsal;
mod relay;
mod reload;
mod report;
mod retired;
mod serve;
mod session;
mod sessions;
mod start;
mod succession;
mod tally;
mod token;
mod trap;
mod trial;

fn main() -> std::process::ExitCode {
    start::main()
}
