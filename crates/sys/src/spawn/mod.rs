//! Starting programs, without waiting for them and without copying this process.
//!
//! A [`Plan`] says what to run and as whom; [`Plan::prepare`] turns it into a [`Program`], checked
//! and laid out for the child once per configuration. A [`Connection`] adds what differs from one
//! start to the next: descriptors and environment. A [`Spawner`] starts them and reports later.

mod child;
mod connection;
mod helper;
mod order;
mod outcome;
mod program;
mod raw;
mod slot;
mod spawner;
mod stack;

pub use connection::{BadConnection, Connection};
pub use helper::{HELPER_NAME, exec_helper_main};
pub use outcome::{Outcome, SpawnError, Started, Step};
pub use program::{BadPlan, Ids, Plan, Program};
pub use spawner::Spawner;

#[cfg(test)]
mod tests;
