//! Whom the host asks for names: no ban may hit them.

use super::host::Host;
use std::net::IpAddr;

/// Where they are written. Where systemd-resolved answers for the host, the first names only that; the
/// second has those that it asks.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// Bytes of a file, at most.
const MOST_BYTES: usize = 64 * 1024;
/// Resolvers at most; the C library asks three.
const MOST: usize = 64;

/// All that are named; a file that is not there names none.
pub(super) fn all(host: &mut dyn Host) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for path in FILES {
        let bytes = host.read(path, MOST_BYTES).unwrap_or_default();
        found.extend(bytes.split(|byte| *byte == b'\n').filter_map(named));
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

/// The address of a line of resolv.conf(5): `nameserver ADDRESS`, an IPv6 one maybe with its interface.
fn named(line: &[u8]) -> Option<IpAddr> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("nameserver")?;
    let word = rest.strip_prefix([' ', '\t'])?.split_ascii_whitespace().next()?;
    let address = word.split_once('%').map_or(word, |(address, _)| address);
    address.parse().ok().map(portreeve_model::unmapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_one_or_none() {
        for (line, want) in [
            ("nameserver 192.0.2.53", Some("192.0.2.53")),
            ("nameserver\t2001:db8::53 # the other", Some("2001:db8::53")),
            ("nameserver   fe80::1%eth0", Some("fe80::1")),
            ("nameserver ::ffff:192.0.2.53", Some("192.0.2.53")),
            ("nameserver 192.0.2.53\r", Some("192.0.2.53")),
            ("nameservers 192.0.2.53", None),
            ("nameserver", None),
            ("nameserver dns.example.org", None),
            ("#nameserver 192.0.2.53", None),
            (" nameserver 192.0.2.53", None), // the C library passes over it too
            ("search example.org", None),
            ("", None),
        ] {
            assert_eq!(named(line.as_bytes()), want.map(|text| text.parse().unwrap()), "{line:?}");
        }
        assert_eq!(named(b"nameserver \xff"), None);
    }
}
