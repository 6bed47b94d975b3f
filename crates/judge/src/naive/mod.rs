//! The same as [`Scores`](crate::Scores) said slowly: every charge in a list, nothing bounded, every sum
//! taken anew. What is fast is tested against it.

mod agree;
mod script;
mod sum;

pub use agree::agree;
pub use script::{Event, Script};

use crate::{Proposal, Strength};
use portreeve_model::{
    By, Charge, Growth, Judge, Kind, Level, Network, Offence, OnSuccess, Tally, Term, Users,
    unmapped,
};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use sum::{Charged, Names, Sum};

/// Whose a sum is: the judge's and the tally's number, the level's, the network, the account.
type Key = (usize, usize, usize, Option<Network>, Option<String>);

/// All sums, slowly.
#[derive(Debug, Default)]
pub struct Naive {
    judges: Vec<Judge>,
    sums: BTreeMap<Key, Sum>,
    bans: Vec<(Network, String, u64, u64)>,
    successes: Vec<(IpAddr, String, u64)>,
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn around(peer: IpAddr, level: &Level) -> Network {
    Network::around(peer, level.v4, level.v6)
}

/// The levels that are levels for a peer's family, narrowest first, with their numbers.
fn levels(judge: &Judge, by: By, peer: IpAddr) -> Vec<(usize, Level)> {
    let mut found: Vec<(usize, Level)> = Vec::new();
    for (number, level) in judge.levels.iter().enumerate() {
        let length = |level: &Level| around(peer, level).length();
        let wider = found.last().is_none_or(|(_, below)| length(level) < length(below));
        if wider && (number == 0 || by != By::User) {
            found.push((number, *level));
        }
    }
    found
}

fn points(tally: &Tally, offence: &Offence) -> u64 {
    let kind = Kind::by_word(&offence.kind);
    let fits = |charge: &&Charge| {
        let kinds = match kind {
            Some(Kind::Trap) => charge.kinds.contains(&Kind::Trap),
            Some(kind) => charge.kinds.is_empty() || charge.kinds.contains(&kind),
            None => charge.kinds.is_empty(),
        };
        let invalid = kind == Some(Kind::InvalidUser);
        let users = match (&charge.users, &offence.user) {
            (Users::Any, _) | (Users::Invalid, None) => true,
            (Users::Invalid, Some(_)) => invalid,
            (Users::ValidBut(but), Some(user)) => !invalid && !but.contains(user),
            (Users::These(those), Some(user)) => those.contains(user),
            (Users::ValidBut(_) | Users::These(_), None) => false,
        };
        kinds && users
    };
    tally.charges.iter().find(fits).map_or(0, |charge| u64::from(charge.points.0))
        * u64::from(offence.count)
}

impl Naive {
    /// Nobody has done anything.
    #[must_use]
    pub fn new(judges: Vec<Judge>) -> Self {
        Self { judges, ..Self::default() }
    }

    /// As [`Scores::offence`](crate::Scores::offence); the reasons are left empty.
    pub fn offence(&mut self, offence: &Offence) -> Vec<Proposal> {
        let Some(peer) = offence.peer.map(unmapped).filter(|_| offence.certain) else {
            return Vec::new();
        };
        let judges = self.judges.clone();
        let told = judges.iter().enumerate().filter(|(_, judge)| {
            let hears = &judge.hears;
            let service = offence.service.split('@').next().unwrap_or_default();
            let watch = offence.watch.as_deref().unwrap_or_default();
            let detector = offence.detector.as_deref().unwrap_or_default();
            (hears.services.is_empty() || hears.services.iter().any(|s| s.as_str() == service))
                && (hears.watches.is_empty() || hears.watches.iter().any(|w| w.as_str() == watch))
                && (hears.detectors.is_empty() || hears.detectors.iter().any(|d| d == detector))
                && !judge.spares.iter().any(|spared| spared.contains(peer))
        });
        told.filter_map(|(number, judge)| self.judge(number, judge, offence, peer)).collect()
    }

    fn judge(
        &mut self,
        number: usize,
        judge: &Judge,
        offence: &Offence,
        peer: IpAddr,
    ) -> Option<Proposal> {
        let mut best: Option<(Network, sum::Result)> = None;
        for (place, tally) in judge.tallies.iter().enumerate() {
            let points = points(tally, offence);
            if tally.by == By::User && offence.user.is_none() {
                continue;
            }
            let levels = levels(judge, tally.by, peer);
            for (step, (level_number, level)) in levels.iter().enumerate() {
                let points = points * u64::from(level.share) / 1000;
                if points == 0 {
                    continue;
                }
                let network = around(peer, level);
                let below = step.checked_sub(1).and_then(|below| levels.get(below));
                let charged = Charged {
                    at: offence.at,
                    points,
                    names: Names::new(judge, tally, peer, offence, below.map(|(_, level)| level)),
                    strength: strength(offence),
                };
                let key = match tally.by {
                    By::Network => (number, place, *level_number, Some(network), None),
                    By::NetworkAndUser => {
                        let user = Some(offence.user.clone().unwrap_or_default());
                        (number, place, *level_number, Some(network), user)
                    }
                    By::User => (number, place, 0, None, offence.user.clone()),
                };
                let needed =
                    if tally.by == By::User { 1 } else { usize::from(level.offenders.max(1)) };
                let result = self.sums.entry(key).or_default().charge(&charged, tally, needed);
                let enough = match tally.by {
                    By::Network | By::NetworkAndUser => result.full,
                    By::User => result.was_full && !self.known(judge, peer, offence, result.at),
                };
                let spared = judge.spares.iter().any(|spared| spared.overlaps(network));
                let wider =
                    |(so_far, _): &(Network, sum::Result)| so_far.length() > network.length();
                if enough && !spared && best.as_ref().is_none_or(wider) {
                    best = Some((network, result));
                }
            }
        }
        let (network, result) = best?;
        Some(self.propose(judge, offence, peer, (network, result)))
    }

    fn propose(
        &self,
        judge: &Judge,
        offence: &Offence,
        peer: IpAddr,
        (network, result): (Network, sum::Result),
    ) -> Proposal {
        let time = self.time(judge, network, result.at);
        let span = match result.drains {
            Some(left) => Some(left),
            None => term(&judge.term, time),
        };
        Proposal {
            network,
            peer,
            at: result.at,
            seconds: span.map(|span| span.div_ceil(1000)),
            only: judge.only.iter().map(|service| service.as_str().into()).collect(),
            judge: judge.name.as_str().into(),
            time,
            service: offence.service.clone(),
            reason: String::new(),
            strength: result.strength,
        }
    }

    fn known(&self, judge: &Judge, peer: IpAddr, offence: &Offence, at: u64) -> bool {
        let Some(level) = judge.levels.first() else { return false };
        self.successes.iter().any(|(from, user, when)| {
            around(*from, level) == around(peer, level)
                && offence.user.as_ref() == Some(user)
                && at.saturating_sub(*when) <= 30 * 86_400_000
        })
    }

    /// As [`Scores::success`](crate::Scores::success).
    pub fn success(&mut self, peer: IpAddr, user: Option<&str>, at: u64) {
        let peer = unmapped(peer);
        self.successes.extend(user.map(|user| (peer, user.to_owned(), at)));
        for ((judge, tally, level, network, account), sum) in &mut self.sums {
            let Some(judge) = self.judges.get(*judge) else { continue };
            let Some((tally, narrowest)) = judge.tallies.get(*tally).zip(judge.levels.first())
            else {
                continue;
            };
            let forgets = match judge.success {
                OnSuccess::Nothing => false,
                OnSuccess::ForgetsAccount => user.is_some(),
                OnSuccess::ForgetsAll => true,
            };
            let theirs = network.is_none_or(|network| network.contains(peer));
            let mine = |account: &String| account == user.unwrap_or_default();
            if !forgets || tally.lasting || !theirs || !account.as_ref().is_none_or(mine) {
                continue;
            }
            let whole = network.is_some() && *level == 0;
            let from = around(peer, narrowest);
            sum.take_back(at, tally, |names| {
                let account = tally.by != By::Network || judge.success == OnSuccess::ForgetsAll;
                (whole || names.network == Some(from))
                    && (account || names.account.as_deref() == user)
            });
        }
    }

    /// As [`Scores::pardon`](crate::Scores::pardon).
    pub fn pardon(&mut self, network: Network, at: u64) {
        for ((_, tally, _, of, _), sum) in &mut self.sums {
            if of.is_some_and(|of| of.overlaps(network))
                && let Some(tally) = self.judges.iter().find_map(|judge| judge.tallies.get(*tally))
            {
                sum.pardon(at, tally);
            }
        }
        let inside =
            |of: Network| network.contains(of.address()) && of.length() >= network.length();
        self.bans.retain(|(of, ..)| !inside(*of));
    }

    /// As [`Scores::banned`](crate::Scores::banned).
    pub fn banned(&mut self, network: Network, judge: &str, from: u64, until: Option<u64>) {
        if !judge.is_empty() {
            self.bans.push((network, judge.into(), from, until.unwrap_or(u64::MAX >> 1)));
        }
    }

    /// Which time it would be.
    fn time(&self, judge: &Judge, network: Network, at: u64) -> u32 {
        let (mut count, mut last) = (0, 0);
        let remembered = judge.term.remembered.map_or(u64::MAX >> 2, millis);
        for (of, by, from, until) in &self.bans {
            if *of == network && (judge.term.overall || by == judge.name.as_str()) {
                if last + remembered < *from {
                    count = 0;
                }
                count += u32::from(count == 0 || *from >= last);
                last = last.max(*until);
            }
        }
        match count {
            0 => 1,
            _ if last + remembered < at => 1,
            _ if at < last => count,
            _ => count + 1,
        }
    }
}

fn strength(offence: &Offence) -> Strength {
    match offence.source.as_str() {
        "door" | "pipe" | "socket" => Strength::Session,
        "journal" => Strength::Journal,
        _ => Strength::File,
    }
}

fn term(term: &Term, time: u32) -> Option<u64> {
    let first = millis(term.first?);
    if term.patience.is_some_and(|patience| time > patience + 1) {
        return None;
    }
    let mut span = first;
    match &term.growth {
        Growth::None => {}
        Growth::Factor(factor) => {
            for _ in 1..time.min(21) {
                span = (span / 1000).saturating_mul((*factor).into());
            }
        }
        Growth::Factors(factors) if time > 1 => {
            let place = (time as usize).min(factors.len()) - 1;
            span = (first / 1000)
                .saturating_mul(u64::from(factors.get(place).copied().unwrap_or(1000)));
        }
        Growth::Factors(_) => {}
    }
    let most = term.most.map_or(u64::MAX, millis);
    Some(if time > 1 { span.min(most.max(first)) } else { span })
}
