//! The files' syntax (hosts_access(5), hosts_options(5)), down to a rule's daemon list.

use super::Span;
use portreeve_diag::FileId;

/// Bytes of a logical line beyond which the library gives the file up.
const LINE_BYTES: usize = 2047;

/// What a logical line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// `DAEMONS : CLIENTS …`
    List { daemons: Vec<String>, at: Span },
    /// Something without a colon.
    Unreadable { at: Span },
    /// From here on the library reads no more.
    Cut { at: Span },
}

impl Rule {
    pub(super) fn at(&self) -> Span {
        match self {
            Self::List { at, .. } | Self::Unreadable { at } | Self::Cut { at } => *at,
        }
    }
}

/// The rules of a text. Physical lines are joined where one ends in a backslash, comments are
/// told by their first column alone, and both happen in this order: a comment that ends in a
/// backslash swallows the next line, and an indented `#` is a rule.
pub(super) fn rules(file: FileId, text: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut logical = String::new();
    let mut from = 0;
    let mut start = 0;
    for piece in text.split_inclusive('\n') {
        let end = start + piece.len();
        let at = Span::new(file, from, start + piece.trim_end_matches(['\n', '\r']).len());
        let Some(line) = piece.strip_suffix('\n') else {
            rules.extend(read(&(logical + piece), at));
            rules.push(Rule::Cut { at });
            return rules;
        };
        let joined = line.strip_suffix('\\');
        logical.push_str(joined.unwrap_or(line));
        if logical.len() >= LINE_BYTES {
            rules.extend(read(&logical, at));
            rules.push(Rule::Cut { at });
            return rules;
        }
        start = end;
        if joined.is_some() {
            continue;
        }
        rules.extend(read(&logical, at));
        logical.clear();
        from = end;
    }
    if !logical.is_empty() {
        rules.push(Rule::Cut { at: Span::new(file, from, text.len()) });
    }
    rules
}

fn read(logical: &str, at: Span) -> Option<Rule> {
    if logical.starts_with('#') || logical.trim().is_empty() {
        return None;
    }
    let Some(daemons) = before_colon(logical) else { return Some(Rule::Unreadable { at }) };
    let blank = |c: char| c == ' ' || c == ',' || c == '\t' || c == '\r' || c == '\n';
    let daemons = daemons.split(blank).filter(|word| !word.is_empty()).map(str::to_owned);
    Some(Rule::List { daemons: daemons.collect(), at })
}

/// What stands before the first colon outside `[…]`.
fn before_colon(logical: &str) -> Option<&str> {
    let mut bracket = false;
    for (at, c) in logical.char_indices() {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            ':' if !bracket => return logical.get(..at),
            _ => {}
        }
    }
    None
}
