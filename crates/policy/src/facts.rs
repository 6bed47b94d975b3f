//! What is known about one connection.

use crate::Answered;
use portreeve_model::{
    Bind, DnsZone, ListAnswer, Load, Service, Supposed, SupposedIdent, SupposedNames,
};
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
    /// The host names of the address that the peer connected to.
    pub server_names: Names<'a>,
    /// This end of the connection.
    pub own: Own,
    /// What processes have answered that were asked for this connection.
    pub answered: &'a [Answered],
    /// What DNS lists say of the peer; `None`: nobody has asked. A list that is not among them has
    /// not been asked.
    pub listed: Option<&'a [(DnsZone, ListAnswer)]>,
    /// The peer's ident server.
    pub ident: IdentAnswer<'a>,
}

/// This end of a connection, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The address that the peer connected to.
    pub address: Option<IpAddr>,
    /// The port; 0 when it is not known.
    pub port: u16,
    /// The door's process: `%p` in rules.
    pub process: u32,
}

/// The host names of an address, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names<'a> {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// The names that resolve back to the address, in the order given.
    Confirmed(&'a [String]),
    /// The address has no name.
    None,
    /// The address has names, and none of them resolves back to it.
    Unconfirmed,
    /// The look-up timed out or a server failed: nothing is known.
    Failed,
}

/// What the peer's ident server said. It is the word of the peer's host, and proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentAnswer<'a> {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// It named a user: the octets as they came, blanks around them included; never a zero, never
    /// a line feed, at most 512.
    Answered(&'a [u8]),
    /// It answered that it names nobody (`HIDDEN-USER`, `NO-USER`…).
    Declined,
    /// There is no answer, in time or at all.
    Missing,
}

impl Own {
    /// The end of a service that a peer comes to, as it is supposed; else the first that is written.
    #[must_use]
    pub fn supposed(service: &Service, supposed: &Supposed) -> Self {
        let first = service.listen.first();
        let written = first.and_then(|listen| match listen.bind {
            Bind::Address(address) => Some(address).filter(|address| !address.is_unspecified()),
            Bind::Host(_) => None,
        });
        let port = first.map_or(0, |listen| listen.port);
        match supposed.to {
            Some((address, given)) => {
                Self { address: Some(address), port: given.unwrap_or(port), process: 0 }
            }
            None => Self { address: written, port, process: 0 },
        }
    }
}

impl<'a> Names<'a> {
    /// The peer's, as they are supposed.
    #[must_use]
    pub fn supposed(supposed: &'a Supposed) -> Self {
        Self::of(supposed.names.as_ref())
    }

    /// Those of the end that the peer comes to, as they are supposed.
    #[must_use]
    pub fn supposed_server(supposed: &'a Supposed) -> Self {
        Self::of(supposed.server_names.as_ref())
    }

    fn of(names: Option<&'a SupposedNames>) -> Self {
        match names {
            None => Self::NotAsked,
            Some(SupposedNames::Confirmed(names)) => Self::Confirmed(names),
            Some(SupposedNames::None) => Self::None,
            Some(SupposedNames::Unconfirmed) => Self::Unconfirmed,
            Some(SupposedNames::Failed) => Self::Failed,
        }
    }
}

impl<'a> IdentAnswer<'a> {
    /// As it is supposed.
    #[must_use]
    pub fn supposed(supposed: &'a Supposed) -> Self {
        match &supposed.ident {
            None => Self::NotAsked,
            Some(SupposedIdent::User(user)) => Self::Answered(user.as_bytes()),
            Some(SupposedIdent::Missing) => Self::Missing,
        }
    }
}

/// What the lists of these zones say, as it is supposed.
#[must_use]
pub fn supposed_lists(
    zones: Vec<DnsZone>,
    supposed: &Supposed,
) -> Option<Vec<(DnsZone, ListAnswer)>> {
    let listed = supposed.listed.as_ref()?;
    let answer = |zone: DnsZone| {
        let has = listed.contains(&zone.name);
        let answer = if has { ListAnswer::Listed(String::new()) } else { ListAnswer::NotListed };
        (zone, answer)
    };
    Some(zones.into_iter().map(answer).collect())
}
