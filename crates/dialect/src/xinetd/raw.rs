//! What the text says, word by word: entries, their lines, includes. Nothing is judged here but
//! its form.

use super::lex::Word;
use portreeve_diag::{Diagnostic, Span};

/// How a line changes an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`
    Set,
    /// `+=`
    Add,
    /// `-=`
    Remove,
}

impl Operator {
    /// The operators as written; those that begin with another come first.
    pub(super) const ALL: [(&'static str, Self); 3] =
        [("+=", Self::Add), ("-=", Self::Remove), ("=", Self::Set)];

    /// As written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Set => "=",
            Self::Add => "+=",
            Self::Remove => "-=",
        }
    }
}

/// `NAME OP VALUE…`
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) name: Word,
    pub(super) operator: Operator,
    pub(super) values: Vec<Word>,
    /// From the name to the last word.
    pub(super) at: Span,
}

/// A line of an entry. Faults wait until it is known whether the entry is disabled.
#[derive(Clone, Debug)]
pub(super) enum EntryLine {
    /// Well formed.
    Assignment(Assignment),
    /// Not, and why.
    Fault(Box<Diagnostic>),
}

/// What an entry is about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// `defaults`
    Defaults,
    /// `service NAME`
    Service(Word),
    /// An entry whose first line cannot be understood; its lines are read only to report them.
    Unknown,
}

/// `service NAME { … }` or `defaults { … }`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) subject: Subject,
    /// The first line.
    pub(super) header: Span,
    pub(super) lines: Vec<EntryLine>,
    /// Whether its braces or first line are wrong, which was reported.
    pub(super) form: Form,
}

/// Whether an entry's form can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Sound,
    Broken,
}

impl Entry {
    /// The same, not to be trusted.
    pub(super) fn broken(self) -> Self {
        Self { form: Form::Broken, ..self }
    }

    /// The well-formed lines.
    pub(super) fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.lines.iter().filter_map(|line| match line {
            EntryLine::Assignment(assignment) => Some(assignment),
            EntryLine::Fault(_) => None,
        })
    }
}

/// What stands at the top level of a file, in order.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// An entry.
    Entry(Entry),
    /// `include FILE`
    Include(Word),
    /// `includedir DIRECTORY`
    IncludeDirectory(Word),
}
