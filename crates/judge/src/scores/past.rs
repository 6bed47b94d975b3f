//! What is known of networks beside their sums: how often they were banned, and who has authenticated
//! from there.

use super::mix;
use super::net;
use super::table::{Held, Table};
use portreeve_model::Network;

/// Who has authenticated as somebody is known for so long there, milliseconds: 30 days.
pub(super) const KNOWN: u64 = 30 * 86_400_000;

/// Bans of one network that one judge counts.
#[derive(Clone, Copy, Debug)]
struct Times {
    count: u32,
    until: u64,
    /// When it is forgotten.
    over: u64,
}

impl Held for Times {
    fn over(&self) -> u64 {
        self.over
    }

    fn is_nothing(&self) -> bool {
        self.count == 0
    }
}

/// Earlier bans.
#[derive(Debug, Default)]
pub(super) struct Bans {
    table: Table<6, Times>,
}

/// By whom they are counted: a judge's number, from 1.
fn key(network: Network, whose: u32) -> [u32; 6] {
    let [family, a, b, c, d] = net::key(network);
    [whose, family, a, b, c, d]
}

impl Bans {
    /// Books one; the same one, or one that begins while another is in force, is no further one.
    pub(super) fn add(
        &mut self,
        (network, whose): (Network, u32),
        from: u64,
        until: u64,
        remembered: Option<u64>,
    ) {
        let new = || Times { count: 0, until: 0, over: 0 };
        self.table.change(&key(network, whose), new, |times| {
            if remembered.is_some_and(|span| times.until.saturating_add(span) < from) {
                times.count = 0;
            }
            if times.count == 0 || from >= times.until {
                times.count = times.count.saturating_add(1);
            }
            times.until = times.until.max(until);
            times.over = times.until.saturating_add(remembered.unwrap_or(u64::MAX >> 2));
        });
    }

    /// Which time it is, when a ban begins now.
    pub(super) fn time(
        &self,
        network: Network,
        whose: u32,
        at: u64,
        remembered: Option<u64>,
    ) -> u32 {
        match self.table.get(&key(network, whose)) {
            Some(times) if remembered.is_some_and(|s| times.until.saturating_add(s) < at) => 1,
            Some(times) if at < times.until => times.count,
            Some(times) => times.count.saturating_add(1),
            None => 1,
        }
    }

    /// Forgets those of a network, and of all inside it.
    pub(super) fn forget(&mut self, network: Network, judges: u32) {
        let whole = if network.address().is_ipv4() { 32 } else { 128 };
        if network.length() == whole {
            for whose in 1..=judges {
                self.table.alter(&key(network, whose), |times| times.count = 0);
            }
            return;
        }
        let mask = u128::MAX.checked_shl(128 - u32::from(network.length())).unwrap_or(0);
        let [wanted, masks] = [net::words(net::bits(network.address()) & mask), net::words(mask)];
        let [family, ..] = net::key(network);
        self.table.alter_all(|[_, known, bits @ ..], times| {
            let mut parts = bits.iter().zip(&masks).zip(&wanted);
            let inside = known >> 8 == family >> 8 && known & 0xff >= family & 0xff;
            if inside && parts.all(|((bits, mask), wanted)| bits & mask == *wanted) {
                times.count = 0;
            }
        });
    }

    /// Keeps no more than so many; says how many were let go.
    pub(super) fn bound(&mut self, most: usize) -> u64 {
        let mut gone = 0;
        while self.table.len() > most && self.table.evict() {
            gone += 1;
        }
        gone
    }

    pub(super) const fn bytes(&self) -> usize {
        self.table.bytes()
    }
}

/// When somebody has authenticated.
#[derive(Clone, Copy, Debug)]
struct Last(u64);

impl Held for Last {
    fn over(&self) -> u64 {
        self.0
    }

    fn is_nothing(&self) -> bool {
        false
    }
}

/// Networks from which somebody has authenticated, with the account.
#[derive(Debug, Default)]
pub(super) struct KnownGood {
    table: Table<7, Last>,
}

fn pair(network: Network, account: u64) -> [u32; 7] {
    let ([a, b], [family, w, x, y, z]) = (mix::halves(account), net::key(network));
    [a, b, family, w, x, y, z]
}

impl KnownGood {
    /// Somebody has; no more than so many are kept. Says how many were let go.
    pub(super) fn add(&mut self, network: Network, account: u64, at: u64, most: usize) -> u64 {
        let key = pair(network, account);
        self.table.change(&key, || Last(at), |last| last.0 = last.0.max(at));
        let mut gone = 0;
        while self.table.len() > most && self.table.evict() {
            gone += 1;
        }
        gone
    }

    /// Whether somebody has, of late.
    pub(super) fn has(&self, network: Network, account: u64, at: u64) -> bool {
        let last = self.table.get(&pair(network, account));
        last.is_some_and(|last| at.saturating_sub(last.0) <= KNOWN)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.table.bytes()
    }
}
