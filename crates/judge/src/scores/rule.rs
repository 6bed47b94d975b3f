//! A tally's arithmetic in numbers.

use portreeve_model::{By, Decay, Level, OnSuccess, Tally, When};
use std::time::Duration;

/// Whole milliseconds.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// How a sum grows, shrinks and fills, at one level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) decay: Shrinks,
    /// Thousandths of a point.
    pub(super) limit: u64,
    pub(super) when: When,
    /// Thousandths of a point.
    pub(super) most: Option<u64>,
    /// So many different networks of the level below are needed.
    pub(super) offenders: u8,
    /// Whether what is full stays so: nothing begins anew when it has shut somebody out.
    pub(super) stays: bool,
    /// Charges in one cell, at most.
    pub(super) charges: usize,
}

/// How a sum shrinks by itself; milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shrinks {
    /// Each charge counts for so long.
    Window(u64),
    /// All is over after so long without a charge.
    Idle(Option<u64>),
    /// A point drains in so long.
    Drain(u64),
}

impl Rule {
    pub(super) fn new(tally: &Tally, level: &Level) -> Self {
        Self {
            decay: match tally.decay {
                Decay::Window(span) => Shrinks::Window(millis(span).max(1)),
                Decay::Idle(span) => Shrinks::Idle(span.map(millis)),
                Decay::Drain(span) => Shrinks::Drain(millis(span).max(1)),
            },
            limit: u64::from(tally.limit.0),
            when: tally.when,
            most: tally.most.map(|most| u64::from(most.0)),
            offenders: if tally.by == By::User { 1 } else { level.offenders.max(1) },
            stays: tally.by == By::User,
            charges: Tally::MOST_CHARGES,
        }
    }

    /// Whether what is full may stay so, and remembers no more than makes it full.
    pub(super) const fn trims(&self) -> bool {
        (self.stays || self.offenders > 1) && !matches!(self.decay, Shrinks::Drain(_))
    }

    /// Whether it makes a difference when it does.
    pub(super) const fn trims_at_once(&self) -> bool {
        self.offenders < 2 || self.most.is_some() || !matches!(self.decay, Shrinks::Window(_))
    }

    /// Whether a sum is enough.
    pub(super) const fn fills(&self, sum: u64) -> bool {
        match self.when {
            When::Reached => sum >= self.limit,
            When::Exceeded => sum > self.limit,
        }
    }

    /// Whether what is left to drain, in milliseconds, is enough, a point draining in `each`.
    pub(super) const fn fills_draining(&self, left: u64, each: u64) -> bool {
        let (left, limit) = (left.saturating_mul(1000), self.limit.saturating_mul(each));
        match self.when {
            When::Reached => left >= limit,
            When::Exceeded => left > limit,
        }
    }

    /// What points come to in milliseconds of draining, `each` a point.
    pub(super) const fn drains(points: u64, each: u64) -> u64 {
        points.saturating_mul(each).div_ceil(1000)
    }
}

/// What has to be known of whom a charge is for: by what it may be taken back or told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// The narrowest network.
    pub(super) network: bool,
    /// The account.
    pub(super) account: bool,
    /// The network of the level below.
    pub(super) child: bool,
}

impl Needs {
    pub(super) fn new(tally: &Tally, success: OnSuccess, widened: bool, offenders: u8) -> Self {
        let taken = !tally.lasting && success != OnSuccess::Nothing;
        let accounts = success == OnSuccess::ForgetsAccount && tally.by == By::Network;
        Self {
            network: taken && (widened || tally.by == By::User),
            account: taken && accounts,
            child: widened && tally.by != By::User && offenders > 1,
        }
    }
}
