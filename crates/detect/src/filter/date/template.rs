//! One form of dates.

use super::field;
use super::stamp::{self, Stamp};
use crate::filter::engine::{Engine, Groups, Spent};
use crate::filter::python::{Assert, Fault, Flags, Node, parse};

/// One form of dates, compiled. Copies share the program.
#[derive(Clone)]
pub(super) struct Template {
    /// What it was made of, which tells whether two are the same.
    pub(super) name: String,
    /// It can only stand at the start or the end of a line.
    pub(super) anchored: bool,
    /// It can only stand at the start of a line.
    pub(super) at_start: bool,
    /// What stands before what is cut out is never a letter or digit.
    pub(super) clean: bool,
    pub(super) engine: Engine,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By its fields.
    Fields,
    /// Seconds since the epoch, in this group; in parts of a second too where it is long.
    Epoch { group: usize, long: bool },
    /// Seconds of TAI since the epoch, in hexadecimal.
    Tai,
}

/// Whether a date may stand in the midst of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// It may.
    None,
    /// It may not.
    Word,
    /// It stands at the start of a line, after at most two characters that are of no word.
    Start,
}

/// Seconds since the epoch.
const EPOCH: &str = r"\d{10,11}\b(?:\.\d{3,6})?";
/// The same with milliseconds or microseconds behind.
const LONG: &str = r"\d{10,11}(?:\d{3}(?:\d{3}|\.\d{1,6})?)?";

impl Template {
    /// Compiles a date pattern.
    pub(super) fn new(pattern: &str) -> Result<Self, Fault> {
        let key = if pattern.contains('%') { pattern.to_owned() } else { pattern.to_uppercase() };
        if let Some((before, long, after)) = epoch_in(pattern) {
            let number = if long { LONG } else { EPOCH };
            let text = format!("({before}({number}){after})");
            let kind = Kind::Epoch { group: 2, long };
            return Self::build(pattern, &text, Bound::Word, Bound::Word, kind);
        }
        let start = key.strip_prefix("{^LN-BEG}").or_else(|| key.strip_prefix('^'));
        match start.unwrap_or(&key) {
            word @ ("EPOCH" | "LEPOCH") => {
                let long = word == "LEPOCH";
                let number = if long { LONG } else { EPOCH };
                let kind = Kind::Epoch { group: 1, long };
                if start.is_some() {
                    return Self::build(pattern, number, Bound::Start, Bound::Word, kind);
                }
                let square = format!(r"(?<=^\[){number}(?=\])");
                let audit = format!(r"(?<=\baudit\(){number}(?=:\d+\))");
                let text = format!("(^{number}|{square}|{audit})");
                Self::build(pattern, &text, Bound::None, Bound::Word, kind)
            }
            "TAI64N" => {
                let begin = if start.is_some() { Bound::Start } else { Bound::None };
                Self::build(pattern, "@[0-9a-f]{24}", begin, Bound::Word, Kind::Tai)
            }
            _ => Self::fields(pattern),
        }
    }

    fn fields(pattern: &str) -> Result<Self, Fault> {
        let (mut text, mut begin, mut end) = (pattern, Bound::Word, Bound::Word);
        if let Some(rest) = text.strip_prefix("{UNB}") {
            (text, begin, end) = (rest, Bound::None, Bound::None);
        }
        if let Some(rest) = text.strip_prefix("{^LN-BEG}")
            && begin == Bound::Word
        {
            (text, begin) = (rest, Bound::Start);
        }
        let fields = field::fields(text).map_err(|why| Fault { at: 0, why })?;
        let letters = if field::has_letters(text) { "(?iu)" } else { "" };
        Self::build(pattern, &format!("{letters}{fields}"), begin, end, Kind::Fields)
    }

    fn build(name: &str, text: &str, begin: Bound, end: Bound, kind: Kind) -> Result<Self, Fault> {
        let (flags, text) = without_flags(text.trim());
        let begin = if is_bound_before(&text) { Bound::None } else { begin };
        let end = if is_bound_after(&text) { Bound::None } else { end };
        let text = if has_group(&text) { text } else { grouped(&text) };
        let text = unstarred(&text);
        let mut name = name.to_owned();
        if begin == Bound::Start && !name.starts_with("{^LN-BEG}") {
            name.insert_str(0, "{^LN-BEG}");
        }
        let body = text.trim_start_matches("(?:").trim_start_matches('(');
        let line_start = begin == Bound::Start
            || (text.starts_with('^')
                || (body.starts_with('^')
                    && !body.starts_with("^|")
                    && text.len() - body.len() <= 3));
        let at_end = end == Bound::None
            && (text.ends_with('$') || text.ends_with("$)"))
            && !text.ends_with("\\$")
            && !text.ends_with("|$");
        let opening = if begin == Bound::Start { r"^(?:\W{0,2})?" } else { "" };
        let mut tree = parse(&format!("{flags}{opening}{text}"), Flags::default())?;
        let mut parts = Vec::new();
        if begin == Bound::Word {
            parts.push(Node::Assert(Assert::Unjoined));
        }
        parts.push(std::mem::replace(&mut tree.root, Node::Empty));
        if end == Bound::Word {
            parts.push(Node::Assert(Assert::Unjoined));
        }
        tree.root = Node::Concat(parts);
        let clean = begin == Bound::Start || tree.cuts_clean();
        Ok(Self {
            name,
            anchored: line_start || at_end,
            at_start: line_start,
            clean,
            engine: Engine::of(tree)?,
            kind,
        })
    }

    /// Looks for it in a line.
    pub(super) fn search(
        &mut self,
        line: &str,
        from: usize,
        budget: &mut u32,
        into: &mut Groups,
    ) -> Result<bool, Spent> {
        self.engine.search(line, from, budget, into)
    }

    /// The date of a match; nothing where there is no such day.
    pub(super) fn date(&self, line: &str, groups: &Groups) -> Option<Stamp> {
        let text = |at: usize| {
            let (from, to) = (*groups.get(at)?)?;
            line.get(from..to)
        };
        match self.kind {
            Kind::Fields => {
                let named = self.engine.names().iter().enumerate();
                stamp::stamp(named.filter_map(|(at, name)| Some((name.as_deref()?, text(at)?))))
            }
            Kind::Epoch { group, long } => epoch(text(group)?, long).map(Stamp::Exact),
            Kind::Tai => {
                let seconds = i64::from_str_radix(text(1)?.get(2..17)?, 16).ok()?;
                Some(Stamp::Exact(seconds.checked_mul(1_000_000)?))
            }
        }
    }
}

/// Microseconds of a number of seconds, or of a longer one.
fn epoch(text: &str, long: bool) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let unit = match text.len() {
        16.. if long && fraction.is_empty() => 1,
        13.. if long => 1_000,
        _ => 1_000_000,
    };
    let mut part = 0_i64;
    let mut worth = unit;
    for digit in fraction.bytes() {
        worth /= 10;
        part += i64::from(digit.saturating_sub(b'0')) * worth;
    }
    whole.checked_mul(unit)?.checked_add(part)
}

/// `{EPOCH}` or `{LEPOCH}` in a pattern: what stands before, whether it is the long one, what after.
fn epoch_in(pattern: &str) -> Option<(&str, bool, &str)> {
    let upper = pattern.to_ascii_uppercase();
    ["{EPOCH}", "{LEPOCH}"].iter().zip([false, true]).find_map(|(word, long)| {
        let at = upper.find(word)?;
        let before = pattern.get(..at)?;
        (!before.ends_with('\\')).then_some(())?;
        Some((before, long, pattern.get(at + word.len()..)?))
    })
}

/// The first `(?i)` or the like, and the rest without it.
fn without_flags(text: &str) -> (&str, String) {
    for (at, _) in text.match_indices("(?") {
        let Some(rest) = text.get(at + 2..) else { continue };
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        if letters > 0 && rest.as_bytes().get(letters) == Some(&b')') {
            let end = at + 2 + letters + 1;
            let flags = text.get(at..end).unwrap_or_default();
            let before = text.get(..at).unwrap_or_default();
            return (flags, format!("{before}{}", text.get(end..).unwrap_or_default()));
        }
    }
    ("", text.to_owned())
}

/// Whether the pattern itself says what it begins at: `^…`, `(^…`, `(?:^…`, `**…`.
fn is_bound_before(text: &str) -> bool {
    let inside = text.trim_start_matches('(');
    inside.starts_with('^')
        || inside.starts_with("**")
        || text.starts_with("(?:^")
        || (text.starts_with('(') && inside.starts_with("?:^"))
}

/// Whether the pattern itself says what it ends at: `…$`, `…$)`, `…\b`, `…\s`, `…**`.
fn is_bound_after(text: &str) -> bool {
    let stars = text.trim_end_matches(')');
    [("$", text), ("$)", text), ("\\b", text), ("\\s", text), ("**", stars)]
        .iter()
        .any(|(end, text)| text.strip_suffix(end).is_some_and(|before| !before.ends_with('\\')))
}

/// Whether it has a group of its own that has no name.
fn has_group(text: &str) -> bool {
    text.match_indices('(').any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + 1..).unwrap_or_default();
        !before.ends_with("(?") && !before.ends_with('\\') && !after.starts_with('?')
    })
}

/// All of it in a group, but for `^` before and `$` behind.
fn grouped(text: &str) -> String {
    let (start, rest) = match text.strip_prefix('^') {
        Some(rest) => ("^", rest),
        None => ("", text),
    };
    match rest.strip_suffix('$') {
        Some(inner) => format!("{start}({inner})$"),
        None => format!("{start}({rest})"),
    }
}

/// Without the two stars that say that no bound is wanted.
fn unstarred(text: &str) -> String {
    let parens = text.len() - text.trim_start_matches('(').len();
    let (open, rest) = text.split_at(parens);
    let rest = rest.strip_prefix("**").unwrap_or(rest);
    let inner = rest.trim_end_matches(')');
    let close = rest.get(inner.len()..).unwrap_or_default();
    match inner.strip_suffix("**") {
        Some(inner) if !inner.ends_with('\\') => format!("{open}{inner}{close}"),
        _ => format!("{open}{rest}"),
    }
}
