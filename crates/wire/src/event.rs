//! What happened: made by the monitor, written by the clerk.

use crate::{End, SessionId};
use portreeve_model::{Facility, Network, Sentence, Severity};
use serde::{Deserialize, Serialize};

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the epoch.
    pub at: u64,
    /// How it is logged, where a rule of an access list says so.
    pub level: Option<Level>,
    /// What happened.
    pub what: What,
}

/// How an event is logged, whatever its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// In place of the log's own.
    pub facility: Option<Facility>,
    /// In place of the kind's.
    pub severity: Severity,
}

/// A session as every event about it names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRef {
    /// Its number.
    pub session: SessionId,
    /// Index of its service in the configuration that admitted it.
    pub service: u32,
    /// The service's key.
    pub key: String,
    /// The other end.
    pub peer: End,
    /// This end.
    pub local: End,
    /// Process, if the service is a program.
    pub pid: Option<u32>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It exited with this status.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// The relay closed it: there was no process.
    Closed,
    /// The relay died or its end was never seen.
    Lost,
}

/// Why the door ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndCause {
    /// It has not authenticated in time.
    Grace,
    /// No data has moved for too long.
    Idle,
    /// The door closes and does not wait for it.
    Shutdown,
    /// Somebody asked for it with the command.
    Command {
        /// Who.
        uid: u32,
    },
    /// Its peer's network was banned.
    Banned,
}

impl EndCause {
    /// The cause's word in events.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Grace => "grace",
            Self::Idle => "idle",
            Self::Shutdown => "shutdown",
            Self::Command { .. } => "command",
            Self::Banned => "banned",
        }
    }
}

/// A helper program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Helper {
    /// portreeve-clerk.
    Clerk,
    /// portreeve-relay.
    Relay,
    /// portreeve-compile.
    Compile,
    /// portreeve-firewall.
    Firewall,
}

impl Helper {
    /// Its name in events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Relay => "relay",
            Self::Compile => "compile",
            Self::Firewall => "firewall",
        }
    }
}

/// A refusal, with everything its owner may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Index of the service.
    pub service: u32,
    /// The service's key.
    pub key: String,
    /// The other end (of the first, when several are counted together).
    pub peer: End,
    /// Which of the table's words: `paused`, `banned`, `hours`, `rule`, `full`; or `trap`, for
    /// touches that ban nobody and are counted together.
    pub class: String,
    /// The finer word: `instances`, `per-source`, `startups`…
    pub reason: String,
    /// xinetd's word for it, where it has one.
    pub xinetd: String,
    /// A sentence for people.
    pub text: String,
    /// `path:line:column` of what decided.
    pub origin: Option<String>,
    /// Refusals of this peer's network for this reason within the same second.
    pub count: u32,
}

/// A judge's proposal that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRefused {
    /// Who was to be shut out (of the first, when several are counted together).
    pub network: Network,
    /// The judge.
    pub judge: String,
    /// In a word: `never-ban`, `this-host`, `gateway`, `resolver`, `session`, `width`, `breaker`,
    /// `pardoned`, `over`, `unknown`, `full`.
    pub class: String,
    /// A sentence for people.
    pub why: String,
    /// Such refusals within the same second.
    pub count: u32,
}

/// A command that a rule of an access list has run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCommand {
    /// The service's key.
    pub key: String,
    /// The other end (of the first, when several are counted together).
    pub peer: End,
    /// `spawn`, `twist`, `aclexec` or `netgroup`.
    pub option: String,
    /// What was, or was not, run.
    pub command: String,
    /// What became of it, for people.
    pub outcome: String,
    /// The session, if it is one: of a `twist`.
    pub session: Option<SessionId>,
    /// Events like it within the same second.
    pub count: u32,
}

/// What became of something that an enforcer of bans was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// Its kind, and which: `command NAME`, `mail`.
    pub enforcer: String,
    /// `start`, `ban`, `unban` or `send`.
    pub act: String,
    /// Of which network (of the first, when several are counted together).
    pub network: Option<Network>,
    /// `done`, or what went wrong.
    pub outcome: String,
    /// How its output began: a program's word.
    pub output: String,
    /// Events like it within the same second.
    pub count: u32,
}

/// What happened. Names and fields are documented in `docs/events.md`; they are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The door opened.
    DoorOpened {
        /// Version of the program.
        version: String,
        /// Process of the monitor.
        pid: u32,
        /// Services in the configuration.
        services: u32,
    },
    /// The door stops accepting; sessions go on.
    DoorClosing {
        /// Sessions still open.
        sessions: u32,
    },
    /// A socket listens.
    ListenerUp {
        /// The service's key.
        key: String,
        /// Where.
        address: End,
        /// Whether IPv4 peers come in on this IPv6 socket too.
        dual: bool,
    },
    /// A socket does not listen; it is tried again.
    ListenerDown {
        /// The service's key.
        key: String,
        /// Where.
        address: End,
        /// Why, with who holds a port in use.
        reason: String,
        /// Seconds until the next try.
        retry: u32,
    },
    /// A service cannot run at present.
    ServiceDown {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
        /// `path:line:column`.
        origin: Option<String>,
    },
    /// It can again.
    ServiceUp {
        /// Its key.
        key: String,
    },
    /// A service that is kept up is where the keeper finds it.
    ServiceKept {
        /// Its name.
        key: String,
        /// Whether it was not there before; else it is another from its next start.
        new: bool,
    },
    /// A service is no longer kept up: the keeper ends it.
    ServiceReleased {
        /// Its name.
        key: String,
    },
    /// A connection was let in.
    SessionStarted(SessionRef),
    /// A session said that it has authenticated.
    Authenticated(SessionRef),
    /// A startup's grace has passed.
    GracePassed {
        /// The session.
        session: SessionRef,
        /// Whether it is being ended for it.
        ended: bool,
    },
    /// The program could not be started.
    StartFailed {
        /// The session.
        session: SessionRef,
        /// What failed, on what.
        reason: String,
    },
    /// A session ended.
    SessionEnded {
        /// The session.
        session: SessionRef,
        /// How.
        ending: Ending,
        /// Milliseconds from accept.
        duration: u64,
        /// Why the door ended it, if it did.
        cause: Option<EndCause>,
        /// Whether it had said that it has authenticated; `None` of a service that does not say.
        authenticated: Option<bool>,
    },
    /// The peer's ident server answered, or not.
    Identified {
        /// The session.
        session: SessionRef,
        /// Its answer, or why there is none.
        answer: Result<String, String>,
    },
    /// A connection was refused.
    Refused(Refused),
    /// A service stops admitting for a while after its rate was passed.
    Paused {
        /// Its key.
        key: String,
        /// Index of the service.
        service: u32,
        /// Seconds.
        seconds: u32,
    },
    /// It admits again.
    Resumed {
        /// Its key.
        key: String,
        /// Index of the service.
        service: u32,
    },
    /// Somebody touched a trap.
    TrapTouched {
        /// Index of the service.
        service: u32,
        /// The trap's key.
        key: String,
        /// Who.
        peer: End,
        /// What it costs.
        sentence: Sentence,
        /// Why there is no ban, if there is none.
        spared: Option<String>,
        /// `path:line:column` of the trap.
        origin: Option<String>,
    },
    /// A network is shut out.
    Banned {
        /// Which.
        network: Network,
        /// Until when, seconds since the epoch; `None` for ever.
        until: Option<i64>,
        /// The service at which it happened; empty for a ban by hand.
        key: String,
        /// Why.
        reason: String,
        /// The service that it is shut out of, by its name; empty: all.
        only: String,
        /// The judge that asked for it; empty for a trap's, and one by hand.
        judge: String,
        /// The user who did it by hand.
        by: Option<u32>,
    },
    /// A judge has asked for a ban that was not made.
    BanRefused(BanRefused),
    /// So many bans by judges that something must be wrong: for a while there are none.
    BreakerOpened {
        /// What was too much, in a sentence.
        why: String,
        /// For how long, in seconds.
        seconds: u32,
    },
    /// Judges ban again.
    BreakerClosed {
        /// The user who closed it by hand.
        by: Option<u32>,
    },
    /// A ban is over.
    BanEnded {
        /// Which.
        network: Network,
        /// The service that it was shut out of, by its name; empty: all.
        only: String,
        /// `expired`, `lifted` or `crowded out`.
        why: String,
        /// The user who lifted it by hand.
        by: Option<u32>,
    },
    /// Another configuration is in force.
    Reloaded {
        /// What changed, one line each.
        changes: Vec<String>,
    },
    /// A new configuration was refused; the old one is in force.
    ReloadRefused {
        /// All findings.
        text: String,
    },
    /// What access lists are read from has changed, and what it holds now is in force.
    SourceChanged {
        /// Its file; of hosts.allow and hosts.deny the first.
        path: String,
        /// Entries it has.
        entries: u64,
        /// Entries it had.
        before: u64,
        /// Milliseconds from the beginning of the reading.
        duration: u64,
    },
    /// What access lists are read from has changed and cannot be used; what it held before stays in
    /// force.
    SourceRefused {
        /// Its file; of hosts.allow and hosts.deny the first.
        path: String,
        /// Why.
        reason: String,
        /// All findings.
        text: String,
    },
    /// A connection came after a change that could not be read in time: what was before decided.
    SourceLate {
        /// The file.
        path: String,
        /// Why, as far as is known.
        reason: String,
    },
    /// A file that is watched is away.
    WatchLost {
        /// Where it lay, or is to lie.
        path: String,
    },
    /// It is there again.
    WatchFound {
        /// Where it lies.
        path: String,
    },
    /// A helper is at work.
    HelperStarted {
        /// Which.
        helper: Helper,
        /// Its process.
        pid: u32,
    },
    /// A helper died; it is started again.
    HelperDied {
        /// Which.
        helper: Helper,
        /// How.
        reason: String,
        /// Seconds until it is started again.
        retry: u32,
    },
    /// No more connections are taken until something is free.
    Exhausted {
        /// `descriptors`, `processes` or `memory`, with the kernel's words.
        what: String,
    },
    /// Connections are taken again.
    Recovered {
        /// What was short.
        what: String,
    },
    /// Something the owner should mend, while the door goes on.
    Alarm {
        /// A sentence.
        text: String,
    },
    /// Another program has changed the kernel's table of bans; it is made again.
    FirewallChanged {
        /// The table.
        table: String,
        /// The program, as the kernel names it; empty when it is not known.
        by: String,
        /// What it did.
        what: String,
    },
    /// The queue to the clerk was full.
    EventsLost {
        /// How many events.
        count: u64,
    },
    /// The door was taken over from the program before, with everything it held.
    Succeeded {
        /// Version of the program before.
        from: String,
        /// Version of this program.
        version: String,
        /// Process of the monitor.
        pid: u32,
        /// Sessions that go on.
        sessions: u32,
        /// What could not be taken over.
        lost: Vec<String>,
    },
    /// A session is being ended: told to end, and killed if it does not.
    SessionEnding {
        /// The session.
        session: SessionRef,
        /// Why.
        cause: EndCause,
    },
    /// What became of a command that a rule of an access list asks for.
    RuleCommand(RuleCommand),
    /// A service's addresses were given back to another program.
    GivenBack {
        /// The service's key.
        key: String,
    },
    /// A configuration is in force on trial: the one before comes back unless it is confirmed.
    TrialBegan {
        /// Within so many seconds.
        seconds: u32,
    },
    /// It was confirmed from a new connection.
    TrialConfirmed {
        /// How the one who confirmed it came in.
        by: String,
    },
    /// The configuration before it is in force again.
    TrialRolledBack {
        /// Why.
        reason: String,
    },
    /// What became of something that an enforcer of bans was told.
    Enforcement(Enforcement),
}
