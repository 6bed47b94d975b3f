//! Where the event log goes.

use crate::Facility;
use serde::{Deserialize, Serialize};

/// Where events are written: at least to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTargets {
    /// Files of JSON lines.
    pub file: Option<LogRotation>,
    /// The daemon's standard error.
    pub stderr: Option<StderrFormat>,
    /// The system log at `/dev/log`.
    pub syslog: Option<Facility>,
    /// systemd's journal, by its own protocol.
    pub journal: Option<Facility>,
}

/// Rotation of the event log's files by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRotation {
    /// Bytes of one file.
    pub size: u64,
    /// Old files kept.
    pub keep: u32,
}

/// How events are shown on standard error, one line each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StderrFormat {
    /// Sentences.
    #[default]
    Sentences,
    /// JSON, as in the files.
    Json,
}

impl EventTargets {
    /// The facility of what syslog and the journal are sent, where nothing is said.
    pub const FACILITY: Facility = Facility(3);
}

impl Default for LogRotation {
    fn default() -> Self {
        Self { size: 16 << 20, keep: 8 }
    }
}

impl Default for EventTargets {
    fn default() -> Self {
        Self { file: Some(LogRotation::default()), stderr: None, syslog: None, journal: None }
    }
}
