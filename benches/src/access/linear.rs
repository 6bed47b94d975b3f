//! One entry after the other, as nginx's `allow` and `deny` are compared.

use std::net::IpAddr;

use portreeve_model::Network;

/// Networks and masks of each family.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Scan {
    pub(crate) fn new(entries: &[Network]) -> Self {
        let mut scan = Self::default();
        for entry in entries {
            let length = u32::from(entry.length());
            match entry.address() {
                IpAddr::V4(v4) => {
                    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
                    scan.v4.push((u32::from(v4), mask));
                }
                IpAddr::V6(v6) => {
                    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                    scan.v6.push((u128::from(v6), mask));
                }
            }
        }
        scan
    }

    /// Whether an entry holds a peer.
    pub(crate) fn holds(&self, peer: IpAddr) -> bool {
        match peer {
            IpAddr::V4(v4) => self.v4.iter().any(|(net, mask)| u32::from(v4) & mask == *net),
            IpAddr::V6(v6) => self.v6.iter().any(|(net, mask)| u128::from(v6) & mask == *net),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::entries::Kind;

    #[test]
    fn the_scan_holds_who_is_in_an_entry_and_half_of_the_peers_are() {
        for kind in [Kind::Mixed, Kind::Ipv4, Kind::Ipv6, Kind::Hosts] {
            let entries = kind.entries(100);
            let scan = Scan::new(&entries);
            let peers = kind.peers(100);
            let mut held = 0;
            for peer in peers.iter().take(2_000) {
                let holds = entries.iter().any(|entry| entry.contains(*peer));
                assert_eq!(scan.holds(*peer), holds, "{peer}");
                held += u32::from(holds);
            }
            assert!((900..1_100).contains(&held), "{held} of 2000");
        }
        let all: IpAddr = [0, 0, 0, 0].into();
        assert!(Scan::new(&[Network::around(all, 0, 0)]).holds([192, 0, 2, 1].into()));
    }
}
