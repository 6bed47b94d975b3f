//! From logical lines to the fields and words of rules, as they were written.

use super::codes;
use super::line::{Logical, is_blank};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Span};
use std::net::Ipv6Addr;

/// A word or an option, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawWord {
    pub(super) text: Vec<u8>,
    pub(super) at: Span,
    /// Whether it is an IPv6 address outside brackets.
    pub(super) bare: bool,
}

/// A rule's fields.
#[derive(Clone, Debug)]
pub(super) struct RawRule {
    pub(super) daemons: Vec<RawWord>,
    pub(super) clients: Vec<RawWord>,
    pub(super) options: Vec<RawWord>,
    /// Where a bracket of the client list is that has no other.
    pub(super) bracket: Option<Span>,
    pub(super) at: Span,
    pub(super) line: u32,
    pub(super) cut: bool,
}

/// Divides a line at its first two colons outside brackets and IPv6 addresses, and what follows at
/// each colon without a backslash before it.
pub(super) fn rule(line: &Logical, out: &mut Diagnostics) -> Option<RawRule> {
    let text = line.bytes.as_slice();
    let daemons = field(text, 0, Lists::Daemons);
    let Some(colon) = daemons.colon else {
        out.push(unseparated(line, daemons.unbalanced));
        return None;
    };
    let clients = field(text, colon + 1, Lists::Clients);
    let end = clients.colon.unwrap_or(text.len());
    let options = clients.colon.map(|colon| options(line, colon + 1)).unwrap_or_default();
    Some(RawRule {
        daemons: words(line, 0, colon, &daemons.bare),
        clients: words(line, colon + 1, end, &clients.bare),
        options,
        bracket: clients.unbalanced.map(|at| line.span(at, at + 1)),
        at: line.whole(),
        line: line.line,
        cut: line.cut,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Daemons,
    Clients,
}

/// One of the first two fields.
struct Field {
    /// The colon it ends at.
    colon: Option<usize>,
    /// A bracket without its other.
    unbalanced: Option<usize>,
    /// IPv6 addresses outside brackets: from, to.
    bare: Vec<(usize, usize)>,
}

fn field(text: &[u8], start: usize, list: Lists) -> Field {
    let mut found = Field { colon: None, unbalanced: None, bare: Vec::new() };
    let mut opened: Vec<usize> = Vec::new();
    let (mut at, mut word) = (start, start);
    let mut host = list == Lists::Clients; // whether the word is about hosts
    while let Some(byte) = text.get(at) {
        match byte {
            b'[' => opened.push(at),
            b']' if opened.pop().is_none() => {
                found.unbalanced = found.unbalanced.or(Some(at));
            }
            b':' if opened.is_empty() => {
                match bare(text, word).filter(|_| host) {
                    Some(end) => {
                        found.bare.push((word, end));
                        at = end;
                        word = end;
                        continue;
                    }
                    // a stray `]` hides the colons behind it, as an open `[` does
                    None if found.unbalanced.is_none() => {
                        found.colon = Some(at);
                        return found;
                    }
                    None => {}
                }
            }
            b'@' if opened.is_empty() && at > word => {
                word = at + 1;
                host = true;
            }
            b',' => (word, host) = (at + 1, list == Lists::Clients),
            byte if is_blank(*byte) => (word, host) = (at + 1, list == Lists::Clients),
            _ => {}
        }
        at += 1;
    }
    found.unbalanced = found.unbalanced.or(opened.first().copied());
    found
}

/// Where an IPv6 address (with a prefix length, perhaps) that begins here ends, if one does: at a
/// separator, or before a colon that belongs to the rule.
fn bare(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let end = rest.iter().position(|byte| is_blank(*byte) || *byte == b',').unwrap_or(rest.len());
    let mut word = std::str::from_utf8(rest.get(..end.min(64))?).ok()?;
    loop {
        let address = word.split_once('/').map_or(word, |(address, _)| address);
        if address.contains(':') && address.parse::<Ipv6Addr>().is_ok() {
            return Some(start + word.len());
        }
        word = word.get(..word.rfind(':')?)?;
    }
}

fn words(line: &Logical, start: usize, end: usize, bare: &[(usize, usize)]) -> Vec<RawWord> {
    let text = line.bytes.get(start..end).unwrap_or_default();
    let mut words = Vec::new();
    let mut at = start;
    for word in text.split(|byte| is_blank(*byte) || *byte == b',') {
        let from = at;
        at += word.len() + 1;
        if !word.is_empty() {
            let is_bare = bare.iter().any(|(b, _)| (from..from + word.len()).contains(b));
            let at = line.span(from, from + word.len());
            words.push(RawWord { text: word.to_vec(), at, bare: is_bare });
        }
    }
    words
}

/// The options: `\:` stands for a colon.
fn options(line: &Logical, start: usize) -> Vec<RawWord> {
    let text = line.bytes.as_slice();
    let mut options = Vec::new();
    let (mut at, mut from) = (start, start);
    let mut option = Vec::new();
    loop {
        match (text.get(at), text.get(at + 1)) {
            (Some(b'\\'), Some(b':')) => {
                option.push(b':');
                at += 2;
            }
            (Some(b':') | None, _) => {
                let trimmed = option.trim_ascii().to_vec();
                let lead = option.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let at_span = line.span((from + lead).min(at), at);
                options.push(RawWord { text: trimmed, at: at_span, bare: false });
                option.clear();
                if at >= text.len() {
                    return options;
                }
                at += 1;
                from = at;
            }
            (Some(byte), _) => {
                option.push(*byte);
                at += 1;
            }
        }
    }
}

fn unseparated(line: &Logical, bracket: Option<usize>) -> Diagnostic {
    match bracket {
        Some(at) => Diagnostic::new(
            Level::Error,
            codes::BRACKET,
            Some(line.span(at, at + 1)),
            "a bracket without its other hides the colon: this line is no rule",
        )
        .help("write an IPv6 address as `[2001:db8::1]`"),
        None => Diagnostic::new(
            Level::Error,
            codes::NO_SEPARATOR,
            Some(line.whole()),
            "a line without `:` is no rule",
        )
        .help("write `daemons : clients`, or begin a comment with `#` in the first column"),
    }
}
