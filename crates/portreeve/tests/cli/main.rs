//! The command as it is typed: what it prints, where, and how it exits.
#![forbid(unsafe_code)]

#[cfg(test)]
mod alone;
#[cfg(test)]
mod detect;
mod door;
mod files;
#[cfg(test)]
mod kit;
mod service;
mod usage;
