//! The one-shot that reads the configuration on the monitor's behalf, without its rights.
#![forbid(unsafe_code)]

fn main() {}
