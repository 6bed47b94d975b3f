//! portreeved: binds, admits, spawns, and enforces bans.

fn main() {}
