//! The hosts file (hosts(5)), read both ways.

use super::HostName;
use portreeve_model::unmapped;
use portreeve_wire::relay::MAX_NAMES;
use std::collections::HashMap;
use std::net::IpAddr;

/// What a hosts file says. Lines and names that cannot be read are passed over, as the system's
/// own resolver does.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    names: HashMap<IpAddr, Vec<HostName>>,
    addresses: HashMap<HostName, Vec<IpAddr>>,
}

impl Hosts {
    /// Reads the file's bytes. IPv4-mapped addresses count as IPv4.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut hosts = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let address =
                words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
            let Some(address) = address.map(unmapped) else { continue };
            for name in words.filter_map(HostName::parse) {
                hosts.add(address, name);
            }
        }
        hosts
    }

    fn add(&mut self, address: IpAddr, name: HostName) {
        let names = self.names.entry(address).or_default();
        if names.len() < MAX_NAMES && !names.contains(&name) {
            names.push(name.clone());
        }
        let addresses = self.addresses.entry(name).or_default();
        // Sinkhole lists give one address a hundred thousand names; hardly any name has two
        // addresses. Past this many a name is a mistake.
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// The names of `address`, in the file's order, at most [`MAX_NAMES`].
    pub(crate) fn names_of(&self, address: IpAddr) -> &[HostName] {
        self.names.get(&address).map_or(&[], Vec::as_slice)
    }

    /// Whether the file, which is asked before the DNS, has the name `name` for an address of
    /// `peer`'s family: then it alone says whose it is.
    pub(crate) fn decides(&self, name: &HostName, peer: IpAddr) -> bool {
        let same_family = |address: &IpAddr| address.is_ipv4() == peer.is_ipv4();
        self.addresses.get(name).is_some_and(|addresses| addresses.iter().any(same_family))
    }
}

/// Addresses of one name that are kept.
const MAX_ADDRESSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"127.0.0.1\tlocalhost  LOCALHOST.localdomain # loopback\n\
        ::1 localhost ip6-localhost\n\
        192.0.2.7   mail.example.org. mail bad\xff name-\n\
        192.0.2.7 smtp.example.org mail\n\
        ::ffff:192.0.2.8 mapped.example.org\n\
        # 192.0.2.9 commented.example.org\n\
        fe80::1%lo scoped\n127.1 short\nnonsense\n192.0.2.10\n\r\n\xff\xfe x";

    fn names(hosts: &Hosts, address: &str) -> Vec<String> {
        hosts.names_of(address.parse().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_have_names_in_the_files_order() {
        let hosts = Hosts::parse(FILE);
        for (address, want) in [
            ("127.0.0.1", vec!["localhost", "localhost.localdomain"]),
            ("::1", vec!["localhost", "ip6-localhost"]),
            ("192.0.2.7", vec!["mail.example.org", "mail", "smtp.example.org"]),
            ("192.0.2.8", vec!["mapped.example.org"]),
            ("192.0.2.9", vec![]),
            ("192.0.2.10", vec![]),
            ("127.0.0.2", vec![]),
        ] {
            assert_eq!(names(&hosts, address), want, "{address}");
        }
    }

    #[test]
    fn the_file_decides_only_within_a_family() {
        let hosts = Hosts::parse(b"192.0.2.7 v4.example.org\n::1 v6.example.org\n");
        let name = |text: &str| HostName::parse(text.as_bytes()).unwrap();
        let (v4, v6) = ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        assert!(hosts.decides(&name("V4.example.org"), v4));
        assert!(!hosts.decides(&name("v4.example.org"), v6));
        assert!(hosts.decides(&name("v6.example.org"), v6));
        assert!(!hosts.decides(&name("other.example.org"), v4));
    }

    #[test]
    fn a_sinkhole_list_is_bounded() {
        let list: String = (0..50_000).map(|n| format!("0.0.0.0 ad{n}.example\n")).collect();
        let hosts = Hosts::parse(list.as_bytes());
        assert_eq!(names(&hosts, "0.0.0.0").len(), MAX_NAMES);
    }

    #[test]
    fn any_bytes_are_a_hosts_file() {
        for text in crate::hostile::texts(b"1.2.3.4 a::1#\n\t.-x", 2000) {
            let hosts = Hosts::parse(&text);
            assert!(hosts.names.values().all(|names| names.len() <= MAX_NAMES));
        }
    }
}
