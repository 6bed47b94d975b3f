//! The bans in force: a bounded set, found by address.

use crate::prefix::PrefixMap;
use portreeve_model::Network;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// So many bans at most leave in one call of [`State::expire`](crate::State::expire), so that a
/// great expiry does not hold up the door.
pub const EXPIRE_BATCH: usize = 4096;

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
    /// Since when, seconds since the epoch.
    pub since: i64,
    /// First second, since the epoch, in which it is in no more; `None` for ever.
    pub until: Option<i64>,
    /// What led to it, in words.
    pub reason: Arc<str>,
    /// Where it comes from.
    pub source: Arc<BanSource>,
}

impl Ban {
    /// Whether it is in force.
    #[must_use]
    pub fn holds(&self, wall: i64) -> bool {
        self.until.is_none_or(|until| wall < until)
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

/// All bans. The records stand aside and are named by number, so that the map that every
/// connection asks stays small.
#[derive(Clone, Debug)]
pub(crate) struct BanSet {
    by_network: PrefixMap<u32>,
    records: Vec<Option<Ban>>,
    free: Vec<u32>,
    /// Those that end, by their end.
    ends: BTreeSet<(i64, u32)>,
    len: usize,
    max: usize,
    evicted: u64,
}

impl BanSet {
    /// At most `max` bans, and never more than a number of 32 bits can name.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            by_network: PrefixMap::default(),
            records: Vec::new(),
            free: Vec::new(),
            ends: BTreeSet::new(),
            len: 0,
            max: max.min(u32::MAX as usize),
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bans that went, or never came in, for want of room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The narrowest ban in force on a peer.
    pub(crate) fn find(&self, peer: IpAddr, wall: i64) -> Option<&Ban> {
        let around = self.by_network.around(peer).filter_map(|number| self.record(*number));
        around.into_iter().find(|ban| ban.holds(wall))
    }

    pub(crate) fn get(&self, network: Network) -> Option<&Ban> {
        self.record(*self.by_network.get(network)?)
    }

    fn record(&self, number: u32) -> Option<&Ban> {
        self.records.get(number as usize)?.as_ref()
    }

    pub(crate) fn add(&mut self, ban: Ban) -> BanOutcome {
        if let Some(old) = self.get(ban.network) {
            // For ever lasts longer than any time.
            if old.until.is_none_or(|old| ban.until.is_some_and(|new| new <= old)) {
                return BanOutcome::AlreadyLonger;
            }
            self.remove(ban.network);
            self.put(ban);
            return BanOutcome::Lengthened;
        }
        if self.len < self.max {
            self.put(ban);
            return BanOutcome::Added;
        }
        self.evicted = self.evicted.saturating_add(1);
        let soonest = self.ends.first().filter(|(end, _)| ban.until.is_none_or(|new| new > *end));
        let soonest = soonest.and_then(|(_, number)| self.record(*number)).map(|old| old.network);
        let Some(gone) = soonest.and_then(|network| self.remove(network)) else {
            return BanOutcome::Full;
        };
        self.put(ban);
        BanOutcome::Replaced(gone)
    }

    /// Puts a ban whose network has none.
    fn put(&mut self, ban: Ban) {
        let (network, until) = (ban.network, ban.until);
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
        self.by_network.insert(network, number);
        self.len = self.len.saturating_add(1);
    }

    pub(crate) fn remove(&mut self, network: Network) -> Option<Ban> {
        let number = self.by_network.remove(network)?;
        let ban = self.records.get_mut(number as usize)?.take()?;
        if let Some(until) = ban.until {
            self.ends.remove(&(until, number));
        }
        self.free.push(number);
        self.len = self.len.saturating_sub(1);
        Some(ban)
    }

    /// Takes out what has ended, a batch at most.
    pub(crate) fn expire(&mut self, wall: i64) -> Vec<Ban> {
        let mut gone = Vec::new();
        while let Some(&(end, number)) = self.ends.first() {
            if end > wall || gone.len() >= EXPIRE_BATCH {
                break;
            }
            let network = self.record(number).map(|ban| ban.network);
            gone.extend(network.and_then(|network| self.remove(network)));
            self.ends.remove(&(end, number)); // gone already, unless something is very wrong
        }
        gone
    }

    #[cfg(test)]
    pub(crate) fn footprint(&self) -> usize {
        self.records.capacity()
            + self.free.capacity()
            + self.ends.len()
            + self.by_network.capacity()
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
        self.by_network.wider(v4, v6)
    }

    /// All of them: those that end soonest first, then those for ever.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ban> {
        let ending = self.ends.iter().filter_map(|(_, number)| self.record(*number));
        let lasting = self.records.iter().flatten().filter(|ban| ban.until.is_none());
        ending.chain(lasting)
    }
}
