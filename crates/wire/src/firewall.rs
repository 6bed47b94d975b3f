//! Monitor and firewall: bans for the kernel's packet filter.
//!
//! Changes come in the order in which they were decided. A synchronisation, from
//! [`ToFirewall::Begin`] to [`ToFirewall::Done`], tells everything that is in force; changes may come
//! between its pages and hold for it too. A network may be told twice: the last word counts.

use crate::Phase;
use portreeve_model::Network;
use serde::{Deserialize, Serialize};

/// Bans of one message, at most: so many fit into a packet whatever they are.
pub const FIREWALL_PAGE: usize = 3000;

/// Networks of the never-ban list that the kernel is told of, at most: the monitor bans none of the
/// others either.
pub const FIREWALL_NEVER: usize = 3000;

/// A network that is shut out of every service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shut {
    /// Which.
    pub network: Network,
    /// First second, since the epoch, in which it is in no more; `None` for ever.
    pub until: Option<i64>,
}

/// A change of what is shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// This network is, from now on.
    Shut(Shut),
    /// This one is no more.
    Free(Network),
}

/// What becomes of packets of who is shut out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// Those that begin something are dropped: connections that are open go on.
    #[default]
    Beginnings,
    /// Those of open connections too.
    Everything,
}

/// How the table is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, of the family `inet`.
    pub name: String,
    /// Priority of its chain at the hook `prerouting`.
    pub priority: i32,
    /// Elements of each set of addresses, at most.
    pub most: u32,
    /// What is dropped.
    pub cut: Cut,
    /// Networks that are let by whatever else is said: at most [`FIREWALL_NEVER`].
    pub never: Vec<Network>,
}

/// From the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToFirewall {
    /// This is the table. Said first, and again when it is to be another.
    Configure(Table),
    /// A synchronisation begins; one that was under way is forgotten.
    Begin,
    /// Some of what is shut out, at most [`FIREWALL_PAGE`].
    Page(Vec<Shut>),
    /// That was all. Answered by [`FromFirewall::Synchronised`].
    Done,
    /// What has changed, at most [`FIREWALL_PAGE`]. Answered by [`FromFirewall::Applied`].
    Changes {
        /// Its number; the next one's is higher.
        serial: u64,
        /// In order.
        changes: Vec<Change>,
    },
    /// The table is to go. Answered by [`FromFirewall::Removed`].
    Remove,
}

/// What the kernel's table holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Addresses and networks in its sets, where the kernel tells (from Linux 6.16 on).
    pub elements: Option<u64>,
    /// Packets that were dropped.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// From the firewall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromFirewall {
    /// Sandbox entered.
    Ready {
        /// Landlock's ABI in force, if any.
        landlock: Option<u32>,
    },
    /// All is wanted: for the first time, or since the kernel has lost it.
    Synchronise,
    /// The synchronisation is in the kernel.
    Synchronised,
    /// The changes up to this number are in the kernel.
    Applied(u64),
    /// The kernel refuses something, in words; what it refuses is tried again.
    Trouble(String),
    /// It does so no more.
    TroubleOver,
    /// Another program has changed the table, in words: it is made again.
    Changed {
        /// Which, as the kernel names it; may be empty.
        by: String,
        /// What.
        what: String,
    },
    /// How the table is.
    Counts(Counts),
    /// The table is gone.
    Removed,
}

impl FromFirewall {
    /// Whether the firewall may say it in its phase; anything else ends it.
    #[must_use]
    pub fn permitted(&self, phase: Phase) -> bool {
        match self {
            Self::Ready { .. } => phase == Phase::Starting,
            Self::Synchronise
            | Self::Synchronised
            | Self::Applied(_)
            | Self::Trouble(_)
            | Self::TroubleOver
            | Self::Changed { .. }
            | Self::Counts(_)
            | Self::Removed => phase == Phase::Working,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_PACKET, encode};
    use std::net::IpAddr;

    #[test]
    fn the_longest_messages_fit_a_packet() {
        let network = Network::host(IpAddr::from([0xffff; 8]));
        let shut = Shut { network, until: Some(i64::MIN) };
        let page = ToFirewall::Page(vec![shut; FIREWALL_PAGE]);
        assert!(encode(&page, MAX_PACKET).is_ok());
        let changes = vec![Change::Shut(shut); FIREWALL_PAGE];
        assert!(encode(&ToFirewall::Changes { serial: u64::MAX, changes }, MAX_PACKET).is_ok());
        let table = Table {
            name: "x".repeat(31),
            priority: i32::MIN,
            most: u32::MAX,
            cut: Cut::Everything,
            never: vec![network; FIREWALL_NEVER],
        };
        assert!(encode(&ToFirewall::Configure(table), MAX_PACKET).is_ok());
    }
}
