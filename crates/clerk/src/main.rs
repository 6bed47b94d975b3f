//! The event log, the evidence lines and the ledger, without rights.

fn main() {}
