//! A compiled pattern of either kind.

use std::sync::Arc;

use super::python::{Automaton, Flags, Shape, Tree, backtrack, parse};
use super::python::{Fault, needed};

pub(super) use super::python::backtrack::Spent;

/// Places in a text: of the whole match, and of each group.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

/// A pattern that can be searched for. Copies share the program.
#[derive(Clone)]
pub(super) struct Engine {
    kind: Kind,
    names: Vec<Option<Box<str>>>,
    needed: Option<Vec<String>>,
}

#[derive(Clone)]
enum Kind {
    /// A finite automaton does it.
    Plain(Automaton),
    /// It takes trying, once an automaton that says less has said yes.
    Tried(Automaton, Arc<backtrack::Program>),
}

impl Engine {
    /// Compiles a pattern of Python's.
    pub(super) fn new(pattern: &str, flags: Flags) -> Result<Self, Fault> {
        Self::of(parse(pattern, flags)?)
    }

    /// Compiles what has been read.
    pub(super) fn of(tree: Tree) -> Result<Self, Fault> {
        let fault = |why| Fault { at: 0, why };
        let tree = Arc::new(tree);
        let kind = if tree.root.is_regular() {
            Kind::Plain(Automaton::new(&tree, Shape::Whole).map_err(fault)?)
        } else {
            let outline = Automaton::new(&tree, Shape::Outline).map_err(fault)?;
            Kind::Tried(outline, Arc::new(backtrack::compile(&tree).map_err(fault)?))
        };
        let needed = needed(&tree.root);
        let mut names = tree.groups.clone();
        names.insert(0, None);
        Ok(Self { kind, names, needed })
    }

    /// Bytes of memory of its programs.
    pub(super) fn size(&self) -> usize {
        match &self.kind {
            Kind::Plain(automaton) => automaton.size(),
            Kind::Tried(outline, program) => outline.size() + program.size(),
        }
    }

    /// Whether it is tried a step at a time.
    pub(super) fn is_tried(&self) -> bool {
        matches!(self.kind, Kind::Tried(..))
    }

    /// Words, in small letters, one of which stands in every text that matches, if such are known.
    pub(super) fn needed(&self) -> Option<&[String]> {
        self.needed.as_deref()
    }

    /// The names of its groups; the first stands for the whole and has none.
    pub(super) fn names(&self) -> &[Option<Box<str>>] {
        &self.names
    }

    /// The leftmost match from there on. Steps are taken from the budget.
    pub(super) fn search(
        &mut self,
        text: &str,
        from: usize,
        budget: &mut u32,
        into: &mut Groups,
    ) -> Result<bool, Spent> {
        match &mut self.kind {
            Kind::Plain(automaton) => automaton.groups(text, from, into),
            Kind::Tried(outline, program) => match outline.start(text, from)? {
                Some(start) => backtrack::search(program, text, start, budget, into),
                None => Ok(false),
            },
        }
    }
}
