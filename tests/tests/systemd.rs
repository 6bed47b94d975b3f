//! The shipped units under a real systemd, process 1 of a temporary host: what its administrator
//! types, and what goes wrong there, costs no session.
#![forbid(unsafe_code)]

#[path = "systemd/door.rs"]
mod door;
#[path = "systemd/keeper.rs"]
mod keeper;
#[path = "systemd/kit.rs"]
mod kit;
