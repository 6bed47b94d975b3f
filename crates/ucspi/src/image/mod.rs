//! Rules as an access list of a door that runs: an *image*, made once where nobody is in danger,
//! and asked about each connection where everybody is.
//!
//! An image holds a whole database, byte for byte, behind a summary of what its keys compare with:
//! so that nothing is looked up about a peer that could change nothing. [`Image::decide`] says what
//! tcpserver would, or what it has to know first, or that it cannot know.

mod build;
mod decide;
mod steps;

pub use build::{
    BadRules, Builder, MOST_BYTES, MOST_SETTINGS, Made, of_database, of_nothing, of_sound, sound,
};
pub use decide::{Answer, Hosts, Image, Info, Match, Peer, Unknown};
pub use steps::Step;

/// Before the database: the mark, what the keys do, and the length of the database; then comes a
/// second database, of those users' addresses and hosts.
const HEAD: usize = 8 + 8 + 8;

/// Says what these bytes are, and in which form.
const MARK: [u8; 8] = *b"ucspi\0\0\x01";

#[cfg(test)]
mod tests;
