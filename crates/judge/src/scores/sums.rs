//! Cells of one tally, at one level of one family.

use super::cell::{Cell, Charged, Sum};
use super::entries::Entry;
use super::net;
use super::rule::Rule;
use super::table::Table;
use portreeve_model::Network;
use std::fmt::Debug;

/// A table of cells whose keys are as many words as are needed.
pub(super) trait Sums: Debug + Send {
    /// Charges one.
    fn charge(&mut self, key: &[u32], charged: &Charged, rule: &Rule) -> Option<Sum>;
    /// Takes back from one what is theirs.
    fn take_back(&mut self, key: &[u32], now: u64, rule: &Rule, theirs: &dyn Fn(&Entry) -> bool);
    /// Nothing of this network, and of any that it lies in, counts from before. `length`: of the keys.
    fn pardon(&mut self, network: Network, length: u8, at: u64, rule: &Rule);
    /// The highest sum of a network's, of whatever account. `length`: of the keys.
    fn highest(&self, network: Network, length: u8, now: u64, rule: &Rule) -> u64;
    /// Lets go the one that is over soonest.
    fn evict(&mut self) -> bool;
    /// How many.
    fn len(&self) -> usize;
    /// What they take.
    fn bytes(&self) -> usize;
}

/// A table for keys of that length, in words; at most six.
pub(super) fn of(words: usize) -> Box<dyn Sums> {
    match words {
        0 | 1 => Box::new(Table::<1, Cell>::default()),
        2 => Box::new(Table::<2, Cell>::default()),
        3 => Box::new(Table::<3, Cell>::default()),
        4 => Box::new(Table::<4, Cell>::default()),
        _ => Box::new(Table::<6, Cell>::default()),
    }
}

/// Words of a network's part of a key.
pub(super) const fn words(length: u8, v4: bool) -> usize {
    match length {
        _ if v4 => 1,
        0..=64 => 2,
        _ => 4,
    }
}

impl<const N: usize> Sums for Table<N, Cell> {
    fn charge(&mut self, key: &[u32], charged: &Charged, rule: &Rule) -> Option<Sum> {
        let key = key.try_into().ok()?;
        Some(self.change(&key, Cell::default, |cell| cell.charge(charged, rule)))
    }

    fn take_back(&mut self, key: &[u32], now: u64, rule: &Rule, theirs: &dyn Fn(&Entry) -> bool) {
        if let Ok(key) = key.try_into() {
            self.alter(&key, |cell| cell.take_back(now, rule, theirs));
        }
    }

    fn pardon(&mut self, network: Network, length: u8, at: u64, rule: &Rule) {
        let forget = |cell: &mut Cell| match cell.last() <= at {
            true => *cell = Cell::default(),
            false => cell.take_back(at, rule, |entry| entry.at() <= at),
        };
        let shared = length.min(network.length());
        let mask = u128::MAX.checked_shl(128 - u32::from(shared)).unwrap_or(0);
        let wanted = net::words(net::bits(network.address()) & mask);
        let masks = net::words(mask);
        let network_words = words(length, network.address().is_ipv4());
        if shared == length
            && network_words == N
            && let Some(key) = wanted.first_chunk()
        {
            return self.alter(key, forget);
        }
        self.alter_all(|key, cell| {
            let mut parts = key.iter().zip(&masks).zip(&wanted);
            // What follows the network is an account.
            if parts.by_ref().take(network_words).all(|((key, mask), wanted)| key & mask == *wanted)
            {
                forget(cell);
            }
        });
    }

    fn highest(&self, network: Network, length: u8, now: u64, rule: &Rule) -> u64 {
        let wanted = net::words(net::bits(network.address()));
        let count = words(length, network.address().is_ipv4());
        let own = self.each().filter(|(key, _)| {
            let mut parts = key.iter().zip(&wanted).take(count);
            parts.all(|(key, wanted)| key == wanted)
        });
        own.map(|(_, cell)| cell.standing(now, rule)).max().unwrap_or(0)
    }

    fn evict(&mut self) -> bool {
        Table::evict(self)
    }

    fn len(&self) -> usize {
        Table::len(self)
    }

    fn bytes(&self) -> usize {
        Table::bytes(self)
    }
}
