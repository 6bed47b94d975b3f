//! The name that a source is asked for.

use std::net::IpAddr;

/// The address turned round, in front of a source's zone, as RFC 5782 has it: decimal bytes of an
/// IPv4 address (also of one that IPv6 maps), hexadecimal digits of an IPv6 one. The name is whole:
/// it ends with a dot. Nothing for a text that is no address.
#[must_use]
pub fn name(address: &[u8], zone: &[u8]) -> Option<Vec<u8>> {
    let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
    let turned: String = match address.to_canonical() {
        IpAddr::V4(ip) => ip.octets().iter().rev().map(|byte| format!("{byte}.")).collect(),
        IpAddr::V6(ip) => {
            let digits = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            digits.map(|digit| format!("{digit:x}.")).collect()
        }
    };
    let zone = zone.strip_suffix(b".").unwrap_or(zone);
    Some([turned.as_bytes(), zone, b"."].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_turned_round() {
        let asked = |address: &str, zone: &str| {
            name(address.as_bytes(), zone.as_bytes()).map(|name| String::from_utf8(name).unwrap())
        };
        assert_eq!(asked("192.0.2.7", "bl.example").as_deref(), Some("7.2.0.192.bl.example."));
        assert_eq!(asked("192.0.2.7", "bl.example.").as_deref(), Some("7.2.0.192.bl.example."));
        assert_eq!(asked("::ffff:192.0.2.7", "b").as_deref(), Some("7.2.0.192.b."));
        let six = asked("2001:db8::7f", "bl.example").unwrap();
        assert!(six.starts_with("f.7.0.0.") && six.ends_with(".8.b.d.0.1.0.0.2.bl.example."));
        assert_eq!(six.len(), 32 * 2 + "bl.example.".len());
        for odd in ["", "1.2.3", "localhost", "fe80::1%lo", "\u{e9}"] {
            assert_eq!(asked(odd, "b"), None, "{odd}");
        }
    }
}
