//! The sets of the table: which of them a network goes into, and how it is written there.
//!
//! Single addresses and IPv6 networks of /64 are in hash sets whose elements the kernel times out
//! by itself, at a cost that does not grow with their number. All other widths are few, and are in
//! sets of intervals, whose cost does grow; these are written anew at each change, in parts that do
//! not overlap: the kernel would swallow a longer ban inside a shorter one there.

use crate::message::{Ask, Attributes, Batch};
use portreeve_model::Network;
use portreeve_wire::firewall::Shut;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Elements of one message: an attribute is 64 KiB at most, and one of them 52 bytes.
const MESSAGE: usize = 1000;
/// The longest timeout that is written, a hundred years: the kernel counts in 64 bits of its own.
const LONGEST: u64 = 100 * 365 * 24 * 3600 * 1000;

/// Flags of a set.
const INTERVAL: u32 = 4;
const TIMEOUT: u32 = 0x10;
/// `NFT_SET_ELEM_INTERVAL_END`.
const INTERVAL_END: u32 = 1;
/// nft's own numbers for the types of keys.
const IPV4: u32 = 7;
const IPV6: u32 = 8;

/// A set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Set {
    /// IPv4 addresses that are shut out.
    Hosts4,
    /// IPv6 addresses that are shut out.
    Hosts6,
    /// IPv6 networks of /64.
    Nets6,
    /// IPv4 networks.
    Wide4,
    /// IPv6 networks of other widths.
    Wide6,
    /// IPv4 networks that are let by.
    Never4,
    /// IPv6 networks that are let by.
    Never6,
}

impl Set {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Hosts4,
        Self::Hosts6,
        Self::Nets6,
        Self::Wide4,
        Self::Wide6,
        Self::Never4,
        Self::Never6,
    ];

    /// Its name in the table's state of this number.
    pub(crate) fn name(self, state: u32) -> String {
        format!("{}-{state}", self.word())
    }

    fn word(self) -> &'static str {
        match self {
            Self::Hosts4 => "hosts4",
            Self::Hosts6 => "hosts6",
            Self::Nets6 => "nets6",
            Self::Wide4 => "wide4",
            Self::Wide6 => "wide6",
            Self::Never4 => "never4",
            Self::Never6 => "never6",
        }
    }

    /// The set and state that a name is of.
    pub(crate) fn of_name(name: &str) -> Option<(Self, u32)> {
        let (word, state) = name.split_once('-')?;
        let set = Self::ALL.into_iter().find(|set| set.word() == word)?;
        Some((set, state.parse().ok()?))
    }

    /// Where a network that is shut out goes.
    pub(crate) fn of(network: Network) -> Self {
        match (network.address(), network.length()) {
            (IpAddr::V4(_), 32) => Self::Hosts4,
            (IpAddr::V4(_), _) => Self::Wide4,
            (IpAddr::V6(_), 128) => Self::Hosts6,
            (IpAddr::V6(_), 64) => Self::Nets6,
            (IpAddr::V6(_), _) => Self::Wide6,
        }
    }

    /// Whether its elements are intervals.
    pub(crate) fn is_wide(self) -> bool {
        match self {
            Self::Hosts4 | Self::Hosts6 | Self::Nets6 => false,
            Self::Wide4 | Self::Wide6 | Self::Never4 | Self::Never6 => true,
        }
    }

    fn flags(self) -> u32 {
        match self {
            Self::Hosts4 | Self::Hosts6 | Self::Nets6 => TIMEOUT,
            Self::Wide4 | Self::Wide6 => INTERVAL | TIMEOUT,
            Self::Never4 | Self::Never6 => INTERVAL,
        }
    }

    fn is_v4(self) -> bool {
        matches!(self, Self::Hosts4 | Self::Wide4 | Self::Never4)
    }

    /// Makes it.
    pub(crate) fn make(self, batch: &mut Batch, table: &str, state: u32, most: u32) {
        let (kind, length) = if self.is_v4() { (IPV4, 4) } else { (IPV6, 16) };
        batch.ask(Ask::NewSet, |body| {
            body.text(1, table);
            body.text(2, &self.name(state));
            body.number(3, self.flags());
            body.number(4, kind);
            body.number(5, length);
            if !self.is_wide() {
                body.nest(9, |desc| desc.number(1, most));
            }
            body.number(10, self as u32); // a number of the batch's own, which the kernel wants
        });
    }
}

/// Writes networks into a hash set; those whose end has come are left out.
pub(crate) fn put(batch: &mut Batch, place: (&str, &str), shuts: &[Shut], now: Now) {
    let left: Vec<_> = shuts.iter().filter_map(|s| Some((s.network, now.left(s.until)?))).collect();
    for some in left.chunks(MESSAGE) {
        elements(batch, Ask::NewElements, place, |list| {
            for (network, timeout) in some {
                element(list, network.address(), *timeout, 0);
            }
        });
    }
    batch.elements = batch.elements.saturating_add(left.len());
}

/// As [`put`], of networks that may be there: they get their time anew. Kernels before 6.10 or so
/// leave the time of what is there as it was, and none takes out what is not there; so each is
/// put in, taken out, and put in again, of which nobody sees the middle.
pub(crate) fn put_again(batch: &mut Batch, place: (&str, &str), shuts: &[Shut], now: Now) {
    let networks: Vec<_> = shuts.iter().map(|shut| shut.network).collect();
    take_out(batch, place, &networks);
    put(batch, place, shuts, now);
}

/// Takes networks out of a hash set, whether they are there or not.
pub(crate) fn take_out(batch: &mut Batch, place: (&str, &str), networks: &[Network]) {
    for some in networks.chunks(MESSAGE) {
        for ask in [Ask::NewElements, Ask::DelElements] {
            elements(batch, ask, place, |list| {
                for network in some {
                    element(list, network.address(), None, 0);
                }
            });
        }
    }
    batch.elements = batch.elements.saturating_add(networks.len().saturating_mul(2));
}

/// Writes a set of intervals anew; parts whose end has come are left out.
pub(crate) fn rewrite(batch: &mut Batch, place: (&str, &str), parts: &[Part], now: Now) {
    batch.ask(Ask::DelElements, |body| {
        body.text(1, place.0);
        body.text(2, place.1);
    });
    let left: Vec<_> =
        parts.iter().filter_map(|p| Some((&p.interval, now.left(p.until)?))).collect();
    for some in left.chunks(MESSAGE / 2) {
        elements(batch, Ask::NewElements, place, |list| {
            for (interval, timeout) in some {
                element(list, *interval.start(), *timeout, 0);
                if let Some(end) = after(*interval.end()) {
                    element(list, end, None, INTERVAL_END);
                }
            }
        });
    }
    batch.elements = batch.elements.saturating_add(left.len().saturating_mul(2));
}

/// What is shut out until the same end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// From where to where.
    pub(crate) interval: Interval,
    /// Until when, as of a [`Shut`].
    pub(crate) until: Option<i64>,
}

/// Addresses from one to another, both of one family.
pub(crate) type Interval = RangeInclusive<IpAddr>;

/// The address after one, if there is one.
pub(crate) fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|n| std::net::Ipv4Addr::from(n).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|n| std::net::Ipv6Addr::from(n).into()),
    }
}

fn elements(
    batch: &mut Batch,
    ask: Ask,
    (table, set): (&str, &str),
    fill: impl FnOnce(&mut Attributes),
) {
    batch.ask(ask, |body| {
        body.text(1, table);
        body.text(2, set);
        body.nest(3, fill);
    });
}

fn element(list: &mut Attributes, address: IpAddr, timeout: Option<u64>, flags: u32) {
    list.nest(1, |element| {
        element.nest(1, |key| match address {
            IpAddr::V4(v4) => key.bytes(1, &v4.octets()),
            IpAddr::V6(v6) => key.bytes(1, &v6.octets()),
        });
        if flags != 0 {
            element.number(3, flags);
        }
        if let Some(timeout) = timeout {
            element.long(4, timeout);
        }
    });
}

/// The time on the wall, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Now(pub(crate) u64);

impl Now {
    /// How long a ban lasts from now on, in milliseconds, itself none when it has no end; `None` when
    /// its end has come.
    #[expect(clippy::option_option, reason = "over, for ever, or so long")]
    fn left(self, until: Option<i64>) -> Option<Option<u64>> {
        let Some(until) = until else { return Some(None) };
        let until = u64::try_from(until).unwrap_or(0).saturating_mul(1000);
        let left = until.checked_sub(self.0).filter(|left| *left > 0)?;
        Some(Some(left.min(LONGEST)))
    }

    /// Whether a ban is in force.
    pub(crate) fn is_before(self, until: Option<i64>) -> bool {
        self.left(until).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_has_its_set() {
        for (network, set) in [
            ("192.0.2.1", Set::Hosts4),
            ("192.0.2.0/31", Set::Wide4),
            ("0.0.0.0/0", Set::Wide4),
            ("2001:db8::1", Set::Hosts6),
            ("2001:db8::/64", Set::Nets6),
            ("2001:db8::/65", Set::Wide6),
            ("2001:db8::/48", Set::Wide6),
        ] {
            assert_eq!(Set::of(network.parse().unwrap()), set, "{network}");
        }
    }

    #[test]
    fn names_come_back() {
        for set in Set::ALL {
            assert_eq!(Set::of_name(&set.name(17)), Some((set, 17)));
        }
        for name in ["", "hosts4", "hosts4-", "hosts4-x", "other-1", "hosts4-99999999999"] {
            assert_eq!(Set::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_left_of_a_ban_is_counted_from_its_end() {
        let now = Now(10_500);
        assert_eq!(now.left(None), Some(None));
        assert_eq!(now.left(Some(11)), Some(Some(500)));
        assert_eq!(now.left(Some(10)), None);
        assert_eq!(now.left(Some(-1)), None);
        assert_eq!(now.left(Some(i64::MAX)), Some(Some(LONGEST)));
    }

    #[test]
    fn a_message_of_elements_stays_below_its_bound() {
        let shuts: Vec<Shut> = (0..2500_u32)
            .map(|n| {
                let address = std::net::Ipv6Addr::from(u128::from(n));
                Shut { network: Network::host(address.into()), until: Some(i64::MAX) }
            })
            .collect();
        let mut batch = Batch::new(0);
        put(&mut batch, ("portreeve", "hosts6-1"), &shuts, Now(0));
        let (bytes, asked, _) = batch.finish();
        assert_eq!(asked.len(), 3);
        let lengths =
            crate::answer::messages(&bytes).map(|m| m.inside(3).map_or(0, Iterator::count));
        assert_eq!(lengths.collect::<Vec<_>>(), [0, 1000, 1000, 500, 0]);
    }
}
