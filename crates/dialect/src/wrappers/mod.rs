//! hosts.allow and hosts.deny (hosts_access(5), hosts_options(5)).
//!
//! [`read`] makes checked rules of a file; where the ancestor's meaning of a mistake would open the
//! door, or shut it to everybody, it says what is meant here. [`shadowed`] finds rules that decide
//! nothing.

mod check;
pub mod codes;
mod doubt;
mod line;
mod option;
mod parts;
mod pattern;
mod plain;
mod raw;
mod shadow;
#[cfg(test)]
mod tests;

pub use check::{list_file, list_parts, read, unreadable as unreadable_table};
pub use codes::ALL as CODES;
pub use doubt::{Doubt, doubts};
pub use option::wrong_option;
pub use parts::{Part, Plain, parts};
pub use shadow::shadowed;
