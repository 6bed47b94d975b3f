//! Addresses that are nobody's in the Internet.

use portreeve_model::{Network, unmapped};
use std::net::IpAddr;
use std::sync::LazyLock;

/// Those that DenyHosts takes for no attacker's since 3.1: private, reserved, of this host, of this
/// link, of a group, and of documentation.
pub const PRIVATE: [&str; 22] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "100::/64",
    "2001:db8::/32",
    "2001:10::/28",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// The same as networks.
#[must_use]
pub fn private() -> &'static [Network] {
    static ALL: LazyLock<Vec<Network>> =
        LazyLock::new(|| PRIVATE.iter().filter_map(|text| text.parse().ok()).collect());
    &ALL
}

/// Whether an address is one of them.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    let address = unmapped(address);
    private().iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attackers_have_addresses_of_the_internet() {
        assert_eq!(private().len(), PRIVATE.len());
        for (text, want) in [
            ("8.8.8.8", false),
            ("172.15.255.255", false),
            ("2001:470::1", false),
            ("172.31.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("203.0.113.9", true),
            ("2001:db8::1", true),
            ("fe80::1", true),
        ] {
            assert_eq!(is_private(text.parse().unwrap()), want, "{text}");
        }
    }
}
