//! Monitor and clerk.

use crate::event::{Event, SessionRef};
use crate::{Phase, SessionId};
use portreeve_model::{EventTargets, EvidenceBounds, Network, ServiceLog, Watcher};
use serde::{Deserialize, Serialize};

/// A ban as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRecord {
    /// Who is shut out.
    pub network: Network,
    /// Since when, seconds since the epoch.
    pub since: i64,
    /// Until when; `None` for ever.
    pub until: Option<i64>,
    /// Key of the service at which it happened; empty for a ban by hand.
    pub service: String,
    /// Why, in a sentence.
    pub reason: String,
    /// `path:line:column` of the rule, or who made it by hand.
    pub origin: Option<String>,
}

/// What the clerk must know of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEntry {
    /// Index in the configuration.
    pub index: u32,
    /// Key.
    pub key: String,
    /// Name in xinetd's records.
    pub name: String,
    /// The service's own log. A file target comes with one descriptor, opened for appending by the
    /// monitor; without it the file could not be opened.
    pub log: ServiceLog,
    /// What to look for on its sessions' evidence pipes.
    pub watch: Option<Watcher>,
}

/// From the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToClerk {
    /// A (new) configuration follows: so many [`ToClerk::Service`] messages. Older entries are gone
    /// once all have come; sessions started before keep the log of their service by key.
    Configure {
        /// Distinguishes configurations.
        generation: u64,
        /// Services that follow.
        services: u32,
        /// Where events are written.
        log: EventTargets,
        /// Bounds on evidence.
        evidence: EvidenceBounds,
    },
    /// One service; one descriptor if its log is a file that could be opened.
    Service(ServiceEntry),
    /// Events and new pipes, oldest first; with it come as many descriptors as it has
    /// [`Item::Evidence`], in their order.
    Batch(Vec<Item>),
    /// Keep a ban; answered by [`FromClerk::Stored`].
    Ban {
        /// Number of this change.
        serial: u64,
        /// The ban.
        ban: BanRecord,
    },
    /// Forget a ban; answered by [`FromClerk::Stored`].
    Unban {
        /// Number of this change.
        serial: u64,
        /// Whose.
        network: Network,
    },
    /// Answered by [`FromClerk::Pong`] once every evidence pipe that is readable now has been read,
    /// and what it said has been told.
    Ping(u64),
    /// A stream socket comes with it, to which events are to be written as they happen.
    Subscribe {
        /// JSON lines, or sentences for people.
        json: bool,
        /// So many past lines first.
        last: u32,
        /// Then go on until the reader leaves; else close.
        follow: bool,
        /// Colours allowed in sentences.
        colour: bool,
    },
    /// Write what is pending and exit.
    Finish,
}

/// One thing of a [`ToClerk::Batch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// Something happened.
    Event(Event),
    /// A descriptor of the message is the read end of this session's standard error. Sent again,
    /// with `resumed`, to a clerk that took a dead one's place.
    Evidence {
        /// Whose it is.
        session: SessionRef,
        /// Whether an earlier clerk has read part of it.
        resumed: bool,
        /// Whether the pipe keeps writes apart (packet mode): so it is where the service is
        /// watched, or nothing it writes would count as its own sentence.
        packets: bool,
    },
}

/// From the clerk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromClerk {
    /// Sandbox entered, ledger open; bans follow.
    Ready {
        /// Landlock's ABI in force, if any.
        landlock: Option<u32>,
        /// Why the ledger could not be opened, if so.
        ledger: Option<String>,
    },
    /// Bans kept from before (at most 500 a message).
    Bans {
        /// Some of them.
        bans: Vec<BanRecord>,
        /// Whether these were the last.
        last: bool,
    },
    /// The change of that number is on disk.
    Stored(u64),
    /// The answer to a [`ToClerk::Ping`].
    Pong(u64),
    /// A session's own evidence pipe said that it has authenticated.
    Authenticated {
        /// Which.
        session: SessionId,
    },
    /// Something the owner should mend: a full disk, a log past its limit.
    Alarm(String),
    /// The alarm of that text is over.
    AlarmOver(String),
}

impl FromClerk {
    /// Whether the clerk may say it in its phase; anything else ends it.
    #[must_use]
    pub fn permitted(&self, phase: Phase) -> bool {
        match self {
            Self::Ready { .. } => phase == Phase::Starting,
            Self::Bans { .. }
            | Self::Stored(_)
            | Self::Pong(_)
            | Self::Authenticated { .. }
            | Self::Alarm(_)
            | Self::AlarmOver(_) => phase == Phase::Working,
        }
    }
}
