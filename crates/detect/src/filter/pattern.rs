//! A pattern with fail2ban's meaning of its groups.

use portreeve_model::UseDns;

use super::engine::{Engine, Groups, Spent};
use super::hit::{Fields, Value};
use super::python::{Fault, Flags};
use super::{place, tags};

/// The groups that say who it was; `mlfid` says of which session.
const IDENTITIES: [&str; 5] = ["fid", "ip4", "ip6", "dns", "mlfid"];

/// What is searched for in a line.
pub(super) struct Pattern {
    engine: Engine,
    /// `alt_x` stands in for `x` where that is empty: the group, and whose place it takes.
    stand_ins: Vec<(Box<str>, Box<str>)>,
    /// `tuple_x` is joined to `x`.
    joined: Vec<(Box<str>, Box<str>)>,
    groups: Groups,
}

/// How patterns of a filter are read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// Whether `<HOST>` may be a name.
    pub(super) usedns: UseDns,
    /// Several lines are looked at together.
    pub(super) several_lines: bool,
    /// `^` and `$` stand at each of them.
    pub(super) at_lines: bool,
}

impl Pattern {
    /// Compiles it. The fault's place is in characters of the text as it was written.
    pub(super) fn new(text: &str, reading: Reading) -> Result<Self, Fault> {
        let expanded = tags::expand(text, reading.usedns);
        if expanded.text.trim().is_empty() {
            return Err(Fault { at: 0, why: "the pattern is empty".into() });
        }
        let flags =
            Flags { lines: reading.at_lines, one_line: !reading.several_lines, ..Flags::default() };
        let engine = Engine::new(&expanded.text, flags)
            .map_err(|fault| Fault { at: expanded.written(fault.at), ..fault })?;
        let mut names: Vec<&str> = engine.names().iter().flatten().map(|name| &**name).collect();
        names.sort_unstable();
        let (mut stand_ins, mut joined) = (Vec::new(), Vec::new());
        for name in names {
            if let Some(of) = name.strip_prefix("alt_").filter(|of| !of.is_empty()) {
                stand_ins.push((name.into(), tags::group(unnumbered(of)).into()));
            } else if let Some(of) = name.strip_prefix("tuple_").filter(|of| !of.is_empty()) {
                joined.push((name.into(), tags::group(unnumbered(of)).into()));
            }
        }
        Ok(Self { engine, stand_ins, joined, groups: Groups::new() })
    }

    /// Whether it has a group that says who it was.
    pub(super) fn identifies(&self) -> bool {
        self.engine.names().iter().flatten().any(|name| IDENTITIES.contains(&&**name))
    }

    /// Its engine.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Searches a text; the groups are kept.
    pub(super) fn search(&mut self, text: &str, budget: &mut u32) -> Result<bool, Spent> {
        self.engine.search(text, 0, budget, &mut self.groups)
    }

    /// Where the last match is.
    pub(super) fn span(&self) -> Option<(usize, usize)> {
        self.groups.first().copied().flatten()
    }

    /// The lines that `<SKIPLINES>` passed over in the last match.
    pub(super) fn skipped(&self, text: &str) -> String {
        let mut skipped = String::new();
        for (name, span) in self.engine.names().iter().zip(&self.groups) {
            if let (Some(name), Some((from, to))) = (name, span)
                && name.starts_with("skiplines")
            {
                skipped.push_str(text.get(*from..*to).unwrap_or_default());
            }
        }
        skipped
    }

    /// What the groups of the last match hold, into fields.
    pub(super) fn fields(&self, text: &str, into: &mut Fields) {
        for (name, span) in self.engine.names().iter().zip(&self.groups) {
            let Some(name) = name else { continue };
            let value = span.and_then(|(from, to)| {
                let torn = match &**name {
                    "ip4" => place::is_torn(text, from, to, false),
                    "ip6" => place::is_torn(text, from, to, true),
                    "dns" | "fid" => place::is_torn_name(text, from, to),
                    _ => false,
                };
                Some(Value { text: text.get(from..to)?.into(), torn })
            });
            into.set(name, value);
        }
        for (name, of) in &self.stand_ins {
            if into.is_said(name) && !into.is_said(of) {
                into.set(of, into.value(name).cloned());
            }
        }
        for (name, of) in &self.joined {
            let part = |name: &str| into.text(name).unwrap_or("None").to_owned();
            let text = format!("{}, {}", part(of), part(name)).into();
            into.set(of, Some(Value { text, torn: false }));
        }
    }
}

/// Without `_2` at its end.
fn unnumbered(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((of, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            of
        }
        _ => name,
    }
}
