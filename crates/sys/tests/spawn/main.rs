//! Starting programs, looked at from outside: `/proc`, exit statuses, and what they write.
//!
//! Run as root: users are numbers, and nothing of the host changes. Tests that need root pass
//! trivially, and say so, for others.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, says why, and reads files of /proc whole"
)]

mod attributes;
mod burst;
mod descriptors;
mod failures;
mod log;
mod storm;
mod support;
