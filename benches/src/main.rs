//! Ours and its peers, in turn, in one run.

#![forbid(unsafe_code)]

fn main() {}
