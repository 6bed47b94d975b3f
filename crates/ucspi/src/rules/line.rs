//! One line of the text.

use super::doubt::whole_v4;
use super::expand::Addresses;
use std::fmt;

/// What a rule does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Lets it in.
    Allow,
    /// Does not.
    Deny,
}

/// An environment variable that a rule sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Everything before the `=`; not checked.
    pub name: &'a [u8],
    /// What stands between the quoting characters.
    pub value: &'a [u8],
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// As it is written: an address, a prefix, a range, `=host`, `user@address`, or nothing.
    pub address: &'a [u8],
    /// What it does.
    pub action: Action,
    /// In the order they are written.
    pub settings: Vec<Setting<'a>>,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Empty, or a comment: `#` in the very first column.
    Nothing,
    /// Text without a colon, which the ancestor passes over without a word.
    Ignored,
    /// A rule.
    Rule(Rule<'a>),
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte of the line, from 0, at which it shows.
    pub at: usize,
    /// What it is.
    pub what: What,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Neither `allow` nor `deny` after a colon.
    Action,
    /// Something other than a comma after the action or a setting.
    Comma,
    /// A setting without `=`.
    Name,
    /// A value that nothing quotes.
    Unquoted,
    /// A value whose quoting character does not come again.
    Open,
    /// A range with something other than digits around its `-`.
    Range,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.what {
            What::Action => "`allow` or `deny` must follow a colon at once, in lower case",
            What::Comma => "only `,NAME=\"VALUE\"` may follow here",
            What::Name => "a setting needs `NAME=`",
            What::Unquoted => "a value needs a quoting character, such as `\"`, on either side",
            What::Open => "the character that opens this value does not close it",
            What::Range => "a range has digits, and nothing else, on either side of its `-`",
        })
    }
}

impl std::error::Error for Fault {}

impl<'a> Line<'a> {
    /// Reads a line, with or without its end.
    ///
    /// It is divided at the first colon that `allow` or `deny` follows, so that IPv6 addresses can
    /// be written; where the first colon is that one, this is what the IPv4 ancestor does too.
    ///
    /// # Errors
    /// The first [`Fault`]. A line with one makes tcprules refuse the whole text.
    pub fn parse(line: &'a [u8]) -> Result<Self, Fault> {
        if line.first() == Some(&b'#') {
            return Ok(Self::Nothing);
        }
        let line = trimmed(line);
        if line.is_empty() {
            return Ok(Self::Nothing);
        }
        let Some(first) = line.iter().position(|byte| *byte == b':') else {
            return Ok(Self::Ignored);
        };
        let Some((address, action, rest)) = divide(line) else {
            return Err(Fault { at: first.saturating_add(1), what: What::Action });
        };
        let settings = settings(line, rest)?;
        Addresses::of(address).map_err(|at| Fault { at, what: What::Range })?;
        Ok(Self::Rule(Rule { address, action, settings }))
    }
}

/// The address and the action of a line that is a whole IPv4 address, a colon and an action: what
/// nearly every line of a long text is, read in one pass. Such an address is no range, and never
/// doubtful.
#[must_use]
pub fn plain(line: &[u8]) -> Option<(&[u8], Action)> {
    let (address, rest) = line.split_at_checked(whole_v4(line)?)?;
    match rest {
        b":allow\n" | b":allow" => Some((address, Action::Allow)),
        b":deny\n" | b":deny" => Some((address, Action::Deny)),
        _ => None,
    }
}

/// The line without its end and the blanks before it, as it is shown.
#[must_use]
pub fn trimmed(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
    let end = line.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last.saturating_add(1));
    line.get(..end).unwrap_or(line)
}

/// Address, action, and where the settings begin.
fn divide(line: &[u8]) -> Option<(&[u8], Action, usize)> {
    let colons = line.iter().enumerate().filter(|(_, byte)| **byte == b':');
    colons.into_iter().find_map(|(at, _)| {
        let (address, rest) = line.split_at_checked(at)?;
        let word = rest.get(1..)?;
        let (action, length) = match () {
            () if word.starts_with(b"deny") => (Action::Deny, 4),
            () if word.starts_with(b"allow") => (Action::Allow, 5),
            () => return None,
        };
        Some((address, action, at.saturating_add(1).saturating_add(length)))
    })
}

fn settings(line: &[u8], start: usize) -> Result<Vec<Setting<'_>>, Fault> {
    let fault = |at, what| Fault { at, what };
    let mut settings = Vec::new();
    let mut at = start;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let inner = rest.strip_prefix(b",").ok_or(fault(at, What::Comma))?;
        let equals = inner.iter().position(|byte| *byte == b'=').ok_or(fault(at, What::Name))?;
        let (name, value) = inner.split_at_checked(equals).ok_or(fault(at, What::Name))?;
        let opening = at.saturating_add(equals).saturating_add(2);
        let (quote, value) =
            value.get(1..).and_then(<[u8]>::split_first).ok_or(fault(opening, What::Unquoted))?;
        let length =
            value.iter().position(|byte| byte == quote).ok_or(fault(opening, What::Open))?;
        settings.push(Setting { name, value: value.get(..length).unwrap_or_default() });
        at = opening.saturating_add(length).saturating_add(2);
    }
    Ok(settings)
}
