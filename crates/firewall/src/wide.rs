//! Networks that are no single address and no /64: what the kernel gets are parts that do not
//! overlap, each with the last end of the networks around it, so that no ban ends with a shorter one.

use crate::sets::{Interval, Now, Part, Set, after};
use portreeve_model::Network;
use portreeve_wire::firewall::Shut;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of one set, at most: the kernel's cost of an interval grows with their number.
pub(crate) const MOST: usize = 10_000;

/// The networks of one set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wide(BTreeMap<Network, Option<i64>>);

impl Wide {
    /// Puts a network in, or gives it another end; `false` when there is no room.
    pub(crate) fn put(&mut self, shut: Shut) -> bool {
        if self.0.len() >= MOST && !self.0.contains_key(&shut.network) {
            return false;
        }
        self.0.insert(shut.network, shut.until);
        true
    }

    /// Takes one out; whether it was there.
    pub(crate) fn take(&mut self, network: Network) -> bool {
        self.0.remove(&network).is_some()
    }

    /// Forgets those whose end has come.
    pub(crate) fn expire(&mut self, now: Now) {
        self.0.retain(|_, until| now.is_before(*until));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What they cover.
    pub(crate) fn parts(&self) -> Vec<Part> {
        parts(self.0.iter().map(|(network, until)| (*network, *until)))
    }
}

/// What networks of one family cover: in order, no part in another, each with the last end of the
/// networks around it. Networks are inside one another or apart, never half of each.
pub(crate) fn parts(networks: impl Iterator<Item = (Network, Option<i64>)>) -> Vec<Part> {
    let mut all: Vec<_> = networks.collect();
    // what is around others comes before them
    all.sort_unstable_by_key(|(network, _)| (network.address(), network.length()));
    let mut open = Open::default();
    for (network, until) in all {
        let (first, last) = (network.address(), last(network));
        open.close_before(Some(first));
        open.cover_up_to(first);
        let around = open.stack.last().map(|(_, end)| *end);
        let end = around.map_or(End(until), |around| around.max(End(until)));
        open.stack.push((last, end));
        open.next = Some(first);
    }
    open.close_before(None);
    open.parts
}

/// An end; none is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End(Option<i64>);

impl Ord for End {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => one.cmp(&other),
        }
    }
}

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The networks around the place that has been reached, the narrowest last.
#[derive(Debug, Default)]
struct Open {
    stack: Vec<(IpAddr, End)>,
    /// The first address that no part covers, while a network is open.
    next: Option<IpAddr>,
    parts: Vec<Part>,
}

impl Open {
    /// Closes the networks that end before an address; all of them without one.
    fn close_before(&mut self, address: Option<IpAddr>) {
        while let Some((last, end)) =
            self.stack.pop_if(|(last, _)| address.is_none_or(|address| *last < address))
        {
            if let Some(next) = self.next.filter(|next| *next <= last) {
                self.add(next..=last, end);
            }
            self.next = after(last);
        }
    }

    /// Covers what is open up to an address, without it.
    fn cover_up_to(&mut self, address: IpAddr) {
        let Some((_, end)) = self.stack.last().copied() else { return };
        if let (Some(next), Some(before)) = (self.next, before(address))
            && next <= before
        {
            self.add(next..=before, end);
        }
    }

    fn add(&mut self, interval: Interval, End(until): End) {
        match self.parts.last_mut() {
            Some(part)
                if part.until == until
                    && after(*part.interval.end()) == Some(*interval.start()) =>
            {
                part.interval = *part.interval.start()..=*interval.end();
            }
            _ => self.parts.push(Part { interval, until }),
        }
    }
}

/// The set that a network goes into that is let by.
pub(crate) fn never(network: &Network) -> Set {
    if network.address().is_ipv4() { Set::Never4 } else { Set::Never6 }
}

/// The last address of a network.
fn last(network: Network) -> IpAddr {
    match network.address() {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(network.length().into()).unwrap_or(0);
            Ipv4Addr::from(v4.to_bits() | host).into()
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(network.length().into()).unwrap_or(0);
            Ipv6Addr::from(v6.to_bits() | host).into()
        }
    }
}

/// The address before one, if there is one.
fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_sub(1).map(|n| Ipv4Addr::from(n).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_sub(1).map(|n| Ipv6Addr::from(n).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(networks: &[(&str, i64)]) -> Vec<String> {
        let until = |end: i64| (end > 0).then_some(end);
        let all = networks.iter().map(|(network, end)| (network.parse().unwrap(), until(*end)));
        let show = |part: Part| {
            let (first, last) = part.interval.into_inner();
            format!("{first}-{last} {}", part.until.unwrap_or(0))
        };
        parts(all).into_iter().map(show).collect()
    }

    #[test]
    fn parts_that_end_alike_and_touch_are_one() {
        assert_eq!(
            shown(&[("192.0.2.128/25", 0), ("192.0.2.0/25", 0), ("10.0.0.0/8", 0)]),
            ["10.0.0.0-10.255.255.255 0", "192.0.2.0-192.0.2.255 0"]
        );
        assert_eq!(shown(&[("0.0.0.0/0", 0), ("255.255.255.255/32", 0)]).len(), 1);
        assert_eq!(shown(&[("::/0", 0)]), ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 0"]);
        assert_eq!(shown(&[]), [""; 0]);
    }

    #[test]
    fn the_longer_ban_counts_wherever_it_lies() {
        assert_eq!(
            shown(&[("192.0.2.0/24", 10), ("192.0.2.16/28", 3600)]),
            ["192.0.2.0-192.0.2.15 10", "192.0.2.16-192.0.2.31 3600", "192.0.2.32-192.0.2.255 10"]
        );
        assert_eq!(
            shown(&[("192.0.2.0/24", 3600), ("192.0.2.0/28", 10), ("192.0.2.240/28", 0)]),
            ["192.0.2.0-192.0.2.239 3600", "192.0.2.240-192.0.2.255 0"]
        );
        assert_eq!(
            shown(&[("0.0.0.0/1", 5), ("0.0.0.0/2", 9), ("0.0.0.0/3", 7), ("255.0.0.0/8", 1)]),
            [
                "0.0.0.0-63.255.255.255 9",
                "64.0.0.0-127.255.255.255 5",
                "255.0.0.0-255.255.255.255 1"
            ]
        );
    }

    /// Every address of a small space, one by one.
    #[test]
    fn parts_say_what_a_naive_twin_says() {
        let mut state = 7_u32;
        let mut throw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..2000 {
            let networks: BTreeMap<Network, Option<i64>> = (0..throw(8))
                .map(|_| {
                    let address = Ipv4Addr::from(0xffff_ff00 | throw(256));
                    let length = 24 + u8::try_from(throw(9)).unwrap();
                    let until = Some(i64::from(throw(4))).filter(|end| *end > 0);
                    (Network::new(address.into(), length).unwrap(), until)
                })
                .collect();
            let found = parts(networks.iter().map(|(network, until)| (*network, *until)));
            for last in 0..256_u32 {
                let address = IpAddr::from(Ipv4Addr::from(0xffff_ff00 | last));
                let around = networks.iter().filter(|(network, _)| network.contains(address));
                let naive = around.map(|(_, until)| End(*until)).max();
                let mut here = found.iter().filter(|part| part.interval.contains(&address));
                assert_eq!(here.next().map(|part| End(part.until)), naive, "{networks:?}");
                assert!(here.next().is_none(), "{networks:?}");
            }
        }
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut wide = Wide::default();
        let shut = |network: &str, until| Shut { network: network.parse().unwrap(), until };
        assert!(wide.put(shut("192.0.2.0/24", Some(10))));
        assert!(wide.put(shut("192.0.2.0/28", Some(3600))));
        wide.expire(Now(9_999));
        assert_eq!(wide.len(), 2);
        wide.expire(Now(10_000));
        assert_eq!(wide.parts()[0].interval.end().to_string(), "192.0.2.15");
        assert!(wide.take("192.0.2.0/28".parse().unwrap()));
        assert_eq!(wide.len(), 0);
    }

    #[test]
    fn there_are_not_more_than_so_many() {
        let mut wide = Wide::default();
        let at = |n: u32| Network::new(Ipv4Addr::from(n << 8).into(), 24).unwrap();
        for n in 0..u32::try_from(MOST).unwrap() {
            assert!(wide.put(Shut { network: at(n), until: None }));
        }
        let one_more = Shut { network: at(60_000), until: None };
        assert!(!wide.put(one_more));
        assert!(wide.put(Shut { network: at(0), until: Some(1) }));
        assert!(wide.take(at(1)) && wide.put(one_more));
    }
}
