//! hosts.allow and hosts.deny (hosts_access(5), hosts_options(5)).
//!
//! [`read`] makes checked rules of a file; where the ancestor's meaning of a mistake would open the
//! door, or shut it to everybody, it says what is meant here. [`shadowed`] finds rules that decide
//! nothing.

mod check;
pub mod codes;
mod doubt;
mod line;
mod listed;
mod lookup;
mod option;
mod parts;
mod pattern;
mod plain;
mod raw;
mod shadow;
#[cfg(test)]
mod tests;

/// What helps with a word that means more than it says.
pub const WORDS: &str = "see hosts_access(5) for the words that mean more than they say";

pub use check::{list_file, list_parts, read, unreadable as unreadable_table};
pub use codes::ALL as CODES;
pub use doubt::{Doubt, doubts};
pub use listed::list_doubts;
pub use lookup::{Asked, Host, Proof, Question, Remark, Resolver, proven, remarks};
pub use option::wrong_option;
pub use parts::{Part, Plain, parts};
pub use shadow::{MOST_COMPARED, Shadows, shadowed};
