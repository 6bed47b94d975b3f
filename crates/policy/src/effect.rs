//! What a list wants done about a connection, beside letting it in or not.
//!
//! A verdict carries them; whoever acts on it carries them out, and only once it is final.

use portreeve_model::{Facility, Ids, Severity};
use serde::{Deserialize, Serialize};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// What is logged of this connection has this severity and, where one is given, facility.
    Severity(Option<Facility>, Severity),
    /// This shell command runs beside it.
    Spawn(Vec<u8>),
    /// This shell command talks to the peer in the service's place; it is the last.
    Twist(Vec<u8>),
    /// Keep-alives, as the system does them.
    KeepAlive,
    /// Seconds that whoever closes the connection waits for what was written to be sent
    /// (`SO_LINGER`).
    Linger(u32),
    /// These bytes go to the peer.
    Banner(Vec<u8>),
    /// Added to the niceness of what is started.
    Nice(i32),
    /// A variable of its environment: neither holds a zero byte, nor the name an `=`.
    Variable(Vec<u8>, Vec<u8>),
    /// Its umask.
    Umask(u32),
    /// Who it runs as.
    User(Ids),
    /// The one group that it has.
    Group(u32),
}

/// What is to be done, in order; most often nothing, which costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// One more.
    pub fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    /// Those of another list, behind these.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect> {
        self.0.iter()
    }

    /// The command that talks to the peer in the service's place.
    #[must_use]
    pub fn twist(&self) -> Option<&[u8]> {
        self.0.iter().find_map(|effect| {
            if let Effect::Twist(command) = effect { Some(command.as_slice()) } else { None }
        })
    }

    /// What the peer is sent, all of it.
    #[must_use]
    pub fn banner(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for effect in &self.0 {
            if let Effect::Banner(bytes) = effect {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    /// How this connection is logged: the last that says so; the facility is the last one given.
    #[must_use]
    pub fn severity(&self) -> Option<(Option<Facility>, Severity)> {
        let mut last = None;
        for effect in &self.0 {
            if let Effect::Severity(facility, severity) = effect {
                let before = last.and_then(|(facility, _): (Option<Facility>, Severity)| facility);
                last = Some((facility.or(before), *severity));
            }
        }
        last
    }
}
