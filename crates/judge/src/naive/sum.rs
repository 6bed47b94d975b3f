//! One sum, as a list of charges.

use crate::Strength;
use portreeve_model::{By, Decay, Judge, Level, Network, Offence, OnSuccess, Tally, When};
use std::net::IpAddr;

/// By what a charge can be told from others, where anybody will ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) network: Option<Network>,
    pub(super) account: Option<String>,
    pub(super) child: Option<Network>,
}

impl Names {
    pub(super) fn new(
        judge: &Judge,
        tally: &Tally,
        peer: IpAddr,
        offence: &Offence,
        below: Option<&Level>,
    ) -> Self {
        let around = |level: &Level| Network::around(peer, level.v4, level.v6);
        let taken = !tally.lasting && judge.success != OnSuccess::Nothing;
        let accounts = judge.success == OnSuccess::ForgetsAccount && tally.by == By::Network;
        let apart = taken && (below.is_some() || tally.by == By::User);
        Self {
            network: judge.levels.first().filter(|_| apart).map(around),
            account: offence.user.clone().filter(|_| taken && accounts),
            child: below.map(around),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Charged {
    pub(super) at: u64,
    pub(super) points: u64,
    pub(super) names: Names,
    pub(super) strength: Strength,
}

#[derive(Clone, Debug)]
pub(super) struct Result {
    pub(super) was_full: bool,
    pub(super) full: bool,
    pub(super) at: u64,
    pub(super) drains: Option<u64>,
    pub(super) strength: Strength,
}

/// Charges, as they came; of what drains, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Sum {
    charges: Vec<Charged>,
    last: u64,
    empty_at: u64,
    active: bool,
}

fn fills(tally: &Tally, sum: u64) -> bool {
    let limit = u64::from(tally.limit.0);
    match tally.when {
        When::Reached => sum >= limit,
        When::Exceeded => sum > limit,
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn different(charges: &[Charged]) -> usize {
    let mut children: Vec<Option<Network>> = charges.iter().map(|c| c.names.child).collect();
    children.sort_unstable();
    children.dedup();
    children.len()
}

impl Sum {
    fn total(&self) -> u64 {
        self.charges.iter().map(|charge| charge.points).sum()
    }

    fn full(&self, tally: &Tally, needed: usize, now: u64) -> bool {
        let sum = match tally.decay {
            Decay::Window(_) | Decay::Idle(_) => self.total(),
            // Points are thousandths, and one of them drains in a thousandth of the time.
            Decay::Drain(each) => {
                let (left, each) = (self.empty_at.saturating_sub(now) * 1000, millis(each));
                left / each + u64::from(left % each > 0 && tally.when == When::Exceeded)
            }
        };
        let enough = needed < 2 || different(&self.charges) >= needed;
        !self.charges.is_empty() && (self.active || (fills(tally, sum) && enough))
    }

    fn pass(&mut self, tally: &Tally, now: u64) {
        match tally.decay {
            Decay::Window(span) => {
                self.charges.retain(|charge| now - charge.at.min(now) < millis(span))
            }
            Decay::Idle(span) => {
                if span.is_some_and(|span| now - self.last > millis(span)) {
                    *self = Self::default();
                }
            }
            Decay::Drain(_) if self.empty_at < now => *self = Self::default(),
            Decay::Drain(_) => {
                // What is left is the newest of it; but one charge stays to the end.
                let mut left = self.empty_at - now;
                for charge in self.charges.iter_mut().rev() {
                    charge.points = charge.points.min(left);
                    left -= charge.points;
                }
                let newest = self.charges.pop();
                self.charges.retain(|charge| charge.points > 0);
                self.charges.extend(newest);
            }
        }
        self.last = now;
    }

    pub(super) fn charge(&mut self, new: &Charged, tally: &Tally, needed: usize) -> Result {
        let now = self.last.max(new.at);
        self.pass(tally, now);
        let was_full = self.full(tally, needed, now);
        match tally.decay {
            Decay::Window(_) | Decay::Idle(_) => self.add(new, tally, now),
            Decay::Drain(each) => self.pour(new, tally, now, millis(each)),
        }
        let full = self.full(tally, needed, now);
        if tally.by == By::User || needed > 1 {
            self.trim(tally, needed);
        }
        let drains = matches!(tally.decay, Decay::Drain(_)).then(|| self.empty_at - now);
        let strengths = self.charges.iter().map(|charge| charge.strength);
        let strength = strengths.min().unwrap_or(new.strength).min(new.strength);
        match tally.decay {
            Decay::Drain(_) => self.active |= full,
            _ if full && tally.by != By::User => *self = Self::default(),
            Decay::Window(_) | Decay::Idle(_) => {}
        }
        Result { was_full, full, at: now, drains, strength }
    }

    fn add(&mut self, new: &Charged, tally: &Tally, now: u64) {
        let most = tally.most.map_or(u64::MAX, |most| most.0.into());
        let mut new =
            Charged { points: new.points.min(most - self.total().min(most)), ..new.clone() };
        if let Decay::Window(span) = tally.decay
            && now - new.at >= millis(span)
        {
            return;
        }
        if new.points == 0 {
            return;
        }
        if let Decay::Idle(_) = tally.decay
            && let Some(at) = self.charges.iter().position(|charge| charge.names == new.names)
        {
            let known = self.charges.remove(at);
            new.points += known.points;
            new.at = new.at.max(known.at);
            new.strength = new.strength.min(known.strength);
        }
        self.charges.push(new);
        self.charges.sort_by_key(|charge| charge.at);
    }

    fn pour(&mut self, new: &Charged, tally: &Tally, now: u64, each: u64) {
        let in_time = |points: u64| (points * each).div_ceil(1000);
        let before = if self.charges.is_empty() { now } else { self.empty_at };
        let mut after = before + in_time(new.points);
        if let Some(most) = tally.most.filter(|_| !self.charges.is_empty()) {
            after = after.min(now + in_time(most.0.into()));
        }
        self.empty_at = after;
        let points = after.saturating_sub(before);
        match self.charges.last_mut().filter(|last| last.names == new.names) {
            Some(last) => {
                last.points += points;
                last.at = last.at.max(new.at);
                last.strength = last.strength.min(new.strength);
            }
            None => self.charges.push(Charged { at: now, points, ..new.clone() }),
        }
    }

    /// What is full and stays so keeps the newest that fill it, and the newest of other networks.
    fn trim(&mut self, tally: &Tally, needed: usize) {
        if !fills(tally, self.total()) || matches!(tally.decay, Decay::Drain(_)) {
            return;
        }
        let mut kept: Vec<Charged> = Vec::new();
        for (place, charge) in self.charges.iter().enumerate().rev() {
            let newer = self.charges.get(place + 1..).unwrap_or_default();
            let filled = fills(tally, newer.iter().map(|charge| charge.points).sum());
            let new = !newer.iter().any(|other| other.names.child == charge.names.child);
            if !filled || (needed > 1 && new && different(newer) < needed) {
                kept.insert(0, charge.clone());
            }
        }
        self.charges = kept;
    }

    pub(super) fn take_back(&mut self, at: u64, tally: &Tally, theirs: impl Fn(&Names) -> bool) {
        if let Decay::Drain(_) = tally.decay {
            self.pass(tally, self.last.max(at));
        }
        let before = self.total();
        self.charges.retain(|charge| charge.at > at || !theirs(&charge.names));
        self.empty_at = self.empty_at.saturating_sub(before - self.total());
        if self.charges.is_empty() {
            *self = Self::default();
        }
    }

    pub(super) fn pardon(&mut self, at: u64, tally: &Tally) {
        if self.last <= at {
            *self = Self::default();
        } else {
            self.take_back(at, tally, |_| true);
        }
    }
}
