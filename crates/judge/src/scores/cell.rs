//! One sum: what was charged to one network, or to one account, and what of it counts still.

use super::entries::{Entries, Entry, Names};
use super::rule::{Rule, Shrinks};
use super::table::Held;
use crate::Strength;
use portreeve_model::Tally;

/// A charge as it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charged {
    /// Milliseconds since the epoch.
    pub(super) at: u64,
    /// Thousandths of a point; not nothing.
    pub(super) points: u64,
    pub(super) names: Names,
    pub(super) strength: Strength,
}

/// What a charge has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    /// Whether it was enough before.
    pub(super) was_full: bool,
    /// Whether it is enough now.
    pub(super) full: bool,
    /// Thousandths of a point that count now.
    pub(super) points: u64,
    /// Different networks of the level below, where that matters.
    pub(super) offenders: usize,
    /// The time, which may be later than the charge's.
    pub(super) at: u64,
    /// What drains is empty after so many milliseconds.
    pub(super) drains: Option<u64>,
    /// The worst of its evidence.
    pub(super) strength: Strength,
}

/// Different networks, of which no more are remembered than are needed.
struct Seen {
    children: [u32; u8::MAX as usize],
    some: usize,
    needed: usize,
}

impl Seen {
    fn new(rule: &Rule) -> Self {
        Self { children: [0; u8::MAX as usize], some: 0, needed: rule.offenders.into() }
    }

    fn is_enough(&self) -> bool {
        self.needed < 2 || self.some >= self.needed
    }

    /// Whether it is one more of those that are needed.
    fn add(&mut self, child: u32) -> bool {
        let known = self.children.get(..self.some).is_some_and(|known| known.contains(&child));
        if known || self.some >= self.needed {
            return false;
        }
        if let Some(place) = self.children.get_mut(self.some) {
            *place = child;
        }
        self.some += 1;
        true
    }
}

/// One sum.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// The latest time it knows of: it never goes back.
    last: u64,
    /// When it is over; of what drains, when it is empty.
    over: u64,
    entries: Entries,
    /// Of all entries; not kept of what drains.
    sum: u32,
    /// Whether what drains shuts out until it is empty.
    active: bool,
    /// Whether too few different networks have a part in it: it is so until another comes.
    few: bool,
    /// How many charges were left when it was last trimmed.
    kept: u16,
}

impl Held for Cell {
    fn over(&self) -> u64 {
        self.over
    }

    fn is_nothing(&self) -> bool {
        matches!(self.entries, Entries::None)
    }

    fn elsewhere(&self) -> usize {
        self.entries.elsewhere()
    }
}

impl Cell {
    /// Adds a charge and says what it comes to. What has filled it is gone afterwards, unless it drains
    /// or stays.
    pub(super) fn charge(&mut self, charged: &Charged, rule: &Rule) -> Sum {
        let now = self.last.max(charged.at);
        self.pass(now, rule);
        // Of what stays full only an account's sum asks, which knows of no crowd.
        let was_full = rule.stays && self.full(now, rule);
        match rule.decay {
            Shrinks::Window(_) | Shrinks::Idle(_) => self.add(now, charged, rule),
            Shrinks::Drain(each) => self.pour(now, charged, each, rule),
        }
        self.bound(rule);
        self.few &= self.is_known_of_late(charged.names.child);
        let full = self.full(now, rule);
        let grown =
            self.entries.len() > usize::from(self.kept).saturating_mul(2).saturating_add(16);
        if rule.trims() && (full || grown || rule.trims_at_once()) {
            self.trim(rule);
        }
        let sum = Sum {
            was_full,
            full,
            points: self.points(now, rule),
            offenders: if full && rule.offenders > 1 { self.different() } else { 1 },
            at: now,
            drains: matches!(rule.decay, Shrinks::Drain(_)).then(|| self.over.saturating_sub(now)),
            strength: match full || was_full {
                true => self.strength().min(charged.strength),
                false => charged.strength,
            },
        };
        match rule.decay {
            Shrinks::Drain(_) => self.active |= full,
            Shrinks::Window(_) | Shrinks::Idle(_) if full && !rule.stays => *self = Self::default(),
            Shrinks::Window(_) | Shrinks::Idle(_) => {}
        }
        sum
    }

    /// Takes charges back.
    pub(super) fn take_back(&mut self, now: u64, rule: &Rule, theirs: impl Fn(&Entry) -> bool) {
        let now = self.last.max(now);
        let mut taken: u64 = 0;
        if let Shrinks::Drain(_) = rule.decay {
            self.pass(now, rule);
        }
        if rule.trims() {
            self.trim(rule);
        }
        self.entries.retain(|entry| {
            let theirs = theirs(entry);
            taken = taken.saturating_add(if theirs { entry.amount.into() } else { 0 });
            !theirs
        });
        match rule.decay {
            Shrinks::Drain(_) => self.over = self.over.saturating_sub(taken),
            Shrinks::Window(_) | Shrinks::Idle(_) => self.count(),
        }
    }

    /// Thousandths of a point that count at a time, were nothing to happen until then.
    pub(super) fn standing(&self, at: u64, rule: &Rule) -> u64 {
        let now = self.last.max(at);
        match rule.decay {
            Shrinks::Window(span) => {
                let counts = |entry: &&Entry| now.saturating_sub(entry.at()) < span;
                self.entries.iter().filter(counts).map(|entry| u64::from(entry.amount)).sum()
            }
            Shrinks::Idle(Some(span)) if now.saturating_sub(self.last) > span => 0,
            Shrinks::Idle(_) | Shrinks::Drain(_) => self.points(now, rule),
        }
    }

    /// The latest time it knows of.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// What time takes away.
    fn pass(&mut self, now: u64, rule: &Rule) {
        match rule.decay {
            Shrinks::Window(span) => {
                let old = |entry: &Entry| now.saturating_sub(entry.at()) >= span;
                while self.entries.first_mut().is_some_and(|entry| old(entry)) {
                    let gone = self.entries.pop_first().map_or(0, |entry| entry.amount);
                    self.sum = self.sum.saturating_sub(gone);
                }
            }
            Shrinks::Idle(Some(span)) if now.saturating_sub(self.last) > span => {
                *self = Self::default();
            }
            Shrinks::Idle(_) => {}
            // OpenSSH lets go what was over before now: in its last moment it counts still.
            Shrinks::Drain(_) if self.over < now => *self = Self::default(),
            Shrinks::Drain(_) => {
                let left = self.over.saturating_sub(now);
                let mut held: u64 = self.entries.iter().map(|entry| u64::from(entry.amount)).sum();
                // The oldest has drained first; the last of them stays, for its names and evidence.
                while self.entries.len() > 1 {
                    let Some(first) = self.entries.first_mut() else { break };
                    if held <= left && first.amount > 0 {
                        break;
                    }
                    let drained = u64::from(first.amount).min(held.saturating_sub(left));
                    held = held.saturating_sub(drained);
                    first.amount = first.amount.saturating_sub(u32::try_from(drained).unwrap_or(0));
                    if first.amount == 0 {
                        self.entries.pop_first();
                    }
                }
                if let Some(only) = self.entries.first_mut().filter(|_| held > left) {
                    only.amount = u32::try_from(left).unwrap_or(u32::MAX);
                }
            }
        }
        self.last = now;
    }

    fn add(&mut self, now: u64, charged: &Charged, rule: &Rule) {
        let room = rule.most.map_or(u64::MAX, |most| most.saturating_sub(self.sum.into()));
        let points = charged.points.min(room);
        let counts = match rule.decay {
            Shrinks::Window(span) => now.saturating_sub(charged.at) < span,
            Shrinks::Idle(_) | Shrinks::Drain(_) => true,
        };
        if points > 0 && counts {
            let mut entry = Entry::new(charged.at, points, charged.names, charged.strength);
            if let Shrinks::Idle(_) = rule.decay {
                let same = |known: &Entry| known.names == charged.names;
                let known = self.entries.iter().find(|known| same(known)).copied();
                if let Some(known) = known {
                    entry = entry.with(&known, charged.names);
                    self.entries.retain(|known| !same(known));
                }
            }
            self.entries.insert(entry);
            self.sum = self.sum.saturating_add(u32::try_from(points).unwrap_or(u32::MAX));
        }
        let newest = self.entries.last_mut().map_or(now, |entry| entry.at());
        self.over = match rule.decay {
            Shrinks::Window(span) => newest.saturating_add(span),
            Shrinks::Idle(span) => {
                now.saturating_add(span.unwrap_or(u64::MAX >> 2)).saturating_add(1)
            }
            Shrinks::Drain(_) => self.over,
        };
    }

    /// OpenSSH's way: what is there already is cut at the most, what is new is not.
    fn pour(&mut self, now: u64, charged: &Charged, each: u64, rule: &Rule) {
        let new = self.is_nothing();
        let before = if new { now } else { self.over };
        self.over = before.saturating_add(Rule::drains(charged.points, each));
        if let Some(most) = rule.most.filter(|_| !new) {
            self.over = self.over.min(now.saturating_add(Rule::drains(most, each)));
        }
        let added = self.over.saturating_sub(before);
        let entry = Entry::new(charged.at, added, charged.names, charged.strength);
        match self.entries.last_mut().filter(|last| last.names == charged.names) {
            Some(last) => *last = entry.with(last, charged.names),
            None => self.entries.insert(Entry::new(now, added, charged.names, charged.strength)),
        }
    }

    /// Whether it is enough.
    fn full(&mut self, now: u64, rule: &Rule) -> bool {
        let enough = match rule.decay {
            Shrinks::Window(_) | Shrinks::Idle(_) => rule.fills(self.sum.into()),
            Shrinks::Drain(each) => rule.fills_draining(self.over.saturating_sub(now), each),
        };
        !self.is_nothing() && (self.active || (enough && self.crowded(rule)))
    }

    /// Whether enough different networks have a part in it.
    fn crowded(&mut self, rule: &Rule) -> bool {
        if self.few {
            return false;
        }
        let mut seen = Seen::new(rule);
        self.few = !seen.is_enough()
            && !self.entries.iter().rev().any(|entry| {
                seen.add(entry.names.child);
                seen.is_enough()
            });
        !self.few
    }

    /// Whether one of the charges before the newest was of this network too; a quick look.
    fn is_known_of_late(&self, child: u32) -> bool {
        self.entries.iter().rev().take(16).filter(|entry| entry.names.child == child).count() > 1
    }

    /// How many different networks have a part in it.
    fn different(&self) -> usize {
        let mut children: Vec<u32> = self.entries.iter().map(|entry| entry.names.child).collect();
        children.sort_unstable();
        children.dedup();
        children.len()
    }

    /// Thousandths of a point.
    fn points(&self, now: u64, rule: &Rule) -> u64 {
        match rule.decay {
            Shrinks::Window(_) | Shrinks::Idle(_) => self.sum.into(),
            Shrinks::Drain(each) => {
                self.over.saturating_sub(now).saturating_mul(1000) / each.max(1)
            }
        }
    }

    fn strength(&self) -> Strength {
        self.entries.iter().map(Entry::strength).min().unwrap_or(Strength::Session)
    }

    /// What is full, and stays so, remembers the newest charges that fill it, and of as many other
    /// networks as are needed the newest charge. Of a window, doing so later comes to the same.
    fn trim(&mut self, rule: &Rule) {
        if rule.fills(self.sum.into()) {
            match rule.offenders {
                ..2 => self.trim_oldest(rule),
                2.. => self.trim_crowd(rule),
            }
        }
        self.kept = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
    }

    fn trim_crowd(&mut self, rule: &Rule) {
        let (mut sum, mut seen) = (0_u64, Seen::new(rule));
        let (mut stay, mut go) = ([0_u64; Tally::MOST_CHARGES / 64 + 1], false);
        let places = (0..self.entries.len()).rev();
        for (place, entry) in places.zip(self.entries.iter().rev()) {
            if seen.add(entry.names.child) || !rule.fills(sum) {
                if let Some(word) = stay.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            } else {
                go = true;
            }
            sum = sum.saturating_add(entry.amount.into());
        }
        if go {
            let mut place = 0;
            self.entries.retain(|_| {
                let stays = stay.get(place / 64).is_none_or(|word| word >> (place % 64) & 1 == 1);
                place += 1;
                stays
            });
            self.count();
        }
    }

    fn trim_oldest(&mut self, rule: &Rule) {
        while let Some(first) = self.entries.first_mut().map(|first| first.amount) {
            let rest = self.sum.saturating_sub(first);
            if !rule.fills(rest.into()) {
                return;
            }
            self.entries.pop_first();
            self.sum = rest;
        }
    }

    /// Of too many the two oldest become one. A configuration that is checked never comes to that.
    fn bound(&mut self, rule: &Rule) {
        while self.entries.len() > rule.charges.max(2) {
            let Some(first) = self.entries.pop_first() else { return };
            if let Some(second) = self.entries.first_mut() {
                *second = second.with(&first, second.names);
            }
        }
    }

    fn count(&mut self) {
        let sum: u64 = self.entries.iter().map(|entry| u64::from(entry.amount)).sum();
        self.sum = u32::try_from(sum).unwrap_or(u32::MAX);
    }
}
