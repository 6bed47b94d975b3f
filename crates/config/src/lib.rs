//! Reads native TOML and imported dialects into one checked configuration, prints it, and asks the
//! host what it needs.
//!
//! [`load`] reads files (bounded, and only such as nobody else could have changed) and gives the
//! configuration or, with every finding at once, none. [`print()`] writes the effective model as
//! native TOML that reads the same. [`resolve()`] asks the host for users, files and names.
//! Nothing here runs for a connection, and nothing here runs in root's process.
#![forbid(unsafe_code)]

mod alone;
mod check;
mod codes;
pub mod convert;
mod denyhosts;
mod disk;
mod fail2ban;
mod filter;
mod hosts_access;
mod keys;
mod load;
mod named;
mod native;
mod nearest;
mod print;
mod questions;
mod relations;
mod resolve;
mod sources;
pub mod watched;
mod way;
mod words;
mod world;
mod zones;

pub use alone::{Alone, alone};
pub use codes::{CODES, codes_markdown};
pub use disk::{Disk, Trust};
pub use filter::{FilterRead, filter};
pub use keys::{Fallback, Key, Scope, key, keys, keys_of, markdown};
pub use load::{Entry, Loaded, load};
pub use print::print;
pub use questions::Questions;
pub use resolve::{Host, Node, NodeKind, System, resolve, resolve_with};
pub use sources::{SourceRead, reread};
pub use words::duration::parse as duration;
pub use world::{Found, Owner, Unread, World};
