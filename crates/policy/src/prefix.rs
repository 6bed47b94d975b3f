//! A map from networks to values, asked for all networks around an address.
//!
//! One hash map for each prefix length that is present, longest first: a look-up costs one probe
//! for each such length, however many networks there are. The keys come from attackers, so each map
//! hashes with a seed of its own.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use portreeve_model::Network;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A map keyed by networks.
#[derive(Clone, Debug)]
pub(crate) struct PrefixMap<V> {
    v4: Family<u32, V>,
    v6: Family<V6, V>,
}

/// The bits of an address, which can be cut to a prefix.
trait Bits: Copy + Eq + Hash {
    fn cut(self, length: u8) -> Self;
}

impl Bits for u32 {
    fn cut(self, length: u8) -> Self {
        let rest = 32_u32.saturating_sub(u32::from(length));
        self & u32::MAX.checked_shl(rest).unwrap_or(0)
    }
}

/// Two halves and not one `u128`, which would be aligned to 16 bytes and waste a third of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct V6(u64, u64);

impl Bits for V6 {
    fn cut(self, length: u8) -> Self {
        let length = u32::from(length);
        let high = u64::MAX.checked_shl(64_u32.saturating_sub(length)).unwrap_or(0);
        let low = u64::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
        Self(self.0 & high, self.1 & low)
    }
}

impl From<Ipv6Addr> for V6 {
    fn from(address: Ipv6Addr) -> Self {
        let [a, b, c, d, e, f, g, h] = address.segments().map(u64::from);
        Self(a << 48 | b << 32 | c << 16 | d, e << 48 | f << 32 | g << 16 | h)
    }
}

fn bits(address: Ipv4Addr) -> u32 {
    u32::from(address)
}

#[derive(Clone, Debug)]
struct Family<K, V> {
    /// Longest first; none is empty.
    lengths: Vec<Length<K, V>>,
}

#[derive(Clone, Debug)]
struct Length<K, V> {
    length: u8,
    values: HashMap<K, V, RandomState>,
}

impl<K: Bits, V> Family<K, V> {
    const fn new() -> Self {
        Self { lengths: Vec::new() }
    }

    /// Where the maps of a length are, or would be.
    fn find(&self, length: u8) -> Result<usize, usize> {
        self.lengths.binary_search_by(|at| length.cmp(&at.length))
    }

    fn at(&self, length: u8) -> Option<&HashMap<K, V, RandomState>> {
        self.find(length).ok().and_then(|at| self.lengths.get(at)).map(|at| &at.values)
    }

    fn insert(&mut self, key: K, length: u8, value: V) -> Option<V> {
        let at = self.find(length).unwrap_or_else(|at| {
            self.lengths.insert(at, Length { length, values: HashMap::default() });
            at
        });
        self.lengths.get_mut(at).and_then(|at| at.values.insert(key.cut(length), value))
    }

    fn remove(&mut self, key: K, length: u8) -> Option<V> {
        let at = self.find(length).ok()?;
        let values = &mut self.lengths.get_mut(at)?.values;
        let old = values.remove(&key.cut(length));
        if values.is_empty() {
            self.lengths.remove(at);
        }
        old
    }

    /// How many values are of networks wider than this prefix length.
    fn wider(&self, length: u8) -> usize {
        let wide = self.lengths.iter().filter(|at| at.length < length);
        wide.fold(0, |sum: usize, at| sum.saturating_add(at.values.len()))
    }

    fn around(&self, key: K) -> impl Iterator<Item = &V> {
        self.lengths.iter().filter_map(move |at| at.values.get(&key.cut(at.length)))
    }
}

impl<V> Default for PrefixMap<V> {
    fn default() -> Self {
        Self { v4: Family::new(), v6: Family::new() }
    }
}

impl<V> PrefixMap<V> {
    /// Sets the value of a network; its old one comes back.
    pub(crate) fn insert(&mut self, network: Network, value: V) -> Option<V> {
        match network.address() {
            IpAddr::V4(v4) => self.v4.insert(bits(v4), network.length(), value),
            IpAddr::V6(v6) => self.v6.insert(v6.into(), network.length(), value),
        }
    }

    /// The value of exactly this network.
    pub(crate) fn get(&self, network: Network) -> Option<&V> {
        let length = network.length();
        match network.address() {
            IpAddr::V4(v4) => self.v4.at(length)?.get(&bits(v4)),
            IpAddr::V6(v6) => self.v6.at(length)?.get(&V6::from(v6)),
        }
    }

    /// Takes a network out.
    pub(crate) fn remove(&mut self, network: Network) -> Option<V> {
        match network.address() {
            IpAddr::V4(v4) => self.v4.remove(bits(v4), network.length()),
            IpAddr::V6(v6) => self.v6.remove(v6.into(), network.length()),
        }
    }

    /// How many networks are wider than these prefix lengths.
    pub(crate) fn wider(&self, v4: u8, v6: u8) -> usize {
        self.v4.wider(v4).saturating_add(self.v6.wider(v6))
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.v4.lengths.is_empty() && self.v6.lengths.is_empty()
    }

    /// Reserved places.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        let v4: usize = self.v4.lengths.iter().map(|at| at.values.capacity()).sum();
        let v6: usize = self.v6.lengths.iter().map(|at| at.values.capacity()).sum();
        v4 + v6
    }

    /// The values of all networks that hold an address, the narrowest first. The address is
    /// unmapped already.
    pub(crate) fn around(&self, peer: IpAddr) -> impl Iterator<Item = &V> {
        let (v4, v6) = match peer {
            IpAddr::V4(v4) => (Some(self.v4.around(bits(v4))), None),
            IpAddr::V6(v6) => (None, Some(self.v6.around(v6.into()))),
        };
        v4.into_iter().flatten().chain(v6.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn all_networks_around_an_address_come_narrowest_first() {
        let mut map = PrefixMap::default();
        let all = [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.1.2.3",
            "10.1.0.0/16",
            "::/0",
            "2001:db8::/32",
            "2001:db8::/63",
            "2001:db8::/64",
            "2001:db8::/65",
            "2001:db8::7/128",
            "10.1.2.2/31",
        ];
        for text in all {
            assert_eq!(map.insert(net(text), text), None);
        }
        for (peer, want) in [
            ("10.1.2.3", vec!["10.1.2.3", "10.1.2.2/31", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]),
            ("10.1.2.4", vec!["10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]),
            ("192.0.2.1", vec!["0.0.0.0/0"]),
            (
                "2001:db8::7",
                vec![
                    "2001:db8::7/128",
                    "2001:db8::/65",
                    "2001:db8::/64",
                    "2001:db8::/63",
                    "2001:db8::/32",
                    "::/0",
                ],
            ),
            (
                "2001:db8::8000:0:0:1",
                vec!["2001:db8::/64", "2001:db8::/63", "2001:db8::/32", "::/0"],
            ),
            ("2001:db8:0:1::", vec!["2001:db8::/63", "2001:db8::/32", "::/0"]),
            ("::1", vec!["::/0"]),
        ] {
            let peer: IpAddr = peer.parse().unwrap();
            assert_eq!(map.around(peer).copied().collect::<Vec<_>>(), want, "{peer}");
        }
        for text in all {
            assert_eq!(map.get(net(text)), Some(&text));
            assert_eq!(map.remove(net(text)), Some(text));
            assert_eq!(map.remove(net(text)), None);
        }
        assert!(map.v4.lengths.is_empty() && map.v6.lengths.is_empty(), "nothing stays behind");
    }

    #[test]
    fn cutting_keeps_the_prefix_and_nothing_else() {
        let all = V6(u64::MAX, u64::MAX);
        for length in 0..=128_u8 {
            let V6(high, low) = all.cut(length);
            let want = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            assert_eq!(u128::from(high) << 64 | u128::from(low), want, "{length}");
        }
        for length in 0..=32_u8 {
            let want = u64::from(u32::MAX) << (32 - u32::from(length)) & u64::from(u32::MAX);
            assert_eq!(u64::from(u32::MAX.cut(length)), want, "{length}");
        }
    }
}
