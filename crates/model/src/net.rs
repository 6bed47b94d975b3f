//! Networks: an address and a prefix length.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network with its host bits cleared. IPv4-mapped IPv6 networks are IPv4 networks, since a
/// dual-stack socket reports IPv4 peers that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(IpAddr, u8)", into = "(IpAddr, u8)")]
pub struct Network {
    address: IpAddr,
    length: u8,
}

/// Why a text or a pair is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNetwork {
    /// The address cannot be read.
    Address,
    /// The prefix length is not a number, or past 32 (IPv4) or 128 (IPv6).
    Length,
}

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "not an IPv4 or IPv6 address",
            Self::Length => "the prefix length must be 0 to 32 (IPv4) or 0 to 128 (IPv6)",
        })
    }
}

impl std::error::Error for BadNetwork {}

/// An IPv4-mapped IPv6 address as the IPv4 address it stands for; any other as it is.
#[must_use]
pub fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

impl Network {
    /// The network of `address` with the given prefix length; host bits are cleared.
    ///
    /// # Errors
    /// [`BadNetwork::Length`] when the length does not fit the family.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, BadNetwork> {
        let (address, length) = match (address, unmapped(address)) {
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if length >= 96 => (v4, length.saturating_sub(96)),
            (given, _) => (given, length),
        };
        if length > Self::width(address) {
            return Err(BadNetwork::Length);
        }
        Ok(Self::masked(address, length))
    }

    /// The network of one address alone.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        let address = unmapped(address);
        Self { address, length: Self::width(address) }
    }

    /// The network around a peer at the width of its family: what per-source counters count.
    /// Widths past the family's are the whole address.
    #[must_use]
    pub fn around(address: IpAddr, v4: u8, v6: u8) -> Self {
        let address = unmapped(address);
        let length = if address.is_ipv4() { v4 } else { v6 };
        Self::masked(address, length.min(Self::width(address)))
    }

    /// First address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Prefix length.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether the peer lies in it; IPv4-mapped peers are IPv4 peers.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = unmapped(peer);
        peer.is_ipv4() == self.address.is_ipv4() && Self::masked(peer, self.length) == *self
    }

    /// Whether some address lies in both: one of them is inside the other.
    #[must_use]
    pub fn overlaps(&self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    fn width(address: IpAddr) -> u8 {
        if address.is_ipv4() { 32 } else { 128 }
    }

    fn masked(address: IpAddr, length: u8) -> Self {
        let address = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
        };
        Self { address, length }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;
    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        match text.split_once('/') {
            None => text.parse().map(Self::host).map_err(|_| BadNetwork::Address),
            Some((address, length)) => {
                let address = address.parse().map_err(|_| BadNetwork::Address)?;
                let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                let length = length.parse().ok().filter(|_| digits).ok_or(BadNetwork::Length)?;
                Self::new(address, length)
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == Self::width(self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.length)
        }
    }
}

impl TryFrom<(IpAddr, u8)> for Network {
    type Error = BadNetwork;
    fn try_from((address, length): (IpAddr, u8)) -> Result<Self, BadNetwork> {
        Self::new(address, length)
    }
}

impl From<Network> for (IpAddr, u8) {
    fn from(network: Network) -> Self {
        (network.address, network.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_mask_compare_and_print() {
        for (text, shown) in [
            ("10.1.2.3/24", "10.1.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("10.1.2.3/32", "10.1.2.3"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown, "{text}");
        }
        for bad in ["10.1.2.3/33", "::/129", "10.1.2.3/", "10.1.2.3/+8", "10.1.2", "x/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_overlap_where_one_is_inside_the_other() {
        let overlap = |a: &str, b: &str| {
            let (a, b): (Network, Network) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(a.overlaps(b), b.overlaps(a));
            a.overlaps(b)
        };
        assert!(overlap("10.0.0.0/8", "10.1.2.3") && overlap("::/0", "2001:db8::/32"));
        assert!(overlap("10.0.0.0/8", "10.0.0.0/8"));
        assert!(!overlap("10.0.0.0/24", "10.0.1.0/24") && !overlap("::/0", "0.0.0.0/0"));
    }

    #[test]
    fn mapped_ipv4_matches_an_ipv4_network_and_no_ipv6_one() {
        let mapped: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        assert!("10.0.0.0/8".parse::<Network>().unwrap().contains(mapped));
        assert!(!"::/0".parse::<Network>().unwrap().contains(mapped));
        assert_eq!(Network::around(mapped, 32, 64).to_string(), "10.1.2.3");
    }
}
