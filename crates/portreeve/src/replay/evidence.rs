//! What was seen of each peer lately: what a ban rests on.

use portreeve_model::Network;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Things of one peer that are remembered.
const MOST_OF_ONE: usize = 12;
/// Peers of which something is remembered; of more, those heard of longest ago are forgotten.
const MOST_PEERS: usize = 65_536;
/// Things that are shown of one ban.
const SHOWN: usize = 12;

/// Where something was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Which file, by its number among all that are read.
    pub(super) file: u32,
    /// Which line of it, from 1.
    pub(super) line: u64,
}

/// Something that a peer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    /// Milliseconds since the epoch.
    pub(super) at: u64,
    /// Who.
    pub(super) peer: IpAddr,
    /// An offence's kind, or `login`.
    pub(super) kind: String,
    /// How many times.
    pub(super) count: u32,
    /// The account, escaped.
    pub(super) user: Option<String>,
    /// The line that says so.
    pub(super) place: Place,
}

/// The latest deeds of the latest peers.
#[derive(Debug, Default)]
pub(super) struct Evidence(HashMap<IpAddr, VecDeque<Deed>>);

impl Evidence {
    /// Somebody did something.
    pub(super) fn add(&mut self, deed: Deed) {
        if self.0.len() >= MOST_PEERS && !self.0.contains_key(&deed.peer) {
            self.forget();
        }
        let own = self.0.entry(deed.peer).or_default();
        if own.len() >= MOST_OF_ONE {
            own.pop_front();
        }
        own.push_back(deed);
    }

    /// The half that was heard of longest ago goes.
    fn forget(&mut self) {
        let last = |own: &VecDeque<Deed>| own.back().map_or(0, |deed| deed.at);
        let mut all: Vec<_> = self.0.values().map(last).collect();
        let middle = all.len() / 2;
        let (_, bound, _) = all.select_nth_unstable(middle);
        let bound = *bound;
        self.0.retain(|_, own| last(own) > bound);
    }

    /// The latest of a network, in the order of their times.
    pub(super) fn of(&self, network: Network) -> Vec<Deed> {
        let mut found: Vec<Deed> = match Network::host(network.address()) == network {
            true => self.0.get(&network.address()).into_iter().flatten().cloned().collect(),
            false => {
                let inside = self.0.iter().filter(|(peer, _)| network.contains(**peer));
                inside.flat_map(|(_, own)| own).cloned().collect()
            }
        };
        found.sort_by_key(|deed| (deed.at, deed.place.file, deed.place.line));
        let rest = found.len().saturating_sub(SHOWN);
        found.split_off(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(peer: [u8; 4], at: u64) -> Deed {
        let place = Place { file: 0, line: at };
        Deed { at, peer: peer.into(), kind: "auth-failed".into(), count: 1, user: None, place }
    }

    #[test]
    fn the_latest_deeds_of_a_network_come_in_order() {
        let mut evidence = Evidence::default();
        for at in 1..=20 {
            evidence.add(deed([192, 0, 2, 7], at));
        }
        evidence.add(deed([192, 0, 2, 9], 15));
        evidence.add(deed([198, 51, 100, 9], 15));
        let ats = |net: &str| -> Vec<u64> {
            evidence.of(net.parse().unwrap()).iter().map(|deed| deed.at).collect()
        };
        assert_eq!(ats("192.0.2.7"), (9..=20).collect::<Vec<_>>());
        assert_eq!(ats("192.0.2.0/24"), [10, 11, 12, 13, 14, 15, 15, 16, 17, 18, 19, 20]);
        assert_eq!(ats("203.0.113.1"), [0; 0]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut evidence = Evidence::default();
        for n in 0..200_000_u32 {
            let [a, b, c, d] = n.to_be_bytes();
            evidence.add(deed([a, b, c, d], u64::from(n)));
            assert!(evidence.0.len() <= MOST_PEERS);
        }
        let newest = IpAddr::from(199_999_u32.to_be_bytes());
        assert_eq!(evidence.of(Network::host(newest)).len(), 1);
    }
}
