//! The part of the language that a finite automaton does, in time linear in the line.

use std::sync::Arc;

use regex_automata::Input;
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, Look, Repetition};

use super::ast::{Assert, Greed, Node, Tree};
use super::backtrack::Spent;
use super::class;

/// The most that the automaton of one pattern may take, in bytes.
const PROGRAM: usize = 4 * 1024 * 1024;
/// The most that a table may take that finds groups without trying, in bytes.
const ONE_PASS: usize = 256 * 1024;
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

/// A pattern, compiled. Copies share the programs.
///
/// Nearly all lines are ASCII, for which a far smaller automaton does: the sets of characters of all
/// scripts make up most of the other, which is made when a line first needs it.
#[derive(Clone)]
pub(in crate::filter) struct Automaton {
    plain: Searcher,
    wide: Option<Searcher>,
    tree: Arc<Tree>,
    shape: Shape,
    /// Bytes of both programs.
    size: usize,
}

/// A program and what it works in, which is made at the first search.
#[derive(Clone)]
struct Searcher {
    regex: Regex,
    scratch: Option<Box<(Cache, Captures)>>,
}

impl Searcher {
    fn new(tree: &Tree, shape: Shape, ascii: bool) -> Result<Self, Box<str>> {
        let hir = Writer { shape, tree, ascii }.node(&tree.root);
        let config = Config::new()
            .nfa_size_limit(Some(PROGRAM))
            .hybrid_cache_capacity(STATES)
            .onepass_size_limit(Some(ONE_PASS))
            .dfa(false);
        match Regex::builder().configure(config).build_from_hir(&hir) {
            Ok(regex) => Ok(Self { regex, scratch: None }),
            Err(error) if error.size_limit().is_some() => {
                Err("the pattern's automaton would take more than 4 MiB".into())
            }
            Err(error) => Err(error.to_string().into()),
        }
    }

    fn parts(&mut self) -> (&Regex, &mut Cache, &mut Captures) {
        let (cache, captures) = &mut **self.scratch.get_or_insert_with(|| {
            Box::new((self.regex.create_cache(), self.regex.create_captures()))
        });
        (&self.regex, cache, captures)
    }
}

impl Automaton {
    /// Compiles it; says why not where it would be too large.
    pub(in crate::filter) fn new(tree: &Arc<Tree>, shape: Shape) -> Result<Self, Box<str>> {
        let plain = Searcher::new(tree, shape, true)?;
        // Made to be measured, and again when it is needed: memory is promised, not hoped for.
        let wide = Searcher::new(tree, shape, false)?.regex.memory_usage();
        let size = plain.regex.memory_usage().saturating_add(wide);
        Ok(Self { plain, wide: None, tree: Arc::clone(tree), shape, size })
    }

    /// Bytes of memory that its programs may take, without their caches.
    pub(in crate::filter) fn size(&self) -> usize {
        self.size
    }

    /// The one for a text; it has been made before, and can be made again.
    fn of(&mut self, text: &str) -> Option<&mut Searcher> {
        if text.is_ascii() {
            return Some(&mut self.plain);
        }
        if self.wide.is_none() {
            self.wide = Searcher::new(&self.tree, self.shape, false).ok();
        }
        self.wide.as_mut()
    }

    /// Where the leftmost match begins, from there on.
    pub(in crate::filter) fn start(
        &mut self,
        text: &str,
        from: usize,
    ) -> Result<Option<usize>, Spent> {
        let (regex, cache, _) = self.of(text).ok_or(Spent)?.parts();
        let input = Input::new(text).range(from..);
        Ok(regex.search_with(cache, &input).map(|found| found.start()))
    }

    /// The leftmost match from there on, into pairs of places, a group each; the first is the whole.
    pub(in crate::filter) fn groups(
        &mut self,
        text: &str,
        from: usize,
        into: &mut Vec<Option<(usize, usize)>>,
    ) -> Result<bool, Spent> {
        let (regex, cache, captures) = self.of(text).ok_or(Spent)?.parts();
        let input = Input::new(text).range(from..);
        regex.search_captures_with(cache, &input, captures);
        let found = captures.is_match();
        if found {
            into.clear();
            into.extend(captures.iter().map(|span| span.map(|span| (span.start, span.end))));
        }
        Ok(found)
    }
}

/// Writes a tree as `regex-syntax` has it.
struct Writer<'t> {
    shape: Shape,
    tree: &'t Tree,
    /// For texts in ASCII alone.
    ascii: bool,
}

impl Writer<'_> {
    fn node(&self, node: &Node) -> Hir {
        match node {
            Node::Empty => Hir::empty(),
            Node::Literal(c) if self.ascii && !c.is_ascii() => Hir::fail(),
            Node::Literal(c) => {
                let mut bytes = [0; 4];
                Hir::literal(c.encode_utf8(&mut bytes).as_bytes())
            }
            Node::Class(class) => self.class(class.clone()),
            Node::Assert(what) => self.assertion(*what),
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
                sub: Box::new(self.class(class::any(true))),
            }),
            Node::Condition(_, yes, no) => Hir::alternation(vec![self.node(yes), self.node(no)]),
        }
    }

    fn class(&self, mut class: ClassUnicode) -> Hir {
        if self.ascii {
            class.intersect(&class::of(&[('\0', '\x7f')]));
        }
        if class.ranges().is_empty() { Hir::fail() } else { Hir::class(Class::Unicode(class)) }
    }

    fn assertion(&self, what: Assert) -> Hir {
        let look = |plain, wide| Hir::look(if self.ascii { plain } else { wide });
        match what {
            Assert::Start => Hir::look(Look::Start),
            Assert::End => Hir::look(Look::End),
            Assert::LineStart => Hir::look(Look::StartLF),
            Assert::LineEnd => Hir::look(Look::EndLF),
            Assert::Word => look(Look::WordAscii, Look::WordUnicode),
            Assert::NotWord => look(Look::WordAsciiNegate, Look::WordUnicodeNegate),
            Assert::Unjoined => Hir::alternation(vec![
                look(Look::WordStartHalfAscii, Look::WordStartHalfUnicode),
                look(Look::WordEndHalfAscii, Look::WordEndHalfUnicode),
            ]),
            // Only in an outline, where it says less than it could.
            Assert::EndBeforeFeed => Hir::empty(),
        }
    }
}
