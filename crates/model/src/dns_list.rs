//! DNS lists: zones that say of an address whether somebody has listed it (RFC 5782).

use crate::Origin;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Lists of one service, of both kinds together, at most.
pub const MAX_DNS_LISTS: usize = 16;

/// Ranges of answers of one list, at most.
pub const MAX_CODES: usize = 16;

/// Bytes of a list's words that are kept.
pub const MAX_LIST_TEXT: usize = 200;

/// Bytes of a zone's name: with the 64 characters of an IPv6 address before it, a name of the DNS
/// may have 253.
pub const MAX_ZONE: usize = 253 - 64;

/// The DNS lists of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsLists {
    /// Who is on one of these is refused…
    pub deny: Vec<DnsList>,
    /// …unless on one of these. Asked only where `deny` has any; grants nothing by itself.
    pub except: Vec<DnsList>,
}

/// One list in its role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DnsList {
    /// What is asked.
    pub zone: DnsZone,
    /// What becomes of a peer of whom the list says neither yes nor no.
    pub when_unknown: WhenUnknown,
    /// Where it was written.
    pub origin: Origin,
}

impl PartialEq for DnsList {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone && self.when_unknown == other.when_unknown
    }
}

impl Eq for DnsList {}

/// A zone, and which of its answers count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DnsZone {
    /// Lower case, without final dot; at most [`MAX_ZONE`] bytes.
    pub name: String,
    /// Answers that mean "listed", from the first to the last of each range, at most
    /// [`MAX_CODES`]; none: every one in 127.0.0.0/8 but 127.255.255.0/24.
    pub codes: Vec<(Ipv4Addr, Ipv4Addr)>,
}

/// What becomes of a peer when a list does not answer, or answers nonsense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhenUnknown {
    /// The list says nothing: the others decide.
    #[default]
    Pass,
    /// It is refused.
    Refuse,
}

/// What a DNS list says of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListAnswer {
    /// It has it; with the list's own words for people, printable ASCII, at most
    /// [`MAX_LIST_TEXT`] bytes, often none.
    Listed(String),
    /// It has it not, or for nothing that counts.
    NotListed,
    /// Neither is known: the list is silent, broken, declines to answer, or is none.
    Unknown(String),
}

/// What one address in an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The peer is listed.
    Listed,
    /// It is listed for something that does not count here.
    Other,
    /// The list declines to answer whoever asks (127.255.255.0/24 by the custom of large lists).
    Declined,
    /// No answer of a list at all: outside 127.0.0.0/8 (RFC 5782, 2.3). The zone is for sale, or
    /// somebody rewrites answers on the way.
    Foreign,
}

impl DnsZone {
    /// What an address in an answer means.
    #[must_use]
    pub fn code(&self, answer: Ipv4Addr) -> Code {
        let within = |(first, last): &(Ipv4Addr, Ipv4Addr)| (*first..=*last).contains(&answer);
        if !answer.is_loopback() {
            Code::Foreign
        } else if self.codes.iter().any(within) {
            Code::Listed
        } else if matches!(answer.octets(), [127, 255, 255, _]) {
            Code::Declined
        } else if self.codes.is_empty() {
            Code::Listed
        } else {
            Code::Other
        }
    }
}

impl fmt::Display for DnsZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether lists of the public DNS can say anything of an address: it is not one of this host, of a
/// private network (RFC 1918, 4193, 6598) or of the link. IPv4-mapped is IPv4.
#[must_use]
pub fn may_be_listed(peer: IpAddr) -> bool {
    match crate::unmapped(peer) {
        IpAddr::V4(v4) => {
            let shared = matches!(v4.octets(), [100, 64..=127, ..]);
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || shared)
        }
        IpAddr::V6(v6) => {
            let local = |v6: Ipv6Addr| v6.is_unicast_link_local() || v6.is_unique_local();
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || local(v6))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(codes: &[(&str, &str)]) -> DnsZone {
        let ip = |text: &str| text.parse().unwrap();
        let codes = codes.iter().map(|(first, last)| (ip(first), ip(last))).collect();
        DnsZone { name: "zone.example".into(), codes }
    }

    #[test]
    fn an_answer_counts_by_its_code() {
        let (plain, some) =
            (zone(&[]), zone(&[("127.0.0.2", "127.0.0.3"), ("127.0.1.9", "127.0.1.9")]));
        let errors = zone(&[("127.0.0.0", "127.255.255.255")]);
        for (answer, by_plain, by_some) in [
            ("127.0.0.2", Code::Listed, Code::Listed),
            ("127.0.0.4", Code::Listed, Code::Other),
            ("127.0.1.9", Code::Listed, Code::Listed),
            ("127.255.254.255", Code::Listed, Code::Other),
            ("127.255.255.254", Code::Declined, Code::Declined),
            ("128.0.0.2", Code::Foreign, Code::Foreign),
            ("0.0.0.0", Code::Foreign, Code::Foreign),
            ("203.0.113.7", Code::Foreign, Code::Foreign),
        ] {
            let answer = answer.parse().unwrap();
            assert_eq!((plain.code(answer), some.code(answer)), (by_plain, by_some), "{answer}");
        }
        assert_eq!(errors.code("127.255.255.254".parse().unwrap()), Code::Listed, "as written");
    }

    #[test]
    fn private_addresses_are_nobody_elses_business() {
        for (peer, want) in [
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.0.50", false),
            ("169.254.1.1", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("::ffff:10.0.0.1", false),
            ("::ffff:198.51.100.1", true),
            ("198.51.100.1", true),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("2001:db8::1", true),
        ] {
            assert_eq!(may_be_listed(peer.parse().unwrap()), want, "{peer}");
        }
    }
}
