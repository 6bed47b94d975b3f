//! Who has done how much.
//!
//! Each judge keeps its tallies: for each network at each of its levels, or for each account, a cell
//! with the charges that count still. An offence charges every tally of every judge that hears it;
//! what is full then is proposed for a ban. Refuses to ask what time it is: an offence counts at its own
//! time, and a cell's time never goes back.
//!
//! Memory is bounded whoever sends what: by cells of each table, by bytes in all. What is let go is what
//! would be over soonest, of the largest table when all are too large together. Nothing depends on the
//! seeds that tables are hashed with.

mod cell;
mod entries;
mod judged;
mod mix;
mod net;
mod past;
mod propose;
mod queue;
mod rule;
mod standing;
mod sums;
mod table;
mod term;
#[cfg(test)]
mod tests;

use crate::{Proposal, Strength};
use cell::{Charged, Sum};
use entries::{Entry, Names};
use judged::{Family, Judged, Layer, Tallied};
use past::{Bans, KnownGood};
use portreeve_model::{By, Judge, Kind, Network, Offence, OnSuccess, unmapped};
use propose::Filled;
use rule::Rule;
use std::net::IpAddr;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Networks of each family, at each level of each tally.
    pub networks: usize,
    /// Accounts of each tally that is kept by account; and pairs of an account and a network from which
    /// somebody has authenticated as it.
    pub accounts: usize,
    /// Networks whose earlier bans are known, of each judge.
    pub bans: usize,
    /// Bytes that all sums take together; what is known of bans and accounts comes on top.
    pub memory: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { networks: 65_536, accounts: 65_536, bans: 65_536, memory: 44 << 20 }
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Cells: networks, networks with an account, or accounts that have a sum.
    pub cells: usize,
    /// Bytes that the sums take.
    pub sums: usize,
    /// Bytes that everything takes: sums, earlier bans, and who has authenticated where.
    pub bytes: usize,
    /// Cells and bans that had to be let go before they were over, or when they were, for want of room.
    pub evicted: u64,
}

/// The sums of all judges.
#[derive(Debug)]
pub struct Scores {
    judges: Vec<Judged>,
    bounds: Bounds,
    bans: Bans,
    known_good: KnownGood,
    /// Bytes of all sums.
    bytes: usize,
    /// Tables of cells.
    tables: usize,
    evicted: u64,
}

/// An offence, taken apart.
struct Case<'a> {
    offence: &'a Offence,
    kind: Option<Kind>,
    peer: IpAddr,
    strength: Strength,
    account: u64,
}

/// What a success, too, is known by.
fn account(user: Option<&str>) -> u64 {
    user.map_or(0, mix::text)
}

fn strength(offence: &Offence) -> Strength {
    match offence.source.as_str() {
        "door" | "pipe" | "socket" => Strength::Session,
        "journal" => Strength::Journal,
        _ => Strength::File,
    }
}

impl Scores {
    /// Nobody has done anything so far. Judges past [`Judge::MOST`] are left out, as are tallies and levels
    /// past theirs.
    #[must_use]
    pub fn new(judges: Vec<Judge>, bounds: Bounds) -> Self {
        let judges = judges.into_iter().take(Judge::MOST).map(|mut judge| {
            judge.tallies.truncate(Judge::MOST_TALLIES);
            judge.levels.truncate(Judge::MOST_LEVELS);
            Judged::new(judge)
        });
        let judges: Vec<_> = judges.collect();
        let tables = judges.iter().flat_map(|judged| &judged.tallies).flat_map(families).count();
        Self {
            judges,
            bounds,
            bans: Bans::default(),
            known_good: KnownGood::default(),
            bytes: 0,
            tables: tables.max(1),
            evicted: 0,
        }
    }

    /// An offence was booked. At most one proposal a judge comes of it: for the widest network that has
    /// done enough by it. Nobody is charged for what is not certain or names nobody.
    pub fn offence(&mut self, offence: &Offence) -> Vec<Proposal> {
        let Some(peer) = offence.peer.filter(|_| offence.certain) else { return Vec::new() };
        let case = Case {
            offence,
            kind: Kind::by_word(&offence.kind),
            peer: unmapped(peer),
            strength: strength(offence),
            account: account(offence.user.as_deref()),
        };
        let mut proposals = Vec::new();
        for place in 0..self.judges.len() {
            if let Some(proposal) = self.judge(place, &case) {
                proposals.push(proposal);
            }
        }
        proposals
    }

    fn judge(&mut self, place: usize, case: &Case<'_>) -> Option<Proposal> {
        let judged = self.judges.get_mut(place).filter(|judged| judged.hears(case.offence))?;
        if judged.judge.spares.iter().any(|spared| spared.contains(case.peer)) {
            return None;
        }
        let narrowest = judged.narrowest(case.peer)?;
        let mut filled: Option<Filled> = None;
        let (mut before, mut after, mut crowded) = (0_usize, 0_usize, false);
        for (number, tallied) in judged.tallies.iter_mut().enumerate() {
            let points = tallied.points(case.kind, case.offence);
            let by = tallied.tally.by;
            if points == 0 || (by == By::User && case.offence.user.is_none()) {
                continue;
            }
            for layer in &mut tallied.layers {
                let charge = points.saturating_mul(layer.level.share.into()) / 1000;
                let (rule, level) = (layer.rule, layer.level);
                let Some(family) = layer.family(case.peer, by).filter(|_| charge > 0) else {
                    continue;
                };
                let around = Network::around(case.peer, level.v4, level.v6);
                let charged = Charged {
                    at: case.offence.at,
                    points: charge,
                    names: family.names(narrowest, case, around),
                    strength: case.strength,
                };
                before = before.saturating_add(family.sums.bytes());
                let sum = family.charge(around, by, case.account, &charged, &rule);
                let most = if by == By::User { self.bounds.accounts } else { self.bounds.networks };
                while family.sums.len() > most && family.sums.evict() {
                    self.evicted = self.evicted.saturating_add(1);
                }
                after = after.saturating_add(family.sums.bytes());
                crowded = true;
                let Some(sum) = sum else { continue };
                let known = || self.known_good.has(narrowest, case.account, sum.at);
                let enough = match by {
                    By::Network | By::NetworkAndUser => sum.full,
                    By::User => sum.was_full && !known(),
                };
                // Who is spared is not shut out with others.
                let spares = || judged.judge.spares.iter().any(|spared| spared.overlaps(around));
                if enough && !spares() {
                    let wider = |so_far: &Filled| so_far.network.length() > around.length();
                    if filled.as_ref().is_none_or(wider) {
                        filled = Some(Filled { network: around, tally: number, sum });
                    }
                }
            }
        }
        let proposal =
            filled.map(|filled| propose::propose(judged, place, case, &filled, &self.bans));
        self.bytes = self.bytes.saturating_add(after).saturating_sub(before);
        if crowded {
            self.make_room();
        }
        proposal
    }

    /// Somebody has authenticated there, at a time in milliseconds since the epoch; as whom, where it is
    /// known (escaped, as in an offence).
    pub fn success(&mut self, peer: IpAddr, user: Option<&str>, at: u64) {
        let peer = unmapped(peer);
        let account = account(user);
        let mut bytes = 0_usize;
        for judged in &mut self.judges {
            let Some(narrowest) = judged.narrowest(peer) else { continue };
            if judged.sieges && user.is_some() {
                let gone = self.known_good.add(narrowest, account, at, self.bounds.accounts);
                self.evicted = self.evicted.saturating_add(gone);
            }
            let forgets = match judged.judge.success {
                OnSuccess::Nothing => false,
                OnSuccess::ForgetsAccount => user.is_some(),
                OnSuccess::ForgetsAll => true,
            };
            for tallied in
                judged.tallies.iter_mut().filter(|tallied| forgets && !tallied.tally.lasting)
            {
                tallied.take_back(narrowest, peer, account, at);
            }
            let tallies = judged.tallies.iter().flat_map(families);
            bytes = bytes.saturating_add(tallies.map(|family| family.sums.bytes()).sum());
        }
        self.bytes = bytes;
    }

    /// Somebody was pardoned by hand: nothing from before counts, neither of that network nor of those
    /// inside it, nor of those it lies in.
    pub fn pardon(&mut self, network: Network, at: u64) {
        let mut bytes = 0_usize;
        for judged in &mut self.judges {
            for tallied in &mut judged.tallies {
                if tallied.tally.by != By::User {
                    for layer in &mut tallied.layers {
                        let rule = layer.rule;
                        if let Some(family) = layer.family(network.address(), By::Network) {
                            family.sums.pardon(network, family.length, at, &rule);
                        }
                    }
                }
                bytes = families(tallied).fold(bytes, |sum, family| sum + family.sums.bytes());
            }
        }
        self.bytes = bytes;
        self.bans.forget(network, u32::try_from(self.judges.len()).unwrap_or(u32::MAX));
    }

    /// A ban by a judge that was in force or has been, from when to when in milliseconds since the epoch
    /// (`None`: for ever): it counts towards the next one's term. To be told in the order of their beginnings; one
    /// that begins while another of the same network and judge is in force makes that one longer.
    /// Proposals do not count by themselves: not each becomes a ban.
    pub fn banned(&mut self, network: Network, judge: &str, from: u64, until: Option<u64>) {
        if judge.is_empty() {
            return;
        }
        let until = until.unwrap_or(u64::MAX >> 1);
        for (place, judged) in (1..).zip(&self.judges) {
            let term = &judged.judge.term;
            let remembered = term.remembered.map(rule::millis);
            if term.overall || judged.judge.name.as_str() == judge {
                self.bans.add((network, place), from, until, remembered);
            }
        }
        let most = self.bounds.bans.saturating_mul(self.judges.len());
        self.evicted = self.evicted.saturating_add(self.bans.bound(most));
    }

    /// How much there is.
    #[must_use]
    pub fn held(&self) -> Held {
        let tallies = self.judges.iter().flat_map(|judged| &judged.tallies).flat_map(families);
        Held {
            cells: tallies.map(|family| family.sums.len()).sum(),
            sums: self.bytes,
            bytes: self
                .bytes
                .saturating_add(self.bans.bytes())
                .saturating_add(self.known_good.bytes()),
            evicted: self.evicted,
        }
    }

    /// Lets go what is over soonest of the largest table, until all have room.
    fn make_room(&mut self) {
        while self.bytes > self.bounds.memory {
            let tallies = self.judges.iter_mut().flat_map(|judged| &mut judged.tallies);
            let all = tallies.flat_map(|tallied| &mut tallied.layers);
            let all = all.flat_map(|layer| layer.families.iter_mut().flatten());
            let Some(largest) = all.max_by_key(|family| family.sums.bytes()) else { return };
            // Several at once, since finding the largest takes a look at each.
            let before = largest.sums.bytes();
            for _ in 0..self.tables.div_ceil(8) {
                if !largest.sums.evict() {
                    break;
                }
                self.evicted = self.evicted.saturating_add(1);
            }
            let gone = before.saturating_sub(largest.sums.bytes());
            if gone == 0 {
                return;
            }
            self.bytes = self.bytes.saturating_sub(gone);
        }
    }
}

fn families(tallied: &Tallied) -> impl Iterator<Item = &Family> {
    tallied.layers.iter().flat_map(|layer| layer.families.iter().flatten())
}

impl Judged {
    fn narrowest(&self, peer: IpAddr) -> Option<Network> {
        let level = self.judge.levels.first()?;
        Some(Network::around(peer, level.v4, level.v6))
    }
}

impl Layer {
    fn family(&mut self, peer: IpAddr, by: By) -> Option<&mut Family> {
        let [v4, v6] = &mut self.families;
        if by == By::User || peer.is_ipv4() { v4.as_mut() } else { v6.as_mut() }
    }
}

/// Calls with the key of a sum.
fn keyed<R>(
    around: Network,
    length: u8,
    by: By,
    account: u64,
    deed: impl FnOnce(&[u32]) -> R,
) -> Option<R> {
    let [a, b, c, d] = net::words(net::bits(around.address()));
    let [high, low] = mix::halves(account);
    let words = match (by, sums::words(length, around.address().is_ipv4())) {
        (By::User, _) => return Some(deed(&[high, low])),
        (_, 1) => [a, high, low, 0, 0, 0],
        (_, 2) => [a, b, high, low, 0, 0],
        (_, _) => [a, b, c, d, high, low],
    };
    let used = sums::words(length, around.address().is_ipv4());
    words.get(..if by == By::NetworkAndUser { used + 2 } else { used }).map(deed)
}

impl Family {
    fn names(&self, narrowest: Network, case: &Case<'_>, around: Network) -> Names {
        let named = |needed: bool, name: &dyn Fn() -> u32| if needed { name() } else { 0 };
        Names {
            network: named(self.needs.network, &|| net::tag(narrowest)),
            account: named(self.needs.account, &|| mix::halves(case.account)[1]),
            child: named(self.needs.child, &|| self.child_of(case.peer, around)),
        }
    }

    fn child_of(&self, peer: IpAddr, around: Network) -> u32 {
        net::child(Network::around(peer, self.below, self.below), around.length())
    }

    fn charge(
        &mut self,
        around: Network,
        by: By,
        account: u64,
        charged: &Charged,
        rule: &Rule,
    ) -> Option<Sum> {
        let (length, sums) = (self.length, &mut self.sums);
        keyed(around, length, by, account, |key| sums.charge(key, charged, rule)).flatten()
    }
}

impl Tallied {
    /// A success of that account there.
    fn take_back(&mut self, narrowest: Network, peer: IpAddr, account: u64, at: u64) {
        let by = self.tally.by;
        let (network, name) = (net::tag(narrowest), mix::halves(account)[1]);
        for layer in &mut self.layers {
            let (rule, level) = (layer.rule, layer.level);
            let Some(family) = layer.family(peer, by) else { continue };
            let around = Network::around(peer, level.v4, level.v6);
            let needs = family.needs;
            let theirs = |entry: &Entry| {
                entry.at() <= at
                    && (!needs.network || entry.names.network == network)
                    && (!needs.account || entry.names.account == name)
            };
            let (length, sums) = (family.length, &mut family.sums);
            keyed(around, length, by, account, |key| sums.take_back(key, at, &rule, &theirs));
        }
    }
}
