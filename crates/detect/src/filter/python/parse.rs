//! The grammar of Python's `re`, for text (not bytes).

use super::ast::{Assert, Greed, Node, Tree};
use super::class;

/// At most so many characters in a pattern.
const LENGTH: usize = 64 * 1024;
/// At most so many groups within each other.
const DEPTH: usize = 100;
/// At most so many capturing groups.
const GROUPS: usize = 200;
/// At most so many repeats in numbers.
const REPEATS: u32 = 1000;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::filter) struct Fault {
    /// After so many characters.
    pub(in crate::filter) at: usize,
    /// What it is.
    pub(in crate::filter) why: Box<str>,
}

/// How a pattern is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::filter) struct Flags {
    /// Case does not matter.
    pub(in crate::filter) fold: bool,
    /// `^` and `$` stand at every line.
    pub(in crate::filter) lines: bool,
    /// `.` takes line feeds.
    pub(in crate::filter) dot: bool,
    /// Blanks and comments between are nothing.
    pub(in crate::filter) verbose: bool,
    /// `\d`, `\s`, `\w` and `\b` are of ASCII.
    pub(in crate::filter) ascii: bool,
    /// The texts searched are one line with its line feed, so that `$` is the end of a line.
    pub(in crate::filter) one_line: bool,
}

/// Reads a pattern.
pub(in crate::filter) fn parse(text: &str, flags: Flags) -> Result<Tree, Fault> {
    let text: Vec<char> = text.chars().take(LENGTH + 1).collect();
    let mut reader =
        Reader { at: 0, groups: Vec::new(), open: Vec::new(), awaited: Vec::new(), depth: 0, text };
    if reader.text.len() > LENGTH {
        return reader.fault(LENGTH, "the pattern is longer than 65536 characters");
    }
    let mut flags = flags;
    reader.global_flags(&mut flags)?;
    let root = reader.alternatives(flags)?;
    if reader.peek().is_some() {
        return reader.fault(reader.at, "this parenthesis closes nothing");
    }
    for &(group, at) in &reader.awaited {
        if group as usize > reader.groups.len() {
            return reader.fault(at, "there is no group of this number");
        }
    }
    Ok(Tree { root, groups: reader.groups })
}

/// Where in the text, and what is known so far.
pub(super) struct Reader {
    text: Vec<char>,
    pub(super) at: usize,
    pub(super) groups: Vec<Option<Box<str>>>,
    pub(super) open: Vec<u32>,
    /// Groups spoken of by number in conditionals, which may stand before them.
    awaited: Vec<(u32, usize)>,
    depth: usize,
}

/// A part, and what may come after it.
struct Item {
    node: Node,
    repeats: Repeats,
}

/// Whether a part can be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// It can.
    Yes,
    /// It is a place, not a character.
    Place,
    /// It is repeated as it is.
    Already,
}

impl Reader {
    pub(super) fn fault<T>(&self, at: usize, why: impl Into<Box<str>>) -> Result<T, Fault> {
        Err(Fault { at, why: why.into() })
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let fits = wanted.chars().enumerate().all(|(n, c)| self.text.get(self.at + n) == Some(&c));
        if fits {
            self.at += wanted.chars().count();
        }
        fits
    }

    /// The text up to a character, which is taken and not given.
    fn until(&mut self, end: char, what: &str) -> Result<String, Fault> {
        let from = self.at;
        let mut taken = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => return Ok(taken),
                Some(c) => taken.push(c),
                None => return self.fault(from, format!("{what} has no end")),
            }
        }
    }

    /// `(?i)` and the like, which stand at the very start and hold for all of it.
    fn global_flags(&mut self, flags: &mut Flags) -> Result<(), Fault> {
        loop {
            let from = self.at;
            if !self.take("(?") || !self.peek().is_some_and(|c| "aimsxuL".contains(c)) {
                self.at = from;
                return Ok(());
            }
            let mut read = *flags;
            loop {
                match self.next() {
                    Some(')') => break,
                    Some(letter) if self.flag(letter, true, &mut read) => {}
                    Some(':' | '-') => {
                        self.at = from;
                        return Ok(());
                    }
                    _ => return self.fault(self.at.saturating_sub(1), "this is no flag"),
                }
            }
            *flags = read;
        }
    }

    fn flag(&self, letter: char, on: bool, flags: &mut Flags) -> bool {
        match letter {
            'i' => flags.fold = on,
            'm' => flags.lines = on,
            's' => flags.dot = on,
            'x' => flags.verbose = on,
            'a' if on => flags.ascii = true,
            'u' if on => flags.ascii = false,
            _ => return false,
        }
        true
    }

    fn alternatives(&mut self, flags: Flags) -> Result<Node, Fault> {
        if self.depth >= DEPTH {
            return self.fault(self.at, "more than 100 groups within each other");
        }
        self.depth += 1;
        let mut ways = vec![self.sequence(flags)?];
        while self.take("|") {
            ways.push(self.sequence(flags)?);
        }
        self.depth -= 1;
        Ok(match ways.len() {
            1 => ways.pop().unwrap_or(Node::Empty),
            _ => Node::Alternate(ways),
        })
    }

    fn sequence(&mut self, flags: Flags) -> Result<Node, Fault> {
        let mut parts: Vec<Item> = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            if flags.verbose && self.blank(c) {
                continue;
            }
            if let Some((min, max)) = self.counts()? {
                let repeated = self.repeat(parts.pop(), min, max)?;
                parts.push(repeated);
                continue;
            }
            if let Some(item) = self.one(flags)? {
                parts.push(item);
            }
        }
        let mut nodes: Vec<Node> = parts.into_iter().map(|item| item.node).collect();
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(nodes),
        })
    }

    /// Blanks and comments of the verbose form.
    fn blank(&mut self, c: char) -> bool {
        if c == '#' {
            while self.next().is_some_and(|c| c != '\n') {}
            return true;
        }
        if matches!(c, ' ' | '\t'..='\r') {
            self.at += 1;
            return true;
        }
        false
    }

    /// How often, if that stands here: `*`, `+`, `?`, `{2}`, `{2,}`, `{,2}`, `{2,3}`. Any other `{` is
    /// itself.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, Fault> {
        let from = self.at;
        match self.peek() {
            Some('*') => self.at += 1,
            Some('+') => {
                self.at += 1;
                return Ok(Some((1, None)));
            }
            Some('?') => {
                self.at += 1;
                return Ok(Some((0, Some(1))));
            }
            Some('{') => {
                self.at += 1;
                let low = self.number();
                let comma = self.take(",");
                let high = if comma { self.number() } else { low.clone() };
                if !self.take("}") || (low.is_empty() && !comma) {
                    self.at = from;
                    return Ok(None);
                }
                let min = self.count(from, &low)?.unwrap_or(0);
                let max = self.count(from, &high)?;
                if max.is_some_and(|max| max < min) {
                    return self.fault(from, "the least is more than the most");
                }
                return Ok(Some((min, max)));
            }
            _ => return Ok(None),
        }
        Ok(Some((0, None)))
    }

    fn number(&mut self) -> String {
        let mut digits = String::new();
        while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
            digits.push(digit);
            self.at += 1;
        }
        digits
    }

    fn count(&self, at: usize, digits: &str) -> Result<Option<u32>, Fault> {
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(number) if number <= REPEATS => Ok(Some(number)),
            _ => self.fault(at, "more than 1000 repeats"),
        }
    }

    fn repeat(&mut self, of: Option<Item>, min: u32, max: Option<u32>) -> Result<Item, Fault> {
        let at = self.at.saturating_sub(1);
        let of = match of {
            Some(Item { repeats: Repeats::Yes, node }) => node,
            Some(Item { repeats: Repeats::Already, .. }) => {
                return self.fault(at, "this repeats what is repeated");
            }
            _ => return self.fault(at, "there is nothing to repeat here"),
        };
        let greed = if self.take("?") {
            Greed::Lazy
        } else if self.take("+") {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let node = Node::Repeat { of: Box::new(of), min, max, greed };
        Ok(Item { node, repeats: Repeats::Already })
    }

    /// One thing: a character, a class, a place, a group.
    fn one(&mut self, flags: Flags) -> Result<Option<Item>, Fault> {
        let item = |node| Ok(Some(Item { node, repeats: Repeats::Yes }));
        let place = |what| Ok(Some(Item { node: Node::Assert(what), repeats: Repeats::Place }));
        let from = self.at;
        let Some(c) = self.next() else { return Ok(None) };
        match c {
            '.' => item(Node::Class(class::any(flags.dot))),
            '^' if flags.lines => place(Assert::LineStart),
            '^' => place(Assert::Start),
            '$' if flags.lines || flags.one_line => place(Assert::LineEnd),
            '$' => place(Assert::EndBeforeFeed),
            '[' => item(self.class(flags)?),
            '\\' => {
                let node = self.escape(flags)?;
                let repeats =
                    if matches!(node, Node::Assert(_)) { Repeats::Place } else { Repeats::Yes };
                Ok(Some(Item { node, repeats }))
            }
            '(' => self.group(from, flags),
            c => item(literal(c, flags)),
        }
    }

    fn group(&mut self, from: usize, flags: Flags) -> Result<Option<Item>, Fault> {
        if !self.take("?") {
            let index = self.new_group(from, None)?;
            return self.capture(from, index, flags);
        }
        let node = match self.next() {
            Some('P') => return self.named(from, flags),
            Some(':') => self.alternatives(flags)?,
            Some('#') => {
                self.until(')', "this comment")?;
                return Ok(None);
            }
            Some('=') => self.look(flags, false, false)?,
            Some('!') => self.look(flags, false, true)?,
            Some('<') => match self.next() {
                Some('=') => self.look(flags, true, false)?,
                Some('!') => self.look(flags, true, true)?,
                _ => return self.fault(from, "Python has no such group"),
            },
            Some('>') => Node::Atomic(Box::new(self.alternatives(flags)?)),
            Some('(') => self.condition(flags)?,
            Some(letter) => self.scoped(from, letter, flags)?,
            None => return self.fault(from, "this group has no end"),
        };
        self.close(from)?;
        Ok(Some(Item { node, repeats: Repeats::Yes }))
    }

    fn close(&mut self, from: usize) -> Result<(), Fault> {
        if self.take(")") { Ok(()) } else { self.fault(from, "this group has no end") }
    }

    fn new_group(&mut self, at: usize, name: Option<&str>) -> Result<u32, Fault> {
        if self.groups.len() >= GROUPS {
            return self.fault(at, "more than 200 groups");
        }
        self.groups.push(name.map(Into::into));
        Ok(u32::try_from(self.groups.len()).unwrap_or(u32::MAX))
    }

    fn capture(&mut self, from: usize, index: u32, flags: Flags) -> Result<Option<Item>, Fault> {
        self.open.push(index);
        let node = self.alternatives(flags)?;
        self.open.pop();
        self.close(from)?;
        let node = Node::Group(index, Box::new(node));
        Ok(Some(Item { node, repeats: Repeats::Yes }))
    }

    /// `(?P<name>…)` and `(?P=name)`.
    fn named(&mut self, from: usize, flags: Flags) -> Result<Option<Item>, Fault> {
        match self.next() {
            Some('<') => {
                let name = self.until('>', "this name")?;
                if !is_name(&name) {
                    return self.fault(from, format!("“{name}” is no name for a group"));
                }
                if self.group_of(&name).is_some() {
                    return self.fault(from, format!("there are two groups “{name}”"));
                }
                let index = self.new_group(from, Some(&name))?;
                self.capture(from, index, flags)
            }
            Some('=') => {
                let name = self.until(')', "this name")?;
                let Some(index) = self.group_of(&name) else {
                    return self.fault(from, format!("there is no group “{name}” before this"));
                };
                let node = self.back(from, index, flags)?;
                Ok(Some(Item { node, repeats: Repeats::Yes }))
            }
            _ => self.fault(from, "Python has no such group"),
        }
    }

    pub(super) fn back(&self, at: usize, index: u32, flags: Flags) -> Result<Node, Fault> {
        if index as usize > self.groups.len() {
            return self.fault(at, "there is no group of this number before this");
        }
        if self.open.contains(&index) {
            return self.fault(at, "this group has not ended");
        }
        Ok(Node::Back(index, flags.fold))
    }

    fn group_of(&self, name: &str) -> Option<u32> {
        let at = self.groups.iter().position(|known| known.as_deref() == Some(name))?;
        u32::try_from(at + 1).ok()
    }

    fn look(&mut self, flags: Flags, behind: bool, negative: bool) -> Result<Node, Fault> {
        let from = self.at;
        let of = self.alternatives(flags)?;
        let width = of.width();
        if behind && width.is_none() {
            return self.fault(from, "what is looked for behind must have one length");
        }
        Ok(Node::Look { of: Box::new(of), behind: width.filter(|_| behind), negative })
    }

    /// `(?(group)yes|no)`, after its second parenthesis.
    fn condition(&mut self, flags: Flags) -> Result<Node, Fault> {
        let from = self.at;
        let name = self.until(')', "this condition")?;
        let index = match name.parse::<u32>() {
            Ok(0) => return self.fault(from, "there is no group 0"),
            Ok(number) => {
                self.awaited.push((number, from));
                number
            }
            Err(_) => match self.group_of(&name) {
                Some(index) => index,
                None => {
                    return self.fault(from, format!("there is no group “{name}” before this"));
                }
            },
        };
        let yes = self.sequence(flags)?;
        let no = if self.take("|") { self.sequence(flags)? } else { Node::Empty };
        if self.peek() == Some('|') {
            return self.fault(self.at, "a condition has two ways and no more");
        }
        Ok(Node::Condition(index, Box::new(yes), Box::new(no)))
    }

    /// `(?i:…)`, `(?s-i:…)`.
    fn scoped(&mut self, from: usize, first: char, flags: Flags) -> Result<Node, Fault> {
        let mut inner = flags;
        let mut on = true;
        let mut letter = Some(first);
        loop {
            match letter {
                Some(':') => return self.alternatives(inner),
                Some('-') if on => on = false,
                Some(')') => {
                    return self.fault(from, "flags for all of it stand at the very start");
                }
                Some(c) if self.flag(c, on, &mut inner) => {}
                _ => return self.fault(from, "Python has no such group"),
            }
            letter = self.next();
        }
    }
}

/// One character, with what differs in case only where that does not matter.
pub(super) fn literal(c: char, flags: Flags) -> Node {
    if !flags.fold {
        return Node::Literal(c);
    }
    let folded = class::folded(class::of(&[(c, c)]));
    match folded.ranges() {
        [one] if one.start() == one.end() => Node::Literal(c),
        _ => Node::Class(folded),
    }
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_')
}
