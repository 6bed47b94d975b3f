//! The command people type: `run`, `check`, `explain`, `status`, `sessions`, `bans` and more.
//!
//! `check`, `explain` and `detect` work on the files alone, by the same code that the door runs; the others
//! ask the running door over its control socket, and `service` talks to supervisors by the files of
//! their directories, whoever they are. What comes from there, and what stands in files
//! of others, is escaped before it reaches a terminal. Nothing here decides who comes in, and
//! nothing here is ever run by the door.
#![forbid(unsafe_code)]

mod app;
mod args;
mod check;
mod client;
mod completions;
mod configuration;
mod convert;
mod denyhosts;
mod detect;
mod detectors;
mod events;
mod exit;
mod explain;
mod host;
mod import;
mod live;
#[cfg(test)]
mod man;
mod moment;
mod paths;
mod peer;
mod reload;
mod render;
mod replay;
mod run;
mod service;
mod standing;
mod status;
mod stop;
mod takeover;
mod terminal;
mod upgrade;

pub use app::main;
