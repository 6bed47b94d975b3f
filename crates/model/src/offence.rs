//! An offence as it is told and kept.

use crate::{Sentence, stamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Somebody did something they are not to do. As JSON it has the fields of the event `offence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Offence {
    /// When, in milliseconds since the epoch.
    #[serde(with = "stamp")]
    pub at: u64,
    /// What: a word of `docs/watching.md`.
    pub kind: String,
    /// Who is charged; `None` is nobody, since the line names nobody for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Their port, where it is known.
    #[serde(default, rename = "peer-port", skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Key of the service it happened at; empty where none is known.
    pub service: String,
    /// The account that was aimed at, escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where it was seen: `door`, `pipe`, `socket`, `journal`, `file`.
    pub source: String,
    /// The watch that the line belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<String>,
    /// The detector or filter that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<String>,
    /// The door's own session it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Whether it is certain who did it.
    pub certain: bool,
    /// How many times, when several are one row.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
    /// Why, in a few words.
    pub why: String,
    /// What touching a trap costs.
    #[serde(skip)]
    pub sentence: Option<Sentence>,
    /// Why there is no ban after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spared: Option<String>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

/// Somebody has shown who they are, as it is told and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// When, in milliseconds since the epoch.
    pub at: u64,
    /// From where.
    pub peer: IpAddr,
    /// The account, escaped, where it is known.
    pub user: Option<String>,
    /// Key of the service; empty where none is known.
    pub service: String,
    /// Where it was seen: `door`, `pipe`, `socket`, `journal`, `file`.
    pub source: String,
}

/// What was done. In a configuration and in JSON by [`Kind::word`]; `docs/watching.md` tells of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Authentication failed, for an account that is there or that nobody can tell.
    AuthFailed,
    /// An account was aimed at that does not exist.
    InvalidUser,
    /// An account that is there and may not log in, whatever it shows.
    NotAllowed,
    /// The connection ended before anybody had authenticated.
    NoAuth,
    /// More tries in one connection than are allowed.
    TooManyTries,
    /// Time to authenticate ran out.
    Grace,
    /// What was said is not the service's protocol, or not one that is spoken here.
    Protocol,
    /// The service's process that spoke with the peer crashed.
    Crash,
    /// Mail that is not wanted was refused: spam, a listed sender, a virus.
    Spam,
    /// Mail was to be relayed for somebody who may not.
    Relay,
    /// Mail to or from what does not exist was refused.
    Rejected,
    /// Something was asked for that only a scanner asks for.
    Probe,
    /// What a pattern of the administrator's or of an imported filter says.
    Pattern,
    /// A rule or a list refused the connection.
    Refused,
    /// A trap was touched.
    Trap,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AuthFailed,
        Self::InvalidUser,
        Self::NotAllowed,
        Self::NoAuth,
        Self::TooManyTries,
        Self::Grace,
        Self::Protocol,
        Self::Crash,
        Self::Spam,
        Self::Relay,
        Self::Rejected,
        Self::Probe,
        Self::Pattern,
        Self::Refused,
        Self::Trap,
    ];

    /// The one of a word.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its word in configurations and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthFailed => "auth-failed",
            Self::InvalidUser => "invalid-user",
            Self::NotAllowed => "not-allowed",
            Self::NoAuth => "no-auth",
            Self::TooManyTries => "too-many-tries",
            Self::Grace => "grace",
            Self::Protocol => "protocol",
            Self::Crash => "crash",
            Self::Spam => "spam",
            Self::Relay => "relay",
            Self::Rejected => "rejected",
            Self::Probe => "probe",
            Self::Pattern => "pattern",
            Self::Refused => "refused",
            Self::Trap => "trap",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::word).into();
        assert_eq!(words.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| Kind::by_word(kind.word()) == Some(*kind)));
    }
}
