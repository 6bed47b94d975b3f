//! Rules that decide nothing, since rules before them decide it all.

use super::codes;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::wrappers::{
    ClientPattern, DaemonPattern, Deed, HostPattern, Rule, Tables, Token, Which, Word,
};
use portreeve_model::{Network, Origin};
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

/// Pairs of one rule that are looked at: a daemon and a client each.
const MOST_PAIRS: usize = 4096;

/// Reports every rule whose daemons and clients are all decided about by rules before it, hosts.allow
/// first: by the same words, by `ALL`, by a network around theirs or a domain above. What an
/// `EXCEPT` or an `aclexec` of a rule before leaves open decides nothing here; what a rule itself
/// excepts does not save it. A rule that refuses by name is not behind one that lets the name in: while
/// names cannot be looked up it is the one that refuses. The work grows with the rules, and with how
/// many lengths of prefixes they have.
pub fn shadowed(tables: &Tables, sources: &Sources, out: &mut Diagnostics) {
    let mut decided: HashMap<Vec<u8>, Decided> = HashMap::new();
    let mut lines = Lines::default();
    for which in [Which::Allow, Which::Deny] {
        for rule in tables.table(which).rules() {
            let (Some(daemons), Some(clients)) = (daemons(rule), clients(rule)) else { continue };
            let verdict = verdict(rule, which);
            if let Some(by) = decided_by(&decided, &daemons, &clients, verdict) {
                out.push(finding(rule.origin, by, sources, &mut lines));
                continue;
            }
            let aclexec = |deed: &Deed| *deed == Deed::Aclexec;
            let whole = rule.daemons.parts.len() == 1 && rule.clients.parts.len() == 1;
            if whole && !rule.settings.iter().any(|setting| aclexec(&setting.value.deed)) {
                for daemon in daemons {
                    let of_daemon = decided.entry(daemon).or_default();
                    clients.iter().for_each(|client| of_daemon.add(client, verdict, rule.origin));
                }
            }
        }
    }
}

/// The last of the rules that together decide about all of a rule, if they do.
fn decided_by(
    decided: &HashMap<Vec<u8>, Decided>,
    daemons: &[Vec<u8>],
    clients: &[Client],
    verdict: Verdict,
) -> Option<Origin> {
    let of_all = decided.get(b"all".as_slice());
    let mut last = None;
    for daemon in daemons {
        let of_this = decided.get(daemon);
        for client in clients {
            let found = [of_this, of_all].into_iter().flatten();
            let by = found.filter_map(|these| these.covering(client, verdict)).min()?;
            last = last.max(Some(by));
        }
    }
    last
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
    all: Option<Origin>,
    networks: HashMap<Network, Origin>,
    /// The prefix lengths that are there, of IPv4 and IPv6.
    lengths: [BTreeSet<u8>; 2],
    /// `.domain`, and what is done with whoever is below.
    domains: HashMap<(Verdict, Vec<u8>), Origin>,
    /// Other words, as they are.
    words: HashMap<(Verdict, Vec<u8>), Origin>,
}

impl Decided {
    fn add(&mut self, client: &Client, verdict: Verdict, origin: Origin) {
        match client {
            Client::All => self.all = self.all.or(Some(origin)),
            Client::Network(network) => {
                let [v4, v6] = &mut self.lengths;
                let lengths = if network.address().is_ipv4() { v4 } else { v6 };
                lengths.insert(network.length());
                self.networks.entry(*network).or_insert(origin);
            }
            Client::Domain(word) => {
                self.domains.entry((verdict, word.clone())).or_insert(origin);
            }
            Client::Name(word) | Client::Word(word) | Client::User(word, _) => {
                self.words.entry((verdict, word.clone())).or_insert(origin);
            }
        }
    }

    /// The first rule that decides about a client of a rule with this verdict, of those that are
    /// found quickly.
    fn covering(&self, client: &Client, verdict: Verdict) -> Option<Origin> {
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

    fn around(&self, network: Network) -> Option<Origin> {
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
fn find(
    words: &HashMap<(Verdict, Vec<u8>), Origin>,
    word: &[u8],
    verdict: Verdict,
) -> Option<Origin> {
    let refusing = words.get(&(Verdict::Refuses, word.to_vec()));
    let granting = || words.get(&(Verdict::Grants, word.to_vec()));
    match verdict {
        Verdict::Refuses => refusing.copied(),
        Verdict::Grants => refusing.into_iter().chain(granting()).min().copied(),
    }
}

/// A domain that this name or domain lies in, or is.
fn above(
    domains: &HashMap<(Verdict, Vec<u8>), Origin>,
    word: &[u8],
    verdict: Verdict,
) -> Option<Origin> {
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

/// Where the lines of each file begin, found once.
#[derive(Debug, Default)]
struct Lines(HashMap<FileId, Vec<usize>>);

impl Lines {
    /// The line of a file, from 1.
    fn span(&mut self, file: FileId, line: u32, sources: &Sources) -> Span {
        let text = sources.text(file);
        let starts = self.0.entry(file).or_insert_with(|| {
            let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(after.map(|(at, _)| at + 1)).collect()
        });
        let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = starts.get(at).copied().unwrap_or(text.len());
        let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        Span::new(file, start, start + length)
    }
}

fn finding(at: Origin, by: Origin, sources: &Sources, lines: &mut Lines) -> Diagnostic {
    let place = format!("{}:{}", sources.path(FileId(by.file)), by.line);
    let span = lines.span(FileId(at.file), at.line, sources);
    let message = format!("this rule decides nothing: {place} already decides for all of it");
    Diagnostic::new(Level::Warning, codes::SHADOWED, Some(span), message)
        .help("remove it, or move it up")
}
