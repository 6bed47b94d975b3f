//! Items of access lists as xinetd reads them.

use super::super::within;
use super::when::manual;
use std::net::IpAddr;

/// A dotted mask is not one: the address alone matches.
pub(super) fn mask(item: &str, peer: IpAddr) -> bool {
    match item.split_once('/') {
        Some((address, mask)) if mask.contains('.') => address == peer.to_string(),
        Some(_) | None => manual(item, peer),
    }
}

/// A single IPv6 address written as a network matches nobody.
pub(super) fn whole(item: &str, peer: IpAddr) -> bool {
    !item.ends_with("/128") && manual(item, peer)
}

/// An IPv6 network that holds the mapped form of an IPv4 peer matches that too.
pub(super) fn mapped(item: &str, peer: IpAddr) -> bool {
    let also = match peer {
        IpAddr::V4(v4) => item.contains(':') && within(item, v4.to_ipv6_mapped().into()),
        IpAddr::V6(_) => false,
    };
    also || manual(item, peer)
}
