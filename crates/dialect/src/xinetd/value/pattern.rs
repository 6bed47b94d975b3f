//! Items of `only_from` and `no_access`.

use super::super::attribute::Attribute;
use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, note, quote, warning};
use super::{address, inet, name};
use portreeve_diag::Level;
use portreeve_model::{HostPattern, Network, Pattern};
use std::net::{IpAddr, Ipv4Addr};

/// What one item matches; nothing if it was reported as unreadable.
pub(in super::super) fn read(
    list: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Vec<Pattern> {
    let text = word.text.as_str();
    if let Some(finding) = name::placeholder(word) {
        report.push(finding);
        return Vec::new();
    }
    if text.contains(['{', '}']) {
        return networks(factorised(word, report));
    }
    if text.contains(',') {
        report.push(comma(word));
        return Vec::new();
    }
    if text.contains('/') {
        return networks(address::network(word, report));
    }
    if text.contains(':') {
        return networks(address::ipv6(word, report));
    }
    if let Some(inet) = inet::read(text) {
        if !inet.plain {
            report.push(classic(list, word, inet.address));
        }
        return networks(wildcard(word, inet.address, report));
    }
    named(list, word, report).into_iter().collect()
}

fn networks(networks: impl IntoIterator<Item = Network>) -> Vec<Pattern> {
    networks.into_iter().map(Pattern::Network).collect()
}

/// The finding for a comma where a blank belongs.
pub(in super::super) fn comma(word: &Word) -> portreeve_diag::Diagnostic {
    let message = format!("a comma in {}", quote(&word.text));
    error(codes::ADDRESS_COMMA, word.at, message)
        .help(format!("write {}", quote(&word.text.replace(',', " "))))
}

/// An address whose final zero octets are wildcards.
fn wildcard(word: &Word, address: Ipv4Addr, report: &mut Report<'_>) -> Option<Network> {
    let zeros = u8::try_from(u32::from(address).trailing_zeros() / 8).unwrap_or(4);
    without_octets(word, address, zeros, report)
}

/// An address the last octets of which do not matter.
fn without_octets(
    word: &Word,
    address: Ipv4Addr,
    octets: u8,
    report: &mut Report<'_>,
) -> Option<Network> {
    let network = Network::new(IpAddr::V4(address), 32 - 8 * octets).ok()?;
    if octets >= 2 {
        let rest = if octets == 4 { ", all of IPv4 and no IPv6" } else { "" };
        let message = format!("{} means {network}{rest}", quote(&word.text));
        let help = format!("write `{network}` to be plain, or the prefix length that is meant");
        report.push(note(codes::WILDCARD_OCTETS, word.at, message).help(help));
    }
    Some(network)
}

/// The finding for an address in a form that inet_aton(3) reads otherwise than many people do.
fn classic(list: Attribute, word: &Word, address: Ipv4Addr) -> portreeve_diag::Diagnostic {
    let message = format!("{} means {address}", quote(&word.text));
    let mut finding = warning(codes::CLASSIC_ADDRESS, word.at, message)
        .help(format!("write `{address}` if that is meant"));
    if list == Attribute::NoAccess {
        finding.level = Level::Error; // a denial that misses is a hole
    }
    match address::prefix_meant(&word.text) {
        Some(meant) => finding.help(format!("or `{meant}` for that network")),
        None => finding,
    }
}

/// `10.1.{2,3}`: members end the address, and octets after them are wildcards; a member that is
/// zero is not.
fn factorised(word: &Word, report: &mut Report<'_>) -> Vec<Network> {
    let parts = word.text.split_once('{').and_then(|(head, tail)| {
        let members = tail.strip_suffix('}')?;
        let head = head.strip_suffix('.').filter(|h| !h.is_empty()).or(if head.is_empty() {
            Some("")
        } else {
            None
        })?;
        Some((head, members))
    });
    let octets = parts.and_then(|(head, members)| {
        let head: Option<Vec<u8>> = head.split('.').filter(|o| !o.is_empty()).map(octet).collect();
        let members: Option<Vec<u8>> = members.split(',').map(octet).collect();
        let plain = !word.text.contains("..") && !word.text.starts_with('.');
        head.zip(members).filter(|(head, _)| plain && head.len() <= 3)
    });
    let Some((head, members)) = octets else {
        let message = format!("{} is no factorised address", quote(&word.text));
        let help = "write it as `10.1.{2,3}`: octets from 0 to 255, no blanks, braces at the end";
        report.push(error(codes::BAD_ADDRESS, word.at, message).help(help));
        return Vec::new();
    };
    let missing = u8::try_from(3_usize.saturating_sub(head.len())).unwrap_or(0);
    let mut networks = Vec::new();
    for member in members {
        let mut octets = [0u8; 4];
        for (slot, octet) in octets.iter_mut().zip(head.iter().chain([&member])) {
            *slot = *octet;
        }
        networks.extend(without_octets(word, Ipv4Addr::from(octets), missing, report));
    }
    networks
}

fn octet(text: &str) -> Option<u8> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain && digits)
}

fn named(list: Attribute, word: &Word, report: &mut Report<'_>) -> Option<Pattern> {
    if let Some(finding) = name::wrappers_word(word) {
        report.push(finding);
        return None;
    }
    let Some(host) = name::host(&word.text) else {
        let message = format!("{} is neither an address nor a host name", quote(&word.text));
        let help = "write an address, a network such as `192.0.2.0/24`, a host name or a `.domain`";
        report.push(error(codes::BAD_ADDRESS, word.at, message).help(help));
        return None;
    };
    if list == Attribute::NoAccess {
        report.push(name_denied(word, &host));
    }
    Some(Pattern::Host(host))
}

fn name_denied(word: &Word, host: &HostPattern) -> portreeve_diag::Diagnostic {
    let message =
        format!("`no_access` by the name {} misses a peer without one", quote(&word.text));
    let finding = warning(codes::NAME_IN_NO_ACCESS, word.at, message);
    match host {
        HostPattern::Exact(_) => finding.help("write the host's address or network"),
        HostPattern::Below(_) => finding.help("write the domain's networks"),
    }
}
