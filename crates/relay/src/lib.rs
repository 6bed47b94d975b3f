//! All that touches a peer's bytes or may be slow, without rights: the program `portreeve-relay`.
//!
//! It serves the internal services, writes what is long or late, finds the names of peers, asks
//! their ident servers and DNS lists about them, each because the monitor says so over descriptor 3. Every amount in it is
//! bounded; past a bound the answer is `busy`, never a wait.
//!
//! It refuses to run with any right left, and once confined it opens no file but the resolver's
//! configuration, binds no address, listens on none and starts no program. It keeps no state: if
//! it dies, its sessions end and its questions are asked again of the next one.
#![forbid(unsafe_code)]

mod args;
mod books;
mod desk;
mod dns;
mod echo;
#[cfg(test)]
mod hostile;
mod ident;
mod lists;
mod lookups;
mod names;
mod post;
mod printable;
mod start;
mod watched;
mod write;

pub use start::main;

/// What a line of an ident server says of the connection between these ports: the parser that the
/// relay gives a peer's own word to, for those who test it with hostile lines.
#[must_use]
pub fn ident_reply(line: &[u8], theirs: u16, ours: u16) -> portreeve_wire::relay::IdentReply {
    ident::reply::parse(line, ident::reply::Ports { theirs, ours })
}
