//! The event log, the evidence lines and the ledger, without rights.
#![forbid(unsafe_code)]

fn main() {}
