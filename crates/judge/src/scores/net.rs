//! Networks as keys.

use super::mix;
use portreeve_model::Network;
use std::net::IpAddr;

/// An address's bits, the family's first bit being the topmost.
pub(super) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// Four words, the first bits first.
pub(super) fn words(bits: u128) -> [u32; 4] {
    #[expect(clippy::cast_possible_truncation, reason = "halves are wanted")]
    let [high, low] = [(bits >> 64) as u64, bits as u64];
    let ([a, b], [c, d]) = (mix::halves(high), mix::halves(low));
    [a, b, c, d]
}

/// A network as five words: family and length, and its address.
pub(super) fn key(network: Network) -> [u32; 5] {
    let family = if network.address().is_ipv4() { 4 } else { 6 };
    let [a, b, c, d] = words(bits(network.address()));
    [family << 8 | u32::from(network.length()), a, b, c, d]
}

/// A network in a word, that nobody asks the name of.
pub(super) fn tag(network: Network) -> u32 {
    mix::halves(mix::words(&key(network)))[0]
}

/// What tells a network from others of its width inside a wider one. By up to 32 bits it is exact.
pub(super) fn child(network: Network, around: u8) -> u32 {
    if network.length().saturating_sub(around) <= 32 {
        let below = bits(network.address()).checked_shl(around.into()).unwrap_or(0);
        words(below)[0]
    } else {
        tag(network)
    }
}
