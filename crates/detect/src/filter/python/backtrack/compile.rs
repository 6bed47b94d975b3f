//! From a tree to steps.

use super::super::ast::{Assert, Greed, Node, Tree};
use super::{Program, Step};

/// At most so many steps in a program.
const STEPS: usize = 50_000;

/// Writes the program of a pattern; says why not where it would be too long.
pub(in crate::filter) fn compile(tree: &Tree) -> Result<Program, Box<str>> {
    let groups = 2 * (tree.groups.len() + 1);
    let mut writer = Writer { code: Vec::new(), places: groups };
    writer.push(Step::Save(0))?;
    writer.node(&tree.root)?;
    writer.push(Step::Save(1))?;
    writer.push(Step::Accept)?;
    let anchored = begins_text(&tree.root);
    Ok(Program { code: writer.code, places: writer.places, groups, anchored })
}

/// Whether it can only fit where the text begins.
fn begins_text(node: &Node) -> bool {
    match node {
        Node::Assert(Assert::Start) => true,
        Node::Group(_, of) | Node::Atomic(of) => begins_text(of),
        Node::Concat(parts) => parts
            .iter()
            .find(|part| !matches!(part, Node::Look { .. } | Node::Empty))
            .is_some_and(begins_text),
        Node::Alternate(ways) => ways.iter().all(begins_text),
        Node::Empty
        | Node::Literal(_)
        | Node::Class(_)
        | Node::Assert(_)
        | Node::Repeat { .. }
        | Node::Look { .. }
        | Node::Back(..)
        | Node::Condition(..) => false,
    }
}

struct Writer {
    code: Vec<Step>,
    places: usize,
}

impl Writer {
    fn push(&mut self, step: Step) -> Result<usize, Box<str>> {
        if self.code.len() >= STEPS {
            return Err("the pattern takes more than 50000 steps to write down".into());
        }
        self.code.push(step);
        Ok(self.code.len() - 1)
    }

    fn here(&self) -> usize {
        self.code.len()
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.code.get_mut(at) {
            *place = step;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), Box<str>> {
        match node {
            Node::Empty => {}
            Node::Literal(c) => _ = self.push(Step::Char(*c))?,
            Node::Class(class) => _ = self.push(Step::Class(Box::new(class.clone())))?,
            Node::Assert(what) => _ = self.push(Step::Assert(*what))?,
            Node::Group(index, of) => {
                let slot = 2 * *index as usize;
                self.push(Step::Save(slot))?;
                self.node(of)?;
                self.push(Step::Save(slot + 1))?;
            }
            Node::Concat(parts) => {
                for part in parts {
                    self.node(part)?;
                }
            }
            Node::Alternate(ways) => self.alternate(ways)?,
            Node::Repeat { of, min, max, greed: Greed::Possessive } => {
                let greedy =
                    Node::Repeat { of: of.clone(), min: *min, max: *max, greed: Greed::Greedy };
                self.enclosed(&greedy, |after| Step::Atomic { after })?;
            }
            Node::Repeat { of, min, max, greed } => {
                self.repeat(of, *min, *max, *greed == Greed::Lazy)?;
            }
            Node::Look { of, behind, negative } => {
                let (behind, negative) = (*behind, *negative);
                self.enclosed(of, |after| Step::Look { behind, negative, after })?;
            }
            Node::Atomic(of) => self.enclosed(of, |after| Step::Atomic { after })?,
            Node::Back(group, fold) => {
                self.push(Step::Back { group: *group as usize, fold: *fold })?;
            }
            Node::Condition(group, yes, no) => {
                let group = *group as usize;
                let unless = self.push(Step::Unless { group, there: 0 })?;
                self.node(yes)?;
                let jump = self.push(Step::Jump(0))?;
                self.set(unless, Step::Unless { group, there: self.here() });
                self.node(no)?;
                self.set(jump, Step::Jump(self.here()));
            }
        }
        Ok(())
    }

    fn enclosed(&mut self, of: &Node, step: impl Fn(usize) -> Step) -> Result<(), Box<str>> {
        let at = self.push(step(0))?;
        self.node(of)?;
        self.push(Step::Accept)?;
        self.set(at, step(self.here()));
        Ok(())
    }

    fn alternate(&mut self, ways: &[Node]) -> Result<(), Box<str>> {
        let mut jumps = Vec::new();
        for (n, way) in ways.iter().enumerate() {
            if n + 1 == ways.len() {
                self.node(way)?;
                break;
            }
            let split = self.push(Step::Split(0, 0))?;
            self.node(way)?;
            jumps.push(self.push(Step::Jump(0))?);
            self.set(split, Step::Split(split + 1, self.here()));
        }
        for jump in jumps {
            self.set(jump, Step::Jump(self.here()));
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        of: &Node,
        min: u32,
        max: Option<u32>,
        lazy: bool,
    ) -> Result<(), Box<str>> {
        for _ in 0..min {
            self.node(of)?;
        }
        let split =
            |body, after| if lazy { Step::Split(after, body) } else { Step::Split(body, after) };
        match max {
            None => {
                let mark = self.places;
                self.places += 1;
                let again = self.push(split(0, 0))?;
                self.push(Step::Save(mark))?;
                self.node(of)?;
                self.push(Step::Round { mark, again })?;
                self.set(again, split(again + 1, self.here()));
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(split(0, 0))?);
                    self.node(of)?;
                }
                for at in splits {
                    self.set(at, split(at + 1, self.here()));
                }
            }
        }
        Ok(())
    }
}
