//! Limits on how many may come in, and how fast.

use crate::Watcher;
use crate::{AccessList, DnsLists, Hours, RulesUse, Sited, SourceId, WrappersUse};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything that decides whether a connection is served.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Admission {
    /// Hours in which the service is open; `None` is always.
    pub hours: Option<Hours>,
    /// Every one must grant.
    pub lists: Vec<AccessList>,
    /// hosts.allow and hosts.deny, which must grant too.
    pub wrappers: Option<WrappersUse>,
    /// Rules of tcprules(1), which must grant too.
    pub rules: Option<RulesUse>,
    /// DNS lists, asked of whom every access list lets in.
    pub dns_lists: DnsLists,
    /// Rate with a pause.
    pub rate: Option<Sited<Rate>>,
    /// Live sessions at most.
    pub instances: Option<Sited<u32>>,
    /// Live sessions of one source network at most.
    pub per_source: Option<Sited<PerSource>>,
    /// Load average at or above which nobody is let in.
    pub load: Option<Sited<Load>>,
    /// Random early drop over startups.
    pub startups: Option<Sited<Startups>>,
    /// Startups of one source network at most.
    pub per_source_startups: Option<Sited<PerSource>>,
    /// How long a session may stay unauthenticated.
    pub grace: Option<Sited<Duration>>,
    /// How the service says that a session has authenticated.
    pub authentication: Authentication,
}

impl Admission {
    /// The sources that are looked into for it.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> + '_ {
        let of_rules = self.rules.iter().map(|rules| rules.source);
        let of_wrappers = self.wrappers.iter().map(|wrappers| wrappers.source);
        self.lists.iter().flat_map(AccessList::sources).chain(of_rules).chain(of_wrappers)
    }
}

/// At most `connections` admitted in each window of `per` (the first admitted connection opens a
/// window); one more pauses the service for `pause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Connections in one window.
    pub connections: u32,
    /// Length of the window.
    pub per: Duration,
    /// How long everybody is refused after one too many.
    pub pause: Duration,
}

/// Prefix lengths that make a source network of a peer's address (OpenSSH's
/// `PerSourceNetBlockSize`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceWidth {
    /// For IPv4, 0 to 32.
    pub v4: u8,
    /// For IPv6, 0 to 128.
    pub v6: u8,
}

impl SourceWidth {
    /// Portreeve's default: an IPv4 address, an IPv6 /64.
    pub const DEFAULT: Self = Self { v4: 32, v6: 64 };
    /// Whole addresses: xinetd's `per_source` and OpenSSH's default.
    pub const EXACT: Self = Self { v4: 32, v6: 128 };
}

/// A limit per source network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerSource {
    /// So many at most.
    pub max: u32,
    /// How wide a source is.
    pub width: SourceWidth,
}

/// A load average (one minute), in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Load(pub u32);

/// OpenSSH's `MaxStartups start:rate:full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Startups {
    /// Below so many startups everybody is let in.
    pub start: u32,
    /// Per cent refused at `start`, 1 to 100.
    pub rate: u32,
    /// From so many on everybody is refused; at least `start`.
    pub full: u32,
}

/// How a service says that a session has authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// It cannot: a startup ends with the session, or when grace has passed, which ends nothing else.
    #[default]
    None,
    /// It writes one byte to this descriptor.
    Notify(i32),
    /// The clerk sees it in what this very session writes on its evidence pipe.
    Watch(Watcher),
}
