//! The bans in force: a bounded set, found by address.

use crate::prefix::PrefixMap;
use portreeve_model::Network;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// So many bans at most leave in one call of [`State::expire`](crate::State::expire), so that a
/// great expiry does not hold up the door.
pub const EXPIRE_BATCH: usize = 4096;

/// A network shut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its number in the ledger.
    pub id: u64,
    /// Who is shut out.
    pub network: Network,
    /// First second, since the epoch, in which it is in no more; `None` for ever.
    pub until: Option<i64>,
    /// What led to it, in words, with its place: it outlives the configuration it comes from.
    pub cause: Arc<str>,
}

impl Ban {
    /// Whether it is in force.
    #[must_use]
    pub fn holds(&self, wall: i64) -> bool {
        self.until.is_none_or(|until| wall < until)
    }
}

/// What became of a new ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanOutcome {
    /// It is in force.
    Added,
    /// It is in force, and this one, which would have expired soonest, went to make room.
    Replaced(Ban),
    /// The network was banned already; that ban now lasts as long as this one, under its number
    /// and cause.
    Lengthened,
    /// The network is banned already for at least as long.
    AlreadyLonger,
    /// No room: the set is full of bans that last at least as long.
    Full,
}

/// All bans.
#[derive(Clone, Debug)]
pub(crate) struct BanSet {
    by_network: PrefixMap<Ban>,
    /// Those that end, by their end.
    ends: BTreeSet<(i64, Network)>,
    /// Those that do not, in order of their networks.
    lasting: BTreeSet<Network>,
    max: usize,
    evicted: u64,
}

impl BanSet {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            by_network: PrefixMap::default(),
            ends: BTreeSet::new(),
            lasting: BTreeSet::new(),
            max,
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len().saturating_add(self.lasting.len())
    }

    /// Bans that went, or never came in, for want of room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The narrowest ban in force on a peer.
    pub(crate) fn find(&self, peer: IpAddr, wall: i64) -> Option<&Ban> {
        self.by_network.around(peer).find(|ban| ban.holds(wall))
    }

    pub(crate) fn get(&self, network: Network) -> Option<&Ban> {
        self.by_network.get(network)
    }

    pub(crate) fn add(&mut self, ban: Ban) -> BanOutcome {
        if let Some(old) = self.by_network.get(ban.network) {
            // For ever lasts longer than any time.
            if old.until.is_none_or(|old| ban.until.is_some_and(|new| new <= old)) {
                return BanOutcome::AlreadyLonger;
            }
            self.remove(ban.network);
            self.put(ban);
            return BanOutcome::Lengthened;
        }
        if self.len() < self.max {
            self.put(ban);
            return BanOutcome::Added;
        }
        self.evicted = self.evicted.saturating_add(1);
        let soonest = self.ends.first().copied();
        let Some((_, soonest)) =
            soonest.filter(|(end, _)| ban.until.is_none_or(|until| until > *end))
        else {
            return BanOutcome::Full;
        };
        let gone = self.remove(soonest);
        self.put(ban);
        gone.map_or(BanOutcome::Added, BanOutcome::Replaced)
    }

    fn put(&mut self, ban: Ban) {
        match ban.until {
            Some(until) => self.ends.insert((until, ban.network)),
            None => self.lasting.insert(ban.network),
        };
        self.by_network.insert(ban.network, ban);
    }

    pub(crate) fn remove(&mut self, network: Network) -> Option<Ban> {
        let ban = self.by_network.remove(network)?;
        match ban.until {
            Some(until) => self.ends.remove(&(until, network)),
            None => self.lasting.remove(&network),
        };
        Some(ban)
    }

    /// Takes out what has ended, a batch at most.
    pub(crate) fn expire(&mut self, wall: i64) -> Vec<Ban> {
        let mut gone = Vec::new();
        while let Some((end, network)) = self.ends.first().copied() {
            if end > wall || gone.len() >= EXPIRE_BATCH {
                break;
            }
            match self.remove(network) {
                Some(ban) => gone.push(ban),
                None => {
                    self.ends.remove(&(end, network));
                }
            }
        }
        gone
    }

    pub(crate) fn next_end(&self) -> Option<i64> {
        self.ends.first().map(|(end, _)| *end)
    }

    /// All of them: those that end soonest first, then those for ever.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ban> {
        let ending = self.ends.iter().map(|(_, network)| network);
        ending.chain(&self.lasting).filter_map(|network| self.by_network.get(*network))
    }
}
