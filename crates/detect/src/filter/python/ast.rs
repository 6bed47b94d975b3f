//! What a pattern says.

use regex_syntax::hir::ClassUnicode;

/// A whole pattern.
#[derive(Clone, Debug)]
pub(in crate::filter) struct Tree {
    /// What it says.
    pub(in crate::filter) root: Node,
    /// Its capturing groups, in order; each with its name, where it has one. The whole is not among
    /// them: the first is group 1.
    pub(in crate::filter) groups: Vec<Option<Box<str>>>,
}

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(in crate::filter) enum Node {
    /// Nothing.
    Empty,
    /// One character.
    Literal(char),
    /// One character of a set.
    Class(ClassUnicode),
    /// No characters, where something holds.
    Assert(Assert),
    /// A capturing group.
    Group(u32, Box<Node>),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that fits.
    Alternate(Vec<Node>),
    /// Several of it.
    Repeat {
        /// What is repeated.
        of: Box<Node>,
        /// At least so often.
        min: u32,
        /// At most so often.
        max: Option<u32>,
        /// How many are tried first, and whether they are given back.
        greed: Greed,
    },
    /// What must, or must not, stand here, and is not taken.
    Look {
        /// What it is.
        of: Box<Node>,
        /// Whether it stands before here: its length in characters.
        behind: Option<u32>,
        /// Whether it must not be there.
        negative: bool,
    },
    /// The text of a group again; true where case does not matter.
    Back(u32, bool),
    /// The one if a group has taken part, else the other.
    Condition(u32, Box<Node>, Box<Node>),
    /// Its first way of fitting, and no other.
    Atomic(Box<Node>),
}

/// What holds at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Assert {
    /// The text begins.
    Start,
    /// The text ends.
    End,
    /// The text ends, or only a line feed is left.
    EndBeforeFeed,
    /// A line begins.
    LineStart,
    /// A line ends.
    LineEnd,
    /// A word begins or ends.
    Word,
    /// No word begins or ends.
    NotWord,
    /// A word does not go on across here: one of both neighbours is no word character, or is missing.
    /// What fail2ban's bounds around a date come to.
    Unjoined,
}

/// How a repeat takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Greed {
    /// As many as can be.
    Greedy,
    /// As few as can be.
    Lazy,
    /// As many as can be, and none is given back.
    Possessive,
}

impl Node {
    /// The number of characters it takes, where that is always the same.
    pub(in crate::filter) fn width(&self) -> Option<u32> {
        match self {
            Self::Empty | Self::Assert(_) | Self::Look { .. } => Some(0),
            Self::Literal(_) | Self::Class(_) => Some(1),
            Self::Group(_, of) | Self::Atomic(of) => of.width(),
            Self::Concat(parts) => {
                parts.iter().try_fold(0_u32, |sum, part| sum.checked_add(part.width()?))
            }
            Self::Alternate(ways) => {
                let mut widths = ways.iter().map(Self::width);
                let first = widths.next()??;
                widths.all(|width| width == Some(first)).then_some(first)
            }
            Self::Repeat { of, min, max, .. } => {
                (Some(*min) == *max).then_some(())?;
                of.width()?.checked_mul(*min)
            }
            Self::Condition(_, yes, no) => {
                let width = yes.width()?;
                (no.width() == Some(width)).then_some(width)
            }
            Self::Back(..) => None,
        }
    }

    /// Whether a finite automaton can do it.
    pub(in crate::filter) fn is_regular(&self) -> bool {
        match self {
            Self::Empty | Self::Literal(_) | Self::Class(_) => true,
            Self::Assert(what) => *what != Assert::EndBeforeFeed,
            Self::Group(_, of) => of.is_regular(),
            Self::Concat(parts) | Self::Alternate(parts) => parts.iter().all(Self::is_regular),
            Self::Repeat { of, greed, .. } => *greed != Greed::Possessive && of.is_regular(),
            Self::Look { .. } | Self::Back(..) | Self::Condition(..) | Self::Atomic(_) => false,
        }
    }
}
