//! Entries and peers, drawn from a fixed seed: the same in every run.

use std::net::{IpAddr, Ipv4Addr};

use portreeve_model::Network;

/// Peers that are asked about, one after the other.
const PEERS: u32 = 400_000;

/// SplitMix64's mixing step: a distinct number for each number.
pub(super) fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 31)
}

/// MurmurHash3's last step: a distinct number for each number.
fn mix32(n: u32) -> u32 {
    let n = (n ^ (n >> 16)).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ (n >> 13)).wrapping_mul(0xc2b2_ae35);
    n ^ (n >> 16)
}

/// What entries a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Half IPv4, half IPv6: single addresses and /64s for the most part, some wider networks.
    Mixed,
    /// The same, of one family.
    Ipv4,
    Ipv6,
    /// IPv4 addresses, which every language can write.
    Hosts,
}

impl Kind {
    /// The n-th address; distinct for each n where they are hosts.
    fn address(self, n: u32) -> IpAddr {
        if self == Self::Hosts {
            return Ipv4Addr::from(mix32(n)).into();
        }
        let [a, b, c, d, e, f, g, h] = mix(u64::from(n)).to_be_bytes();
        match self == Self::Ipv6 || (self == Self::Mixed && n % 2 == 1) {
            false => [a, b, c, d].into(),
            true => [0x2a, a & 15, b, c, d, e, f, g, 0, 0, 0, 0, 0, 0, 0, h].into(),
        }
    }

    /// The n-th entry.
    fn network(self, n: u32) -> Network {
        let (v4, v6) = match n % 100 {
            _ if self == Self::Hosts => (32, 128),
            0 => (24, 48),
            1 => (20, 40),
            2 => (22, 44),
            3..50 => (32, 128),
            _ => (32, 64),
        };
        Network::around(self.address(n), v4, v6)
    }

    /// So many entries.
    pub(crate) fn entries(self, count: u32) -> Vec<Network> {
        (0..count).map(|n| self.network(n)).collect()
    }

    /// Peers in no order, half of them from entries of such a list.
    pub(crate) fn peers(self, count: u32) -> Vec<IpAddr> {
        let drawn = |n: u32| u32::try_from(mix(u64::from(n) ^ 0xffff_0000_0000) >> 33).unwrap_or(0);
        let one = |n: u32| match n % 2 {
            0 => drawn(n) % count,
            // past every list's
            _ => 1_000_000 + drawn(n) % 1_000_000_000,
        };
        // pairs would be guessed by the processor: what is drawn decides the order too
        let swapped = |n: u32| n ^ u32::from(drawn(n / 2 + PEERS) % 2 == 1);
        (0..PEERS).map(|n| self.address(one(swapped(n)))).collect()
    }
}

/// One entry a line, with words around each.
pub(crate) fn lines(entries: &[Network], before: &str, after: &str) -> String {
    let mut text = String::with_capacity(entries.len() * 32);
    for entry in entries {
        text += before;
        text += &entry.to_string();
        text += after;
        text.push('\n');
    }
    text
}
