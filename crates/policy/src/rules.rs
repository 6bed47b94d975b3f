//! Access lists, compiled.

use crate::names::NameMap;
use crate::prefix::PrefixMap;
use portreeve_model::{AccessList, Dialect, Origin, Pattern, Rule};
use std::net::IpAddr;

/// Rules, found by address or name in constant time. A rule is a number, counted as written; text
/// and place of each stand aside, so that the maps stay small.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSet {
    networks: PrefixMap<u32>,
    pub(crate) names: NameMap,
    sites: Vec<Site>,
    texts: String,
}

#[derive(Clone, Copy, Debug)]
struct Site {
    origin: Origin,
    start: usize,
    end: usize,
}

/// A rule that was found: its place and text are read only when somebody asks for them, since each
/// reading may miss the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    set: &'a RuleSet,
    number: u32,
}

impl<'a> Found<'a> {
    fn site(self) -> Option<&'a Site> {
        self.set.sites.get(self.number as usize)
    }

    pub(crate) fn origin(self) -> Option<Origin> {
        self.site().map(|site| site.origin)
    }

    pub(crate) fn text(self) -> &'a str {
        self.site().and_then(|site| self.set.texts.get(site.start..site.end)).unwrap_or_default()
    }
}

impl RuleSet {
    pub(crate) fn compile(rules: &[Rule]) -> Self {
        let mut set = Self { sites: Vec::with_capacity(rules.len()), ..Self::default() };
        for (number, rule) in (0_u32..).zip(rules) {
            match &rule.pattern {
                // Of two rules with one network the first stays: it is the one to be cited.
                Pattern::Network(network) if set.networks.get(*network).is_none() => {
                    set.networks.insert(*network, number);
                }
                Pattern::Network(_) => {}
                Pattern::Host(host) => set.names.insert(host, number),
            }
            let start = set.texts.len();
            set.texts.push_str(&rule.text);
            set.sites.push(Site { origin: rule.origin, start, end: set.texts.len() });
        }
        set
    }

    /// The first written rule whose network holds the peer.
    pub(crate) fn by_address(&self, peer: IpAddr) -> Option<Found<'_>> {
        self.networks.around(peer).min().map(|number| self.found(*number))
    }

    /// The first written rule that matches one of the peer's names.
    pub(crate) fn by_name(&self, names: &[String]) -> Option<Found<'_>> {
        self.names.find(names).map(|number| self.found(number))
    }

    /// The first written rule that compares with a name.
    pub(crate) fn first_name(&self) -> Option<Found<'_>> {
        self.names.first().map(|number| self.found(number))
    }

    fn found(&self, number: u32) -> Found<'_> {
        Found { set: self, number }
    }
}

/// One access list.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) dialect: Dialect,
    pub(crate) deny: RuleSet,
    pub(crate) allow: Option<(RuleSet, Origin)>,
}

impl List {
    pub(crate) fn compile(list: &AccessList) -> Self {
        Self {
            dialect: list.dialect,
            deny: RuleSet::compile(&list.deny),
            allow: list.allow.as_ref().map(|allow| (RuleSet::compile(&allow.rules), allow.origin)),
        }
    }
}
