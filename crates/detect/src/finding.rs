//! What a line turns out to say.

use portreeve_model::Kind;
use std::net::IpAddr;

/// What a line says of whoever is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// They did what they are not to do.
    Offence(Offence),
    /// They have shown who they are.
    Success(Success),
    /// Neither; why, in a few words.
    Nothing(&'static str),
}

/// One piece of evidence against a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// What was done.
    pub kind: Kind,
    /// Who did it, as far as the text can be believed. Where the line came through a session's own
    /// pipe or socket this does not matter: the kernel has said who the peer is.
    pub named: Named,
    /// The peer's port, where the text has it beside the address.
    pub port: Option<u16>,
    /// The account that was aimed at: bytes of a stranger's choice, never the text's escapes undone.
    pub user: Option<Box<[u8]>>,
    /// How often: more than once where the log says of a line that it was repeated.
    pub times: u32,
    /// The sentence that was recognised, in a few words.
    pub why: Box<str>,
}

impl Offence {
    /// One of this kind, with neither port nor account.
    #[must_use]
    pub fn new(kind: Kind, named: Named, why: &str) -> Self {
        Self { kind, named, port: None, user: None, times: 1, why: why.into() }
    }
}

/// Somebody has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// Who, as far as the text can be believed.
    pub named: Named,
    /// The peer's port, where the text has it beside the address.
    pub port: Option<u16>,
    /// The account.
    pub user: Option<Box<[u8]>>,
    /// The sentence that was recognised, in a few words.
    pub why: Box<str>,
}

/// Whom a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This address, at a place that the program alone writes. IPv4-mapped ones are IPv4.
    Address(IpAddr),
    /// Nobody: the place is empty, or holds what is no address.
    Nobody,
    /// A host's name, which is never looked up to charge anybody.
    Host(Box<str>),
    /// More than one reading is possible, so nobody.
    Ambiguous,
}

impl Named {
    /// The address, if it is one that may be charged.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Nobody | Self::Host(_) | Self::Ambiguous => None,
        }
    }
}
