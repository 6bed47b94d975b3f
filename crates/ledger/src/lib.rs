//! The durable record of offences and bans, in SQLite.
#![forbid(unsafe_code)]
