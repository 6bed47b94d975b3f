//! What admission answers, with the reason and its place.

use crate::{Effects, Errand, Reservation};
use portreeve_model::{Dialect, Load, Network, Origin, Rate, Sentence, Startups};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The answer for one connection. [`admit`](crate::admit) grants a [`Reservation`], whose counters
/// are already taken; [`consider`](crate::consider) grants nothing but the word.
#[must_use]
#[derive(Debug, PartialEq)]
pub enum Verdict<Granted = Reservation> {
    /// Served; and this is to be done about it.
    Grant(Granted, Effects),
    /// Cannot be decided before this is known; ask, then admit again.
    Need(Need),
    /// Cannot be decided before a process has answered this; run one, then admit again.
    Run(Errand),
    /// Refused.
    Refuse(Refusal),
    /// It touched a trap: nobody is served, and nothing is counted.
    Sprung(Sprung),
}

/// What has to be asked before a connection can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// The peer's confirmed host names.
    Names,
    /// The confirmed host names of the address the peer connected to.
    ServerNames,
    /// What the service's DNS lists say of the peer.
    DnsLists,
    /// What the peer's ident server says.
    Ident,
    /// The same, within so many seconds.
    User(u32),
}

/// A touched trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sprung {
    /// What it costs.
    pub sentence: Sentence,
    /// Where the trap was written.
    pub origin: Origin,
}

/// A refusal. The detail holds enough to print a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Where the rule or limit that decided was written; `None` for bans and global limits.
    pub origin: Option<Origin>,
    /// The figures.
    pub detail: Detail,
    /// What the list that refused wants done about it.
    pub effects: Effects,
}

impl Refusal {
    /// One without a rule, a figure or a deed.
    #[must_use]
    pub fn plain(reason: Reason) -> Self {
        Self { reason, origin: None, detail: Detail::Nothing, effects: Effects::default() }
    }
}

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// The service is switched off at the moment.
    Disabled,
    /// The door as a whole has its maximum of sessions.
    Overloaded,
    /// The service pauses because its rate was exceeded.
    Paused,
    /// The load average is too high, or cannot be read.
    Load,
    /// The peer's network is shut out.
    Banned,
    /// The service is closed at this hour.
    Hours,
    /// An access list does not let the peer in.
    Rule,
    /// A rule denies by name, and the peer's names could not be looked up.
    NamesFailed,
    /// What an access list is read from cannot be used.
    Unreadable,
    /// hosts.allow and hosts.deny do not let the peer in.
    HostsAccess,
    /// A DNS list has the peer.
    Listed,
    /// Whether a DNS list has the peer could not be found out, and the service refuses then.
    ListFailed,
    /// The peer's ident server has to answer, and did not.
    Ident,
    /// This connection exceeded the rate and started a pause.
    Rate,
    /// The service has its maximum of sessions.
    Instances,
    /// The peer's network has its maximum of sessions.
    PerSource,
    /// Random early drop over startups.
    Startups,
    /// The peer's network has its maximum of startups.
    PerSourceStartups,
    /// The monitor is out of descriptors or memory.
    Descriptors,
    /// The monitor cannot start a process.
    Processes,
}

impl Reason {
    /// All of them, in order.
    pub const ALL: [Self; 20] = [
        Self::Disabled,
        Self::Overloaded,
        Self::Paused,
        Self::Load,
        Self::Banned,
        Self::Hours,
        Self::Rule,
        Self::NamesFailed,
        Self::Unreadable,
        Self::HostsAccess,
        Self::Listed,
        Self::ListFailed,
        Self::Ident,
        Self::Rate,
        Self::Instances,
        Self::PerSource,
        Self::Startups,
        Self::PerSourceStartups,
        Self::Descriptors,
        Self::Processes,
    ];

    /// The class of refusal: one word for each question of the order of admission.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Disabled | Self::Overloaded | Self::Paused | Self::Load => "paused",
            Self::Banned => "banned",
            Self::Hours => "hours",
            Self::Rule
            | Self::NamesFailed
            | Self::Unreadable
            | Self::HostsAccess
            | Self::Listed
            | Self::ListFailed
            | Self::Ident => "rule",
            Self::Rate
            | Self::Instances
            | Self::PerSource
            | Self::Startups
            | Self::PerSourceStartups
            | Self::Descriptors
            | Self::Processes => "full",
        }
    }

    /// A stable word of its own for each reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Overloaded => "max-sessions",
            Self::Paused => "paused",
            Self::Load => "load",
            Self::Banned => "banned",
            Self::Hours => "hours",
            Self::Rule => "rule",
            Self::NamesFailed => "names-failed",
            Self::Unreadable => "unreadable",
            Self::HostsAccess => "hosts-access",
            Self::Listed => "listed",
            Self::ListFailed => "list-failed",
            Self::Ident => "ident",
            Self::Rate => "rate",
            Self::Instances => "instances",
            Self::PerSource => "per-source",
            Self::Startups => "startups",
            Self::PerSourceStartups => "per-source-startups",
            Self::Descriptors => "descriptors",
            Self::Processes => "processes",
        }
    }

    /// The word of xinetd's FAIL line that comes nearest.
    #[must_use]
    pub fn xinetd_word(self) -> &'static str {
        match self {
            Self::Banned
            | Self::Rule
            | Self::NamesFailed
            | Self::Unreadable
            | Self::Listed
            | Self::ListFailed
            | Self::Ident => "address",
            Self::HostsAccess => "libwrap",
            Self::Hours => "time",
            Self::Load => "load",
            Self::Paused | Self::Rate => "connections per second",
            Self::Disabled | Self::Instances | Self::Startups => "service_limit",
            Self::PerSource | Self::PerSourceStartups => "per_source_limit",
            Self::Overloaded | Self::Descriptors => "process_limit",
            Self::Processes => "fork",
        }
    }

    /// The reason a word of [`Reason::word`] names.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// What DNS lists had to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Listing {
    /// Nobody asks them of an address of this host, a private network or the link.
    Private,
    /// None has the peer.
    Nowhere {
        /// So many were asked.
        asked: u32,
        /// The first that did not say, and why.
        unknown: Option<(Box<str>, Box<str>)>,
    },
    /// One has it.
    On {
        /// Which.
        zone: Box<str>,
        /// In its own words; empty where it has none.
        text: Box<str>,
    },
    /// One that refuses has it, and one of those that make exceptions too.
    Excepted {
        /// The one that refuses.
        zone: Box<str>,
        /// The exception.
        by: Box<str>,
    },
    /// One does not say.
    Unknown {
        /// Which.
        zone: Box<str>,
        /// Why.
        why: Box<str>,
    },
}

/// The figures behind a step or a refusal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Detail {
    /// Nothing is set here, or there is nothing to add.
    #[default]
    Nothing,
    /// So many, of so many.
    Count {
        /// Before this connection.
        now: u32,
        /// At most.
        limit: u32,
    },
    /// So many of one network.
    Source {
        /// The peer's network at the width of the limit.
        source: Network,
        /// Before this connection.
        now: u32,
        /// At most.
        limit: u32,
    },
    /// A pause that is under way.
    Pause {
        /// Until it ends.
        left: Duration,
    },
    /// A window of a rate.
    Rate {
        /// Connections in the window before this one.
        count: u32,
        /// The rate.
        rate: Rate,
    },
    /// A load average.
    Load {
        /// Now; `None` when it cannot be read.
        now: Option<Load>,
        /// The limit.
        limit: Load,
    },
    /// A ban.
    Ban {
        /// Who is shut out.
        network: Network,
        /// In seconds since the epoch; `None` for ever.
        until: Option<i64>,
        /// The service that it is out of; empty: all.
        only: Box<str>,
        /// What led to it.
        cause: Box<str>,
    },
    /// A ban that does not apply, since a never-ban rule covers the peer.
    Spared {
        /// The ban's network.
        network: Network,
        /// The never-ban rule as it was written.
        rule: Box<str>,
    },
    /// Hours.
    Hours {
        /// Minute of the day in the zone.
        minute: u16,
        /// The zone.
        zone: Box<str>,
        /// First minute inside and first outside of the range that is open, if one is.
        open: Option<(u16, u16)>,
    },
    /// A rule that lets the peer in.
    Allowed {
        /// As it was written.
        rule: Box<str>,
    },
    /// A rule that does not let the peer in.
    Denied {
        /// As it was written.
        rule: Box<str>,
    },
    /// No rule that would let the peer in matches.
    NoEntry {
        /// The language of the list.
        dialect: Dialect,
        /// Whether it holds names that could not be compared, the look-up having failed.
        names_failed: bool,
    },
    /// A rule compares with a name, and names are not known.
    Unnamed {
        /// As it was written.
        rule: Box<str>,
    },
    /// A rule of tcprules decides.
    Ruled {
        /// Its key; the empty one is everybody's.
        key: Box<str>,
        /// The names of the variables it sets.
        sets: Box<[Box<str>]>,
    },
    /// No rule of tcprules is about the peer: it is let in.
    Unruled,
    /// Rules of tcprules hang on what is not known.
    RulesUnclear {
        /// What it is.
        need: Need,
    },
    /// What an access list is read from cannot be used.
    Unreadable {
        /// The file.
        path: Box<str>,
        /// Why.
        why: Box<str>,
    },
    /// What hosts.allow and hosts.deny say.
    Hosts {
        /// The words of the rule that matched; empty when none did.
        rule: Box<str>,
        /// What they come to.
        outcome: Box<str>,
    },
    /// A process has to answer first.
    Errand {
        /// What it is asked.
        errand: Errand,
    },
    /// DNS lists.
    DnsLists(Listing),
    /// An early drop.
    Drop {
        /// Startups before this one.
        now: u32,
        /// The limit.
        limit: Startups,
        /// Per cent refused at this count.
        chance: u32,
    },
    /// What a trap costs.
    Trap {
        /// The sentence.
        sentence: Sentence,
        /// The never-ban rule that covers the peer, as it was written.
        spared: Option<(Box<str>, Option<Origin>)>,
    },
}
