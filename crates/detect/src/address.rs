//! An address as a program writes it, read strictly.
//!
//! Four decimal octets without leading zeros, or an IPv6 address; `::ffff:192.0.2.1` is 192.0.2.1.
//! A spelling that others would read in another way (`010.0.0.1`, `1.2.3`, a number above 255, five
//! numbers, digits that are not ASCII) is none. What ends an address is a character that no address
//! and no name of a host has: `192.0.2.1.example` names a host, not 192.0.2.1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Named;

/// The longest name of a host that is kept, in bytes (RFC 1035).
const NAME: usize = 255;

/// The address that all of this text is. One with a zone (`fe80::1%eth0`) is none: it is known on one
/// link alone, see [`named`].
#[must_use]
pub fn parse(text: &[u8]) -> Option<IpAddr> {
    // The longest spelling there is: eight groups of which the last two are dotted.
    if text.len() > 45 || !matches!(text.first()?, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':') {
        return None;
    }
    if let Some(address) = ipv4(text) {
        return Some(IpAddr::V4(address));
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

/// Four decimal octets without leading zeros: what most lines have, and what the standard library
/// takes several times as long for.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (number, behind) = match rest {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', behind @ ..] => {
                let number = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10;
                (u8::try_from(number + u16::from(c - b'0')).ok()?, behind)
            }
            [a @ b'1'..=b'9', b @ b'0'..=b'9', behind @ ..] => {
                ((a - b'0') * 10 + (b - b'0'), behind)
            }
            [a @ b'0'..=b'9', behind @ ..] => (a - b'0', behind),
            _ => return None,
        };
        (*octet, rest) = (number, behind);
    }
    rest.is_empty().then(|| Ipv4Addr::from(octets))
}

/// Whom this text names: all of it an address, or a host, or nobody.
///
/// An address with a zone is reported as a host's name: the same address on another link is
/// somebody else, and whoever judges knows no links.
#[must_use]
pub fn named(text: &[u8]) -> Named {
    if let Some(address) = parse(text) {
        return Named::Address(address);
    }
    let plain = text.split(|byte| *byte == b'%').next().unwrap_or_default();
    let zoned = plain.len() < text.len() && is_ipv6(plain);
    let name = (zoned || text.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b)))
        && text.iter().all(u8::is_ascii_graphic)
        && text.iter().any(u8::is_ascii_alphabetic)
        && text.len() <= NAME
        && !text.eq_ignore_ascii_case(b"unknown");
    match std::str::from_utf8(text) {
        Ok(text) if name => Named::Host(text.into()),
        _ => Named::Nobody,
    }
}

/// Splits off what stands at the start and could be an address or a host's name, up to the first
/// character that neither has. One colon that ends it is punctuation and stays with the rest.
#[must_use]
pub fn split_start(text: &[u8]) -> (&[u8], &[u8]) {
    let run = text.iter().take_while(|byte| is_name(**byte)).count();
    let (token, _) = text.split_at(run);
    let colon = token.ends_with(b":") && (!token.ends_with(b"::") || token.ends_with(b":::"));
    text.split_at(run.saturating_sub(usize::from(colon)))
}

/// [`named`], of [`split_start`]'s part, with the rest behind it.
#[must_use]
pub fn named_start(text: &[u8]) -> (Named, &[u8]) {
    let (token, rest) = split_start(text);
    (named(token), rest)
}

/// An address and the port behind it, as `192.0.2.1:80`, `[2001:db8::1]:80` or `[192.0.2.1]:80`; without
/// the port also where the brackets or the family leave no doubt. All of the text.
#[must_use]
pub fn parse_with_port(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if let Some(inner) = text.strip_prefix(b"[") {
        let end = inner.iter().position(|byte| *byte == b']')?;
        let (inside, rest) = (inner.get(..end)?, inner.get(end.checked_add(1)?..)?);
        let port = match rest.strip_prefix(b":") {
            Some(digits) => Some(port(digits)?),
            None => rest.is_empty().then_some(None)?,
        };
        return Some((parse(inside)?, port));
    }
    if let Some(address) = parse(text) {
        return Some((address, None));
    }
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (inside, rest) = (text.get(..colon)?, text.get(colon.checked_add(1)?..)?);
    match parse(inside)? {
        v4 @ IpAddr::V4(_) => Some((v4, Some(port(rest)?))),
        IpAddr::V6(_) => None,
    }
}

/// A port in decimal, 0 to 65535, without leading zeros.
#[must_use]
pub fn port(text: &[u8]) -> Option<u16> {
    let digits = text.iter().all(u8::is_ascii_digit) && (text == b"0" || !text.starts_with(b"0"));
    if !digits || text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u16, |number, byte| {
        number.checked_mul(10)?.checked_add(u16::from(byte.wrapping_sub(b'0')))
    })
}

/// Whether a byte may stand in an address, its zone, or a host's name.
#[must_use]
pub fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".:-_%".contains(&byte) || byte >= 0x80
}

fn is_ipv6(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_addresses_are_read_as_the_standard_library_reads_them() {
        let mut random = 7_u64;
        for _ in 0..200_000 {
            let mut text = Vec::new();
            for _ in 0..5 + random % 12 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let all = b"0123455.2.1.9";
                text.push(all[usize::try_from(random >> 40).unwrap() % all.len()]);
            }
            let text = std::str::from_utf8(&text).unwrap();
            assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for number in 0..=70_000_u32 {
            let text = number.to_string();
            assert_eq!(port(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn only_strict_spellings_are_addresses() {
        for (text, want) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("0.0.0.0", Some("0.0.0.0")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("2001:DB8:0:0:0:0:0:1", Some("2001:db8::1")),
            ("::", Some("::")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("::FFFF:c000:201", Some("192.0.2.1")),
            ("::192.0.2.1", Some("::192.0.2.1")),
            ("192.0.2", None),
            ("192.0.2.256", None),
            ("192.0.2.01", None),
            ("192.0.2.1.", None),
            ("192.0.2.1.5", None),
            ("192.0.2.1 ", None),
            (" 192.0.2.1", None),
            ("192.0.2.1:22", None),
            ("3221225985", None),
            ("0xc0000201", None),
            ("１92.0.2.1", None),
            ("2001:db8::1::2", None),
            ("2001:db8::12345", None),
            ("fe80::1%eth0", None),
            ("::ffff:192.0.2.01", None),
            ("[::1]", None),
            ("", None),
        ] {
            let want = want.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(parse(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_a_name_and_rubbish_nobody() {
        let host = |text: &str| Named::Host(text.into());
        for (text, want) in [
            ("192.0.2.1", Named::Address([192, 0, 2, 1].into())),
            ("host.example", host("host.example")),
            ("198.51.100.7.evil.example", host("198.51.100.7.evil.example")),
            ("fe80::1%eth0", host("fe80::1%eth0")),
            ("192.0.2.1%eth0", Named::Nobody),
            ("192.0.2.256", Named::Nobody),
            ("1.2.3.4.5", Named::Nobody),
            ("UNKNOWN", Named::Nobody),
            ("unknown", Named::Nobody),
            ("a b", Named::Nobody),
            ("fe80::1%a b", Named::Nobody),
            ("?", Named::Nobody),
            ("", Named::Nobody),
        ] {
            assert_eq!(named(text.as_bytes()), want, "{text:?}");
        }
        assert_eq!(named(&[b'a'; 256]), Named::Nobody);
    }

    #[test]
    fn an_address_at_the_start_ends_where_no_name_goes_on() {
        for (text, token, rest) in [
            ("192.0.2.1 port 22", "192.0.2.1", " port 22"),
            ("192.0.2.1: 11: Bye", "192.0.2.1", ": 11: Bye"),
            ("2001:db8::1: 11: Bye", "2001:db8::1", ": 11: Bye"),
            ("2001:db8::: 11", "2001:db8::", ": 11"),
            ("2001:db8:: x", "2001:db8::", " x"),
            ("192.0.2.1-5", "192.0.2.1-5", ""),
            ("192.0.2.1]", "192.0.2.1", "]"),
            (" x", "", " x"),
            (": x", "", ": x"),
            ("", "", ""),
        ] {
            let want = (token.as_bytes(), rest.as_bytes());
            assert_eq!(split_start(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn ports_stand_behind_addresses() {
        let v4 = IpAddr::from([192, 0, 2, 1]);
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        for (text, want) in [
            ("192.0.2.1:80", Some((v4, Some(80)))),
            ("192.0.2.1", Some((v4, None))),
            ("[192.0.2.1]:80", Some((v4, Some(80)))),
            ("[2001:db8::1]:80", Some((v6, Some(80)))),
            ("[2001:db8::1]", Some((v6, None))),
            ("2001:db8::1", Some((v6, None))),
            ("192.0.2.1:", None),
            ("192.0.2.1:080", None),
            ("192.0.2.1:65536", None),
            ("[192.0.2.1", None),
            ("[192.0.2.1]x", None),
            ("[]:1", None),
        ] {
            assert_eq!(parse_with_port(text.as_bytes()), want, "{text:?}");
        }
    }
}
