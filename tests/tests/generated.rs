//! Generated inputs, thousands of each kind, to commands of daemontools: the ancestors' and ours.
//!
//! What docs/daemontools.md has a row for is told by looking at the input alone; all else must be
//! the same to the byte.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "generated/envdir.rs"]
mod envdir;
#[path = "generated/kit.rs"]
mod kit;
#[path = "generated/limits.rs"]
mod limits;
#[path = "generated/local.rs"]
mod local;
#[path = "generated/multilog.rs"]
mod multilog;
