//! What is known about one connection.

use portreeve_model::Load;
use std::net::IpAddr;
use std::time::Duration;

/// Facts about one connection at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The peer's address, from the kernel. IPv4-mapped IPv6 is taken for the IPv4 it stands for.
    pub peer: IpAddr,
    /// The peer's port.
    pub port: u16,
    /// The monotonic clock.
    pub now: Duration,
    /// The wall clock, in seconds since the epoch.
    pub wall: i64,
    /// The load average; `None` when it cannot be read, which refuses where it is limited.
    pub load: Option<Load>,
    /// A uniform random number from 0 to 99, for the early drop.
    pub dice: u32,
    /// The peer's host names.
    pub names: Names<'a>,
    /// The peer's ident server.
    pub ident: IdentAnswer,
}

/// The peer's host names, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names<'a> {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// The names that resolve back to the peer's address; none of them: it has no such name.
    Confirmed(&'a [String]),
    /// The look-up timed out or a server failed: nothing is known.
    Failed,
}

/// Whether the peer's ident server answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentAnswer {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// It named a user.
    Answered,
    /// It did not, in time or at all.
    Missing,
}
