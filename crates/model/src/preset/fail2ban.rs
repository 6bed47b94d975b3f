//! A jail of fail2ban's.

use super::judge;
use crate::{
    By, Charge, Decay, Growth, Judge, Origin, Points, ServiceName, Tally, Term, Users, When,
};
use std::time::Duration;

/// What a jail says of counting and banning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fail2ban {
    /// So many offences; at least 1.
    pub maxretry: u32,
    /// Within so long. fail2ban scales a count down where an exact window drops what is too old.
    pub findtime: Duration,
    /// The first ban; `None` for ever.
    pub bantime: Option<Duration>,
    /// How bans grow, if they do.
    pub increment: Option<Increment>,
}

/// `bantime.increment` and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increment {
    /// `bantime.factor`, in thousandths: every ban but the first is so much longer.
    pub factor: u32,
    /// `bantime.multipliers`, the first of which is never used; empty: twice as long each time.
    pub multipliers: Vec<u32>,
    /// `bantime.maxtime`: no ban but the first is longer.
    pub maxtime: Option<Duration>,
    /// `bantime.rndtime`: up to so much is added at random.
    pub rndtime: Duration,
    /// `bantime.overalljails`: bans by every judge count.
    pub overalljails: bool,
    /// `dbpurgeage`: an earlier ban counts for so long after its end.
    pub dbpurgeage: Duration,
}

impl Default for Fail2ban {
    fn default() -> Self {
        let ten_minutes = Duration::from_secs(600);
        Self { maxretry: 5, findtime: ten_minutes, bantime: Some(ten_minutes), increment: None }
    }
}

impl Default for Increment {
    fn default() -> Self {
        Self {
            factor: 1000,
            multipliers: Vec::new(),
            maxtime: None,
            rndtime: Duration::ZERO,
            overalljails: false,
            dbpurgeage: Duration::from_secs(86_400),
        }
    }
}

impl Fail2ban {
    /// The judge that does this.
    #[must_use]
    pub fn judge(self, name: ServiceName, origin: Origin) -> Judge {
        let charge = Charge { kinds: Vec::new(), users: Users::Any, points: Points::ONE };
        let tally = Tally {
            name: String::new(),
            charges: vec![charge],
            by: By::Network,
            decay: Decay::Window(self.findtime),
            limit: Points::whole(self.maxretry),
            when: When::Reached,
            most: None,
            lasting: false,
        };
        let growth = self.increment.as_ref().map(Increment::growth).unwrap_or_default();
        let how = self.increment.unwrap_or_default();
        let term = Term {
            first: self.bantime,
            growth,
            most: how.maxtime,
            random: how.rndtime,
            remembered: Some(how.dbpurgeage),
            overall: how.overalljails,
            patience: None,
        };
        judge(name, origin, vec![tally], term)
    }
}

impl Increment {
    /// fail2ban's stock formula, `ban.Time * (1<<min(ban.Count, 20)) * banFactor`, which is never less
    /// than the first ban; or its multipliers.
    fn growth(&self) -> Growth {
        const PLAIN: u32 = 1000;
        let times = |multiplier: u32| {
            let factor = u64::from(self.factor) * u64::from(multiplier);
            u32::try_from(factor).unwrap_or(u32::MAX).max(PLAIN)
        };
        if self.multipliers.is_empty() && self.factor == PLAIN {
            return Growth::Factor(2 * PLAIN);
        }
        let last = self.multipliers.last().map(|last| vec![*last]);
        let later =
            match self.multipliers.get(1..).filter(|later| !later.is_empty()).or(last.as_deref()) {
                Some(later) => later.to_vec(),
                None => (1..=20).map(|exponent| 1 << exponent).collect(),
            };
        Growth::Factors(std::iter::once(PLAIN).chain(later.into_iter().map(times)).collect())
    }
}
