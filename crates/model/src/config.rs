//! The whole checked configuration.

use crate::{BanPolicy, Delayed, EventTargets, Judge, Kept, OnStop, Rule, Service, Source, Watch};
use serde::{Deserialize, Serialize};

/// Settings of the door as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Live sessions of all services together; 1 to 1,000,000.
    pub max_sessions: u32,
    /// Refused connections that are kept open.
    pub delayed: Delayed,
    /// Networks that are never banned.
    pub never_ban: Vec<Rule>,
    /// What else is settled about bans.
    pub ban: BanPolicy,
    /// User of the clerk, when the monitor is root.
    pub clerk_user: String,
    /// User of the relay, when the monitor is root.
    pub relay_user: String,
    /// Members of this group may use the control socket.
    pub control_group: String,
    /// Where events are written.
    pub log: EventTargets,
    /// Bounds on what services write on their evidence pipes.
    pub evidence: EvidenceBounds,
    /// What stopping means; `None`: under a service manager the sessions are left for the next
    /// door, else this one waits for them.
    pub on_stop: Option<OnStop>,
}

/// Bounds on evidence, for each session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceBounds {
    /// Bytes of a line; the rest is cut, and the cut is marked.
    pub line: u32,
    /// Lines a second; more are counted, not written.
    pub lines_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_sessions: 10_000,
            delayed: Delayed::default(),
            never_ban: Vec::new(),
            ban: BanPolicy::default(),
            clerk_user: "portreeve-clerk".into(),
            relay_user: "portreeve-relay".into(),
            control_group: "portreeve-admin".into(),
            log: EventTargets::default(),
            evidence: EvidenceBounds { line: 1024, lines_per_second: 100 },
            on_stop: None,
        }
    }
}

/// What `check` passed and the monitor runs. Two are equal when they mean the same, whatever files
/// they were read from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// The files it was read from; [`Origin`](crate::Origin) points here.
    pub files: Vec<String>,
    /// Settings of the door.
    pub settings: Settings,
    /// The services, in the order they were written.
    pub services: Vec<Service>,
    /// The services that are kept up, in the order they were written.
    pub kept: Vec<Kept>,
    /// Folders of service directories as svscan knows them, absolute, whose services are kept up too.
    pub service_directories: Vec<String>,
    /// What is watched, in the order it was written.
    pub watches: Vec<Watch>,
    /// Who judges what is seen, in the order it was written.
    pub judges: Vec<Judge>,
    /// What their access lists are read from, apart from the configuration.
    pub sources: Vec<Source>,
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
            && self.services == other.services
            && self.kept == other.kept
            && self.service_directories == other.service_directories
            && self.watches == other.watches
            && self.judges == other.judges
            && self.sources == other.sources
    }
}
