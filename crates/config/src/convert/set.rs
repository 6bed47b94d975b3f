//! Sets of addresses, as ranges in order.
//!
//! An IPv4-mapped IPv6 address is no peer's: whether a set holds one means nothing.

use portreeve_model::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First and last address.
pub(super) type Range = (u128, u128);

/// The last IPv4 address.
const LAST_V4: u128 = 0xffff_ffff;

/// Addresses of both families. Ranges are in order, and none touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// Of IPv4.
    pub(super) v4: Vec<Range>,
    /// Of IPv6.
    pub(super) v6: Vec<Range>,
}

impl Set {
    /// All of them.
    pub(super) fn everybody() -> Self {
        Self { v4: vec![(0, LAST_V4)], v6: vec![(0, u128::MAX)] }
    }

    /// The addresses of networks.
    pub(super) fn of(networks: impl IntoIterator<Item = Network>) -> Self {
        let mut set = Self::default();
        for network in networks {
            match network.address() {
                IpAddr::V4(first) => {
                    let first = u128::from(u32::from(first));
                    set.v4.push((
                        first,
                        first | LAST_V4.checked_shr(network.length().into()).unwrap_or(0),
                    ));
                }
                IpAddr::V6(first) => {
                    let first = u128::from(first);
                    let rest = u128::MAX.checked_shr(network.length().into()).unwrap_or(0);
                    set.v6.push((first, first | rest));
                }
            }
        }
        set.tidy();
        set
    }

    /// From ranges in any order.
    pub(super) fn from_ranges(v4: Vec<Range>, v6: Vec<Range>) -> Self {
        let mut set = Self { v4, v6 };
        set.tidy();
        set
    }

    fn tidy(&mut self) {
        for ranges in [&mut self.v4, &mut self.v6] {
            ranges.sort_unstable();
            ranges.dedup_by(|next, before| {
                let touches = before.1.checked_add(1).is_none_or(|after| next.0 <= after);
                if touches {
                    before.1 = before.1.max(next.1);
                }
                touches
            });
        }
    }

    /// Those of either.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.v4.extend_from_slice(&other.v4);
        self.v6.extend_from_slice(&other.v6);
        self.tidy();
        self
    }

    /// Those that are not in the other.
    pub(super) fn but(&self, other: &Self) -> Self {
        Self { v4: but(&self.v4, &other.v4), v6: but(&self.v6, &other.v6) }
    }

    /// Whether it holds nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// As few networks as hold these addresses and no others, in order.
    pub(super) fn networks(&self) -> Vec<Network> {
        let mut networks = Vec::new();
        for range in &self.v4 {
            divide(*range, 32, |first, length| {
                let first = u32::try_from(first).unwrap_or(u32::MAX);
                networks.extend(Network::new(Ipv4Addr::from(first).into(), length));
            });
        }
        for range in &self.v6 {
            divide(*range, 128, |first, length| {
                let first = Ipv6Addr::from(first);
                let mapped = length >= 96 && first.to_ipv4_mapped().is_some();
                networks.extend(Network::new(first.into(), length).ok().filter(|_| !mapped));
            });
        }
        networks
    }
}

/// One list of ranges without another.
fn but(these: &[Range], others: &[Range]) -> Vec<Range> {
    let mut left = Vec::new();
    let mut others = others.iter().copied().peekable();
    for &(first, last) in these {
        let mut from = Some(first);
        while let Some(&(out, until)) = others.peek() {
            let Some(start) = from.filter(|start| out <= last && *start <= last) else { break };
            if until >= start {
                if out > start {
                    left.push((start, out - 1));
                }
                from = until.checked_add(1);
            }
            if until > last {
                break; // it reaches into the next
            }
            others.next();
        }
        left.extend(from.filter(|start| *start <= last).map(|start| (start, last)));
    }
    left
}

/// The networks of a range.
fn divide((mut first, last): Range, width: u32, mut network: impl FnMut(u128, u8)) {
    loop {
        let aligned = first.trailing_zeros().min(width);
        // as many addresses as are left, and one more where that does not overflow
        let fitting = match (last - first).checked_add(1) {
            Some(count) => count.ilog2(),
            None => width,
        };
        let bits = aligned.min(fitting);
        network(first, u8::try_from(width - bits).unwrap_or(0));
        let size = 1_u128.checked_shl(bits);
        match size.and_then(|size| first.checked_add(size)).filter(|next| *next <= last) {
            Some(next) => first = next,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Set {
        Set::of(texts.iter().map(|text| text.parse().unwrap()))
    }

    fn shown(set: &Set) -> Vec<String> {
        set.networks().iter().map(Network::to_string).collect()
    }

    #[test]
    fn sets_are_written_with_the_fewest_networks() {
        for (texts, want) in [
            (vec!["10.0.0.0/9", "10.128.0.0/9"], vec!["10.0.0.0/8"]),
            (vec!["0.0.0.0/0", "10.0.0.0/8"], vec!["0.0.0.0/0"]),
            (vec!["::/0"], vec!["::/0"]),
            (vec!["192.0.2.7", "192.0.2.6", "192.0.2.5"], vec!["192.0.2.5", "192.0.2.6/31"]),
            (vec!["255.255.255.255", "2001:db8::1"], vec!["255.255.255.255", "2001:db8::1"]),
            (vec![], vec![]),
        ] {
            assert_eq!(shown(&set(&texts)), want, "{texts:?}");
        }
    }

    #[test]
    fn what_is_taken_out_is_out() {
        let everybody = Set::everybody();
        assert_eq!(everybody.but(&everybody), Set::default());
        assert_eq!(everybody.but(&Set::default()), everybody);
        let without = everybody.but(&set(&["128.0.0.0/1", "8000::/1"]));
        assert_eq!(shown(&without), ["0.0.0.0/1", "::/1"]);
        assert_eq!(without.clone().or(&set(&["128.0.0.0/1", "8000::/1"])), everybody);
        let holes = set(&["10.0.0.0/24", "10.0.2.0/24"]).but(&set(&[
            "10.0.0.128/25",
            "10.0.1.0/24",
            "10.0.2.0/25",
        ]));
        assert_eq!(shown(&holes), ["10.0.0.0/25", "10.0.2.128/25"]);
    }

    #[test]
    fn a_mapped_address_is_written_by_nobody() {
        let around = Set::everybody().but(&set(&["::fffe:0:0/96"]));
        assert_eq!(shown(&around).iter().filter(|text| text.as_str() == "0.0.0.0/0").count(), 1);
    }
}
