//! A file as rules, but for long runs of plain ones, which are addresses with their lines.

use super::check::{Checker, shown};
use super::line::{Lines, Logical, each};
use super::plain;
use super::raw::rule;
use portreeve_diag::{Diagnostics, FileId, Sources};
use portreeve_model::Network;
use portreeve_model::wrappers::{Rule, Which};

/// Plain rules that follow one another are kept as rules when there are no more than so many.
const FEW: usize = 16;

/// Daemon lists of one run, at most.
const MOST_LISTS: usize = 16;

/// Texts of daemon lists that are known again without being read.
const MOST_TEXTS: usize = 64;

/// What stands in a file, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A rule.
    Rule(Box<Rule>),
    /// More plain rules than a few, for each of their daemon lists.
    Plain(Vec<Plain>),
}

/// Plain rules of one daemon list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// The first.
    pub first: Rule,
    /// The networks of all, each with the line of its rule.
    pub networks: Vec<(Network, u32)>,
}

/// Reads one of the files, which is among the sources; what is wrong with it goes to `diagnostics`.
/// The parts say what the rules of [`read`](super::read) say.
pub fn parts(
    which: Which,
    file: FileId,
    content: &[u8],
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Part> {
    sources.fill(file, shown(content));
    let mut taker = Taker { which, sources, networks: Vec::new(), runs: Runs::default() };
    each(file, which, content, &mut taker, diagnostics);
    taker.runs.done()
}

struct Taker<'a> {
    which: Which,
    sources: &'a Sources,
    /// Of the line at hand.
    networks: Vec<Network>,
    runs: Runs,
}

impl Lines for Taker<'_> {
    fn plain(&mut self, line: &[u8], number: u32) -> bool {
        if self.runs.rules < FEW {
            return false; // a few are kept as rules
        }
        let Some(daemons) = plain::line(line, &mut self.networks) else { return false };
        self.runs.take(daemons, &self.networks, number)
    }

    fn logical(&mut self, line: Logical, out: &mut Diagnostics) {
        let Some(raw) = rule(&line, out) else { return };
        let mut checker = Checker { sources: self.sources, which: self.which, out };
        let read = checker.rule(&raw);
        match plain::rule(&read) {
            Some(networks) => {
                let daemons = plain::line(&line.bytes, &mut self.networks);
                self.runs.add(read, &networks, daemons);
            }
            None => self.runs.other(read),
        }
    }
}

/// The parts so far, and the run at hand.
#[derive(Default)]
struct Runs {
    parts: Vec<Part>,
    /// The run: by daemon list.
    lists: Vec<Plain>,
    /// Its rules, as long as they are few.
    few: Vec<Rule>,
    /// How many they are.
    rules: usize,
    /// Texts of its daemon lists, and which list each is.
    texts: Vec<(Vec<u8>, usize)>,
}

impl Runs {
    /// Takes a plain line of the run whose daemon list is known by its text.
    fn take(&mut self, daemons: &[u8], networks: &[Network], line: u32) -> bool {
        let known = self.texts.iter().find(|(text, _)| text == daemons);
        let Some(list) = known.and_then(|(_, at)| self.lists.get_mut(*at)) else { return false };
        list.networks.extend(networks.iter().map(|network| (*network, line)));
        self.rules = self.rules.saturating_add(1);
        true
    }

    /// Adds a plain rule; `daemons` is the text of its daemon list, where it is one to be known by.
    fn add(&mut self, rule: Rule, networks: &[Network], daemons: Option<&[u8]>) {
        let mut at = self.lists.iter().position(|list| list.first.daemons == rule.daemons);
        if at.is_none() && self.lists.len() >= MOST_LISTS {
            self.flush();
        }
        let entries = networks.iter().map(|network| (*network, rule.line));
        match at.and_then(|at| self.lists.get_mut(at)) {
            Some(list) => list.networks.extend(entries),
            None => {
                at = Some(self.lists.len());
                self.lists.push(Plain { first: rule.clone(), networks: entries.collect() });
            }
        }
        if let (Some(at), Some(text), true) = (at, daemons, self.texts.len() < MOST_TEXTS)
            && self.texts.iter().all(|(known, _)| known != text)
        {
            self.texts.push((text.to_vec(), at));
        }
        self.rules = self.rules.saturating_add(1);
        if self.rules <= FEW {
            self.few.push(rule);
        }
    }

    /// Adds any other rule, which ends the run.
    fn other(&mut self, rule: Rule) {
        self.flush();
        self.parts.push(Part::Rule(Box::new(rule)));
    }

    fn flush(&mut self) {
        let (lists, few) = (std::mem::take(&mut self.lists), std::mem::take(&mut self.few));
        self.texts.clear();
        if std::mem::take(&mut self.rules) <= FEW {
            self.parts.extend(few.into_iter().map(Box::new).map(Part::Rule));
        } else {
            self.parts.push(Part::Plain(lists));
        }
    }

    fn done(mut self) -> Vec<Part> {
        self.flush();
        self.parts
    }
}
