//! Rules that decide nothing, since rules before them decide it all.

use super::codes;
use super::parts::{Part, Plain};
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources};
use portreeve_model::wrappers::{
    ClientPattern, DaemonPattern, Deed, HostPattern, Rule, Tables, Token, Which, Word,
};
use portreeve_model::{Network, Origin};
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

/// Pairs of one rule that are looked at: a daemon and a client each.
const MOST_PAIRS: usize = 4096;

/// Pairs that are kept to compare others with: some 120 MiB.
pub const MOST_COMPARED: usize = 3_000_000;

/// Rules that decide about others and are told of one by one.
const MOST_CAUSES: usize = 50;

/// Reports rules whose daemons and clients are all decided about by rules before them, hosts.allow
/// first: see [`Shadows`].
pub fn shadowed(tables: &Tables, sources: &Sources, out: &mut Diagnostics) {
    let mut shadows = Shadows::new(MOST_COMPARED);
    for which in [Which::Allow, Which::Deny] {
        tables.table(which).rules().iter().for_each(|rule| shadows.rule(which, rule));
    }
    shadows.tell(sources, out);
}

/// Looks for rules that decide nothing, in the order of the files: every daemon and client of theirs
/// is decided about by the same words, by `ALL`, by a network around theirs or a domain above. What
/// an `EXCEPT` or an `aclexec` of a rule before leaves open decides nothing here; what a rule itself
/// excepts does not save it. A rule that refuses by name is not behind one that lets the name in:
/// while names cannot be looked up it is the one that refuses. The work grows with the rules, and
/// with how many lengths of prefixes they have.
#[derive(Debug)]
pub struct Shadows {
    /// By daemon: that of `ALL` first.
    decided: Vec<Decided>,
    daemons: HashMap<Vec<u8>, usize>,
    /// Pairs that may still be kept.
    left: usize,
    /// Whether one was not.
    full: bool,
    causes: Causes,
}

impl Shadows {
    /// None yet; at most `most` pairs of a daemon and a client are kept to compare others with.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let daemons = HashMap::from([(b"all".to_vec(), 0)]);
        let decided = vec![Decided::default()];
        Self { decided, daemons, left: most, full: false, causes: Causes::default() }
    }

    /// Looks at what stands next in a file.
    pub fn part(&mut self, which: Which, part: &Part) {
        match part {
            Part::Rule(rule) => self.rule(which, rule),
            Part::Plain(lists) => self.plain(which, lists),
        }
    }

    /// Looks at a rule.
    pub fn rule(&mut self, which: Which, rule: &Rule) {
        let (Some(daemons), Some(clients)) = (daemons(rule), clients(rule)) else { return };
        let daemons = self.of_daemons(daemons);
        let verdict = verdict(rule, which);
        let here = Spot::from(rule.origin);
        if let Some(by) = self.decided_by(&daemons, &clients, verdict) {
            self.causes.add(here, by);
            return;
        }
        let aclexec = |deed: &Deed| *deed == Deed::Aclexec;
        let whole = rule.daemons.parts.len() == 1 && rule.clients.parts.len() == 1;
        if whole && !rule.settings.iter().any(|setting| aclexec(&setting.value.deed)) {
            self.keep(&daemons, &clients, verdict, here);
        }
    }

    /// Looks at plain rules, of which each line is in one of the lists, and each list in order.
    fn plain(&mut self, which: Which, lists: &[Plain]) {
        let verdict = match which {
            Which::Allow => Verdict::Grants,
            Which::Deny => Verdict::Refuses,
        };
        let mut rest = Vec::new();
        for Plain { first, networks } in lists {
            let Some(daemons) = daemons(first) else { continue };
            let daemons = self.of_daemons(daemons);
            rest.push(Rest { daemons, file: first.origin.file, networks });
        }
        loop {
            let left = rest.iter_mut().filter(|rest| !rest.networks.is_empty());
            let Some(next) = left.min_by_key(|rest| rest.line()) else { return };
            let here = Spot { file: next.file, line: next.line() };
            let of_line = next.networks.iter().take_while(|(_, line)| *line == here.line).count();
            let (these, others) = next.networks.split_at_checked(of_line).unwrap_or_default();
            next.networks = others;
            let clients: Vec<_> = these.iter().map(|(one, _)| Client::Network(*one)).collect();
            match self.decided_by(&next.daemons, &clients, verdict) {
                Some(by) => self.causes.add(here, by),
                None => self.keep(&next.daemons, &clients, verdict, here),
            }
        }
    }

    /// The places of daemons in `decided`.
    fn of_daemons(&mut self, names: Vec<Vec<u8>>) -> Vec<usize> {
        let place = |name| {
            *self.daemons.entry(name).or_insert_with(|| {
                self.decided.push(Decided::default());
                self.decided.len().saturating_sub(1)
            })
        };
        names.into_iter().map(place).collect()
    }

    fn keep(&mut self, daemons: &[usize], clients: &[Client], verdict: Verdict, here: Spot) {
        let pairs = daemons.len().saturating_mul(clients.len());
        let Some(left) = self.left.checked_sub(pairs) else {
            self.full = true;
            return;
        };
        self.left = left;
        for daemon in daemons {
            if let Some(of_daemon) = self.decided.get_mut(*daemon) {
                clients.iter().for_each(|client| of_daemon.add(client, verdict, here));
            }
        }
    }

    /// The last of the rules that together decide about all of a rule, if they do.
    fn decided_by(&self, daemons: &[usize], clients: &[Client], verdict: Verdict) -> Option<Spot> {
        let of_all = self.decided.first();
        let mut last = None;
        for daemon in daemons {
            let of_this = self.decided.get(*daemon).filter(|_| *daemon != 0);
            for client in clients {
                let found = [of_this, of_all].into_iter().flatten();
                let by = found.filter_map(|these| these.covering(client, verdict)).min()?;
                last = last.max(Some(by));
            }
        }
        last
    }

    /// Tells of every rule that decides about others, once; gives whether all rules were compared.
    pub fn tell(self, sources: &Sources, out: &mut Diagnostics) -> bool {
        self.causes.tell(sources, out);
        !self.full
    }
}

/// What is left of plain rules of one daemon list.
struct Rest<'p> {
    daemons: Vec<usize>,
    file: u32,
    networks: &'p [(Network, u32)],
}

impl Rest<'_> {
    /// The line of the next one.
    fn line(&self) -> u32 {
        self.networks.first().map_or(u32::MAX, |(_, line)| *line)
    }
}

/// Where a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Spot {
    file: u32,
    line: u32,
}

impl From<Origin> for Spot {
    fn from(origin: Origin) -> Self {
        Self { file: origin.file, line: origin.line }
    }
}

/// Rules that decide about others, in the order of the first that they decide about.
#[derive(Debug, Default)]
struct Causes {
    all: Vec<Cause>,
    known: HashMap<Spot, usize>,
    /// What rules past the bound decide about: the first, and how many.
    others: Option<(Spot, usize)>,
}

/// A rule, and those that decide nothing because of it.
#[derive(Debug)]
struct Cause {
    by: Spot,
    first: Spot,
    last: Spot,
    count: usize,
}

impl Causes {
    fn add(&mut self, here: Spot, by: Spot) {
        let known = self.known.get(&by).and_then(|at| self.all.get_mut(*at));
        if let Some(cause) = known {
            cause.last = here;
            cause.count = cause.count.saturating_add(1);
        } else if self.all.len() < MOST_CAUSES {
            self.known.insert(by, self.all.len());
            self.all.push(Cause { by, first: here, last: here, count: 1 });
        } else {
            let (_, count) = self.others.get_or_insert((here, 0));
            *count = count.saturating_add(1);
        }
    }

    fn tell(self, sources: &Sources, out: &mut Diagnostics) {
        let place = |spot: Spot| format!("{}:{}", sources.path(FileId(spot.file)), spot.line);
        let mut say = |at: Spot, message: String, help: &str| {
            let at = sources.line_span(FileId(at.file), at.line);
            let finding = Diagnostic::new(Level::Warning, codes::SHADOWED, Some(at), message);
            out.push(finding.help(help));
        };
        for Cause { by, first, last, count } in self.all {
            let decides = format!("{} already decides for all of", place(by));
            let (message, help) = match count {
                1 => (
                    format!("this rule decides nothing: {decides} it"),
                    "remove it, or move it up".to_owned(),
                ),
                _ => (
                    format!("this rule and {} behind it decide nothing: {decides} them", count - 1),
                    format!("remove them, or move them up; the last is {}", place(last)),
                ),
            };
            say(first, message, &help);
        }
        if let Some((first, count)) = self.others {
            let message = format!("from here on, {count} more rules decide nothing");
            say(first, message, "remove those above first, and check again");
        }
    }
}

/// What a rule does with whom it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Verdict {
    Grants,
    /// Or gives to another program.
    Refuses,
}

fn verdict(rule: &Rule, which: Which) -> Verdict {
    let of = |deed: &Deed| {
        let refuses = matches!(deed, Deed::Deny | Deed::Twist | Deed::Wrong(_));
        let grants = (*deed == Deed::Allow).then_some(Verdict::Grants);
        grants.or(refuses.then_some(Verdict::Refuses))
    };
    let otherwise = match which {
        Which::Allow => Verdict::Grants,
        Which::Deny => Verdict::Refuses,
    };
    rule.settings.iter().find_map(|setting| of(&setting.value.deed)).unwrap_or(otherwise)
}

/// Whom rules have decided about, for one daemon.
#[derive(Debug, Default)]
struct Decided {
    all: Option<Spot>,
    networks: HashMap<Network, Spot>,
    /// The prefix lengths that are there, of IPv4 and IPv6.
    lengths: [BTreeSet<u8>; 2],
    /// `.domain`, and what is done with whoever is below.
    domains: HashMap<(Verdict, Vec<u8>), Spot>,
    /// Other words, as they are.
    words: HashMap<(Verdict, Vec<u8>), Spot>,
}

impl Decided {
    fn add(&mut self, client: &Client, verdict: Verdict, here: Spot) {
        match client {
            Client::All => self.all = self.all.or(Some(here)),
            Client::Network(network) => {
                let [v4, v6] = &mut self.lengths;
                let lengths = if network.address().is_ipv4() { v4 } else { v6 };
                lengths.insert(network.length());
                self.networks.entry(*network).or_insert(here);
            }
            Client::Domain(word) => {
                self.domains.entry((verdict, word.clone())).or_insert(here);
            }
            Client::Name(word) | Client::Word(word) | Client::User(word, _) => {
                self.words.entry((verdict, word.clone())).or_insert(here);
            }
        }
    }

    /// The first rule that decides about a client of a rule with this verdict, of those that are
    /// found quickly.
    fn covering(&self, client: &Client, verdict: Verdict) -> Option<Spot> {
        let narrow = match client {
            Client::All => None,
            Client::Network(network) => self.around(*network),
            Client::Domain(word) => above(&self.domains, word, verdict),
            Client::Name(word) => {
                above(&self.domains, word, verdict).or_else(|| find(&self.words, word, verdict))
            }
            Client::Word(word) => find(&self.words, word, verdict),
            Client::User(word, host) => {
                find(&self.words, word, verdict).or_else(|| self.covering(host, verdict))
            }
        };
        self.all.into_iter().chain(narrow).min()
    }

    fn around(&self, network: Network) -> Option<Spot> {
        let [v4, v6] = &self.lengths;
        let lengths = if network.address().is_ipv4() { v4 } else { v6 };
        let wider = lengths.range(..=network.length());
        let found = wider.filter_map(|length| {
            let around = Network::around(network.address(), *length, *length);
            self.networks.get(&around).copied()
        });
        found.min()
    }
}

/// A word of a rule before. One that grants by name does not stand in for one that refuses.
fn find(words: &HashMap<(Verdict, Vec<u8>), Spot>, word: &[u8], verdict: Verdict) -> Option<Spot> {
    let refusing = words.get(&(Verdict::Refuses, word.to_vec()));
    let granting = || words.get(&(Verdict::Grants, word.to_vec()));
    match verdict {
        Verdict::Refuses => refusing.copied(),
        Verdict::Grants => refusing.into_iter().chain(granting()).min().copied(),
    }
}

/// A domain that this name or domain lies in, or is.
fn above(
    domains: &HashMap<(Verdict, Vec<u8>), Spot>,
    word: &[u8],
    verdict: Verdict,
) -> Option<Spot> {
    let dots = word.iter().enumerate().filter(|(_, byte)| **byte == b'.');
    dots.filter_map(|(at, _)| find(domains, word.get(at..)?, verdict)).min()
}

/// Whom a word of a client list is about.
#[derive(Debug)]
enum Client {
    All,
    Network(Network),
    Domain(Vec<u8>),
    Name(Vec<u8>),
    /// Whatever its text means.
    Word(Vec<u8>),
    /// `user@host`: as it is, and its host.
    User(Vec<u8>, Box<Client>),
}

/// The daemons before any `EXCEPT`, in lower case; `ALL` for wildcards over everything.
fn daemons(rule: &Rule) -> Option<Vec<Vec<u8>>> {
    let first = rule.daemons.parts.first().filter(|first| !first.is_empty())?;
    let name = |token: &Token<DaemonPattern>| match &token.pattern {
        DaemonPattern::Name(word) if is_all(word) => b"all".to_vec(),
        DaemonPattern::Name(_)
        | DaemonPattern::Port(_)
        | DaemonPattern::At(..)
        | DaemonPattern::PortAt(..) => lower(&token.text),
    };
    Some(first.iter().map(name).collect())
}

/// The clients before any `EXCEPT`.
fn clients(rule: &Rule) -> Option<Vec<Client>> {
    let first = rule.clients.parts.first().filter(|first| !first.is_empty())?;
    let pairs = first.len().saturating_mul(rule.daemons.parts.first().map_or(0, Vec::len));
    let readable = first.iter().all(|token| !token.text.is_empty());
    (readable && pairs <= MOST_PAIRS).then(|| first.iter().map(client).collect())
}

fn client(token: &Token<ClientPattern>) -> Client {
    match &token.pattern {
        ClientPattern::Host(pattern) => host(pattern, &token.text),
        ClientPattern::User(_, pattern) => {
            let at = token.text.iter().skip(1).position(|byte| *byte == b'@');
            let text = at.and_then(|at| token.text.get(at.saturating_add(2)..));
            Client::User(kept(&token.text), Box::new(host(pattern, text.unwrap_or_default())))
        }
    }
}

fn host(pattern: &HostPattern, text: &[u8]) -> Client {
    let word = || Client::Word(kept(text));
    match pattern {
        HostPattern::Network(network) => Client::Network(*network),
        HostPattern::Masked { net, mask } => {
            let (bits, length) = (u32::from(*mask), u32::from(*mask).leading_ones());
            let whole = bits.checked_shl(length).unwrap_or(0) == 0;
            let network = u8::try_from(length).ok().filter(|_| whole);
            let network = network.and_then(|length| Network::new((*net).into(), length).ok());
            network.map_or_else(word, Client::Network)
        }
        HostPattern::Word(pattern) if is_all(pattern) => Client::All,
        HostPattern::Word(Word::V6(address, None)) if address.to_ipv4_mapped().is_none() => {
            Client::Network(Network::host((*address).into()))
        }
        HostPattern::Word(pattern @ Word::Head(head)) if pattern.is_numeric() => {
            prefix(head).map_or_else(word, Client::Network)
        }
        HostPattern::Word(pattern @ Word::Same(text)) if pattern.is_numeric() => {
            let address = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            address.map_or_else(word, |v4: Ipv4Addr| Client::Network(Network::host(v4.into())))
        }
        HostPattern::Word(Word::Tail(tail)) => Client::Domain(lower(tail)),
        // `paranoid` and `unknown` have no dot, and so lie in no domain
        HostPattern::Word(Word::Same(name)) => Client::Name(lower(name)),
        HostPattern::Word(_)
        | HostPattern::Netgroup(_)
        | HostPattern::File(_)
        | HostPattern::Known
        | HostPattern::Local
        | HostPattern::Never(_)
        | HostPattern::Broken(_) => word(),
    }
}

/// Whether a word matches whatever there is.
fn is_all(word: &Word) -> bool {
    match word {
        Word::All => true,
        Word::Glob(glob) => glob.iter().all(|byte| *byte == b'*'),
        Word::Tail(_) | Word::Head(_) | Word::Known | Word::V6(..) | Word::Same(_) => false,
    }
}

/// `192.0.2.` as a network.
fn prefix(head: &[u8]) -> Option<Network> {
    let numbers = std::str::from_utf8(head).ok()?.strip_suffix('.')?;
    let mut address = [0; 4];
    let mut length = 0_u8;
    for (number, slot) in numbers.split('.').zip(address.iter_mut()) {
        *slot = number.parse().ok().filter(|octet: &u8| octet.to_string() == number)?;
        length = length.saturating_add(8);
    }
    let fits = usize::from(length / 8) == numbers.split('.').count();
    Network::new(Ipv4Addr::from(address).into(), length).ok().filter(|_| fits && length < 32)
}

fn lower(text: &[u8]) -> Vec<u8> {
    text.to_ascii_lowercase()
}

/// A text to be compared. Groups and paths keep their case.
fn kept(text: &[u8]) -> Vec<u8> {
    let exact = text.iter().any(|byte| matches!(byte, b'@' | b'/'));
    if exact { text.to_vec() } else { lower(text) }
}
