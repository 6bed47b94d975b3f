//! What a service's own log records, in xinetd's words.

use serde::{Deserialize, Serialize};

/// Where a service's records go besides the event log, which always has everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogTarget {
    /// Only the event log.
    #[default]
    None,
    /// A file, in xinetd's line format.
    File {
        /// Absolute path.
        path: String,
        /// Size in bytes at which the owner is told.
        soft: Option<u64>,
        /// Size in bytes from which no more is written to this file.
        hard: Option<u64>,
    },
    /// The system log.
    Syslog {
        /// Facility.
        facility: Facility,
        /// Severity.
        severity: Severity,
    },
}

/// RFC 5424 facility number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facility(pub u8);

/// RFC 5424 severity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severity(pub u8);

impl Facility {
    /// The names syslog.conf(5) and xinetd use, with their numbers.
    pub const NAMES: [(&'static str, u8); 18] = [
        ("kern", 0),
        ("user", 1),
        ("mail", 2),
        ("daemon", 3),
        ("auth", 4),
        ("lpr", 6),
        ("news", 7),
        ("uucp", 8),
        ("authpriv", 10),
        ("ftp", 11),
        ("local0", 16),
        ("local1", 17),
        ("local2", 18),
        ("local3", 19),
        ("local4", 20),
        ("local5", 21),
        ("local6", 22),
        ("local7", 23),
    ];

    /// Looks a name up, any case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, number)| Self(*number))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, n)| *n == self.0).map_or("user", |(name, _)| name)
    }
}

impl Severity {
    /// The names in order of their numbers.
    pub const NAMES: [&'static str; 8] =
        ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    /// Looks a name up, any case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|n| n.eq_ignore_ascii_case(name))?;
        u8::try_from(at).ok().map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.get(usize::from(self.0)).copied().unwrap_or("info")
    }
}

/// xinetd's `log_on_success` (TRAFFIC belongs to redirected services).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuccessFields {
    /// `HOST`: the peer's address.
    pub host: bool,
    /// `DURATION` of the session, in seconds.
    pub duration: bool,
    /// `EXIT`: status or signal.
    pub exit: bool,
    /// `PID` of the server.
    pub pid: bool,
    /// `USERID`: the peer's ident answer.
    pub userid: bool,
}

/// xinetd's `log_on_failure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureFields {
    /// `HOST`: the peer's address.
    pub host: bool,
    /// `ATTEMPT`: that there was one.
    pub attempt: bool,
    /// `USERID`: the peer's ident answer.
    pub userid: bool,
}

/// Which records a service writes to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// For served connections; none set: no START and no EXIT line.
    pub success: SuccessFields,
    /// For refused ones; none set: no FAIL line.
    pub failure: FailureFields,
}

/// Whether the peer's ident server (RFC 1413) is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ident {
    /// No.
    #[default]
    No,
    /// For the record alone; the session does not wait.
    Record,
    /// The connection is refused unless it answers (xinetd's `IDONLY`).
    Require,
}

/// A service's own log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLog {
    /// Where to.
    pub target: LogTarget,
    /// What.
    pub records: Records,
    /// Whether ident is asked.
    pub ident: Ident,
}
