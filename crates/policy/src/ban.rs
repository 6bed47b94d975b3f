//! The bans in force: a bounded set, found by address and service.

use crate::prefix::PrefixMap;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use portreeve_model::Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// So many bans at most leave in one call of [`State::expire`](crate::State::expire), so that a
/// great expiry does not hold up the door.
pub const EXPIRE_BATCH: usize = 4096;

/// Services that bans may be out of by themselves, at most: a configuration has far fewer.
const MOST_SCOPES: usize = 4096;

/// Where a ban comes from; many share one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BanSource {
    /// Key of the service at which it happened; empty for a ban made by hand.
    pub service: Box<str>,
    /// `path:line:column` of the rule, or who made it, in words: it outlives the configuration it
    /// comes from.
    pub origin: Option<Box<str>>,
    /// The service that they are shut out of, by its name; empty: all.
    pub only: Box<str>,
    /// The judge that asked for it; empty for a trap's, and one by hand.
    pub judge: Box<str>,
}

/// A network shut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who is shut out.
    pub network: Network,
    /// Since when, seconds since the epoch, by the clock of bans ([`State::ban_time`]).
    ///
    /// [`State::ban_time`]: crate::State::ban_time
    pub since: i64,
    /// First second, since the epoch, in which it is in force no more, by the same clock; `None` for
    /// ever.
    pub until: Option<i64>,
    /// What led to it, in words.
    pub reason: Arc<str>,
    /// Where it comes from.
    pub source: Arc<BanSource>,
}

impl Ban {
    /// Whether it is in force at a time of the clock of bans.
    #[must_use]
    pub fn holds(&self, time: i64) -> bool {
        self.until.is_none_or(|until| time < until)
    }

    /// What led to it, in words, with its place.
    #[must_use]
    pub fn cause(&self) -> String {
        match &self.source.origin {
            Some(origin) if self.reason.is_empty() => origin.to_string(),
            Some(origin) => format!("{} ({origin})", self.reason),
            None => self.reason.to_string(),
        }
    }
}

/// What became of a new ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanOutcome {
    /// It is in force.
    Added,
    /// It is in force, and this one, which would have expired soonest, went to make room.
    Replaced(Ban),
    /// The network was banned for a shorter time; this ban has taken that one's place.
    Lengthened,
    /// The network is banned already for at least as long.
    AlreadyLonger,
    /// No room: the set is full of bans that last at least as long.
    Full,
}

/// How much of the address space judges shut out, in sums: what is shut out twice counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shut {
    /// IPv4 addresses.
    pub v4: u64,
    /// IPv6 networks of 64 bits; a narrower one counts as one.
    pub v6: u64,
}

impl Shut {
    /// What a network is of it.
    #[must_use]
    pub fn of(network: Network) -> Self {
        let places = |bits: u32| 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
        let length = u32::from(network.length());
        if network.address().is_ipv4() {
            Self { v4: places(32_u32.saturating_sub(length)), v6: 0 }
        } else {
            Self { v4: 0, v6: places(64_u32.saturating_sub(length)) }
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self { v4: self.v4.saturating_add(more.v4), v6: self.v6.saturating_add(more.v6) }
    }

    fn without(self, less: Self) -> Self {
        Self { v4: self.v4.saturating_sub(less.v4), v6: self.v6.saturating_sub(less.v6) }
    }
}

/// All bans. The records stand aside and are named by number, so that the maps that every
/// connection asks stay small.
#[derive(Clone, Debug)]
pub(crate) struct BanSet {
    /// Bans out of every service.
    everywhere: PrefixMap<u32>,
    /// Bans out of one, by its name; none is empty.
    only: HashMap<Box<str>, PrefixMap<u32>, RandomState>,
    records: Vec<Option<Ban>>,
    free: Vec<u32>,
    /// Those that end, by their end.
    ends: BTreeSet<(i64, u32)>,
    len: usize,
    max: usize,
    evicted: u64,
    /// What judges shut out.
    judged: Shut,
}

impl BanSet {
    /// At most `max` bans, and never more than a number of 32 bits can name.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            everywhere: PrefixMap::default(),
            only: HashMap::default(),
            records: Vec::new(),
            free: Vec::new(),
            ends: BTreeSet::new(),
            len: 0,
            max: max.min(u32::MAX as usize),
            evicted: 0,
            judged: Shut::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bans that went, or never came in, for want of room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What judges shut out.
    pub(crate) fn judged(&self) -> Shut {
        self.judged
    }

    /// The narrowest ban in force on a peer, out of every service or out of this one.
    pub(crate) fn find(&self, peer: IpAddr, service: &str, time: i64) -> Option<&Ban> {
        let everywhere = self.narrowest(&self.everywhere, peer, time);
        if self.only.is_empty() {
            return everywhere; // so it is on most hosts, and costs them nothing
        }
        let here = self.only.get(service).and_then(|map| self.narrowest(map, peer, time));
        match (everywhere, here) {
            (Some(wide), Some(narrow)) if narrow.network.length() > wide.network.length() => {
                Some(narrow)
            }
            (everywhere, here) => everywhere.or(here),
        }
    }

    fn narrowest(&self, map: &PrefixMap<u32>, peer: IpAddr, time: i64) -> Option<&Ban> {
        let mut around = map.around(peer).filter_map(|number| self.record(*number));
        around.find(|ban| ban.holds(time))
    }

    fn map(&self, only: &str) -> Option<&PrefixMap<u32>> {
        if only.is_empty() { Some(&self.everywhere) } else { self.only.get(only) }
    }

    /// The ban of exactly this network out of this service, or out of all where that is empty.
    pub(crate) fn get(&self, network: Network, only: &str) -> Option<&Ban> {
        self.record(*self.map(only)?.get(network)?)
    }

    /// All bans of exactly this network.
    pub(crate) fn all_of(&self, network: Network) -> impl Iterator<Item = &Ban> {
        let maps = std::iter::once(&self.everywhere).chain(self.only.values());
        maps.filter_map(move |map| self.record(*map.get(network)?))
    }

    /// All bans around an address.
    pub(crate) fn over(&self, address: IpAddr) -> impl Iterator<Item = &Ban> {
        let maps = std::iter::once(&self.everywhere).chain(self.only.values());
        let around = maps.flat_map(move |map| map.around(address));
        around.filter_map(|number| self.record(*number))
    }

    fn record(&self, number: u32) -> Option<&Ban> {
        self.records.get(number as usize)?.as_ref()
    }

    pub(crate) fn add(&mut self, ban: Ban) -> BanOutcome {
        if let Some(old) = self.get(ban.network, &ban.source.only) {
            // For ever lasts longer than any time.
            if old.until.is_none_or(|old| ban.until.is_some_and(|new| new <= old)) {
                return BanOutcome::AlreadyLonger;
            }
            self.remove(ban.network, &ban.source.only);
            self.put(ban);
            return BanOutcome::Lengthened;
        }
        if self.map(&ban.source.only).is_none() && self.only.len() >= MOST_SCOPES {
            self.evicted = self.evicted.saturating_add(1);
            return BanOutcome::Full;
        }
        if self.len < self.max {
            self.put(ban);
            return BanOutcome::Added;
        }
        self.evicted = self.evicted.saturating_add(1);
        let soonest = self.ends.first().filter(|(end, _)| ban.until.is_none_or(|new| new > *end));
        let soonest = soonest.and_then(|(_, number)| self.record(*number));
        let soonest = soonest.map(|old| (old.network, old.source.clone()));
        let gone = soonest.and_then(|(network, source)| self.remove(network, &source.only));
        let Some(gone) = gone else { return BanOutcome::Full };
        self.put(ban);
        BanOutcome::Replaced(gone)
    }

    /// Puts a ban where there is none.
    fn put(&mut self, ban: Ban) {
        let (network, until, source) = (ban.network, ban.until, Arc::clone(&ban.source));
        if !source.judge.is_empty() {
            self.judged = self.judged.and(Shut::of(network));
        }
        let number = match self.free.pop() {
            Some(number) => number,
            None => u32::try_from(self.records.len()).unwrap_or(u32::MAX),
        };
        match self.records.get_mut(number as usize) {
            Some(record) => *record = Some(ban),
            None => self.records.push(Some(ban)),
        }
        if let Some(until) = until {
            self.ends.insert((until, number));
        }
        let map = match &*source.only {
            "" => &mut self.everywhere,
            only => self.only.entry_ref(only).or_default(),
        };
        map.insert(network, number);
        self.len = self.len.saturating_add(1);
    }

    pub(crate) fn remove(&mut self, network: Network, only: &str) -> Option<Ban> {
        let number = if only.is_empty() {
            self.everywhere.remove(network)?
        } else {
            let map = self.only.get_mut(only)?;
            let number = map.remove(network)?;
            if map.is_empty() {
                self.only.remove(only);
            }
            number
        };
        let ban = self.records.get_mut(number as usize)?.take()?;
        if let Some(until) = ban.until {
            self.ends.remove(&(until, number));
        }
        if !ban.source.judge.is_empty() {
            self.judged = self.judged.without(Shut::of(network));
        }
        self.free.push(number);
        self.len = self.len.saturating_sub(1);
        Some(ban)
    }

    /// Takes out what has ended, a batch at most.
    pub(crate) fn expire(&mut self, time: i64) -> Vec<Ban> {
        let mut gone = Vec::new();
        while let Some(&(end, number)) = self.ends.first() {
            if end > time || gone.len() >= EXPIRE_BATCH {
                break;
            }
            let ban = self.record(number).map(|ban| (ban.network, Arc::clone(&ban.source)));
            gone.extend(ban.and_then(|(network, source)| self.remove(network, &source.only)));
            self.ends.remove(&(end, number)); // gone already, unless something is very wrong
        }
        gone
    }

    #[cfg(test)]
    pub(crate) fn footprint(&self) -> usize {
        self.records.capacity()
            + self.free.capacity()
            + self.ends.len()
            + self.everywhere.capacity()
            + self.only.values().map(PrefixMap::capacity).sum::<usize>()
    }

    pub(crate) fn next_end(&self) -> Option<i64> {
        self.ends.first().map(|(end, _)| *end)
    }

    /// Those whose place is `from` or after it, with their places; in no order that means anything.
    pub(crate) fn from(&self, from: u32) -> impl Iterator<Item = (u32, &Ban)> {
        let rest = self.records.get(from as usize..).unwrap_or_default();
        let placed = (from..).zip(rest);
        placed.filter_map(|(place, record)| Some((place, record.as_ref()?)))
    }

    /// How many are wider than these prefix lengths.
    pub(crate) fn wider(&self, v4: u8, v6: u8) -> usize {
        let maps = std::iter::once(&self.everywhere).chain(self.only.values());
        maps.fold(0, |sum, map| sum.saturating_add(map.wider(v4, v6)))
    }

    /// All of them: those that end soonest first, then those for ever.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ban> {
        let ending = self.ends.iter().filter_map(|(_, number)| self.record(*number));
        let lasting = self.records.iter().flatten().filter(|ban| ban.until.is_none());
        ending.chain(lasting)
    }
}
