//! Addresses as keys that sort as networks lie: whatever is inside a network lies between its first
//! and its last.

use portreeve_model::Network;
use std::net::IpAddr;

/// `4` and four bytes, or `6` and sixteen.
pub(crate) fn of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => [&[4][..], &v4.octets()].concat(),
        IpAddr::V6(v6) => [&[6][..], &v6.octets()].concat(),
    }
}

/// The keys of a network's first and last address.
pub(crate) fn ends(network: Network) -> (Vec<u8>, Vec<u8>) {
    let last = match network.address() {
        IpAddr::V4(first) => {
            let host = u32::MAX.checked_shr(u32::from(network.length())).unwrap_or(0);
            IpAddr::from((u32::from(first) | host).to_be_bytes())
        }
        IpAddr::V6(first) => {
            let host = u128::MAX.checked_shr(u32::from(network.length())).unwrap_or(0);
            IpAddr::from((u128::from(first) | host).to_be_bytes())
        }
    };
    (of(network.address()), of(last))
}

/// The network itself and all that it lies in, the narrowest first.
pub(crate) fn around(network: Network) -> impl Iterator<Item = Network> {
    let wider = move |length| Network::new(network.address(), length).ok();
    (0..=network.length()).rev().filter_map(wider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_network_lies_between_its_ends_and_nothing_else() {
        let all = ["0.0.0.0", "192.0.2.0", "192.0.2.255", "192.0.3.0", "255.255.255.255"];
        let more = ["::", "2001:db8::", "2001:db8::1", "2001:db8:0:1::", "ffff::"];
        for network in ["192.0.2.0/24", "0.0.0.0/0", "192.0.2.255", "2001:db8::/64", "::/0"] {
            let network: Network = network.parse().unwrap();
            let (first, last) = ends(network);
            for address in all.iter().chain(&more) {
                let address: IpAddr = address.parse().unwrap();
                let key = of(address);
                let between = first <= key && key <= last;
                assert_eq!(between, network.contains(address), "{address} in {network}");
            }
        }
    }

    #[test]
    fn a_network_lies_in_all_that_are_wider() {
        let network: Network = "192.0.2.0/30".parse().unwrap();
        let all: Vec<_> = around(network).map(|one| one.to_string()).collect();
        assert_eq!((all.len(), &*all[0], &*all[6]), (31, "192.0.2.0/30", "192.0.2.0/24"));
        assert_eq!(all[30], "0.0.0.0/0");
    }
}
