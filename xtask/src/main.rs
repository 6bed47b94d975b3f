//! Demo, test, layer check.

fn main() {}
