//! The part of the language that a finite automaton does, in time linear in the line.

use regex_automata::Input;
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_syntax::hir::{Capture, Class, Hir, Look, Repetition};

use super::ast::{Assert, Greed, Node, Tree};
use super::class;

/// The most that the automaton of one pattern may take, in bytes.
const PROGRAM: usize = 4 * 1024 * 1024;
/// The most that is kept of its states as they are met, in bytes.
const STATES: usize = 256 * 1024;

/// What is asked of an automaton.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::filter) enum Shape {
    /// The match with its groups; the pattern is regular.
    Whole,
    /// Whether, and from where at the earliest, the pattern could match: what no automaton can do is
    /// taken to fit.
    Outline,
}

/// A pattern, compiled. Copies share the program.
#[derive(Clone)]
pub(in crate::filter) struct Automaton {
    regex: Regex,
    /// Made at the first search.
    scratch: Option<Box<(Cache, Captures)>>,
}

impl Automaton {
    /// Compiles it; says why not where it would be too large.
    pub(in crate::filter) fn new(tree: &Tree, shape: Shape) -> Result<Self, Box<str>> {
        let hir = Writer { shape, tree }.node(&tree.root);
        let config = Config::new()
            .nfa_size_limit(Some(PROGRAM))
            .hybrid_cache_capacity(STATES)
            .onepass(false)
            .dfa(false);
        match Regex::builder().configure(config).build_from_hir(&hir) {
            Ok(regex) => Ok(Self { regex, scratch: None }),
            Err(error) if error.size_limit().is_some() => {
                Err("the pattern's automaton would take more than 4 MiB".into())
            }
            Err(error) => Err(error.to_string().into()),
        }
    }

    /// Bytes of memory of the program, without its cache.
    pub(in crate::filter) fn size(&self) -> usize {
        self.regex.memory_usage()
    }

    /// Where the leftmost match begins, from there on.
    pub(in crate::filter) fn start(&mut self, text: &str, from: usize) -> Option<usize> {
        let input = Input::new(text).range(from..);
        let (cache, _) = scratch(&mut self.scratch, &self.regex);
        self.regex.search_with(cache, &input).map(|found| found.start())
    }

    /// The leftmost match from there on, into pairs of places, a group each; the first is the whole.
    pub(in crate::filter) fn groups(
        &mut self,
        text: &str,
        from: usize,
        into: &mut Vec<Option<(usize, usize)>>,
    ) -> bool {
        let input = Input::new(text).range(from..);
        let (cache, captures) = scratch(&mut self.scratch, &self.regex);
        self.regex.search_captures_with(cache, &input, captures);
        let found = captures.is_match();
        if found {
            into.clear();
            into.extend(captures.iter().map(|span| span.map(|span| (span.start, span.end))));
        }
        found
    }
}

/// What a search works in.
fn scratch<'s>(
    scratch: &'s mut Option<Box<(Cache, Captures)>>,
    regex: &Regex,
) -> &'s mut (Cache, Captures) {
    scratch.get_or_insert_with(|| Box::new((regex.create_cache(), regex.create_captures())))
}

/// Writes a tree as `regex-syntax` has it.
struct Writer<'t> {
    shape: Shape,
    tree: &'t Tree,
}

impl Writer<'_> {
    fn node(&self, node: &Node) -> Hir {
        match node {
            Node::Empty => Hir::empty(),
            Node::Literal(c) => {
                let mut bytes = [0; 4];
                Hir::literal(c.encode_utf8(&mut bytes).as_bytes())
            }
            Node::Class(class) if class.ranges().is_empty() => Hir::fail(),
            Node::Class(class) => Hir::class(Class::Unicode(class.clone())),
            Node::Assert(what) => assertion(*what),
            Node::Group(index, of) if self.shape == Shape::Whole => {
                let name = self.tree.groups.get(*index as usize - 1).cloned().flatten();
                Hir::capture(Capture { index: *index, name, sub: Box::new(self.node(of)) })
            }
            Node::Group(_, of) | Node::Atomic(of) => self.node(of),
            Node::Concat(parts) => Hir::concat(parts.iter().map(|part| self.node(part)).collect()),
            Node::Alternate(ways) => {
                Hir::alternation(ways.iter().map(|way| self.node(way)).collect())
            }
            Node::Repeat { of, min, max, greed } => Hir::repetition(Repetition {
                min: *min,
                max: *max,
                greedy: *greed != Greed::Lazy,
                sub: Box::new(self.node(of)),
            }),
            Node::Look { .. } => Hir::empty(),
            Node::Back(..) => Hir::repetition(Repetition {
                min: 0,
                max: None,
                greedy: true,
                sub: Box::new(Hir::class(Class::Unicode(class::any(true)))),
            }),
            Node::Condition(_, yes, no) => Hir::alternation(vec![self.node(yes), self.node(no)]),
        }
    }
}

fn assertion(what: Assert) -> Hir {
    match what {
        Assert::Start => Hir::look(Look::Start),
        Assert::End => Hir::look(Look::End),
        Assert::LineStart => Hir::look(Look::StartLF),
        Assert::LineEnd => Hir::look(Look::EndLF),
        Assert::Word => Hir::look(Look::WordUnicode),
        Assert::NotWord => Hir::look(Look::WordUnicodeNegate),
        Assert::Unjoined => Hir::alternation(vec![
            Hir::look(Look::WordStartHalfUnicode),
            Hir::look(Look::WordEndHalfUnicode),
        ]),
        // Only in an outline, where it says less than it could.
        Assert::EndBeforeFeed => Hir::empty(),
    }
}
