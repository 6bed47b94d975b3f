//! Lines of one session, which together say what one alone does not.
//!
//! A line may name the session's key (`<F-MLFID>`). What such lines hold is merged under it: a line
//! that names a failure and no address waits for one that names the address; one that is no failure
//! by itself adds what it knows; one that ends the session forgets it; one that says that access was
//! gained withdraws what waits, unless several users were tried.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::date::Stamp;
use super::hit::Fields;

/// At most so many sessions are remembered; the oldest goes.
const SESSIONS: usize = 1000;
/// At most so many bytes for all of them.
const BYTES: usize = 1024 * 1024;
/// At most so many users of a session.
const USERS: usize = 16;
/// A session is not taken up again so long after its last line, in microseconds.
const LONG_AGO: i64 = 5 * 60 * 1_000_000;

/// What is known of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// What its lines hold.
    pub(super) fields: Fields,
    users: BTreeSet<Box<str>>,
    /// A failure waits for an address.
    pending: bool,
    /// When its first line was written.
    since: Option<Stamp>,
    /// Which of several with the same key it is.
    turn: u64,
}

impl Session {
    fn add_user(&mut self, user: Option<&str>) {
        if let Some(user) = user
            && !user.is_empty()
            && self.users.len() < USERS
        {
            self.users.insert(user.into());
        }
    }

    fn size(&self) -> usize {
        self.fields.size() + self.users.iter().map(|user| 32 + user.len()).sum::<usize>()
    }
}

/// The sessions of a filter.
#[derive(Default)]
pub(super) struct Sessions {
    known: HashMap<Box<str>, Session>,
    order: VecDeque<(Box<str>, u64)>,
    bytes: usize,
    turns: u64,
}

impl Sessions {
    /// Takes in a line of a session and gives what is known with it.
    pub(super) fn merge(&mut self, key: &str, mut line: Fields, date: Option<Stamp>) -> Session {
        let gained = line.is_said("mlfgained");
        if gained && !line.is_said("nofail") {
            line.set("nofail", line.value("mlfgained").cloned());
        }
        let forget = line.take("mlfforget");
        let user = line.text("user").map(Box::<str>::from);
        let mut session = match self.remove(key).filter(|known| !is_long_ago(known.since, date)) {
            Some(mut known) => {
                known.add_user(user.as_deref());
                known.fields.take("nofail");
                known.fields.take("mlfgained");
                known.pending &= !gained;
                known.fields.merge(&line);
                known
            }
            None => {
                let mut new = Session { fields: line, since: date, ..Session::default() };
                if !forget {
                    new.add_user(user.as_deref());
                }
                new
            }
        };
        if std::mem::take(&mut session.pending) || session.users.len() > 1 {
            session.fields.take("nofail");
            session.fields.take("mlfgained");
        }
        if !forget {
            self.insert(key, session.clone());
        }
        session
    }

    /// A failure of the session waits for an address.
    pub(super) fn await_address(&mut self, key: &str) {
        if let Some(session) = self.known.get_mut(key) {
            session.pending = true;
        }
    }

    fn remove(&mut self, key: &str) -> Option<Session> {
        let session = self.known.remove(key)?;
        self.bytes = self.bytes.saturating_sub(key.len() + session.size());
        Some(session)
    }

    fn insert(&mut self, key: &str, mut session: Session) {
        if session.turn == 0 {
            self.turns += 1;
            session.turn = self.turns;
            self.order.push_back((key.into(), session.turn));
        }
        self.bytes += key.len() + session.size();
        self.known.insert(key.into(), session);
        while self.known.len() > SESSIONS || self.bytes > BYTES || self.order.len() > 2 * SESSIONS {
            let Some((oldest, turn)) = self.order.pop_front() else { break };
            if self.known.get(&oldest).is_some_and(|session| session.turn == turn) {
                self.remove(&oldest);
            }
        }
    }
}

fn is_long_ago(since: Option<Stamp>, now: Option<Stamp>) -> bool {
    match (since.and_then(Stamp::naive), now.and_then(Stamp::naive)) {
        (Some(since), Some(now)) => now.abs_diff(since) > LONG_AGO.unsigned_abs(),
        _ => false,
    }
}
