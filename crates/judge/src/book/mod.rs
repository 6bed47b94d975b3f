//! The book: what findings and ends of sessions come to.
//!
//! Lines come from sessions' own pipes and sockets, from the journal and from files. Whoever reads
//! them gives each finding to the book as a [`Heard`], and the book says who is charged.
//!
//! - What comes through a session's own pipe is charged to the peer that the kernel named, whatever
//!   the text says.
//! - What names the peer of a session of the door's, by address and port, or by address and process,
//!   belongs to that session.
//! - Any other line charges the address that it names at a place its writer controls, or nobody.
//! - A thing is charged once, however many lines and sources tell of it (see `attempts`).
//!
//! Which sources there are and in what order they speak makes no difference to who is charged.

mod attempts;
mod heard;
mod refusals;
mod sessions;

pub use heard::{Heard, Voice};

use portreeve_model::escape;

use crate::book::attempts::{Attempts, MOST};
use crate::book::refusals::Refusals;
use crate::book::sessions::Sessions;
use portreeve_detect::{Finding, Kind, Named, Offence as Found, Success as Shown};
use portreeve_model::{Offence, Success};
use portreeve_wire::SessionId;
use portreeve_wire::clerk::BookedCounts;
use portreeve_wire::event::{EndCause, Ending, Event, SessionRef, What};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

/// Bytes of a user's name, and of a reason, that are kept.
const MOST_TEXT: usize = 256;
/// How long after a session's end its own last words are waited for before the end is judged,
/// milliseconds.
const LAST_WORDS: u64 = 2000;
/// Signals that end a process only when it has gone wrong: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
/// SIGSEGV, SIGSYS.
const CRASHES: [i32; 7] = [4, 5, 6, 7, 8, 11, 31];

/// What a finding comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked {
    /// A new offence: to be told and kept.
    Offence(Box<Offence>),
    /// Somebody has shown who they are.
    Success {
        /// Who, as far as it is believed.
        success: Box<Success>,
        /// The session that has said so by a voice of its own, which ends its startup: no other
        /// source is believed so far.
        session: Option<SessionId>,
    },
    /// It was told before, or says nothing.
    Nothing,
}

/// What tells one connection from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// The door's own.
    Session(SessionId),
    /// Somebody's with a process, on this or another host.
    Process(u64, u32, Option<IpAddr>),
    /// Nothing else is known: the same words.
    Words(u64),
    /// Somebody who has shown who they are, in a process on this or another host.
    Shown(u64, u32, IpAddr),
}

/// A session that has ended, to be judged once its last words are heard.
#[derive(Debug)]
struct Over {
    due: u64,
    at: u64,
    session: SessionRef,
    ending: Ending,
    cause: Option<EndCause>,
    authenticated: Option<bool>,
}

/// All that is known.
#[derive(Debug)]
pub struct Book {
    sessions: Sessions,
    attempts: Attempts<Key>,
    over: VecDeque<Over>,
    refusals: Refusals,
    counts: BookedCounts,
    counted: BookedCounts,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            sessions: Sessions::default(),
            attempts: Attempts::new(MOST),
            over: VecDeque::new(),
            refusals: Refusals::default(),
            counts: BookedCounts::default(),
            counted: BookedCounts::default(),
        }
    }
}

impl Book {
    /// A session is there, from before this clerk perhaps.
    pub fn session(&mut self, session: &SessionRef, authenticated: bool) {
        if let Some(known) = self.sessions.begin(session) {
            known.authenticated |= authenticated;
        }
    }

    /// Something was found.
    pub fn hear(&mut self, heard: &Heard<'_>) -> Booked {
        match heard.finding {
            Finding::Nothing(_) => Booked::Nothing,
            Finding::Success(success) => self.success(heard, success),
            Finding::Offence(found) => self.offence(heard, found),
        }
    }

    /// A session's own voice is certain. A line of a log is believed where its writer has put the
    /// address, and ends no startup.
    fn success(&mut self, heard: &Heard<'_>, shown: &Shown) -> Booked {
        if let Some(session) = heard.voice.session() {
            return match self.sessions.begin(session) {
                Some(known) if !known.authenticated => {
                    (known.authenticated, known.shown) = (true, true);
                    let success = success(heard, session.peer.address, &session.key, shown);
                    Booked::Success { success, session: Some(session.session) }
                }
                Some(_) | None => Booked::Nothing,
            };
        }
        let Named::Address(peer) = shown.named else { return Booked::Nothing };
        let session = match heard.host.is_empty() {
            true => self.sessions.named(peer, shown.port, heard.pid).map(|of| of.session),
            false => None,
        };
        if let Some(known) = session.and_then(|session| self.sessions.get_mut(session)) {
            if std::mem::replace(&mut known.shown, true) {
                return Booked::Nothing;
            }
            let success = success(heard, peer, &known.of.key, shown);
            return Booked::Success { success, session: None };
        }
        let key = match heard.pid {
            Some(pid) => Key::Shown(hash(heard.host), pid, peer),
            None => Key::Words(hash((heard.host, heard.text))),
        };
        match self.attempts.new_of(&key, heard.voice.source(), 1, heard.at) {
            0 => Booked::Nothing,
            _ => Booked::Success {
                success: success(heard, peer, heard.service, shown),
                session: None,
            },
        }
    }

    fn offence(&mut self, heard: &Heard<'_>, found: &Found) -> Booked {
        let named = match &found.named {
            Named::Address(address) => Some(*address),
            Named::Nobody | Named::Host(_) | Named::Ambiguous => None,
        };
        let session = match heard.voice.session() {
            Some(session) => Some(session.clone()),
            None if heard.host.is_empty() => {
                named.and_then(|a| self.sessions.named(a, found.port, heard.pid)).cloned()
            }
            None => None,
        };
        let key = match (&session, heard.pid) {
            (Some(session), _) => Key::Session(session.session),
            (None, Some(pid)) => Key::Process(hash(heard.host), pid, named),
            (None, None) => Key::Words(hash((heard.host, heard.text))),
        };
        let count = self.attempts.new_of(&key, heard.voice.source(), found.times.max(1), heard.at);
        if count == 0 {
            self.counts.again = self.counts.again.saturating_add(1);
            return Booked::Nothing;
        }
        let charged = session.as_ref().map(|session| session.peer.address).or(named);
        let why = match (&found.named, charged) {
            (_, Some(_)) | (Named::Address(_), None) => found.why.to_string(),
            (Named::Nobody, None) => format!("{}: it names nobody", found.why),
            (Named::Host(name), None) => {
                format!("{}: it names the host {name}, which is not looked up", found.why)
            }
            (Named::Ambiguous, None) => {
                format!("{}: it can be read in more than one way", found.why)
            }
        };
        let service = session.as_ref().map_or(heard.service, |session| &session.key);
        let offence = Offence {
            at: heard.at,
            kind: found.kind.word().into(),
            peer: charged,
            port: session.as_ref().map_or(found.port, |session| Some(session.peer.port)),
            service: service.into(),
            user: found.user.as_deref().map(|user| kept(&escape(user))),
            source: heard.voice.word().into(),
            watch: heard.voice.watch().map(Into::into),
            detector: Some(heard.detector.into()),
            session: session.map(|session| session.session.0),
            certain: charged.is_some(),
            count,
            why: kept(&escape(why.as_bytes())),
            sentence: None,
            spared: None,
        };
        self.booked(offence)
    }

    fn booked(&mut self, offence: Offence) -> Booked {
        let count = match offence.peer {
            Some(_) => &mut self.counts.charged,
            None => &mut self.counts.nobody,
        };
        *count = count.saturating_add(1);
        Booked::Offence(Box::new(offence))
    }

    /// What the monitor tells of; gives the offence, or the success, that it is by itself.
    pub fn event(&mut self, event: &Event, now: u64) -> Booked {
        if let What::SessionStarted(session) = &event.what {
            self.sessions.begin(session);
        } else if let What::Authenticated(session) = &event.what
            && let Some(known) = self.sessions.begin(session)
        {
            let before = std::mem::replace(&mut known.authenticated, true);
            if !std::mem::replace(&mut known.shown, true) && !before {
                let success = Box::new(Success {
                    at: event.at,
                    peer: session.peer.address,
                    user: None,
                    service: session.key.clone(),
                    source: "door".into(),
                });
                return Booked::Success { success, session: None };
            }
        } else if let What::SessionEnded { session, ending, cause, authenticated, .. } = &event.what
        {
            self.sessions.end(session.session, now);
            let due = now.saturating_add(LAST_WORDS);
            let (at, session) = (event.at, session.clone());
            let (ending, cause, authenticated) = (*ending, *cause, *authenticated);
            self.over.push_back(Over { due, at, session, ending, cause, authenticated });
        } else if let What::TrapTouched { key, peer, sentence, spared, .. } = &event.what {
            let plain = door(event.at, "trap", key, "touched a trap");
            let (address, port) = (Some(peer.address), Some(peer.port));
            let (sentence, spared) = (Some(*sentence), spared.clone());
            return self.booked(Offence { peer: address, port, sentence, spared, ..plain });
        }
        if let What::Refused(refused) = &event.what {
            self.refusals.add(refused, event.at, now);
        }
        Booked::Nothing
    }

    /// What was booked since this was last asked; `None` when nothing was.
    pub fn new_counts(&mut self) -> Option<BookedCounts> {
        let new = self.counts.since(&self.counted);
        self.counted = self.counts;
        (new != BookedCounts::default()).then_some(new)
    }

    /// Time has passed; gives the offences that ended sessions are. `all`: do not wait any longer.
    pub fn tick(&mut self, now: u64, all: bool) -> Vec<Offence> {
        let mut found = Vec::new();
        for refused in self.refusals.take(now, all) {
            let plain = door(
                refused.at,
                "refused",
                &refused.service,
                &kept(&escape(refused.why.as_bytes())),
            );
            let (peer, count) = (Some(refused.peer), refused.count);
            if let Booked::Offence(offence) = self.booked(Offence { peer, count, ..plain }) {
                found.push(*offence);
            }
        }
        // One that is due later than it can be was put there before the clock was set back.
        let latest = now.saturating_add(LAST_WORDS);
        let due = |over: &mut Over| all || over.due <= now || over.due > latest;
        while let Some(over) = self.over.pop_front_if(due) {
            let judged = self.judge(over, now);
            if let Booked::Offence(offence) = judged {
                found.push(*offence);
            }
        }
        for session in self.sessions.expire(now) {
            self.attempts.forget(&Key::Session(session));
        }
        found
    }

    /// What the end of a session is: a crash always; that nobody had authenticated, only where no
    /// try was charged.
    fn judge(&mut self, over: Over, now: u64) -> Booked {
        let Over { at, session, ending, cause, authenticated, .. } = over;
        let key = Key::Session(session.session);
        let heard = self.sessions.get(session.session).is_some_and(|known| known.authenticated);
        let (kind, why) = match (ending, cause, authenticated) {
            (Ending::Signal(signal), None, _) if CRASHES.contains(&signal) => {
                (Kind::Crash, format!("its process was ended by signal {signal}"))
            }
            _ if heard => return Booked::Nothing,
            (_, Some(EndCause::Grace), _) => {
                (Kind::Grace, "it had not authenticated in time".to_owned())
            }
            (_, None, Some(false)) => {
                (Kind::NoAuth, "it ended before anybody had authenticated".to_owned())
            }
            _ => return Booked::Nothing,
        };
        if kind != Kind::Crash && !self.attempts.is_all(&key, now) {
            return Booked::Nothing;
        }
        let plain = door(at, kind.word(), &session.key, &why);
        let (peer, port) = (Some(session.peer.address), Some(session.peer.port));
        self.booked(Offence { peer, port, session: Some(session.session.0), ..plain })
    }
}

fn success(heard: &Heard<'_>, peer: IpAddr, service: &str, shown: &Shown) -> Box<Success> {
    Box::new(Success {
        at: heard.at,
        peer,
        user: shown.user.as_deref().map(|user| kept(&escape(user))),
        service: service.into(),
        source: heard.voice.word().into(),
    })
}

/// What the door itself has seen.
fn door(at: u64, kind: &str, service: &str, why: &str) -> Offence {
    Offence {
        at,
        kind: kind.into(),
        peer: None,
        port: None,
        service: service.into(),
        user: None,
        source: "door".into(),
        watch: None,
        detector: None,
        session: None,
        certain: true,
        count: 1,
        why: why.into(),
        sentence: None,
        spared: None,
    }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The start of a text, in whole characters.
fn kept(text: &str) -> String {
    text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests;
