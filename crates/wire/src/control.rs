//! The command and the monitor, over the control socket.

use crate::asked::Question;
use crate::clerk::{BanKey, BanRecord, BookedCounts, SourceReport};
use crate::event::{Helper, SessionRef};
use crate::import::{Imported, ImportedBan};
use crate::{End, SessionId};
use portreeve_model::{Network, OnStop, Parting, Supposed};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Bytes of a request, at most.
pub const MAX_REQUEST: usize = 64 * 1024;

/// Bytes of an answer, at most.
pub const MAX_ANSWER: usize = 16 << 20;

/// Sessions or bans of one answer, and sessions or networks of one request, at most.
pub const PAGE: usize = 2000;

/// Bytes of the reason of a ban made by hand, at most.
pub const MAX_REASON: usize = 512;

/// From the command; one a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// How things are.
    Status,
    /// What would be decided, with the live counters and bans.
    Explain {
        /// Key or name of a service (all that share it are answered).
        service: String,
        /// Who.
        peer: IpAddr,
        /// From which port; 0 if it does not matter.
        port: u16,
        /// When, seconds since the epoch; `None` for now.
        at: Option<i64>,
        /// What is supposed of look-ups.
        supposed: Supposed,
    },
    /// Read the configuration again; answered when the new one is in force or refused.
    Reload,
    /// Stop accepting; what becomes of the sessions is the configuration's choice, or this.
    Stop(Option<OnStop>),
    /// Become the program that lies at the daemon's path now; answered by that one, or with why not.
    Upgrade,
    /// From another monitor, of the same user: hand everything over to it, and end. Answered by
    /// [`Answer::HandedOver`] with a channel beside it.
    Succeed {
        /// Even while the door is open.
        forced: bool,
    },
    /// Events: after [`Answer::Events`] the stream carries text lines.
    Events {
        /// JSON lines, or sentences.
        json: bool,
        /// So many past ones first.
        last: u32,
        /// Go on as they happen.
        follow: bool,
        /// Colours allowed.
        colour: bool,
    },
    /// What the ledger and the judges know: after [`Answer::Events`] the stream carries
    /// [`crate::asked::Line`]s, JSON texts, one a line.
    Ask(Question),
    /// Why a network may not be shut out by hand, if so: [`Answer::Protected`].
    Protected(Network),
    /// Live sessions in the order of their numbers, at most [`PAGE`] of them.
    Sessions {
        /// Those with greater numbers than this.
        after: Option<SessionId>,
        /// Of the services of this key or name.
        service: Option<String>,
        /// From this network.
        peer: Option<Network>,
    },
    /// End sessions, at most [`PAGE`] of them: they are told to, and killed if they do not.
    End {
        /// Which.
        sessions: Vec<SessionId>,
        /// Leave those alone that are no startups any more.
        startups: bool,
    },
    /// Bans in no order, at most [`PAGE`] of them. A ban that is made meanwhile may be missed, one
    /// that is changed meanwhile may come twice.
    Bans {
        /// Where to go on: 0, or [`Answer::Bans`]'s `next`.
        from: u32,
        /// Those that share an address with this network.
        network: Option<Network>,
    },
    /// Shut a network out, as the asker wants it.
    Ban {
        /// Which.
        network: Network,
        /// For how long; `None` for ever.
        seconds: Option<u64>,
        /// Why, at most [`MAX_REASON`] bytes.
        reason: String,
        /// Out of the service of this name alone; empty: out of all.
        only: String,
    },
    /// Lift the bans of exactly these networks, at most [`PAGE`] of them.
    Unban {
        /// Which.
        networks: Vec<Network>,
        /// Those out of the service of this name alone; `None`: all that these networks have.
        only: Option<String>,
    },
    /// Judges ban again, though the breaker is open.
    CloseBreaker,
    /// Try now to listen wherever the services of that key or name should, also where the address
    /// was given back.
    Claim {
        /// Key or name of a service.
        service: String,
    },
    /// Stop listening for the services of that key or name, until the next [`Self::Claim`] or
    /// reload: another program has the port back. Their sessions go on.
    GiveBack {
        /// Key or name of a service.
        service: String,
    },
    /// The sessions among these processes.
    SessionsOf {
        /// Their numbers; of more than [`MOST_ANCESTORS`], only so many are looked at.
        pids: Vec<u32>,
    },
    /// As [`Self::Reload`], but the old configuration comes back unless the new one is confirmed.
    ReloadOnTrial {
        /// Within so many seconds, [`SHORTEST_TRIAL`] to [`LONGEST_TRIAL`].
        seconds: u32,
    },
    /// Keep the configuration that is on trial.
    Confirm {
        /// The asker's process, its parent, and so on.
        ancestors: Vec<u32>,
        /// For an asker who did not come in through the door: for how many milliseconds it has been
        /// logged in. Its own word; whoever may ask at all may also reload.
        login: Option<u64>,
    },
    /// Shut these networks out, as another program had done.
    Import {
        /// Which program, and what of its was read; at most [`crate::import::MAX_TEXT`] bytes.
        from: String,
        /// Its bans, at most [`crate::import::MOST_IMPORTED`].
        bans: Vec<ImportedBan>,
        /// Only say what would become of them.
        dry_run: bool,
    },
}

/// Ancestors of a process that are looked at, at most.
pub const MOST_ANCESTORS: usize = 64;

/// The shortest trial, in seconds: time to log in.
pub const SHORTEST_TRIAL: u32 = 10;

/// The longest trial, in seconds.
pub const LONGEST_TRIAL: u32 = 3_600;

/// From the monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// How things are.
    Status(Box<Status>),
    /// One for each service of that name.
    Explained(Vec<Explanation>),
    /// The new configuration is in force.
    Reloaded {
        /// What changed, one line each; empty when nothing did.
        changes: Vec<String>,
        /// Warnings and notes, rendered.
        findings: String,
    },
    /// The new configuration was refused; the old one is in force.
    ReloadRefused {
        /// All findings, rendered.
        findings: String,
    },
    /// Accepting has stopped.
    Stopping {
        /// Sessions that are open.
        sessions: u32,
        /// What becomes of them.
        parting: Parting,
    },
    /// Another program has taken the door over.
    Upgraded {
        /// The version before.
        from: String,
        /// The version now.
        version: String,
        /// Sessions that go on.
        sessions: u32,
        /// What could not be taken over; empty when everything was.
        lost: Vec<String>,
    },
    /// Everything comes over the channel that comes with this answer.
    HandedOver,
    /// Lines follow.
    Events,
    /// Why a network may not be shut out; `None`: it may be.
    Protected(Option<String>),
    /// The asker may not ask this.
    NotPermitted(String),
    /// It cannot be answered: no such service, clerk away…
    Failed(String),
    /// Live sessions.
    Sessions {
        /// In the order of their numbers.
        sessions: Vec<SessionStatus>,
        /// Whether there are more after these.
        more: bool,
    },
    /// What became of sessions that were to end.
    Ended {
        /// Those that are ending, some of them maybe before.
        ending: Vec<SessionId>,
        /// Those that are no startups any more, where only startups were to end.
        spared: Vec<SessionId>,
        /// Those that are over.
        over: Vec<SessionId>,
    },
    /// Bans.
    Bans {
        /// In no order.
        bans: Vec<BanRecord>,
        /// Where to go on, if there may be more.
        next: Option<u32>,
    },
    /// A network is shut out.
    Banned {
        /// The ban in force: an older one, where that lasts longer.
        ban: BanRecord,
        /// Whether it is the one that was asked for.
        new: bool,
        /// Live sessions from there: they go on.
        sessions: u32,
    },
    /// A network may not be shut out: why not.
    NotBanned(String),
    /// Bans were lifted.
    Unbanned {
        /// Which: networks of which none is here had none.
        lifted: Vec<BanKey>,
        /// How many of those asked for were not looked at, from the end of the list: the ledger
        /// must keep up first.
        left: u32,
    },
    /// The breaker is closed; it was open for this reason, if it was.
    BreakerClosed(Option<String>),
    /// Where the services asked about listen, by key.
    Listening(Vec<(String, ListenerStatus)>),
    /// The sessions among the processes asked about.
    SessionsOf(Vec<ProcessSession>),
    /// The configuration on trial stays.
    Confirmed,
    /// The asker's connection proves nothing, or nothing is on trial: why.
    NotConfirmed(String),
    /// What became of another program's bans, in their order. Those behind the last that is told of
    /// were not looked at: the ledger must keep up first.
    Imported(Vec<Imported>),
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionStage {
    /// It has not said that it has authenticated, and its service could.
    Startup,
    /// It counts as a startup until it is old enough, since its service cannot say.
    ByAge,
    /// Its service has said so.
    Authenticated,
    /// It counts as a startup no more, and its service cannot say.
    Open,
    /// It has been told to end.
    Ending,
}

impl SessionStage {
    /// Its word, in text and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::ByAge => "startup-by-age",
            Self::Authenticated => "authenticated",
            Self::Open => "open",
            Self::Ending => "ending",
        }
    }
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Its number, service, ends and process.
    pub session: SessionRef,
    /// The peer's user, if its ident server named one: a stranger's word.
    pub user: Option<String>,
    /// Milliseconds since it was accepted.
    pub age: u64,
    /// How far it is.
    pub stage: SessionStage,
    /// Seconds until its grace ends, while that runs.
    pub grace: Option<u32>,
}

/// A session by its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSession {
    /// The process.
    pub pid: u32,
    /// Key of its service.
    pub service: String,
    /// When it began: milliseconds of the monotonic clock.
    pub since: u64,
}

/// A configuration on trial, or the last one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialStatus {
    /// Counts trials since the door opened.
    pub number: u32,
    /// When it began: milliseconds of the monotonic clock.
    pub began: u64,
    /// Seconds left to confirm it; 0 when it is over.
    pub left: u32,
    /// Whether it was kept, once it is over.
    pub kept: Option<bool>,
}

/// A watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchStatus {
    /// Its name.
    pub name: String,
    /// Which service its lines are about.
    pub service: String,
    /// Its files: those that are read, those that were renamed and are not read to their end, those
    /// that may not be read, and paths without a file.
    pub files: Vec<WatchedFile>,
    /// Its journal, if it has one.
    pub journal: Option<JournalStatus>,
}

/// A file of a watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedFile {
    /// Where it lies, or lay.
    pub path: String,
    /// How it is.
    pub state: WatchedState,
    /// How far it has been read; `None` when the clerk has not said so.
    pub report: Option<SourceReport>,
}

/// How a watched file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchedState {
    /// It lies at its path.
    There,
    /// It lay there, and is read to its end.
    Renamed,
    /// There is none.
    Absent,
    /// It is not read, for this reason.
    Refused(String),
}

/// The journal of a watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// How it is.
    pub state: JournalState,
    /// What was read of it.
    pub report: Option<SourceReport>,
}

/// How a watch's journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JournalState {
    /// It is read.
    Read,
    /// It is about to be.
    #[default]
    Waiting,
    /// It is not, for this reason; it is tried again.
    Refused(String),
}

/// What access lists are read from apart from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListStatus {
    /// The files that the configuration names.
    pub paths: Vec<String>,
    /// Entries in force; `None` when there is nothing that can be used.
    pub entries: Option<u64>,
    /// Seconds since what is in force was read.
    pub age: u64,
    /// Whether it has changed since and is about to be read.
    pub changed: bool,
    /// Why what it holds now cannot be used, if it cannot.
    pub refused: Option<String>,
}

/// One step of a decision, in the order of admission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Row of the table of admission, 1 to 5.
    pub row: u8,
    /// What was asked.
    pub question: String,
    /// What the answer was.
    pub answer: String,
    /// `path:line:column` of what it was compared with.
    pub origin: Option<String>,
    /// The answer in a word: `pass`, `refuse`, `ask` or `spring`.
    pub word: String,
    /// Whether this step decided.
    pub decided: bool,
    /// Whether it was decided before: the answer is what this question would have said.
    pub after: bool,
}

/// What would be decided for one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Key of the service.
    pub service: String,
    /// `granted`, `refused`, `trapped`, or `unknown` (names would have to be asked).
    pub verdict: String,
    /// The finer word of a refusal.
    pub reason: Option<String>,
    /// A sentence.
    pub text: String,
    /// What becomes of the session, or of the refused connection, where there is more to say.
    pub then: Option<String>,
    /// `path:line:column` of what decides.
    pub origin: Option<String>,
    /// Every step.
    pub steps: Vec<Step>,
}

/// A listening address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerStatus {
    /// Where.
    pub address: End,
    /// Whether IPv4 peers come in on an IPv6 socket too.
    pub dual: bool,
    /// `None` while it listens; else why not.
    pub down: Option<String>,
    /// Seconds until the next try, while it does not listen and is tried again.
    pub retry: Option<u32>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Key.
    pub key: String,
    /// Name.
    pub name: String,
    /// `program`, `internal` or `trap`, with what it is.
    pub offer: String,
    /// Where it was written.
    pub origin: String,
    /// Why it is down; empty while it runs.
    pub problems: Vec<String>,
    /// Where it listens.
    pub listeners: Vec<ListenerStatus>,
    /// What ends its sessions: grace, idle limit, keep-alives.
    pub endings: Option<String>,
    /// What becomes of those it refuses, where they are not simply closed.
    pub refusals: Option<String>,
    /// Live sessions.
    pub sessions: u32,
    /// Live sessions at most, if limited.
    pub instances: Option<u32>,
    /// Startups among them.
    pub startups: u32,
    /// Whether startups end by age, since the service cannot say that it has authenticated.
    pub startups_by_age: bool,
    /// Seconds for which it still admits nobody.
    pub paused: Option<u32>,
    /// Admitted since the door opened.
    pub admitted: u64,
    /// Refused since the door opened: word and count.
    pub refused: Vec<(String, u64)>,
    /// Admitted and refused in the last minute.
    pub last_minute: (u32, u32),
}

/// A helper program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelperStatus {
    /// Which.
    pub helper: Helper,
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// How often it had to be started again.
    pub restarts: u32,
    /// What is wrong with it, if anything (`no Landlock`, `starting again in 4 s`).
    pub trouble: Option<String>,
}

/// How judges' proposals fare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgingStatus {
    /// Bans made of them since the door's process began.
    pub banned: u64,
    /// Proposals that were refused since then: word and count.
    pub refused: Vec<(String, u64)>,
    /// Networks that somebody has authenticated from of late.
    pub known_good: u32,
    /// Why no proposal is taken, and for how many seconds more, while the breaker is open.
    pub breaker: Option<(String, u32)>,
}

/// What carries bans out of the door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnforcerStatus {
    /// Its kind, and which: `command NAME`, `hosts-deny PATH`.
    pub name: String,
    /// Bans that it holds, where it holds any.
    pub entries: Option<u32>,
    /// Things that it is to be told.
    pub waiting: u64,
    /// How often it was told, or run.
    pub runs: u64,
    /// How often that failed.
    pub failures: u64,
    /// Things that it was never told, for want of room.
    pub lost: u64,
    /// What is wrong with it now.
    pub trouble: Option<String>,
}

/// Bans in the kernel's packet filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallStatus {
    /// The table, of the family `inet`.
    pub table: String,
    /// Whether it holds all that is in force for every service.
    pub synchronised: bool,
    /// Messages of changes that it has not carried out.
    pub waiting: u64,
    /// Addresses and networks in its sets, where the kernel tells; some seconds old.
    pub elements: Option<u64>,
    /// Packets that it dropped; some seconds old.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How often others changed the table.
    pub changed: u32,
    /// What the kernel refuses.
    pub trouble: Option<String>,
}

/// How things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the monitor.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Milliseconds since it opened the door.
    pub uptime: u64,
    /// Whether it has stopped accepting.
    pub stopping: bool,
    /// The configuration's first file.
    pub configuration: String,
    /// Live sessions of all services.
    pub sessions: u32,
    /// At most.
    pub max_sessions: u32,
    /// Refused connections that are kept open for a while.
    pub delayed: u32,
    /// At most.
    pub max_delayed: u32,
    /// Those that were closed at once, for want of a place.
    pub delayed_crowded: u64,
    /// Bans in force.
    pub bans: u32,
    /// Bans crowded out by the table's bound.
    pub bans_evicted: u64,
    /// Events lost since the door opened.
    pub events_lost: u64,
    /// Resources that are short: accepting pauses.
    pub exhausted: Option<String>,
    /// Things to mend.
    pub alarms: Vec<String>,
    /// What an ordinary user's door cannot do, when not root.
    pub cannot: Vec<String>,
    /// The helpers.
    pub helpers: Vec<HelperStatus>,
    /// The services, in the order of the configuration.
    pub services: Vec<ServiceStatus>,
    /// The configuration on trial, or how the last trial went.
    pub trial: Option<TrialStatus>,
    /// The newest bans in force, a few of them, newest first.
    pub newest_bans: Vec<BanRecord>,
    /// What access lists are read from, in the order of the configuration.
    pub lists: Vec<ListStatus>,
    /// What is watched.
    pub watches: Vec<WatchStatus>,
    /// What was made of what was found, since the door's process began.
    pub offences: BookedCounts,
    /// What was made of what judges asked for.
    pub judging: JudgingStatus,
    /// What carries bans out of the door, in the order of the configuration.
    pub enforcers: Vec<EnforcerStatus>,
    /// The kernel's part in bans, where it has one.
    pub firewall: Option<FirewallStatus>,
}
