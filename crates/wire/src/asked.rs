//! What the owner asks the ledger: the question goes over the control socket and on to the clerk, which
//! answers with JSON lines.

use portreeve_model::{Kind, Network, Offence, ServiceName, stamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Rows of each kind in one answer to [`Question::Who`], at most.
pub const MOST_ROWS: u32 = 1000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Everything that is known of a network.
    Who(Network),
    /// Offences, the oldest first.
    Offences(Offences),
}

/// Which offences are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offences {
    /// At that time or later, milliseconds since the epoch.
    pub since: Option<u64>,
    /// Charged to somebody there.
    pub peer: Option<Network>,
    /// At the service of this key or name.
    pub service: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Only so many of them, the last ones.
    pub last: u32,
    /// Then go on as they happen.
    pub follow: bool,
}

impl Offences {
    /// Whether an offence is one of those, but for its time.
    #[must_use]
    pub fn admits(&self, offence: &Offence) -> bool {
        self.admits_service(&offence.service)
            && self.kind.is_none_or(|kind| kind.word() == offence.kind)
            && self
                .peer
                .is_none_or(|network| offence.peer.is_some_and(|peer| network.contains(peer)))
    }

    /// Whether a service's key is that of the service asked for: a key may have more behind its name.
    fn admits_service(&self, key: &str) -> bool {
        let Some(wanted) = &self.service else { return true };
        key == wanted || key.split_once('@').is_some_and(|(name, _)| name == wanted)
    }
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// An offence.
    Offence(Box<Offence>),
    /// A ban, in force or over.
    Ban(Box<PastBan>),
    /// That somebody has authenticated.
    Success(PastSuccess),
    /// That a ban was lifted by hand.
    Pardon(Pardon),
    /// What a judge has counted.
    Standing(Standing),
    /// Not all that was asked for is told: why.
    Cut(String),
    /// That was all.
    End,
}

/// A ban, in force or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PastBan {
    /// Who is or was shut out.
    #[serde(with = "text")]
    pub network: Network,
    /// Since when.
    #[serde(with = "stamp")]
    pub since: u64,
    /// Until when it was to be; `None` for ever.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// When it ended, if it did.
    #[serde(default, with = "stamp::option", skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The one service; none: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub only: String,
    /// The judge that asked for it; empty for a trap's, and one by hand.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub judge: String,
    /// Which time it was, by that judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u32>,
    /// Key of the service at which it happened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// Why.
    pub reason: String,
    /// The rule, or who made it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The last of the offences that it was for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Offence>,
}

/// That somebody has authenticated somewhere, all times together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PastSuccess {
    /// From where.
    pub peer: IpAddr,
    /// As whom, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// At which service.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// The first time.
    #[serde(with = "stamp")]
    pub first: u64,
    /// The last time.
    #[serde(with = "stamp")]
    pub last: u64,
    /// How often.
    pub count: u64,
    /// Where it was seen last.
    pub source: String,
    /// How often of these after too many failures from there.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub suspicious: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

/// That bans were lifted by hand: what was counted before counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pardon {
    /// Whose.
    #[serde(with = "text")]
    pub network: Network,
    /// When.
    #[serde(with = "stamp")]
    pub at: u64,
    /// By which user.
    pub by: u32,
}

/// What a judge has counted of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standing {
    /// The judge.
    pub judge: ServiceName,
    /// Its tally; empty where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tally: String,
    /// Of whom.
    #[serde(with = "text")]
    pub network: Network,
    /// So much (of a sum that is kept for each account, the highest), in thousandths of a point.
    pub sum: u64,
    /// So much is enough, likewise.
    pub limit: u64,
    /// So much is missing, likewise; 0: it is enough.
    pub missing: u64,
}

/// Networks as people write them.
mod text {
    use portreeve_model::Network;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(network: &Network, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(network)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Network, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
