//! Monitor and clerk.

use crate::asked::Question;
use crate::event::{Event, SessionRef};
use crate::watched::FileId;
use crate::{Phase, SessionId};
use portreeve_model::{EventTargets, EvidenceBounds, Network, ServiceLog, Watcher};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

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
    /// The service that they are shut out of, by its name; empty: all.
    pub only: String,
    /// The judge that asked for it; empty for a trap's, and one by hand.
    pub judge: String,
}

impl BanRecord {
    /// Which ban it is.
    #[must_use]
    pub fn key(&self) -> BanKey {
        BanKey { network: self.network, only: self.only.clone() }
    }
}

/// Which ban: of one network there is one ban out of every service, and one out of each service by
/// itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BanKey {
    /// Who is shut out.
    pub network: Network,
    /// The service that they are shut out of, by its name; empty: all.
    pub only: String,
}

/// That a ban is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanEnd {
    /// Which.
    pub ban: BanKey,
    /// Since when, milliseconds since the epoch.
    pub at: u64,
    /// How: `expired`, `lifted`, `crowded out`.
    pub how: String,
    /// Who lifted it by hand: what the network has done before counts no more.
    pub by: Option<u32>,
}

/// A network that somebody has authenticated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownGood {
    /// An IPv4 address, or an IPv6 network of 64 bits.
    pub network: Network,
    /// When that was last, in seconds since the epoch.
    pub at: i64,
}

/// How good evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Strength {
    /// Files, which whoever may write to them can put anything into.
    File,
    /// The journal, with the kernel's word on who wrote.
    Journal,
    /// The door's own sessions: the kernel's word on the peer.
    Session,
}

/// A network that, by a judge, has done enough to be shut out. The monitor judges it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Who.
    pub network: Network,
    /// Whose offence was the last straw.
    pub peer: IpAddr,
    /// When that was, in milliseconds since the epoch.
    pub at: u64,
    /// For how long from then, in seconds; `None` for ever.
    pub seconds: Option<u64>,
    /// Out of these services, by their names; empty: all.
    pub only: Vec<String>,
    /// The judge.
    pub judge: String,
    /// Which time it is, from 1.
    pub time: u32,
    /// Key of the service at which it happened; empty where none is known.
    pub service: String,
    /// Why, in a sentence.
    pub reason: String,
    /// How good the evidence is: the weakest piece of what it rests on.
    pub strength: Strength,
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
    /// Its user's number, which its own messages may come from as well as from root.
    pub uid: Option<u32>,
}

/// A log file that is watched. The descriptor beside it is the file, opened for reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedFile {
    /// Its number; never another file's while a monitor lives.
    pub number: u64,
    /// Where it lies, or lay.
    pub path: String,
    /// The pattern by which it was found.
    pub pattern: String,
    /// Which file it is.
    pub id: FileId,
    /// The watches that it is a source of: places in the list of [`ToClerk::Watches`].
    pub watches: Vec<u32>,
    /// What the descriptor of [`ToClerk::Growth`] calls it.
    pub wake: Option<i32>,
    /// Whether it lies there still.
    pub current: bool,
}

/// How far a source has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Which: the number of a [`FollowedFile`], or of a journal.
    pub number: u64,
    /// Bytes that were read of a file.
    pub offset: u64,
    /// Bytes that it has.
    pub size: u64,
    /// Lines that were read, over all files of that path.
    pub lines: u64,
    /// Offences that were found in them.
    pub offences: u64,
    /// Lines of this clerk's time that were longer than is kept.
    pub long: u64,
    /// Lines of this clerk's time that were too old to be looked at.
    pub old: u64,
}

/// How much was booked of what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedCounts {
    /// Offences that charge somebody.
    pub charged: u64,
    /// Offences that charge nobody: the line names nobody for certain.
    pub nobody: u64,
    /// Findings that told what was booked before.
    pub again: u64,
}

impl BookedCounts {
    /// What these are more than those of before.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            charged: self.charged.saturating_sub(before.charged),
            nobody: self.nobody.saturating_sub(before.nobody),
            again: self.again.saturating_sub(before.again),
        }
    }

    /// Adds others.
    pub fn add(&mut self, more: &Self) {
        self.charged = self.charged.saturating_add(more.charged);
        self.nobody = self.nobody.saturating_add(more.nobody);
        self.again = self.again.saturating_add(more.again);
    }
}

/// How reports are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailHeader {
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// Seconds between two, at least.
    pub every: u64,
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
    /// Forget a ban; answered by [`FromClerk::Stored`] once it is on disk and no proposal of the clerk's
    /// rests on what was pardoned.
    Unban {
        /// Number of this change.
        serial: u64,
        /// Which, and how it ended.
        end: BanEnd,
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
    /// A stream socket comes with it, to which the answer is to be written: [`crate::asked::Line`]s.
    Ask(Question),
    /// Who judges from now on. The memory file beside it holds a `Vec<Judge>` as one stream frame.
    Judges,
    /// What is watched from now on. The memory file beside it holds a `Vec<Watch>` as one stream frame.
    /// Files and journals of before are left.
    Watches,
    /// The descriptor beside it becomes readable when a file grows that is followed (inotify(7)).
    Growth,
    /// A file to be followed, until [`FromClerk::Left`].
    Follow(FollowedFile),
    /// The file of that number lies no longer where it lay: it may still be written to.
    Rotated(u64),
    /// All files that these patterns match have been told.
    Looked(Vec<String>),
    /// The file beside it may be what the one of that number was copied or renamed to.
    Beside(u64),
    /// No more of those come.
    BesideDone(u64),
    /// The pipe beside it gives the journal's entries for a watch.
    Journal {
        /// Which watch.
        watch: u32,
        /// Its number among the sources.
        number: u64,
    },
    /// How reports are sent from now on; `None`: there are none.
    Mail(Option<MailHeader>),
    /// Write what is pending and exit.
    Finish,
}

/// One thing of a [`ToClerk::Batch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// Something happened.
    Event(Event),
    /// A descriptor of the message is the read end of this session's standard error, or its own log
    /// socket. Sent again, with `resumed`, to a clerk that took a dead one's place.
    Evidence {
        /// Whose it is.
        session: SessionRef,
        /// Whether an earlier clerk has read part of it.
        resumed: bool,
        /// What the descriptor gives.
        form: Form,
        /// Whether the session has said before that it has authenticated.
        authenticated: bool,
        /// Whether it is over: no event will tell of its end.
        over: bool,
    },
}

/// What comes from a descriptor of a session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Bytes of a pipe, whoever wrote them how.
    Stream,
    /// A pipe in packet mode, which keeps writes apart: so it is where the service is watched, or
    /// nothing it writes would count as its own sentence.
    Packets,
    /// A log socket: datagrams, each with its sender's credentials.
    Log,
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
    /// A file is read to its end and followed no longer.
    Left(u64),
    /// What the file of that number was copied or renamed to is wanted.
    AskBeside(u64),
    /// A watch's journal is to be read, from behind this cursor, or from now on.
    ReadJournal {
        /// Which watch.
        watch: u32,
        /// Where an earlier reader was; at most [`MOST_CURSOR`] bytes.
        cursor: Option<String>,
    },
    /// How far a source is; of each at most once a second.
    Source(SourceReport),
    /// What was booked since it last said so, at most once a second.
    Booked(BookedCounts),
    /// Somebody has done enough to be shut out.
    Propose(Box<Proposal>),
    /// Networks that somebody has authenticated from in the last [`KNOWN_GOOD_DAYS`] days, as the ledger
    /// has them; told once, after the bans (at most 500 a message, and [`MOST_KNOWN_GOOD`] in all,
    /// those of the latest).
    KnownGood(Vec<KnownGood>),
    /// A report to be sent by mail, with its header.
    Report(Vec<u8>),
}

/// For so many days a network is known to be good after somebody has authenticated from it.
pub const KNOWN_GOOD_DAYS: u32 = 30;

/// Networks that are known to be good, at most.
pub const MOST_KNOWN_GOOD: usize = 4096;

/// Bytes of a journal's cursor, at most.
pub const MOST_CURSOR: usize = 512;

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
            | Self::AlarmOver(_)
            | Self::Left(_)
            | Self::AskBeside(_)
            | Self::ReadJournal { .. }
            | Self::Source(_)
            | Self::Booked(_)
            | Self::Propose(_)
            | Self::KnownGood(_)
            | Self::Report(_) => phase == Phase::Working,
        }
    }
}
