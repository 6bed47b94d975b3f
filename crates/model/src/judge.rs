//! What counts against somebody, when that is enough, and what it costs: one model for DenyHosts'
//! thresholds, fail2ban's jails and OpenSSH's penalties.

use crate::{Kind, Network, ServiceName, Sited};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One `[judge.NAME]`, one jail of fail2ban's, or what a `denyhosts.cfg` says of counting.
///
/// Each of its tallies is kept for itself; the first that is full shuts the network out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    /// Unique in the configuration; what state is kept under.
    pub name: ServiceName,
    /// Which offences it looks at.
    pub hears: Hears,
    /// Networks that it has nothing against, whatever they do; other judges may (fail2ban's
    /// `ignoreip`).
    pub spares: Vec<Network>,
    /// What it counts; 1 to [`Judge::MOST_TALLIES`].
    pub tallies: Vec<Tally>,
    /// Widening networks that an offence is charged to, narrowest first; 1 to
    /// [`Judge::MOST_LEVELS`].
    pub levels: Vec<Level>,
    /// What a success of the same network changes.
    pub success: OnSuccess,
    /// How long whoever has filled a tally is shut out.
    pub term: Term,
    /// Services that they are shut out of; empty: all.
    pub only: Vec<ServiceName>,
    /// Where it was written.
    pub origin: Sited<()>,
}

impl Judge {
    /// Judges of a configuration, at most.
    pub const MOST: usize = 256;
    /// Tallies of a judge, at most.
    pub const MOST_TALLIES: usize = 16;
    /// Levels of a judge, at most.
    pub const MOST_LEVELS: usize = 4;
    /// Entries of any list of a judge's, at most.
    pub const MOST_ENTRIES: usize = 256;

    /// How far back offences may make a difference to any of its sums; `None`: however far.
    #[must_use]
    pub fn reach(&self) -> Option<Duration> {
        let all = self.tallies.iter().map(|tally| tally.reach(&self.levels));
        let all: Option<Vec<Duration>> = all.collect();
        all.map(|all| all.into_iter().max().unwrap_or_default())
    }
}

/// Which offences a judge looks at: those that fit every list, an empty list being fit by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hears {
    /// Of these services.
    pub services: Vec<ServiceName>,
    /// Seen by these watches.
    pub watches: Vec<ServiceName>,
    /// Told by these detectors or filters.
    pub detectors: Vec<String>,
}

/// Points in thousandths, so that a share of one can be charged.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Points(pub u32);

impl Points {
    /// One whole point.
    pub const ONE: Self = Self(1000);
    /// No sum grows past this.
    pub const MOST: Self = Self(4_000_000_000);

    /// So many whole points; [`Points::MOST`] where they are more.
    #[must_use]
    pub const fn whole(points: u32) -> Self {
        match points.checked_mul(1000) {
            Some(thousandths) if thousandths < Self::MOST.0 => Self(thousandths),
            _ => Self::MOST,
        }
    }
}

/// A sum, kept for each network (and inside it for each account).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Its name, such as `invalid`; empty where a judge has one.
    pub name: String,
    /// What an offence adds: the first charge that fits; none fits: nothing.
    pub charges: Vec<Charge>,
    /// Whose sum it is.
    pub by: By,
    /// How the sum shrinks by itself.
    pub decay: Decay,
    /// The sum that matters.
    pub limit: Points,
    /// Whether the sum must reach the limit or exceed it.
    pub when: When,
    /// The sum grows no further than this; of what drains, a first charge that is more counts whole.
    pub most: Option<Points>,
    /// Whether a success leaves it as it is, whatever [`Judge::success`] says (DenyHosts' counter of
    /// restricted users).
    pub lasting: bool,
}

impl Tally {
    /// Charges that are told apart in one network's sum. A window that may need more is refused: it could
    /// not be exact in bounded memory.
    pub const MOST_CHARGES: usize = 4096;

    /// How many charges one network's sum may come to hold at a level before it is full: of a window the
    /// limit by the smallest charge, and one of each offender. No more than [`Tally::MOST_CHARGES`] are to
    /// be needed.
    #[must_use]
    pub fn charges_held(&self, level: &Level) -> u64 {
        match self.decay {
            Decay::Window(_) => self.charges_to_limit(level) + u64::from(level.offenders) + 1,
            Decay::Idle(_) | Decay::Drain(_) => 1,
        }
    }

    /// How many of the smallest charges the limit is.
    fn charges_to_limit(&self, level: &Level) -> u64 {
        let share = |charge: &Charge| {
            let points = u64::from(charge.points.0) * u64::from(level.share) / 1000;
            (points > 0).then_some(points)
        };
        let least = self.charges.iter().filter_map(share).min().unwrap_or(u64::MAX);
        u64::from(self.limit.0) / least
    }

    /// How far back offences may make a difference to its sums; `None`: however far.
    ///
    /// Of a window twice its length, since a sum that was filled by what is older has begun anew. Of what
    /// is idle no gap is longer than its time, and there are no more of them than charges before it is
    /// full. Of what drains as long as its most takes: older than that is what made it full, which is a
    /// ban by then.
    #[must_use]
    pub fn reach(&self, levels: &[Level]) -> Option<Duration> {
        let charges = levels.iter().map(|level| self.charges_to_limit(level)).max().unwrap_or(0);
        let charges = u32::try_from(charges.saturating_add(2)).unwrap_or(u32::MAX);
        match self.decay {
            Decay::Window(span) => Some(span.saturating_mul(2)),
            Decay::Idle(span) => Some(span?.saturating_mul(charges)),
            Decay::Drain(point) => {
                let most = self.most?.max(self.limit);
                Some(point.saturating_mul(most.0 / 1000 + 1))
            }
        }
    }
}

/// What one kind of offence adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Of these kinds; empty: of every kind.
    pub kinds: Vec<Kind>,
    /// Aimed at these accounts.
    pub users: Users,
    /// So much.
    pub points: Points,
}

/// Accounts that an offence may be aimed at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Users {
    /// Any, or none that is known.
    #[default]
    Any,
    /// One that does not exist, or none was named.
    Invalid,
    /// One that is not known not to exist; these left out.
    ValidBut(Vec<String>),
    /// One of these, whether it exists or not.
    These(Vec<String>),
}

/// Whose sum a tally is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// The network's.
    #[default]
    Network,
    /// The network's with one account, whose success may clear it.
    NetworkAndUser,
    /// One account's, wherever it is aimed at from: once it is full, each further offence against that
    /// account shuts its network out, but for networks from which somebody has authenticated as that
    /// account within 30 days.
    User,
}

/// How a sum shrinks by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decay {
    /// Each charge counts for so long: an exact sliding window. A full one begins anew.
    Window(Duration),
    /// The sum is nothing again when for longer than this nothing was charged; `None`: never (DenyHosts).
    /// A full one begins anew.
    Idle(Option<Duration>),
    /// It drains evenly, a point in so long. Whoever has filled it stays shut out until it is empty, each
    /// charge meanwhile making that later (OpenSSH).
    Drain(Duration),
}

/// Whether a limit must be reached or exceeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// Reached (fail2ban).
    #[default]
    Reached,
    /// Exceeded (DenyHosts, OpenSSH).
    Exceeded,
}

/// A width of networks that an offence is charged to. Where it is as wide as the level below it for a
/// family, it is no level of its own for that family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Prefix length for IPv4, 16 to 32.
    pub v4: u8,
    /// Prefix length for IPv6, 32 to 128.
    pub v6: u8,
    /// How much of a charge counts here, in thousandths; 1 to 1000.
    pub share: u16,
    /// So many different networks of the level below must have a part in the sum before one as wide as
    /// this is shut out; 1 for the narrowest.
    pub offenders: u8,
}

impl Level {
    /// Single addresses.
    pub const SINGLE: Self = Self { v4: 32, v6: 128, share: 1000, offenders: 1 };
}

/// What a success changes for its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnSuccess {
    /// Nothing (fail2ban, OpenSSH).
    Nothing,
    /// What the network was charged for offences against the account that has succeeded is taken back
    /// (the native default).
    #[default]
    ForgetsAccount,
    /// Everything that the network was charged is taken back, but for tallies that are [lasting](Tally::lasting) (DenyHosts'
    /// `RESET_ON_SUCCESS`).
    ForgetsAll,
}

/// How long somebody is shut out, and how that grows with each time. A tally that
/// [drains](Decay::Drain) says itself how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The first time; `None` for ever.
    pub first: Option<Duration>,
    /// What the times after it are.
    pub growth: Growth,
    /// No longer than this, if it grows; `None`: no bound.
    pub most: Option<Duration>,
    /// Up to so much is added at random, so that nobody can tell the moment (fail2ban's
    /// `bantime.rndtime`).
    pub random: Duration,
    /// Earlier bans count until so long after the last of them has ended; `None`: as long as they are
    /// known.
    pub remembered: Option<Duration>,
    /// Bans by every judge count, not only those by this one.
    pub overall: bool,
    /// Whoever was shut out more often than this stays out for ever (DenyHosts' `PURGE_THRESHOLD`).
    pub patience: Option<u32>,
}

/// Ten minutes each time.
impl Default for Term {
    fn default() -> Self {
        Self {
            first: Some(Duration::from_secs(600)),
            growth: Growth::None,
            most: None,
            random: Duration::ZERO,
            remembered: Some(Duration::from_secs(7 * 86_400)),
            overall: false,
            patience: None,
        }
    }
}

/// How a term grows with the number of earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Growth {
    /// Not at all.
    #[default]
    None,
    /// By this factor each time, in thousandths, the exponent growing to 20 at most.
    Factor(u32),
    /// The n-th time is the first time's length by the n-th of these, the last for all that follow, so
    /// the first of them is one that changes nothing; not empty, none less than one.
    Factors(Vec<u32>),
}
