//! Access lists, compiled.

use crate::Tables;
use foldhash::fast::RandomState;
use portreeve_lists::{Builder, Set};
use portreeve_model::{AccessList, Dialect, Origin, Pattern, Rule, SourceId};
use std::hash::BuildHasher;
use std::net::IpAddr;

/// Rules, found by address or name however many there are. A rule is a number, counted as written;
/// text and place of each stand aside, so that what is searched stays small.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSet {
    /// Networks, ranges and names, each with its rule's number; `None` where there are none.
    own: Option<Set<Vec<u8>>>,
    /// Rules that are lists in files of their own, in order.
    listed: Vec<(u32, SourceId)>,
    sites: Vec<Site>,
    texts: String,
    unusable: bool,
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
    /// Where the rule is a list in a file: that file, and the line of the entry.
    entry: Option<(u32, u32)>,
}

impl<'a> Found<'a> {
    fn site(self) -> Option<&'a Site> {
        self.set.sites.get(self.number as usize)
    }

    pub(crate) fn origin(self) -> Option<Origin> {
        let origin = self.site().map(|site| site.origin)?;
        Some(match self.entry {
            Some((file, line)) => Origin { file, line, column: 1, ..origin },
            None => origin,
        })
    }

    pub(crate) fn text(self) -> &'a str {
        self.site().and_then(|site| self.set.texts.get(site.start..site.end)).unwrap_or_default()
    }
}

impl RuleSet {
    pub(crate) fn compile(rules: &[Rule]) -> Self {
        let mut set = Self { sites: Vec::with_capacity(rules.len()), ..Self::default() };
        let mut own = Builder::new(RandomState::default().hash_one(rules.len()));
        for (number, rule) in (0_u32..).zip(rules) {
            match &rule.pattern {
                Pattern::Network(network) => own.network(*network, number),
                Pattern::Range(range) => own.range(*range, number),
                Pattern::Host(host) => own.host(host, number),
                Pattern::Listed(list) => set.listed.push((number, list.source)),
            }
            let start = set.texts.len();
            set.texts.push_str(&rule.text);
            set.sites.push(Site { origin: rule.origin, start, end: set.texts.len() });
        }
        if rules.len() > set.listed.len() {
            set.own = own.build().ok().and_then(|image| Set::new(image).ok());
            set.unusable = set.own.is_none();
        }
        set
    }

    /// A rule that stands for all of them, where they are more than can be looked up (a configuration
    /// of which fits into no message): then nobody must pass for one who matches none.
    pub(crate) fn unusable(&self) -> Option<Found<'_>> {
        self.unusable.then_some(Found { set: self, number: 0, entry: None })
    }

    /// The first written rule whose network, range or list holds the peer.
    pub(crate) fn by_address(&self, tables: &Tables, peer: IpAddr) -> Option<Found<'_>> {
        let own = self.own.as_ref().and_then(|own| own.by_address(peer));
        self.first(own, tables, |list| list.by_address(peer))
    }

    /// The first written rule, lists in files aside, whose network or range holds the peer.
    pub(crate) fn own_by_address(&self, peer: IpAddr) -> Option<Found<'_>> {
        let number = self.own.as_ref()?.by_address(peer)?;
        Some(Found { set: self, number, entry: None })
    }

    /// The first written rule that matches one of the peer's names.
    pub(crate) fn by_name(&self, tables: &Tables, names: &[String]) -> Option<Found<'_>> {
        let own = self.own.as_ref().and_then(|own| smallest(own, names));
        self.first(own, tables, |list| smallest(list, names))
    }

    /// The first written rule that compares with a name.
    pub(crate) fn first_name(&self, tables: &Tables) -> Option<Found<'_>> {
        let own = self.own.as_ref().and_then(Set::first_name);
        self.first(own, tables, Set::first_name)
    }

    /// The first of a rule of our own and of the lists in files that have an answer.
    fn first(
        &self,
        own: Option<u32>,
        tables: &Tables,
        ask: impl Fn(&Set<crate::Image>) -> Option<u32>,
    ) -> Option<Found<'_>> {
        let before = |number: u32| own.is_none_or(|own| number < own);
        let mut listed = self.listed.iter().take_while(|(number, _)| before(*number));
        let entry = listed.find_map(|(number, source)| {
            let (file, list) = tables.list(*source)?;
            Some((*number, (file, ask(list)?)))
        });
        match entry {
            Some((number, entry)) => Some(Found { set: self, number, entry: Some(entry) }),
            None => own.map(|number| Found { set: self, number, entry: None }),
        }
    }
}

fn smallest<B: AsRef<[u8]>>(list: &Set<B>, names: &[String]) -> Option<u32> {
    names.iter().filter_map(|name| list.by_name(name)).min()
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
