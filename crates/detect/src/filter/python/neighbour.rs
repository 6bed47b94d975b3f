//! What stands beside a group.

use super::ast::{Assert, Node, Tree};
use super::class;

impl Tree {
    /// Whether no letter, digit or underscore ever stands right before the first group, so that taking
    /// the group's text away joins no words. A no may be wrong, a yes is not.
    pub(in crate::filter) fn cuts_clean(&self) -> bool {
        let mut flat = Vec::new();
        flatten(&self.root, &mut flat);
        let group = |node: &&Node| matches!(node, Node::Group(1, _));
        let Some(at) = flat.iter().position(group) else { return false };
        let before = at.checked_sub(1).and_then(|before| flat.get(before));
        match (before, flat.get(at)) {
            (Some(Node::Assert(Assert::Start | Assert::LineStart)), _) => true,
            (Some(Node::Literal(c)), _) => !class::is_word(*c),
            (Some(Node::Assert(Assert::Unjoined)), Some(group)) => first(group) == First::Word,
            _ => false,
        }
    }
}

fn flatten<'t>(node: &'t Node, into: &mut Vec<&'t Node>) {
    if let Node::Concat(parts) = node {
        parts.iter().for_each(|part| flatten(part, into));
    } else if !matches!(node, Node::Empty) {
        into.push(node);
    }
}

/// What a part begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// Always a character of a word.
    Word,
    /// Perhaps nothing, else a character of a word.
    WordOrNothing,
    /// Nothing, and what follows decides.
    Nothing,
    /// Perhaps something else.
    Other,
}

fn first(node: &Node) -> First {
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => First::Nothing,
        Node::Literal(c) if class::is_word(*c) => First::Word,
        Node::Class(class) => {
            let ascii = class.ranges().iter().all(|range| range.end().is_ascii());
            let mut characters =
                class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let words = (ascii && characters.all(class::is_word)) || *class == digits();
            if words { First::Word } else { First::Other }
        }
        Node::Group(_, of) | Node::Atomic(of) => first(of),
        Node::Concat(parts) => {
            let mut so_far = First::Nothing;
            for part in parts {
                match first(part) {
                    First::Word => return First::Word,
                    First::WordOrNothing => so_far = First::WordOrNothing,
                    First::Nothing => {}
                    First::Other => return First::Other,
                }
            }
            so_far
        }
        Node::Alternate(ways) => {
            let mut ways = ways.iter().map(first);
            let one = ways.next().unwrap_or(First::Other);
            if ways.all(|way| way == one) { one } else { First::Other }
        }
        Node::Repeat { of, min, .. } => match (first(of), *min) {
            (First::Word, 0) => First::WordOrNothing,
            (first, _) => first,
        },
        Node::Literal(_) | Node::Back(..) | Node::Condition(..) => First::Other,
    }
}

fn digits() -> regex_syntax::hir::ClassUnicode {
    class::named('d', false).unwrap_or_else(regex_syntax::hir::ClassUnicode::empty)
}
