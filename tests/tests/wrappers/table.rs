//! Where the two may differ: the rows of docs/wrappers.md, each told from the rules alone.

use crate::texts::Set;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A row: its words in the book, and whether rules are of its kind.
pub(crate) type Row = (&'static str, fn(&Set) -> bool);

/// All that tcpdmatch can show.
pub(crate) const ROWS: &[Row] = &[
    ("a last line without a line feed", |set| files(set).iter().any(|text| unended(text))),
    ("a line of 2047 bytes or more", |set| lines(set).iter().any(|line| line.len() >= 2047)),
    ("the port `0`", |set| lines(set).iter().any(|line| has_port_zero(line))),
    ("an end in another form, asked about", |set| {
        set.peers.iter().any(|(_, client)| client.split('@').any(is_odd_address))
    }),
    ("a `/file` that cannot be read, or leads to itself", |set| {
        words(set).any(|word| word.split(':').any(|it| it.starts_with('/') && it.ends_with('/')))
    }),
    ("a scope in a pattern", |set| words(set).any(|word| has_scope(&word))),
    ("a number beyond 2147483647", |set| options(set).any(|option| has_huge_number(&option))),
    ("`user`, `group`", |set| options(set).any(|option| becomes_somebody(&option))),
    ("a zero byte", |set| files(set).iter().any(|text| text.contains('\0'))),
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

/// A daemon that is a number, and that number 0.
fn has_port_zero(line: &str) -> bool {
    let daemons = fields(line).into_iter().next().unwrap_or_default();
    let name = |word: &str| word.split('@').next().map(str::to_owned).unwrap_or_default();
    let mut words = daemons.split([' ', '\t', ',', '\r']).map(name);
    !line.starts_with('#') && words.any(|word| !word.is_empty() && word.chars().all(|c| c == '0'))
}

/// What stands between the colons of a line, those in brackets apart.
fn fields(line: &str) -> Vec<String> {
    let mut depth = 0;
    let mut fields = vec![String::new()];
    for c in line.chars() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        match (c, fields.last_mut()) {
            (':', _) if depth <= 0 => fields.push(String::new()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
    }
    fields
}

/// An IPv4 address in a form that only inet_aton(3) reads: short, octal, hexadecimal; or a word for
/// what is not known, in capitals.
fn is_odd_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if ["unknown", "paranoid"].contains(&lower.as_str()) {
        return lower != text;
    }
    let digits = |c: char| c.is_ascii_hexdigit() || c == '.' || c == 'x';
    let plain = text.parse::<Ipv4Addr>().is_ok();
    !plain && text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(digits)
}

/// `[address%interface]`.
fn has_scope(word: &str) -> bool {
    word.split_once('[').is_some_and(|(_, rest)| rest.split(']').next().unwrap_or("").contains('%'))
}

/// Options of the rules: what stands behind the second colon, and each further one.
fn options(set: &Set) -> impl Iterator<Item = String> {
    let lines = lines(set).into_iter().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| fields(&line).into_iter().skip(2))
}

fn has_huge_number(option: &str) -> bool {
    let takes_one = ["linger", "nice", "rfc931", "umask"];
    let option = option.trim().to_ascii_lowercase();
    let digits = option.split(|c: char| !c.is_ascii_digit()).filter(|it| !it.is_empty());
    takes_one.iter().any(|name| option.starts_with(name))
        && digits.into_iter().any(|it| it.parse::<i32>().is_err())
}

/// `user` or `group` with a name that the private host has.
fn becomes_somebody(option: &str) -> bool {
    let option = option.trim().to_ascii_lowercase();
    let value = ["user", "group"].iter().find_map(|name| option.strip_prefix(name));
    let value = value.map(|value| value.trim_start_matches([' ', '\t', '=', '\r']));
    value.is_some_and(|value| ["nobody", "root", "nogroup"].iter().any(|it| value.starts_with(it)))
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

/// Each `net/mask` between the colons of a word.
fn nets(word: &str) -> Vec<(String, String)> {
    let net = |field: &String| {
        let (net, mask) = match field.split_once('[') {
            Some((_, bracketed)) => {
                let (net, rest) = bracketed.split_once(']')?;
                (net, rest.strip_prefix('/')?)
            }
            None => field.split_once('/')?,
        };
        Some((net.to_owned(), mask.to_owned()))
    };
    fields(word).iter().filter_map(net).collect()
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
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(length @ 0..=32) if digits => Some(u32::MAX.checked_shl(32 - length).unwrap_or(0)),
        _ => v4(text),
    }
}

fn has_no_length(word: &str) -> bool {
    nets(word).iter().any(|(net, length)| match net.parse::<Ipv6Addr>() {
        Ok(_) => !length.parse::<u8>().is_ok_and(|length| length <= 128),
        Err(_) => v4(net).is_some() && mask(length).is_none(),
    })
}

fn has_host_bits(word: &str) -> bool {
    let has = |(net, length): &(String, String)| matches!((v4(net), mask(length)), (Some(net), Some(mask)) if net & !mask != 0);
    nets(word).iter().any(has)
}

fn is_wide(word: &str) -> bool {
    let wide = |length: &str| length == "0" || length == "255.255.255.255";
    nets(word).iter().any(|(net, length)| v4(net).is_some() && wide(length))
}

/// What the ancestor must be given to mean what these rules mean here, where a line of its own says
/// it: so that the rest of the set is compared too.
pub(crate) fn mended(set: &Set) -> Set {
    let file = |text: &str, deny: bool| {
        let lines = text.split_inclusive('\n').map(|line| match line {
            line if is_indented_comment(line) && !line.ends_with("\\\n") => line.trim_start(),
            line => line,
        });
        let text: String = lines.map(tokens).collect();
        let text = if deny { unswallowed(&text) } else { text };
        if unended(&text) && !text.ends_with("\\\n") { text + "\n" } else { text }
    };
    Set { allow: file(&set.allow, false), deny: file(&set.deny, true), peers: set.peers.clone() }
}

/// Without the backslashes by which comments swallow rules.
fn unswallowed(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let kept = lines.iter().enumerate().map(|(at, line)| {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        match swallows(&format!("{line}\n{next}")) {
            true => line.trim_end_matches('\\'),
            false => line,
        }
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// A line whose nets have no bits outside their masks, and no mask that the ancestor does not take.
fn tokens(line: &str) -> String {
    let end = |c: char| " \t\r\n,@:".contains(c);
    line.split_inclusive(end)
        .map(|token| {
            let word = token.trim_end_matches(end);
            let net = nets(word).first().map(|(net, length)| (v4(net), mask(length)));
            match net {
                Some((Some(net), Some(mask))) if has_host_bits(word) || is_wide(word) => {
                    let net = Ipv4Addr::from(net & mask);
                    let mask = match mask {
                        u32::MAX => "32".to_owned(),
                        mask => Ipv4Addr::from(mask).to_string(),
                    };
                    token.replacen(word, &format!("{net}/{mask}"), 1)
                }
                _ => token.to_owned(),
            }
        })
        .collect()
}
