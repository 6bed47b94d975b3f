//! Whether somebody may be banned at all, and how wide.

use crate::State;
use crate::Tables;
use crate::rules::RuleSet;
use portreeve_model::{Network, Origin, Pattern, Rule, unmapped};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How wide an IPv6 peer is banned: a customer's smallest network.
const V6_WIDTH: u8 = 64;

/// Why somebody is not banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// A never-ban rule covers it, wholly or in part.
    NeverBan(Origin),
    /// It is, or holds, an address of this host.
    HostItself,
}

/// The never-ban list.
#[derive(Clone, Debug, Default)]
pub(crate) struct NeverBan {
    rules: RuleSet,
    /// Where each begins, in order, so that the rules inside a network stand together.
    sorted: Vec<(IpAddr, Origin)>,
    /// A rule that names a host or a file. `check` refuses those: nothing tells here whom it
    /// covers, so while there is one nobody is banned.
    unclear: Option<Origin>,
}

impl NeverBan {
    pub(crate) fn compile(rules: &[Rule]) -> Self {
        let first = |rule: &Rule| match &rule.pattern {
            Pattern::Network(network) => Some((network.address(), rule.origin)),
            Pattern::Range(range) => Some((range.first(), rule.origin)),
            Pattern::Host(_) | Pattern::Listed(_) => None,
        };
        let mut sorted: Vec<_> = rules.iter().filter_map(first).collect();
        sorted.sort_unstable();
        let unclear = rules.iter().find(|rule| first(rule).is_none()).map(|rule| rule.origin);
        let rules = RuleSet::compile(rules);
        let unclear = unclear.or_else(|| rules.unusable().and_then(|found| found.origin()));
        Self { rules, sorted, unclear }
    }

    /// The rule that covers a peer.
    pub(crate) fn covers(&self, peer: IpAddr) -> Option<crate::rules::Found<'_>> {
        self.rules.own_by_address(peer)
    }

    /// A rule that shares an address with a network: around its first address, or inside it.
    fn overlaps(&self, network: Network) -> Option<Origin> {
        let around = self.rules.own_by_address(network.address()).and_then(|found| found.origin());
        around.or_else(|| {
            let from = self.sorted.partition_point(|(at, _)| *at < network.address());
            let (inside, origin) = self.sorted.get(from)?;
            network.contains(*inside).then_some(*origin)
        })
    }
}

impl State {
    /// Judges whether a peer may be banned, and as which network: an IPv4 peer alone, an IPv6 peer
    /// with its /64, or alone where the /64 overlaps a never-ban rule or holds an address of this
    /// host, or translates IPv4 peers. `holds_host` says whether a network holds an address of this host; loopback always
    /// is this host.
    ///
    /// # Errors
    /// Says why nobody is banned.
    pub fn judge_ban(
        tables: &Tables,
        peer: IpAddr,
        holds_host: &dyn Fn(Network) -> bool,
    ) -> Result<Network, WhyNot> {
        let peer = unmapped(peer);
        let alone = Self::judge_network(tables, Network::host(peer), holds_host)?;
        if stands_for_ipv4(peer) {
            return Ok(alone);
        }
        let wide = Network::around(peer, alone.length(), V6_WIDTH);
        Ok(Self::judge_network(tables, wide, holds_host).unwrap_or(alone))
    }

    /// Judges whether exactly this network may be banned.
    ///
    /// # Errors
    /// Says why it is not.
    pub fn judge_network(
        tables: &Tables,
        network: Network,
        holds_host: &dyn Fn(Network) -> bool,
    ) -> Result<Network, WhyNot> {
        let never = &tables.never_ban;
        if let Some(origin) = never.overlaps(network).or(never.unclear) {
            return Err(WhyNot::NeverBan(origin));
        }
        let loopback = network.address().is_loopback()
            || network.contains(Ipv4Addr::LOCALHOST.into())
            || network.contains(Ipv6Addr::LOCALHOST.into());
        if loopback || holds_host(network) {
            return Err(WhyNot::HostItself);
        }
        Ok(network)
    }
}

/// Whether an address is an IPv4 peer behind a translator (RFC 6052's well-known prefix): its /64
/// would be all of IPv4.
fn stands_for_ipv4(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V6(v6) => matches!(v6.segments(), [0x64, 0xff9b, 0, 0, 0, 0, _, _]),
        IpAddr::V4(_) => false,
    }
}
