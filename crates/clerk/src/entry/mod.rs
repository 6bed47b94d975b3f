//! The lines of the event log: one type, written as JSON, read back, and told to people.

pub(crate) mod convert;
pub(crate) mod layout;
pub(crate) mod sentence;
mod severity;
pub(crate) mod stamp;

#[cfg(test)]
mod tests;

use portreeve_model::{Facility, Severity};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A line of the log. Names and fields are those of `docs/events.md`; they are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dated {
    /// UTC, with milliseconds.
    pub(crate) at: String,
    /// Its severity, where a rule of an access list says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<String>,
    /// Its facility, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) facility: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub(crate) entry: Entry,
}

impl Dated {
    /// As grave as its kind.
    pub(crate) fn new(at: String, entry: Entry) -> Self {
        Self { at, severity: None, facility: None, entry }
    }

    /// Facility and severity, for a log that has this facility.
    pub(crate) fn priority(&self, facility: Facility) -> (Facility, Severity) {
        let severity = self.severity.as_deref().and_then(Severity::by_name);
        let own = self.facility.as_deref().and_then(Facility::by_name);
        (own.unwrap_or(facility), severity.unwrap_or_else(|| self.entry.severity()))
    }

    /// The line, with its newline.
    pub(crate) fn json(&self) -> String {
        // Maps with text keys and numbers: there is no way to fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// A session, as every entry about it names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Session {
    pub(crate) service: String,
    pub(crate) session: u64,
    pub(crate) peer: IpAddr,
    pub(crate) peer_port: u16,
    pub(crate) local: IpAddr,
    pub(crate) local_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<u32>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HowEnded {
    Exit,
    Signal,
    Closed,
    Lost,
}

/// What touching a trap costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cost {
    Ban,
    ForEver,
    Nothing,
}

/// Whose queue was full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Loser {
    Monitor,
    Clerk,
}

/// What lacks events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    File,
    Stderr,
    Syslog,
    Journal,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum Entry {
    DoorOpened {
        version: String,
        pid: u32,
        services: u32,
    },
    DoorClosing {
        sessions: u32,
    },
    ListenerUp {
        service: String,
        address: IpAddr,
        port: u16,
        #[serde(default, skip_serializing_if = "is_false")]
        dual: bool,
    },
    ListenerDown {
        service: String,
        address: IpAddr,
        port: u16,
        reason: String,
        retry: u32,
    },
    ServiceDown {
        service: String,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
    },
    ServiceUp {
        service: String,
    },
    ServiceKept {
        service: String,
        new: bool,
    },
    ServiceReleased {
        service: String,
    },
    SessionStarted {
        #[serde(flatten)]
        session: Session,
    },
    Authenticated {
        #[serde(flatten)]
        session: Session,
    },
    GracePassed {
        #[serde(flatten)]
        session: Session,
        ended: bool,
    },
    StartFailed {
        #[serde(flatten)]
        session: Session,
        reason: String,
    },
    SessionEnded {
        #[serde(flatten)]
        session: Session,
        ending: HowEnded,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        duration_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Identified {
        #[serde(flatten)]
        session: Session,
        #[serde(skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
    Evidence {
        #[serde(flatten)]
        session: Session,
        text: String,
        #[serde(default, skip_serializing_if = "is_false")]
        cut: bool,
        #[serde(default, skip_serializing_if = "is_false")]
        resumed: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender_pid: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender_uid: Option<u32>,
    },
    EvidenceDropped {
        #[serde(flatten)]
        session: Session,
        lines: u64,
    },
    Refused {
        service: String,
        peer: IpAddr,
        peer_port: u16,
        class: String,
        reason: String,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
        count: u32,
    },
    SuspiciousLogin {
        peer: IpAddr,
        service: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        source: String,
        judge: String,
    },
    Offence {
        kind: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
        #[serde(skip_serializing_if = "Option::is_none")]
        peer_port: Option<u16>,
        service: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        source: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        watch: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detector: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<u64>,
        certain: bool,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        count: u32,
        why: String,
        /// Where the line ends that told of it: a file with its number and an offset in it, or the
        /// cursor of an entry of the journal.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        inode: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    Paused {
        service: String,
        seconds: u32,
    },
    Resumed {
        service: String,
    },
    TrapTouched {
        service: String,
        peer: IpAddr,
        peer_port: u16,
        cost: Cost,
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        spared: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
    },
    Banned {
        network: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        only: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        judge: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        by_uid: Option<u32>,
    },
    BanRefused {
        network: String,
        judge: String,
        class: String,
        why: String,
        count: u32,
    },
    BreakerOpened {
        why: String,
        seconds: u32,
    },
    BreakerClosed {
        #[serde(skip_serializing_if = "Option::is_none")]
        by_uid: Option<u32>,
    },
    BanEnded {
        network: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        only: Option<String>,
        why: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        by_uid: Option<u32>,
    },
    Reloaded {
        changes: Vec<String>,
    },
    ReloadRefused {
        findings: String,
    },
    HelperStarted {
        helper: String,
        pid: u32,
    },
    HelperDied {
        helper: String,
        reason: String,
        retry: u32,
    },
    Exhausted {
        what: String,
    },
    Recovered {
        what: String,
    },
    FirewallChanged {
        table: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        by: String,
        change: String,
    },
    Alarm {
        text: String,
    },
    EventsLost {
        by: Loser,
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        count: u64,
    },
    EventsSkipped {
        count: u64,
    },
    PastNotKept,
    DoorSucceeded {
        from: String,
        version: String,
        pid: u32,
        sessions: u32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<String>,
    },
    SessionEnding {
        #[serde(flatten)]
        session: Session,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        by_uid: Option<u32>,
    },
    GivenBack {
        service: String,
    },
    RuleCommand {
        service: String,
        peer: IpAddr,
        peer_port: u16,
        option: String,
        command: String,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<u64>,
        count: u32,
    },
    Enforcement {
        enforcer: String,
        act: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network: Option<String>,
        outcome: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        count: u32,
    },
    SourceChanged {
        path: String,
        entries: u64,
        before: u64,
        duration_ms: u64,
    },
    SourceRefused {
        path: String,
        reason: String,
        findings: String,
    },
    SourceLate {
        path: String,
        reason: String,
    },
    WatchLost {
        path: String,
    },
    WatchFound {
        path: String,
    },
    TrialBegan {
        seconds: u32,
    },
    TrialConfirmed {
        by: String,
    },
    TrialRolledBack {
        reason: String,
    },
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
