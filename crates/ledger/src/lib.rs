//! The durable record of offences and bans, in SQLite.
