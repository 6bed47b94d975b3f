//! All that touches a peer's bytes or may be slow, without rights.
#![forbid(unsafe_code)]

fn main() {}
