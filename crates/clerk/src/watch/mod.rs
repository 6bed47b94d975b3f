//! What is made of findings: who is charged, and that each thing is charged once.
//!
//! Lines come from sessions' own pipes and sockets, from the journal and from files. Whoever reads
//! them gives each finding to the clerk as a [`Heard`]; the [`Book`] says what it comes to. Pure: time
//! is an argument.

pub(crate) mod attempts;
pub(crate) mod book;
pub(crate) mod heard;
mod refusals;
pub(crate) mod sessions;

pub(crate) use book::{Book, Booked};
pub(crate) use heard::{Heard, Voice};
