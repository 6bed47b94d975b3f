//! Rules of tcprules(1) as native lists.

use super::clients::octet;
use super::order::{self, Line, Lists, Verdict};
use super::page::{Defaults, Page};
use super::set::Set;
use super::{Converted, Remark, Weight};
use crate::words::quote;
use portreeve_diag::{Code, Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::{HostPattern, Network};
use portreeve_ucspi::rules::{self, Action, Addresses};
use std::net::{IpAddr, Ipv6Addr};

/// A line that tcprules would refuse, and the whole file with it.
const BAD_RULE: Code = Code("bad-rule");

/// Texts for tcprules with their paths, each the rules of one service, as native lists. A line that tcprules would
/// refuse is an error, and gives no text.
#[must_use]
pub fn tcprules(files: &[(String, Vec<u8>)]) -> Converted {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let mut page = Page::new(&[
        "What these rules of tcprules say, as native TOML. They are access lists alone: give each",
        "service its `listen` and `run`, or move the lines to the service that you have.",
        "A name counts where it leads back to the peer's address, as under `tcpserver -p`; and",
        "whether it has a name that is refused must be known before anybody comes in.",
    ]);
    let mut all = Vec::new();
    for (path, content) in files {
        let file = sources.add(path, String::from_utf8_lossy(content));
        let mut reading = Reading { path, remarks: Vec::new(), rules: Vec::new() };
        reading.lines(content, file, &sources, &mut diagnostics);
        page.gap();
        reading.told(&mut page);
        all.append(&mut reading.remarks);
    }
    let text = if diagnostics.has_errors() { String::new() } else { page.done() };
    Converted { text, remarks: all, sources, diagnostics }
}

/// A rule with the place it has among those that match one peer.
struct Ranked {
    /// Looked up before all of a higher rank.
    rank: (u8, usize),
    number: usize,
    means: Result<Means, &'static str>,
    verdict: Verdict,
    settings: Vec<(Vec<u8>, Vec<u8>)>,
}

enum Means {
    Networks(Vec<Network>),
    Name(HostPattern),
    Everybody,
}

struct Reading<'a> {
    path: &'a str,
    remarks: Vec<Remark>,
    rules: Vec<Ranked>,
}

impl Reading<'_> {
    fn remark(
        &mut self,
        number: Option<usize>,
        weight: Weight,
        what: impl Into<String>,
        mend: &str,
    ) {
        let at = number.map_or_else(|| self.path.to_owned(), |n| format!("{}:{n}", self.path));
        self.remarks.push(Remark { at: Some(at), weight, what: what.into(), mend: mend.into() });
    }

    fn lines(&mut self, content: &[u8], file: FileId, sources: &Sources, out: &mut Diagnostics) {
        for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            match rules::Line::parse(line) {
                Ok(rules::Line::Nothing) => {}
                Ok(rules::Line::Ignored) => {
                    let mend = "it is left out here too; a rule has `:allow` or `:deny`";
                    self.remark(
                        Some(number),
                        Weight::Note,
                        "a line without a colon is no rule",
                        mend,
                    );
                }
                Ok(rules::Line::Rule(rule)) => self.rule(number, &rule),
                Err(fault) => {
                    let start: usize = sources
                        .text(file)
                        .split_inclusive('\n')
                        .take(number - 1)
                        .map(str::len)
                        .sum();
                    let at = (start + fault.at).min(sources.text(file).len());
                    let finding = Diagnostic::new(
                        Level::Error,
                        BAD_RULE,
                        Some(Span::new(file, at, at)),
                        fault.to_string(),
                    );
                    out.push(
                        finding.help("tcprules refuses the whole text until the line is mended"),
                    );
                }
            }
        }
    }

    fn rule(&mut self, number: usize, rule: &rules::Rule<'_>) {
        if let Some(why) = rules::doubt(rule.address) {
            self.remark(
                Some(number),
                Weight::Note,
                format!("it never matches: {why}"),
                "it is left out",
            );
            return;
        }
        let verdict = match rule.action {
            Action::Allow => Verdict::Allow,
            Action::Deny => Verdict::Deny,
        };
        let settings = rule.settings.iter().map(|one| (one.name.to_vec(), one.value.to_vec()));
        let settings: Vec<_> = settings.collect();
        let Ok(addresses) = Addresses::of(rule.address) else { return };
        if !addresses.is_range() {
            let (rank, means) = meaning(rule.address);
            self.rules.push(Ranked { rank, number, means, verdict, settings });
            return;
        }
        let mut networks = Vec::new();
        let mut rank = (0, 0);
        for address in addresses {
            if let ((class, length), Ok(Means::Networks(found))) = meaning(&address) {
                // 9. and 10. are as long as one another: it is the dots that count
                rank = (class, length);
                networks.extend(found);
            }
        }
        self.rules.push(Ranked {
            rank,
            number,
            means: Ok(Means::Networks(networks)),
            verdict,
            settings,
        });
    }

    /// The lists and the environment of one file.
    fn told(&mut self, page: &mut Page) {
        self.rules.sort_by_key(|rule| rule.rank);
        let said = self.lists().and_then(|lists| Ok((self.environment()?, lists)));
        let name = service_name(self.path);
        match said {
            Ok((settings, lists)) => {
                page.remarks(&self.remarks);
                page.service(name.as_bytes());
                if !settings.is_empty() {
                    let pair = |(name, value): &(String, String)| {
                        format!("{} = {}", quote::key(name), quote::text(value))
                    };
                    let pairs: Vec<_> = settings.iter().map(pair).collect();
                    page.line(&format!("environment = {{ set = {{ {} }} }}", pairs.join(", ")));
                }
                page.lists(&lists, Defaults::default());
            }
            Err((number, why)) => {
                let mend = "the rules go on deciding, and are read again when they change";
                self.remark(Some(number), Weight::Kept, why, mend);
                page.remarks(&self.remarks);
                page.service(name.as_bytes());
                page.line(&format!("rules = {}", quote::text(self.path)));
            }
        }
    }

    fn lists(&self) -> Result<Lists, (usize, String)> {
        let mut lines = Vec::with_capacity(self.rules.len());
        for (at, rule) in self.rules.iter().enumerate() {
            let means = rule.means.as_ref().map_err(|why| (rule.number, (*why).to_owned()))?;
            let (addresses, names) = match means {
                Means::Networks(networks) => (Set::of(networks.iter().copied()), Vec::new()),
                Means::Name(name) => (Set::default(), vec![name.clone()]),
                Means::Everybody => (Set::everybody(), Vec::new()),
            };
            let wide = addresses.clone();
            let (unless, verdict) = (Vec::new(), rule.verdict);
            lines.push(Line { rule: at, addresses, wide, names, unless, verdict });
        }
        order::lists(lines).map_err(|tangle| {
            let number = self.rules.get(tangle.rule).map_or(0, |rule| rule.number);
            (number, tangle.why.into())
        })
    }

    /// What everybody's environment is given, if it is the same for everybody who comes in.
    fn environment(&self) -> Result<Vec<(String, String)>, (usize, String)> {
        let allows = self.rules.iter().filter(|rule| rule.verdict == Verdict::Allow);
        let everybody = self.rules.iter().any(|rule| matches!(rule.means, Ok(Means::Everybody)));
        let mut allows = allows.peekable();
        let Some(first) = allows.peek() else { return Ok(Vec::new()) };
        let otherwise: &[_] = if everybody { &first.settings } else { &[] };
        if allows.any(|rule| rule.settings != otherwise) {
            let sets = |rule: &&Ranked| rule.verdict == Verdict::Allow && !rule.settings.is_empty();
            let number = self.rules.iter().find(sets).map_or(0, |rule| rule.number);
            let what = "it sets variables that other peers are not given; a service has one \
                        environment";
            return Err((number, what.into()));
        }
        let number =
            self.rules.iter().find(|rule| rule.settings == otherwise).map_or(0, |rule| rule.number);
        let text =
            |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().filter(|it| !it.contains('\0'));
        let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
            let name = text(name).filter(|name| !name.is_empty())?;
            Some((name, text(value)?))
        };
        let pairs: Option<Vec<(String, String)>> = otherwise.iter().map(pair).collect();
        let mut pairs =
            pairs.ok_or((number, "it sets a variable that no environment has".to_owned()))?;
        let last = pairs.clone();
        let is_last =
            |at: usize, name: &str| !last.iter().skip(at + 1).any(|(other, _)| other == name);
        let mut at = 0;
        pairs.retain(|(name, _)| {
            at += 1;
            is_last(at - 1, name)
        });
        Ok(pairs)
    }
}

/// When a key is looked up, and whom it means.
fn meaning(address: &[u8]) -> ((u8, usize), Result<Means, &'static str>) {
    let Ok(text) = std::str::from_utf8(address) else {
        return ((0, 0), Err("it is no text"));
    };
    let shorter = usize::MAX - text.len();
    if text.is_empty() {
        return ((5, 0), Ok(Means::Everybody));
    }
    if text.contains('@') {
        return ((0, 0), Err("it is about a user, and lists are about hosts"));
    }
    if let Some(name) = text.strip_prefix('=') {
        let means = match HostPattern::parse(name) {
            _ if name.is_empty() => Err("it is about all hosts with a name"),
            Some(_) if name.ends_with('.') => Err("it is no host name"),
            Some(pattern) => Ok(Means::Name(pattern)),
            None => Err("it is no host name"),
        };
        let exact = matches!(means, Ok(Means::Name(HostPattern::Exact(_))));
        return (if exact { (1, 0) } else { (3, shorter) }, means);
    }
    if let Some(address) = text.parse::<IpAddr>().ok().filter(|_| !text.ends_with(':')) {
        return ((0, 0), Ok(Means::Networks(vec![Network::host(address)])));
    }
    let dots = text.bytes().filter(|byte| matches!(byte, b'.' | b':')).count();
    let network = if text.contains(':') { v6_prefix(text) } else { v4_prefix(text) };
    let means = network.map(|network| Means::Networks(vec![network]));
    (
        (2, usize::MAX - dots),
        means.ok_or("it is about addresses that begin so as texts, which is no network"),
    )
}

/// `192.0.2.`
fn v4_prefix(text: &str) -> Option<Network> {
    let octets: Vec<u8> = text.strip_suffix('.')?.split('.').map(octet).collect::<Option<_>>()?;
    let length = u8::try_from(octets.len()).ok().filter(|count| *count < 4)?.checked_mul(8)?;
    let mut address = [0; 4];
    for (slot, octet) in address.iter_mut().zip(octets) {
        *slot = octet;
    }
    Network::new(IpAddr::from(address), length).ok()
}

/// `2001:db8:`: a network where no group is zero, since zeros are printed in more than one way.
fn v6_prefix(text: &str) -> Option<Network> {
    let groups = text.strip_suffix(':')?.split(':').map(|group| {
        let value = u16::from_str_radix(group, 16).ok().filter(|value| *value != 0)?;
        (format!("{value:x}") == group).then_some(value)
    });
    let groups: Vec<u16> = groups.collect::<Option<_>>()?;
    let length = u8::try_from(groups.len()).ok().filter(|count| *count < 8)?.checked_mul(16)?;
    let mut address = [0; 8];
    for (slot, group) in address.iter_mut().zip(groups) {
        *slot = group;
    }
    Network::new(IpAddr::from(Ipv6Addr::from(address)), length).ok()
}

/// What a service is called whose rules are in a file: `smtp` for `/etc/tcp.smtp.cdb`.
fn service_name(path: &str) -> String {
    let base = path.rsplit('/').next().unwrap_or(path);
    let base = base.strip_prefix("tcp.").unwrap_or(base);
    let base = ["cdb", "txt", "rules", "tcp"].into_iter().fold(base, |base, end| {
        let short = base.strip_suffix(end).and_then(|base| base.strip_suffix('.'));
        short.filter(|short| !short.is_empty()).unwrap_or(base)
    });
    base.to_owned()
}
