//! Plain rules, of which programs write thousands: one line, daemons by name, clients by address or
//! network, no options. Nothing is ever to be said about one.

use super::line::{ANCESTOR_LINE, is_blank};
use portreeve_model::Network;
use portreeve_model::wrappers::{ClientPattern, DaemonPattern, HostPattern, Rule, Word};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads a line, without its line feed, as a plain rule: gives the text of its daemon list, and puts
/// the networks of its client list into `networks`. A line that is not certainly one gives nothing.
pub(super) fn line<'c>(line: &'c [u8], networks: &mut Vec<Network>) -> Option<&'c [u8]> {
    networks.clear();
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (daemons, clients) = line.split_at_checked(colon)?;
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+ ,".contains(byte);
    let begins = daemons.first().is_some_and(u8::is_ascii_alphanumeric);
    if line.len() >= ANCESTOR_LINE || !begins || !daemons.iter().all(part) {
        return None;
    }
    if words(daemons).any(|word| word.eq_ignore_ascii_case(b"EXCEPT")) {
        return None;
    }
    for word in words(clients.get(1..)?) {
        networks.push(written(word)?);
    }
    (!networks.is_empty()).then_some(daemons)
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| is_blank(*byte) || *byte == b',').filter(|word| !word.is_empty())
}

/// The networks of a rule, if it is a plain one.
pub(super) fn rule(rule: &Rule) -> Option<Vec<Network>> {
    let ([daemons], [clients], []) = (&*rule.daemons.parts, &*rule.clients.parts, &*rule.settings)
    else {
        return None;
    };
    let named = |pattern: &DaemonPattern| match pattern {
        DaemonPattern::Name(_) | DaemonPattern::Port(_) => true,
        DaemonPattern::At(..) | DaemonPattern::PortAt(..) => false,
    };
    let one_line = rule.origin.line == rule.line;
    if !one_line || daemons.is_empty() || !daemons.iter().all(|token| named(&token.pattern)) {
        return None;
    }
    let network = |pattern: &ClientPattern| match pattern {
        ClientPattern::Host(host) => pattern_network(host),
        ClientPattern::User(..) => None,
    };
    let networks: Option<Vec<_>> = clients.iter().map(|token| network(&token.pattern)).collect();
    networks.filter(|networks| !networks.is_empty())
}

/// The network that a pattern means, if it means exactly one.
pub(super) fn pattern_network(pattern: &HostPattern) -> Option<Network> {
    match pattern {
        HostPattern::Word(Word::Same(text)) => {
            address(text).map(|address| Network::host(address.into()))
        }
        HostPattern::Word(Word::Head(text)) => head(text),
        HostPattern::Word(Word::V6(address, None)) => six(*address, 128),
        HostPattern::Masked { net, mask } => four(*net, u32::from(*mask)),
        HostPattern::Network(network) => Some(*network),
        HostPattern::Word(
            Word::V6(_, Some(_)) | Word::Glob(_) | Word::Tail(_) | Word::All | Word::Known,
        )
        | HostPattern::Netgroup(_)
        | HostPattern::File(_)
        | HostPattern::Known
        | HostPattern::Local
        | HostPattern::Never(_)
        | HostPattern::Broken(_) => None,
    }
}

/// The network of a word about which nothing is to be said.
pub(super) fn written(word: &[u8]) -> Option<Network> {
    if let Some(rest) = word.strip_prefix(b"[") {
        let end = rest.iter().position(|byte| *byte == b']')?;
        let (inside, behind) = rest.split_at_checked(end)?;
        let address = std::str::from_utf8(inside).ok()?.parse().ok()?;
        return match behind.get(1..)? {
            [] => six(address, 128),
            [b'/', length @ ..] => six(address, number(length)?),
            _ => None,
        };
    }
    let Some(slash) = word.iter().position(|byte| *byte == b'/') else {
        return match word {
            [.., b'.'] => head(word),
            _ => address(word).map(|address| Network::host(address.into())),
        };
    };
    let (net, mask) = word.split_at_checked(slash)?;
    let (net, mask) = (address(net)?, mask.get(1..)?);
    let bits = match number(mask) {
        Some(length @ 1..=32) => u32::MAX.checked_shl(32 - u32::from(length))?,
        Some(_) => return None,
        None => u32::from(address(mask)?),
    };
    let remarkable = u32::from(net) & !bits != 0 || bits == u32::MAX && number(mask).is_none();
    if remarkable { None } else { four(net, bits) }
}

/// An address as it is printed: rules compare texts.
fn address(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `192.0.2.`: one to three numbers, each behind with a dot, as an address is printed.
fn head(text: &[u8]) -> Option<Network> {
    let dots = text.iter().filter(|byte| **byte == b'.').count();
    let missing: &[u8] = match dots {
        1 => b"0.0.0",
        2 => b"0.0",
        3 => b"0",
        _ => return None,
    };
    let first = address(&[text, missing].concat())?;
    Network::new(first.into(), u8::try_from(dots * 8).ok()?).ok()
}

fn four(net: Ipv4Addr, mask: u32) -> Option<Network> {
    let length = mask.leading_ones();
    let whole = mask.checked_shl(length).unwrap_or(0) == 0;
    let length = u8::try_from(length).ok().filter(|_| whole)?;
    Network::new(IpAddr::V4(net), length).ok()
}

fn six(address: Ipv6Addr, length: u8) -> Option<Network> {
    let mapped = address.to_ipv4_mapped().is_some();
    Network::new(address.into(), length).ok().filter(|_| !mapped)
}

fn number(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text).ok()?;
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}
