//! The shipped units under a real systemd, process 1 of a temporary host: what its administrator
//! types, and what goes wrong there, costs no session.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "systemd/door.rs"]
mod door;
#[path = "systemd/kit.rs"]
mod kit;
