//! Live sessions and startups by source.
//!
//! The truth is kept by whole address, as long as a session of it lives. Where a limit counts wider
//! networks its sums are kept beside, so that asking costs one probe; when a reload changes the
//! width they are summed again.

use crate::tables::ServiceTable;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use portreeve_model::{Network, PerSource, Sited, SourceWidth};
use std::hash::Hash;
use std::net::IpAddr;

/// What one address holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) sessions: u32,
    pub(crate) startups: u32,
}

/// Which of the two counts a limit looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Sessions,
    Startups,
}

/// Sources of one service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    exact: HashMap<IpAddr, Held, RandomState>,
    sessions: Sums,
    startups: Sums,
}

#[derive(Clone, Debug, Default)]
struct Sums {
    /// `None` where no limit asks, or whole addresses are asked.
    width: Option<SourceWidth>,
    counts: HashMap<Network, u32, RandomState>,
}

impl Held {
    fn of(self, what: What) -> u32 {
        match what {
            What::Sessions => self.sessions,
            What::Startups => self.startups,
        }
    }
}

fn around(peer: IpAddr, width: SourceWidth) -> Network {
    Network::around(peer, width.v4, width.v6)
}

/// Adds one to a count.
fn up<K: Eq + Hash>(counts: &mut HashMap<K, u32, RandomState>, key: K) {
    let count = counts.entry(key).or_insert(0);
    *count = count.saturating_add(1);
}

/// Takes one off a count; at zero it is gone.
fn down<K: Eq + Hash>(counts: &mut HashMap<K, u32, RandomState>, key: K) {
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        match entry.get().saturating_sub(1) {
            0 => drop(entry.remove()),
            left => *entry.get_mut() = left,
        }
    }
}

/// The width at which sums are kept for a limit.
fn summed(limit: Option<Sited<PerSource>>) -> Option<SourceWidth> {
    limit.map(|limit| limit.value.width).filter(|width| *width != SourceWidth::EXACT)
}

impl Sources {
    /// Keeps the sums that a configuration's limits ask for.
    pub(crate) fn adopt(&mut self, table: &ServiceTable) {
        self.sessions.adopt(summed(table.per_source), What::Sessions, &self.exact);
        self.startups.adopt(summed(table.per_source_startups), What::Startups, &self.exact);
    }

    /// How many the peer's network holds.
    pub(crate) fn count(&self, peer: IpAddr, width: SourceWidth, what: What) -> u32 {
        let sums = match what {
            What::Sessions => &self.sessions,
            What::Startups => &self.startups,
        };
        if width == SourceWidth::EXACT {
            self.exact.get(&peer).map_or(0, |held| held.of(what))
        } else if sums.width == Some(width) {
            sums.counts.get(&around(peer, width)).copied().unwrap_or(0)
        } else {
            // Tables that were not adopted ask: a candidate configuration being tried out.
            let network = around(peer, width);
            let inside = self.exact.iter().filter(|(address, _)| network.contains(**address));
            inside.fold(0, |sum, (_, held)| sum.saturating_add(held.of(what)))
        }
    }

    /// A session begins, as a startup.
    pub(crate) fn begin(&mut self, peer: IpAddr) {
        let held = self.exact.entry(peer).or_default();
        held.sessions = held.sessions.saturating_add(1);
        held.startups = held.startups.saturating_add(1);
        self.sessions.up(peer);
        self.startups.up(peer);
    }

    /// A startup is one no more.
    pub(crate) fn end_startup(&mut self, peer: IpAddr) {
        if let Some(held) = self.exact.get_mut(&peer) {
            held.startups = held.startups.saturating_sub(1);
        }
        self.startups.down(peer);
    }

    /// A session ends; its startup has ended before.
    pub(crate) fn end(&mut self, peer: IpAddr) {
        if let Entry::Occupied(mut entry) = self.exact.entry(peer) {
            match entry.get().sessions.saturating_sub(1) {
                0 => drop(entry.remove()),
                left => entry.get_mut().sessions = left,
            }
        }
        self.sessions.down(peer);
    }

    #[cfg(test)]
    pub(crate) fn widths(&self) -> [Option<SourceWidth>; 2] {
        [self.sessions.width, self.startups.width]
    }

    #[cfg(test)]
    pub(crate) fn footprint(&self) -> usize {
        let sums = self.sessions.counts.capacity() + self.startups.counts.capacity();
        self.exact.capacity() + sums
    }

    /// How many addresses hold a session.
    pub(crate) fn len(&self) -> usize {
        self.exact.len()
    }
}

impl Sums {
    fn adopt(
        &mut self,
        width: Option<SourceWidth>,
        what: What,
        exact: &HashMap<IpAddr, Held, RandomState>,
    ) {
        if self.width == width {
            return;
        }
        let mut counts = HashMap::<Network, u32, RandomState>::default();
        if let Some(width) = width {
            for (peer, held) in exact.iter().filter(|(_, held)| held.of(what) > 0) {
                let count = counts.entry(around(*peer, width)).or_insert(0);
                *count = count.saturating_add(held.of(what));
            }
        }
        *self = Self { width, counts };
    }

    fn up(&mut self, peer: IpAddr) {
        if let Some(width) = self.width {
            up(&mut self.counts, around(peer, width));
        }
    }

    fn down(&mut self, peer: IpAddr) {
        if let Some(width) = self.width {
            down(&mut self.counts, around(peer, width));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_follow_the_width_that_was_adopted() {
        let peer: IpAddr = "2001:db8::1".parse().unwrap();
        let mut sources = Sources::default();
        sources.begin(peer);
        for width in [Some(SourceWidth::DEFAULT), Some(SourceWidth { v4: 24, v6: 48 }), None] {
            sources.sessions.adopt(width, What::Sessions, &sources.exact);
            let network = width.map(|width| around(peer, width));
            assert_eq!(sources.sessions.counts.keys().copied().next(), network);
            sources.begin(peer);
            let count = network.map(|network| sources.sessions.counts[&network]);
            assert_eq!(count, width.map(|_| sources.exact[&peer].sessions));
        }
    }
}
