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
    /// It is, or holds, what this host sends packets to that are for others.
    Gateway,
    /// It is, or holds, whom this host asks for names.
    Resolver,
    /// Somebody in it has authenticated and is still inside.
    Session,
    /// It does not hold the peer for whose deeds it is to be banned.
    Elsewhere,
}

impl WhyNot {
    /// Its word in events and counters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NeverBan(_) => "never-ban",
            Self::HostItself => "this-host",
            Self::Gateway => "gateway",
            Self::Resolver => "resolver",
            Self::Session => "session",
            Self::Elsewhere => "unknown",
        }
    }
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

/// What stands around a door that no ban may hit: each says whether a network holds one of them.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Addresses of this host; loopback is always one.
    pub host: &'a dyn Fn(Network) -> bool,
    /// What it sends packets to that are for others.
    pub gateway: &'a dyn Fn(Network) -> bool,
    /// Whom it asks for names.
    pub resolver: &'a dyn Fn(Network) -> bool,
    /// Peers of sessions that have authenticated and are not over.
    pub session: &'a dyn Fn(Network) -> bool,
}

impl Around<'_> {
    /// The same, but that nobody is protected by being inside: for a ban that is meant so.
    #[must_use]
    pub fn whoever_is_inside(self) -> Self {
        Self { session: &|_| false, ..self }
    }
}

impl State {
    /// Judges whether a peer may be banned, and as which network: an IPv4 peer alone, an IPv6 peer
    /// with its /64, or alone where that may not be, or where it translates IPv4 peers.
    ///
    /// # Errors
    /// Says why nobody is banned.
    pub fn judge_ban(tables: &Tables, peer: IpAddr, around: Around<'_>) -> Result<Network, WhyNot> {
        Self::judge_proposal(tables, Network::around(unmapped(peer), 32, V6_WIDTH), peer, around)
    }

    /// Judges whether a network may be banned for what a peer in it has done: as it is proposed; or
    /// an IPv6 peer with its /64, where that is narrower; or the peer alone. Bystanders are worth more
    /// than a wide ban, so the first of these that hits nobody it may not hit is the one.
    ///
    /// # Errors
    /// Says why not even the peer is banned.
    pub fn judge_proposal(
        tables: &Tables,
        proposed: Network,
        peer: IpAddr,
        around: Around<'_>,
    ) -> Result<Network, WhyNot> {
        let peer = unmapped(peer);
        if !proposed.contains(peer) {
            return Err(WhyNot::Elsewhere);
        }
        let own = Network::around(peer, 32, V6_WIDTH);
        let alone = Self::judge_network(tables, Network::host(peer), around)?;
        if stands_for_ipv4(peer) {
            return Ok(alone);
        }
        let narrower = Some(own).filter(|own| own.length() > proposed.length());
        let mut widest_first = [proposed].into_iter().chain(narrower);
        let may = |network: &Network| Self::judge_network(tables, *network, around).is_ok();
        Ok(widest_first.find(may).unwrap_or(alone))
    }

    /// Judges whether exactly this network may be banned.
    ///
    /// # Errors
    /// Says why it is not.
    pub fn judge_network(
        tables: &Tables,
        network: Network,
        around: Around<'_>,
    ) -> Result<Network, WhyNot> {
        let never = &tables.never_ban;
        if let Some(origin) = never.overlaps(network).or(never.unclear) {
            return Err(WhyNot::NeverBan(origin));
        }
        let loopback = network.address().is_loopback()
            || network.contains(Ipv4Addr::LOCALHOST.into())
            || network.contains(Ipv6Addr::LOCALHOST.into());
        if loopback || (around.host)(network) {
            return Err(WhyNot::HostItself);
        }
        for (holds, why) in [
            (around.gateway, WhyNot::Gateway),
            (around.resolver, WhyNot::Resolver),
            (around.session, WhyNot::Session),
        ] {
            if holds(network) {
                return Err(why);
            }
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
