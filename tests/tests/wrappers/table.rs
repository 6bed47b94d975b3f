//! Where the two may differ: the rows of docs/wrappers.md, each told from the rules alone.

use crate::texts::Set;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A row: its words in the book, and whether rules are of its kind.
pub(crate) type Row = (&'static str, fn(&Set) -> bool);

/// All that tcpdmatch can show.
pub(crate) const ROWS: &[Row] = &[
    ("a last line without a line feed", |set| files(set).iter().any(|text| unended(text))),
    ("a line of 2047 bytes or more", |set| lines(set).iter().any(|line| line.len() >= 2047)),
    ("an indented `#`", |set| lines(set).iter().any(|line| is_indented_comment(line))),
    ("a comment that ends in a backslash", |set| swallows(&set.deny)),
    ("a bracket without its other", |set| lines(set).iter().any(|line| is_unbalanced(line))),
    ("an IPv6 address outside brackets", |set| words(set).any(|word| is_bare(&word))),
    ("a prefix length or mask that is none", |set| words(set).any(|word| has_no_length(&word))),
    ("a net with bits outside its mask", |set| words(set).any(|word| has_host_bits(&word))),
    ("`/0` and 255.255.255.255", |set| words(set).any(|word| is_wide(&word))),
];

/// The rows that a set is of.
///
/// An open bracket takes the rest of its line with it, so a set with one is of that row alone.
pub(crate) fn rows(set: &Set) -> Vec<&'static str> {
    ROWS.iter().filter(|(_, is)| is(set)).map(|(name, _)| *name).collect()
}

fn files(set: &Set) -> [&str; 2] {
    [&set.allow, &set.deny]
}

fn unended(text: &str) -> bool {
    !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\\\n"))
}

/// Logical lines, comments too.
fn lines(set: &Set) -> Vec<String> {
    let joined = files(set).map(|text| text.replace("\\\n", ""));
    joined.iter().flat_map(|text| text.split('\n').map(str::to_owned)).collect()
}

fn is_indented_comment(line: &str) -> bool {
    !line.starts_with('#') && line.trim_start().starts_with('#')
}

fn swallows(text: &str) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    lines.windows(2).any(|two| {
        let rule = two[1].contains(':') && !two[1].starts_with([' ', '\t', '#']);
        two[0].trim_start().starts_with('#') && two[0].ends_with('\\') && rule
    })
}

fn is_unbalanced(line: &str) -> bool {
    let mut depth = 0;
    for c in line.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    depth != 0
}

/// Words of the rules, without a user or daemon before `@`.
fn words(set: &Set) -> impl Iterator<Item = String> {
    let words: Vec<String> = lines(set)
        .iter()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split([' ', '\t', ',', '\r']).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    words.into_iter().map(|word| match word.split_once('@') {
        Some((_, host)) => host.to_owned(),
        None => word,
    })
}

/// A word that begins with an IPv6 address, or ends in one behind the daemons' colon.
fn is_bare(word: &str) -> bool {
    let is = |text: &str| {
        let text = text.split('/').next().unwrap_or(text);
        text.contains(':') && text.parse::<Ipv6Addr>().is_ok()
    };
    let mut depth = 0;
    let outside = word.chars().filter(|c| {
        depth += i32::from(*c == '[') - i32::from(*c == ']');
        depth <= 0
    });
    let word: String = outside.collect();
    (0..word.len()).any(|from| {
        word.is_char_boundary(from)
            && (from == 0 || word.as_bytes()[from - 1] == b':')
            && (from + 1..=word.len())
                .any(|to| word.is_char_boundary(to) && word.get(from..to).is_some_and(is))
    })
}

/// `net/mask`, behind the daemons' colon and before another.
fn net(word: &str) -> Option<(String, String)> {
    if let Some(open) = word.find('[') {
        let (net, rest) = word.get(open..)?.split_once(']')?;
        let mask = rest.strip_prefix('/')?.split(':').next()?;
        return Some((net.get(1..)?.to_owned(), mask.to_owned()));
    }
    word.split(':').find_map(|part| {
        let (net, mask) = part.split_once('/')?;
        Some((net.to_owned(), mask.to_owned()))
    })
}

fn v4(text: &str) -> Option<u32> {
    let octets: Option<Vec<u8>> = text
        .split('.')
        .map(|part| match part.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => u8::from_str_radix(octal, 8).ok(),
            _ => part.parse().ok(),
        })
        .collect();
    let [a, b, c, d] = octets?.try_into().ok()?;
    Some(u32::from(Ipv4Addr::new(a, b, c, d)))
}

fn mask(text: &str) -> Option<u32> {
    match text.parse::<u32>() {
        Ok(length @ 0..=32) => Some(u32::MAX.checked_shl(32 - length).unwrap_or(0)),
        _ => v4(text),
    }
}

fn has_no_length(word: &str) -> bool {
    let Some((net, length)) = net(word) else { return false };
    if net.parse::<Ipv6Addr>().is_ok() {
        return !length.parse::<u8>().is_ok_and(|length| length <= 128);
    }
    v4(&net).is_some() && mask(&length).is_none()
}

fn has_host_bits(word: &str) -> bool {
    let Some((net, length)) = net(word) else { return false };
    matches!((v4(&net), mask(&length)), (Some(net), Some(mask)) if net & !mask != 0)
}

fn is_wide(word: &str) -> bool {
    let Some((net, length)) = net(word) else { return false };
    v4(&net).is_some() && (length == "0" || length == "255.255.255.255")
}
