//! Addresses with a prefix length or mask, and IPv6 addresses, in access lists.

use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, note, quote, warning};
use super::inet;
use portreeve_diag::Diagnostic;
use portreeve_model::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `ADDRESS/LENGTH` or `ADDRESS/MASK`: one network, or two for `::/0`, which means everybody.
pub(super) fn network(word: &Word, report: &mut Report<'_>) -> Vec<Network> {
    let (address, length) = word.text.split_once('/').unwrap_or((&word.text, ""));
    if address.contains(':') {
        return match address.parse::<Ipv6Addr>() {
            Ok(address) => ipv6_network(word, address, length, report),
            Err(_) => {
                report.push(bad(word));
                Vec::new()
            }
        };
    }
    match inet::read(address) {
        Some(inet) if inet.plain => {
            ipv4_network(word, inet.address, length, report).into_iter().collect()
        }
        Some(_) => {
            report.push(short(word, address, length));
            Vec::new()
        }
        None => {
            report.push(bad(word));
            Vec::new()
        }
    }
}

/// An IPv6 address alone.
pub(super) fn ipv6(word: &Word, report: &mut Report<'_>) -> Option<Network> {
    match word.text.parse::<Ipv6Addr>() {
        Ok(address) if address.is_unspecified() => {
            report.push(
                error(codes::IPV6_UNSPECIFIED, word.at, "`::` matches nobody")
                    .help("write `::/0` for everybody"),
            );
            None
        }
        Ok(address) => Some(Network::host(IpAddr::V6(address))),
        Err(_) => {
            report.push(bad(word));
            None
        }
    }
}

/// The network that a short address such as `192.168` or `10.1.2` is often meant to be.
pub(super) fn prefix_meant(text: &str) -> Option<String> {
    let octets: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
    let octets = octets.filter(|octets| (1..=3).contains(&octets.len()))?;
    let mut full = [0u8; 4];
    for (slot, octet) in full.iter_mut().zip(&octets) {
        *slot = *octet;
    }
    Some(format!("{}/{}", Ipv4Addr::from(full), 8 * octets.len()))
}

fn bad(word: &Word) -> Diagnostic {
    let finding =
        |message: String, help: &str| error(codes::BAD_ADDRESS, word.at, message).help(help);
    match word.text.contains('%') {
        true => finding(
            format!("a scope in {}", quote(&word.text)),
            "write the address without `%` and what follows",
        ),
        false => finding(
            format!("{} is no address or network", quote(&word.text)),
            "write it as `192.0.2.1`, `192.0.2.0/24` or `2001:db8::/32`",
        ),
    }
}

fn short(word: &Word, address: &str, length: &str) -> Diagnostic {
    let message = format!("{} has fewer than four plain octets before `/`", quote(&word.text));
    let finding = error(codes::SHORT_PREFIX, word.at, message);
    match prefix_meant(address).as_deref().and_then(|meant| meant.split_once('/')) {
        Some((meant, _)) => finding.help(format!("write {}", quote(&format!("{meant}/{length}")))),
        None => finding.help("write four decimal octets, such as `192.0.2.0/24`"),
    }
}

fn bad_length(word: &Word, most: u8) -> Diagnostic {
    let message = format!("{} has no prefix length from 0 to {most}", quote(&word.text));
    let help = match most {
        32 => "write it as `192.0.2.0/24` or `192.0.2.0/255.255.255.0`",
        _ => "write it as `2001:db8::/32`",
    };
    error(codes::PREFIX_LENGTH, word.at, message).help(help)
}

fn length_of(text: &str, most: u8) -> Option<u8> {
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && *n <= most)
}

fn ipv4_network(
    word: &Word,
    address: Ipv4Addr,
    length: &str,
    report: &mut Report<'_>,
) -> Option<Network> {
    let length = match mask(length) {
        Some(dotted) => {
            let message = format!("{} means the prefix length {dotted}", quote(&word.text));
            let help = format!("write `{address}/{dotted}`; xinetd compares the address alone");
            report.push(warning(codes::DOTTED_MASK, word.at, message).help(help));
            Some(dotted)
        }
        None => length_of(length, 32),
    };
    let network = length.and_then(|length| Network::new(IpAddr::V4(address), length).ok());
    match network {
        None => report.push(bad_length(word, 32)),
        Some(network) => host_bits(word, IpAddr::V4(address), network, report),
    }
    network
}

/// A dotted mask as a prefix length; its ones must all stand before its zeros.
fn mask(text: &str) -> Option<u8> {
    let mask = u32::from(inet::read(text).filter(|inet| inet.plain)?.address);
    let ones = mask.leading_ones();
    u8::try_from(ones).ok().filter(|_| mask.checked_shl(ones).unwrap_or(0) == 0)
}

fn ipv6_network(
    word: &Word,
    address: Ipv6Addr,
    length: &str,
    report: &mut Report<'_>,
) -> Vec<Network> {
    let length = length_of(length, 128);
    let Some((network, length)) =
        length.and_then(|length| Some((Network::new(IpAddr::V6(address), length).ok()?, length)))
    else {
        report.push(bad_length(word, 128));
        return Vec::new();
    };
    let shown = quote(&word.text);
    if length == 0 {
        let message = format!("{shown} matches every peer, IPv4 ones too");
        let help = "write `0.0.0.0/0 ::/0` to be plain";
        report.push(note(codes::IPV6_ALL, word.at, message).help(help));
        let ipv4 = Network::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        return std::iter::once(network).chain(ipv4).collect();
    }
    if network.address().is_ipv6() {
        if covers_mapped(address, length) {
            let message = format!("{shown} matches no IPv4 peer");
            let help = "add `0.0.0.0/0` if they are meant too, as they are in xinetd";
            report.push(warning(codes::IPV6_MAPPED, word.at, message).help(help));
        }
        host_bits(word, IpAddr::V6(address), network, report);
    }
    if length == 128 {
        let message = format!("{shown} matches the one address; in xinetd it matches nobody");
        let help = format!("write `{address}`");
        report.push(note(codes::IPV6_HOST, word.at, message).help(help));
    }
    vec![network]
}

/// Whether `::ffff:0:0`, where mapped IPv4 addresses begin, lies under a prefix.
fn covers_mapped(address: Ipv6Addr, length: u8) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
    let mapped: u128 = 0xffff << 32;
    length <= 96 && u128::from(address) & mask == mapped & mask
}

fn host_bits(word: &Word, address: IpAddr, network: Network, report: &mut Report<'_>) {
    if network.address() != address {
        let message = format!("{} means {network}", quote(&word.text));
        let help = format!("write `{network}`");
        report.push(note(codes::HOST_BITS, word.at, message).help(help));
    }
}
