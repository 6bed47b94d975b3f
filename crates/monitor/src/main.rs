//! portreeved: binds, admits, spawns, and enforces bans.
#![forbid(unsafe_code)]

fn main() {}
