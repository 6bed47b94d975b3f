//! Networks that somebody has authenticated from of late: who bans many of them bans the wrong ones.

use portreeve_model::{Network, unmapped};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A bounded table of networks: IPv4 addresses and IPv6 networks of 64 bits. The one that was good
/// longest ago goes when it is full.
#[derive(Clone, Debug, Default)]
pub struct KnownGood {
    /// When somebody last authenticated from there, in seconds since the epoch.
    at: BTreeMap<Network, i64>,
    /// The same, oldest first.
    oldest: BTreeSet<(i64, Network)>,
}

impl KnownGood {
    /// Networks at most.
    pub const MOST: usize = 4096;
    /// For so long one is known, in seconds.
    pub const FOR: i64 = 30 * 86_400;

    /// Somebody has authenticated from there.
    pub fn note(&mut self, peer: IpAddr, at: i64) {
        let network = Network::around(unmapped(peer), 32, 64);
        if let Some(before) = self.at.get(&network).copied() {
            if before >= at {
                return;
            }
            self.oldest.remove(&(before, network));
        }
        self.at.insert(network, at);
        self.oldest.insert((at, network));
        if self.at.len() > Self::MOST
            && let Some((_, network)) = self.oldest.pop_first()
        {
            self.at.remove(&network);
        }
    }

    /// How many of them a ban of this network would hit.
    #[must_use]
    pub fn hit_by(&self, network: Network, now: i64) -> usize {
        let recent = |at: i64| now.saturating_sub(at) < Self::FOR;
        // one that is narrower than ours, such as an IPv6 host, hits the one around it
        let around = Network::around(network.address(), 32, 64);
        if network.length() > around.length() {
            return usize::from(self.at.get(&around).is_some_and(|at| recent(*at)));
        }
        let inside =
            self.at.range(network..).take_while(|(one, _)| network.contains(one.address()));
        inside.filter(|(_, at)| recent(**at)).count()
    }

    /// All of them, with the times.
    pub fn iter(&self) -> impl Iterator<Item = (Network, i64)> {
        self.at.iter().map(|(network, at)| (*network, *at))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn net(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn who_would_be_hit_is_counted() {
        let mut good = KnownGood::default();
        for (peer, at) in [
            ("192.0.2.7", 100),
            ("::ffff:192.0.2.8", 100),
            ("192.0.3.1", 100),
            ("2001:db8:1:2::9", 100),
            ("2001:db8:1:2::10", 50),
            ("2001:db8:1:3::1", -KnownGood::FOR),
        ] {
            good.note(ip(peer), at);
        }
        assert_eq!(good.len(), 5);
        for (network, want) in [
            ("192.0.2.7", 1),
            ("192.0.2.9", 0),
            ("192.0.2.0/24", 2),
            ("192.0.2.0/23", 3),
            ("192.0.2.8/31", 1),
            ("2001:db8:1:2::/64", 1),
            ("2001:db8:1:2::77/128", 1), // its neighbours are the same people
            ("2001:db8:1:3::/64", 0),    // too long ago
            ("2001:db8:1::/48", 1),
            ("2001:db8::/32", 1),
            ("2001:db9::/32", 0),
        ] {
            assert_eq!(good.hit_by(net(network), 100), want, "{network}");
        }
    }

    #[test]
    fn when_it_is_full_the_oldest_goes() {
        let mut good = KnownGood::default();
        let peer = |n: usize| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        for n in 0..=KnownGood::MOST {
            good.note(peer(n), i64::try_from(n).unwrap());
        }
        good.note(peer(1), 0); // older than what is known
        assert_eq!((good.len(), good.oldest.len()), (KnownGood::MOST, KnownGood::MOST));
        assert_eq!(good.hit_by(Network::host(peer(0)), 10), 0);
        assert_eq!(good.hit_by(Network::host(peer(1)), 10), 1);
    }
}
