//! The name that stands for an address in a list (RFC 5782, 2.1 and 2.4).

use hickory_resolver::proto::rr::Name;
use std::fmt::Write as _;
use std::net::IpAddr;

/// `7.2.0.192.zone`; of an IPv6 address its 32 hexadecimal digits, the last one first. `None` if
/// that is no name.
pub(super) fn name(peer: IpAddr, zone: &str) -> Option<Name> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match peer {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            let _ = write!(text, "{d}.{c}.{b}.{a}.");
        }
        IpAddr::V6(v6) => {
            for octet in v6.octets().iter().rev() {
                let _ = write!(text, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
        }
    }
    text.push_str(zone);
    let mut name = Name::from_labels(text.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_turned_round() {
        for (peer, want) in [
            ("192.0.2.99", "99.2.0.192.bl.example."),
            (
                "2001:db8:1:2:3:4:567:89ab",
                "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example.",
            ),
        ] {
            let name = name(peer.parse().unwrap(), "bl.example").unwrap();
            assert_eq!(name.to_ascii(), want);
        }
        let peer = "2001:db8::1".parse().unwrap();
        assert!(name(peer, "").is_none() && name(peer, "a..b").is_none());
        let long = |length: usize| {
            format!("{}.{}", "a".repeat(63), "b.".repeat(70)).split_at(length).0.to_owned()
        };
        assert!(name(peer, long(189).trim_end_matches('.')).is_some());
        assert!(name(peer, &"a.".repeat(120)).is_none());
    }
}
