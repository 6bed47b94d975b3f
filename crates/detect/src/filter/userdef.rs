//! DenyHosts' `USERDEF_FAILED_ENTRY_REGEX`.
//!
//! A pattern of Python's is searched in the whole line, as DenyHosts does it, and its groups say the
//! rest: `(?P<host>…)` who it was, `(?P<user>…)` which account, `(?P<invalid>…)` whether that account is
//! none. Without a group `invalid` the account is taken to be none, as there. Patterns that need
//! trying (look-around, back references) are refused: these run in time linear in the line.
//!
//! No program says where in such a line strangers' text stands, so a pattern has to. It charges
//! somebody only if it describes the whole line, with `^` (or `\A`) at its beginning and `$` (or `\Z`)
//! at its end, if what `host` takes is all of an address, and if the line is read in the same way
//! with every repeat as long as it can be and as short as it can be. Of any other match nobody is
//! charged, and the reason says so.

use super::engine::{Engine, Groups};
use super::python::{Assert, Fault, Flags, Greed, Node, Tree, parse};
use super::{LINE, STEPS};
use crate::{Detector, Finding, Kind, Named, Offence, Record, address};

/// Patterns of an administrator's, as DenyHosts takes them. The first that is found counts.
pub struct Userdef {
    patterns: Vec<Pattern>,
}

/// A pattern that is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    /// Which, from 0.
    pub pattern: usize,
    /// After so many of its characters.
    pub at: usize,
    /// What is wrong with it, or not served.
    pub why: Box<str>,
}

struct Pattern {
    long: Engine,
    short: Engine,
    whole: bool,
    groups: Groups,
    others: Groups,
}

impl Userdef {
    /// Its name where detectors have one.
    pub const NAME: &str = "userdef-failed-entry-regex";

    /// Of these patterns.
    ///
    /// # Errors
    /// Each pattern that is wrong or not served.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, Vec<Unserved>> {
        let (mut served, mut wrong) = (Vec::new(), Vec::new());
        for (number, text) in patterns.into_iter().enumerate() {
            match Pattern::new(text) {
                Ok(pattern) => served.push(pattern),
                Err(Fault { at, why }) => wrong.push(Unserved { pattern: number, at, why }),
            }
        }
        if wrong.is_empty() { Ok(Self { patterns: served }) } else { Err(wrong) }
    }
}

impl std::fmt::Debug for Userdef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Userdef").field("patterns", &self.patterns.len()).finish()
    }
}

impl Detector for Userdef {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        if record.cut || record.line.len() > LINE {
            return Finding::Nothing("the line is not whole");
        }
        let line = String::from_utf8_lossy(record.line);
        let found = self.patterns.iter_mut().enumerate();
        let mut found = found.filter_map(|(number, pattern)| pattern.look(&line, number));
        found.next().map_or(Finding::Nothing("no pattern matches"), Finding::Offence)
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Fault> {
        let tree = parse(text, Flags { one_line: true, ..Flags::default() })?;
        let fault = |why: &str| Fault { at: 0, why: why.into() };
        if !tree.root.is_regular() {
            return Err(fault("it needs trying, which is not done for a pattern of this kind"));
        }
        if !tree.groups.iter().flatten().any(|name| **name == *"host") {
            return Err(fault("it has no `(?P<host>…)`, so nobody could be charged"));
        }
        let whole = is_whole(&tree.root);
        let turned =
            |greed| Tree { root: repeated(&tree.root, greed), groups: tree.groups.clone() };
        let (long, short) = (turned(Greed::Greedy), turned(Greed::Lazy));
        let (groups, others) = (Groups::new(), Groups::new());
        Ok(Self { long: Engine::of(long)?, short: Engine::of(short)?, whole, groups, others })
    }

    fn look(&mut self, line: &str, number: usize) -> Option<Offence> {
        let Self { long, short, groups, others, .. } = self;
        // Linear engines take no steps from it.
        let mut budget = STEPS;
        if !long.search(line, 0, &mut budget, groups).unwrap_or_default() {
            return None;
        }
        let (host, user, invalid) =
            ["host", "user", "invalid"].map(|name| group(long, groups, line, name)).into();
        let named = host.map_or(Named::Nobody, |host| named_whole(line, host));
        let same = short.search(line, 0, &mut budget, others).unwrap_or_default()
            && group(short, others, line, "host") == host;
        let (named, remark) = match named {
            Named::Address(_) if !self.whole => {
                (Named::Ambiguous, ", which does not describe the whole line")
            }
            Named::Address(_) if !same => (Named::Ambiguous, ", which can be read in two ways"),
            named @ (Named::Address(_) | Named::Host(_) | Named::Nobody | Named::Ambiguous) => {
                (named, "")
            }
        };
        let said = long.names().iter().flatten().any(|name| **name == *"invalid");
        let valid = said && invalid.is_none_or(|(from, to)| from == to);
        let kind = if valid { Kind::AuthFailed } else { Kind::InvalidUser };
        let user =
            user.and_then(|(from, to)| line.get(from..to)).map(|user| user.as_bytes().into());
        let why = format!("pattern {}{remark}", number.saturating_add(1));
        Some(Offence { user, ..Offence::new(kind, named, &why) })
    }
}

/// Where the group of a name is.
fn group(engine: &Engine, groups: &Groups, line: &str, name: &str) -> Option<(usize, usize)> {
    let at = engine.names().iter().position(|known| known.as_deref() == Some(name))?;
    let (from, to) = groups.get(at).copied().flatten()?;
    line.get(from..to).map(|_| (from, to))
}

/// Whom a place in a line names, if no name goes on around it.
fn named_whole(line: &str, (from, to): (usize, usize)) -> Named {
    let line = line.as_bytes();
    let before = from.checked_sub(1).and_then(|at| line.get(at));
    let torn = [before, line.get(to)].into_iter().flatten().any(|byte| address::is_name(*byte));
    match line.get(from..to) {
        Some(text) if !torn => address::named(text),
        Some(_) | None => Named::Nobody,
    }
}

/// Whether it says of the whole line what it looks like.
fn is_whole(root: &Node) -> bool {
    let Node::Concat(parts) = root else { return false };
    let starts = matches!(parts.first(), Some(Node::Assert(Assert::Start | Assert::LineStart)));
    let ends = matches!(parts.last(), Some(Node::Assert(Assert::End | Assert::LineEnd)));
    starts && ends
}

/// The same with every repeat taking as much, or as little, as it can.
fn repeated(node: &Node, greed: Greed) -> Node {
    let each = |parts: &[Node]| parts.iter().map(|part| repeated(part, greed)).collect();
    match node {
        Node::Group(number, of) => Node::Group(*number, Box::new(repeated(of, greed))),
        Node::Concat(parts) => Node::Concat(each(parts)),
        Node::Alternate(parts) => {
            // The first way counts: which that is turns round as well.
            let mut parts: Vec<Node> = each(parts);
            if greed == Greed::Lazy {
                parts.reverse();
            }
            Node::Alternate(parts)
        }
        Node::Repeat { of, min, max, .. } => {
            Node::Repeat { of: Box::new(repeated(of, greed)), min: *min, max: *max, greed }
        }
        Node::Empty
        | Node::Literal(_)
        | Node::Class(_)
        | Node::Assert(_)
        | Node::Look { .. }
        | Node::Back(..)
        | Node::Condition(..)
        | Node::Atomic(_) => node.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one pattern says of a line.
    fn say(pattern: &str, line: &str) -> String {
        let mut detector = Userdef::new([pattern]).unwrap();
        match detector.look(&Record::plain(line.as_bytes())) {
            Finding::Offence(o) => {
                let user = o.user.map(|user| String::from_utf8_lossy(&user).into_owned());
                format!("{} {:?} {}", o.kind.word(), o.named, user.unwrap_or_default())
            }
            nothing @ (Finding::Success(_) | Finding::Nothing(_)) => format!("{nothing:?}"),
        }
    }

    const WHOLE: &str = r"^\w+ +\d+ [\d:]+ \S+ app\[\d+\]: bad login (?P<invalid>invalid )?user (?P<user>.*) from (?P<host>\S+)$";

    #[test]
    fn a_pattern_of_the_whole_line_charges_whom_it_names() {
        let line = |rest: &str| format!("Nov 22 12:00:00 h app[7]: bad login {rest}");
        for (rest, want) in [
            ("user joe from 192.0.2.9", "auth-failed Address(192.0.2.9) joe"),
            ("invalid user joe from ::ffff:192.0.2.9", "invalid-user Address(192.0.2.9) joe"),
            ("user joe from host.example", "auth-failed Host(\"host.example\") joe"),
            ("user joe from 192.0.2.256", "auth-failed Nobody joe"),
            // The blank before the last word can only stand there.
            (
                "user x from 198.51.100.7 from 192.0.2.9",
                "auth-failed Address(192.0.2.9) x from 198.51.100.7",
            ),
        ] {
            assert_eq!(say(WHOLE, &line(rest)), want, "{rest}");
        }
        assert_eq!(say(WHOLE, &line("user joe")), "Nothing(\"no pattern matches\")");
    }

    #[test]
    fn what_is_not_proven_charges_nobody() {
        let line = "app: user x from 198.51.100.7 port 1 from 192.0.2.9 port 2";
        for pattern in [
            r"from (?P<host>\S+)",
            r"from (?P<host>\S+) port \d+$",
            r"^app: user (?P<user>.*?) from (?P<host>\S+)",
            r"^app: user (?P<user>.*) from (?P<host>\S+) port .*$",
            r"^app: user (?P<user>.*?) from (?P<host>\S+) port .*$",
            r"^(app|x): user (?P<user>.*) from (?P<host>198[\d.]+|192[\d.]+) (.*)$",
        ] {
            let said = say(pattern, line);
            assert!(said.starts_with("invalid-user Ambiguous"), "{pattern}: {said}");
        }
        assert_eq!(say(r"^x(?P<host>[\d.]+)$", "x192.0.2.9"), "invalid-user Nobody ");
        assert_eq!(say(r"^x (?P<host>[\d.]+).*$", "x 192.0.2.91"), "invalid-user Ambiguous ");
    }

    #[test]
    fn what_is_not_served_is_told_by_number() {
        let wrong = Userdef::new([
            r"^(?P<host>\S+)$",
            r"^(?P<host>\S+",
            r"^(?P<user>\S+)$",
            r"^(?P<host>\S+)(?!x)$",
        ]);
        let numbers: Vec<_> = wrong.unwrap_err().iter().map(|wrong| wrong.pattern).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
