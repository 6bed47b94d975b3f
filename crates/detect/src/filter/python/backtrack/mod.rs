//! The part of the language that needs to try and go back.
//!
//! Every step is counted against a budget that all patterns tried on one line share, and the ways
//! still to be tried are bounded, so that no line takes long or much memory, whatever its writer
//! knows of the pattern.

mod compile;
mod run;

pub(in crate::filter) use compile::compile;
pub(in crate::filter) use run::{Spent, search};

use regex_syntax::hir::ClassUnicode;

use super::ast::Assert;

/// A program for the matcher.
#[derive(Debug)]
pub(in crate::filter) struct Program {
    code: Vec<Step>,
    /// How many places are remembered: two a group, the whole first, and one a loop.
    places: usize,
    /// Of them, those of groups.
    groups: usize,
    /// Whether a match can only begin where the text begins.
    anchored: bool,
}

impl Program {
    /// Bytes of memory, about.
    pub(in crate::filter) fn size(&self) -> usize {
        let class = |step: &Step| {
            if let Step::Class(class) = step { class.ranges().len() * 8 } else { 0 }
        };
        let classes: usize = self.code.iter().map(class).sum();
        self.code.len() * size_of::<Step>() + classes
    }
}

/// One step. Numbers are places in the code.
#[derive(Debug)]
enum Step {
    /// One character.
    Char(char),
    /// One of a set.
    Class(Box<ClassUnicode>),
    /// Something holds here.
    Assert(Assert),
    /// Remember this place.
    Save(usize),
    /// Go on there.
    Jump(usize),
    /// Try the first, and if it fails the second.
    Split(usize, usize),
    /// A loop's body has ended: round again, unless it took nothing since the place remembered.
    Round { mark: usize, again: usize },
    /// What follows up to `Accept` must, or must not, fit; go on at `after`.
    Look { behind: Option<u32>, negative: bool, after: usize },
    /// What follows up to `Accept` fits in its first way; go on at `after`.
    Atomic { after: usize },
    /// The text of a group again.
    Back { group: usize, fold: bool },
    /// Go on there if a group has not taken part.
    Unless { group: usize, there: usize },
    /// It fits.
    Accept,
}
