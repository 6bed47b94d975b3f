//! The estate: what a door leaves to its successor, as bytes and named descriptors.
//!
//! It is written in parts, each with its own format number, so that a door of another version takes
//! what it can read and says what it cannot. Descriptors travel beside it under names: by their
//! numbers over an exec, in a service manager's store, or over a socket.

use crate::accept::pending::Known;
use crate::enforce::Untold;
use crate::errand::Job;
use crate::session::idle::Watch;
use portreeve_model::{Authentication, Config, Network, Resolved, Watched};
use portreeve_policy::{BreakerState, Place, Totalled};
use portreeve_wire::clerk::{BanKey, BanRecord, Form, ToClerk};
use portreeve_wire::event::{EndCause, Event, SessionRef};
use portreeve_wire::{End, decode, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The first bytes of every estate, whatever its version.
const MAGIC: &[u8; 16] = b"portreeve estate";
/// Bytes of an estate, at most: a million bans and all else.
pub(crate) const MAX: usize = 512 << 20;
/// Parts, at most.
const MOST_PARTS: usize = 64;

/// The head: who wrote it, and what the listing of descriptors is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Version of the program that wrote it.
    pub(crate) version: String,
    /// When its door opened, on the monotonic clock.
    pub(crate) opened: Duration,
    /// How many configurations there have been.
    pub(crate) generation: u64,
    /// The relays' processes that still have work: their channels are `relay-PID`.
    pub(crate) relays: Vec<u32>,
    /// Keys of services whose addresses were given back to another program.
    pub(crate) given_back: Vec<String>,
    /// The last question to a relay; numbers never repeat.
    pub(crate) question: u64,
    /// Names of descriptors with their numbers, where a number means something: over an exec.
    pub(crate) descriptors: Vec<(String, i32)>,
}

/// The configuration in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    pub(crate) config: Config,
    pub(crate) resolved: Resolved,
}

/// What is in force of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its image, if there is one.
    pub(crate) image: Option<KeptImage>,
    pub(crate) watched: Vec<Watched>,
    pub(crate) since: i64,
}

/// An image: a part of the memory file `images-N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptImage {
    pub(crate) file: u32,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) entries: u64,
}

/// A live session. Its descriptors are `evidence-N`, `notify-N`, and of one with a log socket of its
/// own `log-N` and `space-N`, its mount namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LiveSession {
    pub(crate) reference: SessionRef,
    pub(crate) place: Place,
    /// The relay that serves it, if one does.
    pub(crate) relay: Option<u32>,
    pub(crate) since: Duration,
    pub(crate) authentication: Authentication,
    /// Whether it has said that it has authenticated.
    pub(crate) authenticated: bool,
    pub(crate) handed_over: bool,
    /// Whether its pipe keeps writes apart.
    pub(crate) packets: bool,
    /// Why it has been told to end, and when it is killed if it does not.
    pub(crate) ending: Option<EndCause>,
    pub(crate) kill: Option<Duration>,
    /// Its idle limit, and when it is asked about next.
    pub(crate) idle: Option<Watch>,
    /// Between being told to end and being killed.
    pub(crate) kill_after: Duration,
    /// The peer's user, if its ident server has named one.
    pub(crate) user: Option<String>,
    /// When its process began, where the successor is not its parent.
    pub(crate) began: Option<u64>,
}

/// What waits for the clerk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) events: Vec<Event>,
    pub(crate) lost: u64,
    pub(crate) unreported: u64,
    /// Sessions that have ended while their pipes wait, and what those give: `left-N`.
    pub(crate) left: Vec<(SessionRef, Form)>,
}

/// Bans, and what the ledger has not got of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bans {
    /// Whether these are all: the ledger had told its own.
    pub(crate) known: bool,
    pub(crate) all: Vec<BanRecord>,
    pub(crate) unstored: Vec<(BanKey, u64, ToClerk)>,
    pub(crate) next_serial: u64,
    /// Whether judges have banned too much.
    pub(crate) breaker: BreakerState,
    /// Where somebody has authenticated from, and when.
    pub(crate) known_good: Vec<(Network, i64)>,
}

/// A connection that is not decided yet: `arrival-N` by its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undecided {
    pub(crate) key: String,
    pub(crate) peer: End,
    pub(crate) local: End,
    pub(crate) dual: bool,
    pub(crate) since: Duration,
    /// What look-ups have said of it.
    pub(crate) known: Known,
    /// It was granted, and the old relay writes its banner.
    pub(crate) banner: Option<Banner>,
}

/// A banner on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Banner {
    pub(crate) question: u64,
    pub(crate) deadline: Duration,
    pub(crate) place: Place,
}

/// A command of a rule that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LiveJob {
    pub(crate) pid: i32,
    pub(crate) job: Job,
    /// When its process began, where the successor is not its parent.
    pub(crate) began: Option<u64>,
}

/// All of it. What a reader did not understand is absent, and named in [`Read::lost`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Estate {
    pub(crate) head: Head,
    pub(crate) configuration: Option<Configuration>,
    /// For each source of the configuration.
    pub(crate) images: Vec<Kept>,
    pub(crate) totals: Totalled,
    pub(crate) sessions: Vec<LiveSession>,
    pub(crate) waiting: Waiting,
    pub(crate) bans: Bans,
    pub(crate) undecided: Vec<Undecided>,
    pub(crate) jobs: Vec<LiveJob>,
    /// What commands of bans are to be told still.
    pub(crate) enforcers: Untold,
}

/// The parts: a tag, what people call it, and the number of its present format. The number changes
/// with the types; a test holds it to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Configuration,
    Totals,
    Sessions,
    Waiting,
    Bans,
    Undecided,
    Images,
    Jobs,
    Enforcers,
}

impl Part {
    const ALL: [Self; 10] = [
        Self::Head,
        Self::Configuration,
        Self::Totals,
        Self::Sessions,
        Self::Waiting,
        Self::Bans,
        Self::Images,
        Self::Jobs,
        Self::Enforcers,
        Self::Undecided,
    ];

    fn format(self) -> u16 {
        match self {
            Self::Head | Self::Totals | Self::Images | Self::Jobs | Self::Enforcers => 1,
            Self::Sessions | Self::Bans => 2,
            Self::Undecided => 3,
            Self::Waiting => 4,
            Self::Configuration => 5,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Head => "its head",
            Self::Configuration => "the configuration that was in force",
            Self::Totals => "counters and pauses",
            Self::Sessions => "the sessions that go on",
            Self::Waiting => "events that were not written",
            Self::Bans => "bans that were in force",
            Self::Images => "what access lists had been read from",
            Self::Jobs => "commands of rules that run",
            Self::Enforcers => "what enforcers had not been told of bans",
            Self::Undecided => "connections that waited for a decision",
        }
    }
}

/// An estate as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) estate: Estate,
    /// What could not be read, in words.
    pub(crate) lost: Vec<String>,
}

impl Estate {
    /// Its bytes.
    pub(crate) fn write(&self) -> Result<Vec<u8>, String> {
        let mut out = MAGIC.to_vec();
        let mut add = |part: Part, bytes: Result<Vec<u8>, portreeve_wire::FrameError>| {
            let bytes = bytes.map_err(|why| format!("{}: {why}", part.name()))?;
            out.push(part as u8);
            out.extend_from_slice(&part.format().to_le_bytes());
            let length = u32::try_from(bytes.len()).map_err(|_| "it is too long".to_owned())?;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&bytes);
            Ok::<_, String>(())
        };
        add(Part::Head, encode(&self.head, MAX))?;
        if let Some(configuration) = &self.configuration {
            add(Part::Configuration, encode(configuration, MAX))?;
        }
        add(Part::Totals, encode(&self.totals, MAX))?;
        add(Part::Sessions, encode(&self.sessions, MAX))?;
        add(Part::Waiting, encode(&self.waiting, MAX))?;
        add(Part::Bans, encode(&self.bans, MAX))?;
        add(Part::Images, encode(&self.images, MAX))?;
        add(Part::Jobs, encode(&self.jobs, MAX))?;
        add(Part::Enforcers, encode(&self.enforcers, MAX))?;
        add(Part::Undecided, encode(&self.undecided, MAX))?;
        match out.len() {
            n if n > MAX => Err(format!("it has {n} bytes, and {MAX} is the most")),
            _ => Ok(out),
        }
    }

    /// Reads one; what cannot be read is left out and named.
    ///
    /// # Errors
    /// The bytes are no estate at all.
    pub(crate) fn read(bytes: &[u8]) -> Result<Read, String> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or("these bytes are no estate")?;
        let mut read = Read::default();
        let mut seen = Vec::new();
        for _ in 0..MOST_PARTS {
            let Some((tag, format, body, after)) = split(rest) else { break };
            rest = after;
            let Some(part) = Part::ALL.into_iter().find(|part| *part as u8 == tag) else {
                read.lost.push(format!("part {tag}, which this version does not know"));
                continue;
            };
            seen.push(part);
            let understood = format == part.format() && read.estate.take(part, body);
            if !understood {
                read.lost.push(part.name().to_owned());
            }
        }
        let whole = rest.is_empty() && seen.contains(&Part::Undecided);
        if !whole {
            read.lost.push("its end".to_owned());
        }
        Ok(read)
    }

    fn take(&mut self, part: Part, body: &[u8]) -> bool {
        fn into<T: DeserializeOwned>(place: &mut T, body: &[u8]) -> bool {
            decode(body).map(|value| *place = value).is_ok()
        }
        match part {
            Part::Head => into(&mut self.head, body),
            Part::Configuration => match decode::<Configuration>(body) {
                Ok(c) if c.config.services.len() == c.resolved.services.len() => {
                    self.configuration = Some(c);
                    true
                }
                Ok(_) | Err(_) => false,
            },
            Part::Totals => into(&mut self.totals, body),
            Part::Sessions => into(&mut self.sessions, body),
            Part::Waiting => into(&mut self.waiting, body),
            Part::Bans => into(&mut self.bans, body),
            Part::Images => into(&mut self.images, body),
            Part::Undecided => into(&mut self.undecided, body),
            Part::Jobs => into(&mut self.jobs, body),
            Part::Enforcers => into(&mut self.enforcers, body),
        }
    }
}

/// The next part: tag, format, body, and what follows it.
fn split(bytes: &[u8]) -> Option<(u8, u16, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (format, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*tag, u16::from_le_bytes(*format), body, rest))
}

#[cfg(test)]
mod tests;
