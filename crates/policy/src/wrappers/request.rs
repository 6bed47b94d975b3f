//! What is known of a request.

use crate::Said;
use portreeve_model::wrappers::ListFile;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

/// One request, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The name of the daemon's process.
    pub daemon: Vec<u8>,
    /// Who asks.
    pub client: Endpoint,
    /// What was asked.
    pub server: Endpoint,
    /// The user at the client.
    pub user: User,
    /// The number of the process that asks, for `%p`.
    pub pid: u32,
}

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address as text, with a scope behind `%` if it has one. `None` when it is not known.
    pub address: Option<String>,
    /// Its port; 0 when it is not known.
    pub port: u16,
    /// Its name.
    pub name: Name,
}

/// The name of one end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// The address leads to it, and it leads back to the address.
    Known(Vec<u8>),
    /// It has none.
    Unknown,
    /// Its name does not lead back to it.
    Paranoid,
    /// Whether it has one could not be found out: as one without a name, but a rule of hosts.deny
    /// that is about names then refuses.
    Failed,
}

/// The user at the client, by its ident server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum User {
    /// Nobody has asked.
    #[default]
    NotAsked,
    /// So it said.
    Known(Vec<u8>),
    /// It did not say.
    Unknown,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// What must be found out before it can be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The name of one end.
    Name(Side),
    /// The user at the client.
    User,
    /// The file that a `/path` names.
    List(Vec<u8>),
    /// Whether a host is in a netgroup.
    Netgroup {
        /// The group.
        group: Vec<u8>,
        /// The host's name.
        host: Vec<u8>,
    },
}

/// What was read for a request.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Files, by path.
    pub lists: BTreeMap<Vec<u8>, ListFile>,
    /// Whether a host is in a group, by group and host.
    pub netgroups: BTreeMap<(Vec<u8>, Vec<u8>), Said>,
}

/// What stands for a name or an address that is not known.
pub(super) const UNKNOWN: &[u8] = b"unknown";

/// What stands for a name that does not lead back to its address.
pub(super) const PARANOID: &[u8] = b"paranoid";

impl Endpoint {
    /// Its address, or the word for none.
    pub(super) fn address_text(&self) -> &[u8] {
        self.address.as_deref().map_or(UNKNOWN, str::as_bytes)
    }

    /// Its address as rules see it: an IPv4-mapped one as the IPv4 address it stands for.
    pub(super) fn compared_address(&self) -> Cow<'_, [u8]> {
        let address = self.address.as_deref().and_then(|text| text.parse::<Ipv6Addr>().ok());
        match address.and_then(|address| address.to_ipv4_mapped()) {
            Some(v4) => v4.to_string().into_bytes().into(),
            None => self.address_text().into(),
        }
    }

    /// Its name, or the word for none; nothing where nobody has asked. What has no address has no
    /// name to be asked for.
    pub(super) fn name_text(&self) -> Option<&[u8]> {
        match &self.name {
            Name::NotAsked if self.address.is_none() => Some(UNKNOWN),
            Name::NotAsked => None,
            Name::Known(name) => Some(name),
            Name::Unknown | Name::Failed => Some(UNKNOWN),
            Name::Paranoid => Some(PARANOID),
        }
    }

    /// Whether its name is known: neither unknown nor paranoid, whoever calls itself so.
    pub(super) fn has_name(&self) -> bool {
        let known = |name: &[u8]| {
            !name.eq_ignore_ascii_case(UNKNOWN) && !name.eq_ignore_ascii_case(PARANOID)
        };
        match &self.name {
            Name::Known(name) => known(name),
            Name::NotAsked | Name::Unknown | Name::Paranoid | Name::Failed => false,
        }
    }
}

impl Request {
    /// One of its ends.
    #[must_use]
    pub fn side(&self, side: Side) -> &Endpoint {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// The same, to be filled in.
    pub fn side_mut(&mut self, side: Side) -> &mut Endpoint {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// The user, or the word for none; nothing where nobody has asked.
    pub(super) fn user_text(&self) -> Option<&[u8]> {
        match &self.user {
            User::NotAsked => None,
            User::Known(user) => Some(user),
            User::Unknown => Some(UNKNOWN),
        }
    }
}
