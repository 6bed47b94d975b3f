//! The real program over a channel, as the monitor would start it: confined, as a user of its own
//! when the tests run as root, as the caller otherwise.
#![expect(clippy::disallowed_methods, reason = "tests start programs, read files and clocks")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever else is said is a failure")]

mod alarms;
mod bans;
mod events;
mod evidence;
mod full;
mod harness;
mod logs;
mod readers;
mod start;
mod targets;
