//! svscan: all services of a host in two processes.
//!
//! The *holder* (the process that is started, and the parent of all services) keeps what must not
//! get lost; the *worker* (its child) has all the sense, and may die. See `docs/design.md`.

mod boot;
mod handover;
mod holder;
mod name;
mod slots;
mod starting;
mod svscan;
mod worker;

pub(crate) use boot::svscanboot;
pub(crate) use name::WORKER;
pub(crate) use svscan::svscan;
pub(crate) use worker::worker;
