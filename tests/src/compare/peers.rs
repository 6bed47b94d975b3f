//! Whether an item of an access list means a peer, by the manual and as plainly as it can be
//! written. Names are not among them.

use std::net::{IpAddr, Ipv4Addr};

/// Whether the item means the address. What is no address matches nobody.
#[must_use]
pub fn within(item: &str, peer: IpAddr) -> bool {
    if let Some((head, members)) = item.split_once('{') {
        let members = members.trim_end_matches('}');
        return members.split(',').any(|member| {
            let octets: Vec<&str> =
                head.split('.').chain([member]).filter(|o| !o.is_empty()).collect();
            let zeros = std::iter::repeat_n("0", 4_usize.saturating_sub(octets.len()));
            let address = octets.iter().copied().chain(zeros).collect::<Vec<_>>().join(".");
            within(&format!("{address}/{}", 8 * octets.len()), peer)
        });
    }
    if let Some((address, length)) = item.split_once('/') {
        let length = match length.parse::<Ipv4Addr>() {
            Ok(mask) if length.contains('.') => u32::from(mask).leading_ones(),
            _ => length.parse().unwrap_or(u32::MAX),
        };
        return match (address.parse::<IpAddr>(), length) {
            (Ok(IpAddr::V6(all)), 0) => all.is_unspecified(),
            (Ok(address), length) => same(address, peer, length),
            (Err(_), _) => false,
        };
    }
    match item.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let zeros = address.octets().iter().rev().take_while(|octet| **octet == 0).count();
            let zeros = u32::try_from(zeros).unwrap_or(0);
            same(IpAddr::V4(address), peer, 32 - 8 * zeros)
        }
        Ok(address) => address == peer,
        Err(_) => classic(item).is_some_and(|address| IpAddr::V4(address) == peer),
    }
}

/// `127.1`, `0x7f000001`, `127`: what inet_aton(3) reads; forms with final zeros are not used here.
fn classic(item: &str) -> Option<Ipv4Addr> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None if text.starts_with('0') && text.len() > 1 => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let parts: Vec<u32> = item.split('.').map(number).collect::<Option<_>>()?;
    let (last, octets) = parts.split_last()?;
    let head = octets.iter().zip([24, 16, 8]).map(|(octet, shift)| octet << shift).sum::<u32>();
    Some(Ipv4Addr::from(head | last))
}

fn same(a: IpAddr, b: IpAddr, length: u32) -> bool {
    let shifted =
        |bits: u128, width: u32| bits.checked_shr(width.saturating_sub(length)).unwrap_or(0);
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            shifted(u32::from(a).into(), 32) == shifted(u32::from(b).into(), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => shifted(a.into(), 128) == shifted(b.into(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_means_what_the_manual_says() {
        for (item, inside, outside) in [
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.0", "10.1.2.255", "10.1.3.0"),
            ("10.0.0.0", "10.255.0.1", "11.0.0.0"),
            ("0.0.0.0", "203.0.113.7", "2001:db8::1"),
            ("10.1.{2,3}", "10.1.3.9", "10.1.4.9"),
            ("10.1.2.{3,4}", "10.1.2.4", "10.1.2.5"),
            ("10.1.2.{0,4}", "10.1.2.0", "10.1.2.5"),
            ("10.1.2.77/26", "10.1.2.64", "10.1.2.63"),
            ("10.1.2.0/255.255.255.0", "10.1.2.9", "10.1.3.9"),
            ("2001:db8::5", "2001:db8::5", "2001:db8::6"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("::/0", "10.1.2.3", "10.1.2.3."),
            ("127.1", "127.0.0.1", "127.0.0.2"),
            ("0x0a010203", "10.1.2.3", "10.1.2.2"),
        ] {
            assert!(within(item, inside.parse().unwrap()), "{item} {inside}");
            if let Ok(outside) = outside.parse() {
                assert!(!within(item, outside), "{item} {outside}");
            }
        }
    }
}
