//! Addresses that can never match, though tcprules takes them.

use std::net::Ipv6Addr;

/// Why no connection has this address, if none can. It is only ever a hint: the rule is stored as
/// it is written.
#[must_use]
pub fn doubt(address: &[u8]) -> Option<&'static str> {
    if address.is_empty() || is_whole_v4(address) {
        return None;
    }
    if address.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
        return Some("no address holds a blank; rules begin in the first column");
    }
    if let Some(at) = address.iter().rposition(|byte| *byte == b'@') {
        let host = address.get(at.saturating_add(1)..).unwrap_or_default();
        return match host.split_first() {
            None | Some((b'=', [])) => Some("after `@` stands a whole address, or `=` and a name"),
            Some((b'=', [b'.', ..])) => Some("`user@=` takes a whole name, never a `.domain`"),
            Some((b'=', name)) => of_name(name),
            Some(_) if host.ends_with(b".") || host.ends_with(b":") && !is_v6(host) => {
                Some("`user@` takes a whole address, never a prefix")
            }
            Some(_) => of_address(host),
        };
    }
    match address.split_first() {
        Some((b'=', name)) => of_name(name),
        _ => of_address(address),
    }
}

/// Whether it is an IPv6 address: `2001:db8::` is one, and not only how others begin.
fn is_v6(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// Four numbers up to 255 as they are printed: what nearly every line of a long text has.
fn is_whole_v4(address: &[u8]) -> bool {
    whole_v4(address) == Some(address.len())
}

/// How long such an address is, if a text begins with one.
pub(super) fn whole_v4(text: &[u8]) -> Option<usize> {
    let (mut parts, mut number, mut digits) = (1_u8, 0_u16, 0_u8);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits < 3 && (digits == 0 || number > 0) => {
                number = number.wrapping_mul(10).wrapping_add(u16::from(byte.wrapping_sub(b'0')));
                digits = digits.saturating_add(1);
            }
            b'.' if digits > 0 && number <= 255 && parts < 4 => {
                parts = parts.saturating_add(1);
                (number, digits) = (0, 0);
            }
            _ => return (parts == 4 && digits > 0 && number <= 255).then_some(at),
        }
    }
    (parts == 4 && digits > 0 && number <= 255).then_some(text.len())
}

fn of_name(name: &[u8]) -> Option<&'static str> {
    if name.iter().any(u8::is_ascii_uppercase) {
        return Some("host names arrive in lower case");
    }
    name.ends_with(b".").then_some("host names arrive without a dot at their end")
}

fn of_address(address: &[u8]) -> Option<&'static str> {
    if address.contains(&b'/') {
        return Some("there are no prefix lengths here; a prefix ends in `.` or `:`");
    }
    if address.contains(&b'*') {
        return Some("there is no `*` here; a rule for everybody has nothing before its colon");
    }
    let Ok(text) = str::from_utf8(address) else { return Some("no address has such bytes") };
    if text.contains(':') { of_v6(text) } else { of_v4(text) }
}

fn of_v4(text: &str) -> Option<&'static str> {
    if is_whole_v4(text.as_bytes()) {
        return None;
    }
    let prefix = text.ends_with('.');
    let parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    if text.contains('-') {
        return of_range(&parts, prefix);
    }
    if !parts.iter().all(|part| is_octet(part)) {
        return Some("it is no IPv4 address: four numbers up to 255, without zeros before them");
    }
    match (parts.len(), prefix) {
        (1..=3, true) => None,
        (1..=3, false) => Some("a prefix ends in a dot"),
        _ => Some("an IPv4 address has four numbers"),
    }
}

fn of_range(parts: &[&str], prefix: bool) -> Option<&'static str> {
    let count = parts.len();
    if !(count == 4 && !prefix || (1..=3).contains(&count) && prefix) {
        return Some(
            "the addresses of this range are neither whole nor prefixes that end in a dot",
        );
    }
    let mut ranges = parts.iter().filter(|part| part.contains('-'));
    let first = ranges.next().and_then(|part| part.split_once('-'));
    if ranges.next().is_some() {
        return Some("only the first range of an address is one");
    }
    let number = |digits: &str| digits.parse::<u64>().unwrap_or(0);
    match first {
        Some((low, high)) if number(low) > number(high).min(255) => {
            Some("the range ends before it begins")
        }
        _ => None,
    }
}

fn is_octet(part: &str) -> bool {
    part.parse::<u8>().is_ok() && (part.len() == 1 || !part.starts_with(['0', '+']))
}

/// IPv6 addresses are compared as text, as they are printed.
fn of_v6(text: &str) -> Option<&'static str> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        // `2001:db8::` is an address, and as a prefix what begins with it
        let printed = address.to_string() == text;
        return (!printed && !text.ends_with(':'))
            .then_some("IPv6 addresses are compared as they are printed: lower case, compressed");
    }
    let hexadecimal =
        |c: char| c == ':' || c == '.' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    if !text.chars().all(hexadecimal) {
        return Some("it is no IPv6 address in lower case");
    }
    let Some(groups) = text.strip_suffix(':') else {
        return Some("an IPv6 prefix ends in a colon");
    };
    // an empty group is one of the two sides of `::`, which is written once
    let printed = |group: &str| {
        let value = u16::from_str_radix(group, 16).ok();
        group.is_empty() || value.is_some_and(|value| format!("{value:x}") == group)
    };
    if text.matches("::").count() > 1 || text.contains(":::") || !groups.split(':').all(printed) {
        return Some("an IPv6 prefix is compared as text: groups without zeros before them");
    }
    let whole = groups.split(':').count() > 7 && !groups.contains("::");
    whole.then_some("an IPv6 prefix has at most seven groups")
}
