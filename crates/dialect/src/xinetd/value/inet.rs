//! IPv4 addresses as inet_aton(3) reads them: one to four numbers, decimal, octal or hexadecimal,
//! the last of which fills the octets that are left.

use std::net::Ipv4Addr;

/// An address and whether it was written as four plain decimal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Inet {
    pub(in super::super) address: Ipv4Addr,
    pub(in super::super) plain: bool,
}

/// Reads an address.
pub(in super::super) fn read(text: &str) -> Option<Inet> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, octets) = parts.split_last()?;
    if octets.len() > 3 {
        return None;
    }
    let mut address: u32 = 0;
    for part in octets {
        address = (address << 8) | number(part).filter(|n| *n <= 255)?;
    }
    let bits = 32 - 8 * u32::try_from(octets.len()).ok()?;
    let room = u32::MAX >> (32 - bits);
    let tail = number(last).filter(|n| *n <= room)?;
    // With a single number there is nothing before it to shift.
    let head = if octets.is_empty() { 0 } else { address << bits };
    let plain = parts.len() == 4 && parts.iter().all(|part| is_plain(part));
    Some(Inet { address: Ipv4Addr::from(head | tail), plain })
}

fn is_plain(part: &str) -> bool {
    part == "0" || (part.bytes().all(|b| b.is_ascii_digit()) && !part.starts_with('0'))
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hexadecimal) => (hexadecimal, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let clean = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_classic_form_is_read_and_only_four_plain_octets_are_plain() {
        for (text, want) in [
            ("10.1.2.3", Some(("10.1.2.3", true))),
            ("0.0.0.0", Some(("0.0.0.0", true))),
            ("255.255.255.255", Some(("255.255.255.255", true))),
            ("127.1", Some(("127.0.0.1", false))),
            ("10.1.2", Some(("10.1.0.2", false))),
            ("10.1.65535", Some(("10.1.255.255", false))),
            ("127", Some(("0.0.0.127", false))),
            ("4294967295", Some(("255.255.255.255", false))),
            ("0x7f000001", Some(("127.0.0.1", false))),
            ("010.1.2.3", Some(("8.1.2.3", false))),
            ("10.00.2.3", Some(("10.0.2.3", false))),
            ("256.1.1.1", None),
            ("1.2.3.256", None),
            ("1.2.65536", None),
            ("4294967296", None),
            ("1.2.3.4.5", None),
            ("1.2.3.", None),
            (".1.2.3", None),
            ("08.1.1.1", None),
            ("+1.2.3.4", None),
            ("0x", None),
            ("a.b", None),
            ("", None),
        ] {
            let got = read(text).map(|inet| (inet.address.to_string(), inet.plain));
            let want = want.map(|(address, plain): (&str, bool)| (address.to_owned(), plain));
            assert_eq!(got, want, "{text}");
        }
    }
}
