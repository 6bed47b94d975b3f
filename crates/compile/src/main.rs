//! The one-shot that reads the configuration on the monitor's behalf, without its rights.

fn main() {}
