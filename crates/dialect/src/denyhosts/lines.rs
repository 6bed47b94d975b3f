//! The lines of a denyhosts.cfg, taken apart.

use super::codes;
use super::registry::KEYS;
use super::values::shown;
use crate::Files;
use crate::suggest::nearest;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};

/// What is said of a key, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The key, in capitals.
    pub(super) name: String,
    /// Where it stands.
    pub(super) named: Span,
    /// The value, with the environment put in; empty where it is blank.
    pub(super) value: String,
    /// Where it stands; where it would stand, of a blank one.
    pub(super) at: Span,
}

/// Entries of one file, at most.
const MOST: usize = 10_000;
/// Bytes of a value, at most.
const MOST_VALUE: usize = 64 << 10;

/// What may be said more than once.
const ADDS_UP: &str = "USERDEF_FAILED_ENTRY_REGEX";

/// The entries of a text, of each key the last, in the order of the text.
pub(super) fn read(
    file: FileId,
    sources: &Sources,
    found: &mut Diagnostics,
    outside: &mut dyn Files,
) -> Vec<Said> {
    let mut entries: Vec<Said> = Vec::new();
    let mut start = 0;
    for line in sources.text(file).split_inclusive('\n') {
        let at = start;
        start += line.len();
        if entries.len() >= MOST {
            let message = format!("more than {MOST} entries");
            let span = Span::new(file, at, at + line.trim_end().len());
            found.push(Diagnostic::new(Level::Error, codes::TOO_LARGE, Some(span), message));
            break;
        }
        let Some(said) = entry(file, at, line, found, outside) else { continue };
        let earlier = entries.iter().position(|other| other.name == said.name);
        if let Some(earlier) = earlier.filter(|_| said.name != ADDS_UP) {
            let was = entries.remove(earlier);
            let message = format!("`{}` is said twice: the last one counts", shown(&said.name));
            let finding =
                Diagnostic::new(Level::Warning, codes::REPEATED, Some(said.named), message);
            found.push(finding.also(was.named, "said here first").help("remove one of them"));
        }
        entries.push(said);
    }
    entries
}

fn entry(
    file: FileId,
    start: usize,
    line: &str,
    found: &mut Diagnostics,
    outside: &mut dyn Files,
) -> Option<Said> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let start = start + (line.len() - line.trim_start().len());
    let whole = Span::new(file, start, start + text.len());
    let Some((name, value)) = text.split_once(['=', ':']) else {
        let message = format!("`{}` is no `NAME = value`", shown(text));
        let finding = Diagnostic::new(Level::Warning, codes::SYNTAX, Some(whole), message);
        found.push(
            finding.help("DenyHosts passes over it; write `=` behind the name, or `#` first"),
        );
        return None;
    };
    let named = Span::new(file, start, start + name.trim_end().len());
    let behind = start + text.len() - value.len();
    let from = behind + (value.len() - value.trim_start().len());
    let value = value.trim();
    let at = Span::new(file, from, from + value.len());
    let name = name.trim_end().to_uppercase();
    if value.len() > MOST_VALUE {
        let message = format!("a value of more than {} KiB", MOST_VALUE >> 10);
        found.push(Diagnostic::new(Level::Error, codes::TOO_LARGE, Some(named), message));
        return None;
    }
    if let Some(place) = value.find(" #").filter(|_| !is_regex(&name)) {
        let message = "` #` begins no comment here: it belongs to the value".to_owned();
        let span = Span::new(file, from + place + 1, from + value.len());
        let finding = Diagnostic::new(Level::Warning, codes::COMMENT, Some(span), message);
        found.push(finding.help("comments stand in lines of their own"));
    }
    let value = environment(value, at, found, outside)?;
    Some(Said { name, named, value, at })
}

fn is_regex(name: &str) -> bool {
    name.ends_with("_REGEX") || name.contains("_REGEX")
}

/// Puts in what `$[NAME]` stands for.
fn environment(
    text: &str,
    at: Span,
    found: &mut Diagnostics,
    outside: &mut dyn Files,
) -> Option<String> {
    let (mut out, mut rest, mut whole) = (String::new(), text, true);
    while let Some((before, behind)) = rest.split_once("$[") {
        out.push_str(before);
        let name = behind.split_once(']').map(|(name, _)| name);
        let letter = |b: u8| b.is_ascii_uppercase() || b == b'_';
        let Some(name) = name.filter(|name| !name.is_empty() && name.bytes().all(letter)) else {
            out.push_str("$[");
            rest = behind;
            continue;
        };
        rest = behind.get(name.len() + 1..).unwrap_or_default();
        match outside.variable(name).filter(|value| !value.is_empty() && value.len() <= MOST_VALUE)
        {
            Some(value) => out.push_str(&value),
            None => {
                let message = format!("the environment has no `{}`", shown(name));
                let finding = Diagnostic::new(Level::Error, codes::ENVIRONMENT, Some(at), message);
                found.push(finding.help("write the value itself, or set the variable"));
                whole = false;
            }
        }
        if out.len() > MOST_VALUE {
            let message = format!("a value of more than {} KiB", MOST_VALUE >> 10);
            found.push(Diagnostic::new(Level::Error, codes::TOO_LARGE, Some(at), message));
            return None;
        }
    }
    out.push_str(rest);
    whole.then(|| out.trim().to_owned())
}

/// Tells of keys that DenyHosts does not know.
pub(super) fn unknown(entries: &[Said], found: &mut Diagnostics) {
    let known = |said: &&Said| !KEYS.iter().any(|key| key.name == said.name);
    for said in entries.iter().filter(known) {
        let message = format!("DenyHosts has no key `{}`", shown(&said.name));
        let help = match nearest(&said.name, KEYS.iter().map(|key| key.name)) {
            Some(near) => format!("did you mean `{near}`? DenyHosts ignores it without a word"),
            None => "remove it: DenyHosts ignores it without a word".to_owned(),
        };
        let finding = Diagnostic::new(Level::Warning, codes::UNKNOWN, Some(said.named), message);
        found.push(finding.help(help));
    }
}
