//! Ranges of addresses: from one to another.

use crate::{Network, unmapped};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// All addresses from one to another of the same family, both inside. A range between IPv4-mapped
/// addresses is one of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(IpAddr, IpAddr)", into = "(IpAddr, IpAddr)")]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

/// Why a text or a pair is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRange {
    /// One of the two is no address, or there are not two.
    Address,
    /// One is of IPv4, the other of IPv6.
    Families,
    /// The last comes before the first.
    Backwards,
}

impl fmt::Display for BadRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "a range has an IPv4 or IPv6 address on either side of its `-`",
            Self::Families => "a range is of one family, IPv4 or IPv6",
            Self::Backwards => "the range ends before it begins",
        })
    }
}

impl std::error::Error for BadRange {}

impl AddressRange {
    /// The range from `first` to `last`.
    ///
    /// # Errors
    /// They are of two families, or the wrong way round.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, BadRange> {
        let (first, last) = match (unmapped(first), unmapped(last)) {
            v4 @ (IpAddr::V4(_), IpAddr::V4(_)) => v4,
            // only one end of an IPv6 range may be a mapped address
            _ => (first, last),
        };
        match first.is_ipv4() == last.is_ipv4() {
            false => Err(BadRange::Families),
            true if last < first => Err(BadRange::Backwards),
            true => Ok(Self { first, last }),
        }
    }

    /// The first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether the peer lies in it; IPv4-mapped peers are IPv4 peers.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = unmapped(peer);
        peer.is_ipv4() == self.first.is_ipv4() && self.first <= peer && peer <= self.last
    }

    /// The smallest network that holds all of it.
    #[must_use]
    pub fn around(&self) -> Network {
        let common = match (self.first, self.last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
            _ => 0, // of one family, as `new` saw to
        };
        let length = u8::try_from(common).unwrap_or(128);
        Network::new(self.first, length).unwrap_or_else(|_| Network::host(self.first))
    }

    /// The networks that it consists of, in order: at most 62 of IPv4, 254 of IPv6.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        let (bits, first, last) = match (self.first, self.last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (32, u32::from(a).into(), u32::from(b).into()),
            (a, b) => (128, number(a), number(b)),
        };
        let mut networks = Vec::new();
        let mut next = Some(first);
        while let Some(from) = next.filter(|from| *from <= last) {
            // as wide as where it begins allows, and no wider than what is left
            let left = (last - from).checked_add(1).map_or(128, u128::ilog2);
            let free = from.trailing_zeros().min(left).min(bits);
            let address = match bits {
                32 => Ipv4Addr::from(u32::try_from(from).unwrap_or(u32::MAX)).into(),
                _ => IpAddr::V6(Ipv6Addr::from(from)),
            };
            let length = u8::try_from(bits - free).unwrap_or(0);
            networks.extend(Network::new(address, length));
            next = 1_u128.checked_shl(free).and_then(|size| from.checked_add(size));
        }
        networks
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

impl FromStr for AddressRange {
    type Err = BadRange;

    /// Reads `first-last`; blanks may stand around the `-`.
    fn from_str(text: &str) -> Result<Self, BadRange> {
        let (first, last) = text.split_once('-').ok_or(BadRange::Address)?;
        let address = |text: &str| text.trim_matches([' ', '\t']).parse();
        let (first, last) = (address(first), address(last));
        let (Ok(first), Ok(last)) = (first, last) else { return Err(BadRange::Address) };
        Self::new(first, last)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl TryFrom<(IpAddr, IpAddr)> for AddressRange {
    type Error = BadRange;

    fn try_from((first, last): (IpAddr, IpAddr)) -> Result<Self, BadRange> {
        Self::new(first, last)
    }
}

impl From<AddressRange> for (IpAddr, IpAddr) {
    fn from(range: AddressRange) -> Self {
        (range.first, range.last)
    }
}

impl From<Network> for AddressRange {
    /// From the network's first address to its last.
    fn from(network: Network) -> Self {
        let length = u32::from(network.length());
        let last = match network.address() {
            IpAddr::V4(v4) => {
                let rest = u32::MAX.checked_shr(length).unwrap_or(0);
                IpAddr::V4((u32::from(v4) | rest).into())
            }
            IpAddr::V6(v6) => {
                let rest = u128::MAX.checked_shr(length).unwrap_or(0);
                IpAddr::V6((u128::from(v6) | rest).into())
            }
        };
        Self { first: network.address(), last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<AddressRange, BadRange> {
        text.parse()
    }

    #[test]
    fn ranges_are_of_one_family_and_forwards() {
        for (text, shown) in [
            ("192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20"),
            ("192.0.2.10 - 192.0.2.10", "192.0.2.10-192.0.2.10"),
            ("::ffff:10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
            ("2001:db8::-2001:DB8::ff", "2001:db8::-2001:db8::ff"),
            ("::-::ffff:1.2.3.4", "::-::ffff:1.2.3.4"),
        ] {
            assert_eq!(range(text).unwrap().to_string(), shown, "{text}");
        }
        for (text, why) in [
            ("10.0.0.9-10.0.0.1", BadRange::Backwards),
            ("10.0.0.9-2001:db8::", BadRange::Families),
            ("10.0.0.9", BadRange::Address),
            ("10.0.0.9-20", BadRange::Address),
            ("10.0.0.0/8-10.0.0.9", BadRange::Address),
            ("-", BadRange::Address),
            ("", BadRange::Address),
        ] {
            assert_eq!(range(text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_networks_of_a_range_are_the_range() {
        for text in [
            "192.0.2.10-192.0.2.20",
            "0.0.0.0-255.255.255.255",
            "0.0.0.1-255.255.255.254",
            "10.0.0.0-10.0.0.0",
            "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
            "2001:db8::5-2001:db8::1:0",
        ] {
            let range = range(text).unwrap();
            let ends: Vec<AddressRange> = range.networks().into_iter().map(Into::into).collect();
            assert!(ends.len() <= 254, "{text}");
            assert_eq!(ends.first().map(|end| end.first), Some(range.first), "{text}");
            assert_eq!(ends.last().map(|end| end.last), Some(range.last), "{text}");
            for pair in ends.windows(2) {
                assert_eq!(number(pair[0].last) + 1, number(pair[1].first), "{text}");
            }
        }
    }

    #[test]
    fn a_range_lies_in_the_network_around_it() {
        for (text, around) in [
            ("192.0.2.10-192.0.2.20", "192.0.2.0/27"),
            ("10.0.0.7-10.0.0.7", "10.0.0.7"),
            ("0.0.0.1-255.0.0.0", "0.0.0.0/0"),
            ("2001:db8::-2001:db8::1", "2001:db8::/127"),
        ] {
            let range = range(text).unwrap();
            assert_eq!(range.around().to_string(), around, "{text}");
            assert!(range.contains(range.first()) && range.contains(range.last()));
        }
        let mapped = "::ffff:192.0.2.11".parse().unwrap();
        assert!(range("192.0.2.10-192.0.2.20").unwrap().contains(mapped));
        assert!(!range("::-ffff::").unwrap().contains(mapped));
    }
}
