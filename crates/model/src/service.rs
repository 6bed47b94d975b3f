//! A service: what is offered, where, to whom.

use crate::{
    Admission, Ends, KeepAlive, Origin, Program, Refusals, ServiceKey, ServiceLog, ServiceName,
    Sited, SourceId, Trap,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The host part of a listening address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bind {
    /// This address.
    Address(IpAddr),
    /// Every address this host name has when the configuration is loaded.
    Host(String),
}

/// Which peers a listening socket takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
    /// Both, on one IPv6 socket (IPv4 alone where the host has no IPv6).
    Dual,
}

/// One listening address of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listen {
    /// Host part.
    pub bind: Bind,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// Family.
    pub family: Family,
    /// Where it was written.
    pub origin: Origin,
}

impl PartialEq for Listen {
    fn eq(&self, other: &Self) -> bool {
        (&self.bind, self.port, self.family) == (&other.bind, other.port, other.family)
    }
}

impl Eq for Listen {}

/// Options of the listening sockets; accepted ones inherit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketOptions {
    /// Connections the kernel queues.
    pub backlog: u32,
    /// Keep-alives.
    pub keepalive: KeepAlive,
    /// TCP_NODELAY.
    pub nodelay: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { backlog: 128, keepalive: KeepAlive::Off, nodelay: false }
    }
}

/// Services that portreeve itself answers, in the relay. Whoever adds one touches the relay and the
/// dialects that name it; the monitor hands any of them over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Internal {
    /// RFC 862.
    Echo,
}

/// What is behind a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offer {
    /// A program for each connection, on descriptors 0 and 1.
    Program(Box<Program>),
    /// Answered by the relay.
    Internal(Internal),
    /// Nothing: touching it is an offence.
    Trap(Trap),
}

/// A file whose bytes a peer is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BannerFile {
    /// Absolute path.
    pub path: String,
    /// Where it was written.
    pub origin: Origin,
}

impl PartialEq for BannerFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for BannerFile {}

/// What peers are told before they are served or refused (xinetd's `banner*`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banners {
    /// To everybody, first.
    pub always: Option<BannerFile>,
    /// Then to those who are served.
    pub success: Option<BannerFile>,
    /// Or to those who are refused.
    pub failure: Option<BannerFile>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Unique in the configuration.
    pub key: ServiceKey,
    /// Shown in logs; not unique.
    pub name: ServiceName,
    /// Where it listens; at least one.
    pub listen: Vec<Listen>,
    /// Socket options.
    pub socket: SocketOptions,
    /// What is behind it.
    pub offer: Offer,
    /// Who comes in.
    pub admission: Admission,
    /// What peers are told.
    pub banners: Banners,
    /// What becomes of those who are refused.
    pub refusals: Refusals,
    /// When and how the door ends its sessions.
    pub ends: Ends,
    /// The service's own log.
    pub log: ServiceLog,
    /// Where the service was written.
    pub origin: Sited<()>,
}

impl Service {
    /// The sources that its access lists look into: while one cannot be read, nobody comes in.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> + '_ {
        self.admission.sources()
    }
}
