//! Ours and its peers, in turn, in one run.

fn main() {}
