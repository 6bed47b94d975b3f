//! What a line can be read as: every way, found by trying them all. Slow, and easily seen to be right.
//!
//! A sentence is written as in a manual, with alternatives in parentheses and holes in braces:
//! `Invalid user {any} from {host}(| port {port})`. A line that can be read in several ways that name
//! different hosts names nobody. In a sentence `<` and `>` stand for parentheses, and `[` and `]` for
//! them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use portreeve_detect::{Finding, Named};

/// What a sentence leads to, whoever it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leads {
    Offence,
    Success,
    /// It may count or not: that depends on lines before.
    Depends,
}

/// A detector's sentences.
pub(crate) struct Language {
    sentences: Vec<(String, Leads)>,
}

impl Language {
    /// Of sentences and what they lead to.
    pub(crate) fn new(sentences: &[(&str, Leads)]) -> Self {
        let all = sentences
            .iter()
            .flat_map(|(text, leads)| alternatives(text).into_iter().map(|plain| (plain, *leads)));
        Self { sentences: all.collect() }
    }

    /// Whether a detector's finding, of this message alone, is what every way to read it says.
    pub(crate) fn judge(&self, message: &[u8], finding: &Finding) -> Result<&'static str, String> {
        let mut hosts = BTreeSet::new();
        let mut leads = BTreeSet::new();
        for (sentence, leading) in &self.sentences {
            if !possible(sentence, message) {
                continue;
            }
            let mut found = BTreeSet::new();
            ways(sentence, message, &mut Vec::new(), &mut found);
            if !found.is_empty() {
                leads.insert(*leading);
            }
            hosts.extend(found.into_iter().flatten());
        }
        let addresses: BTreeSet<Option<IpAddr>> = hosts.iter().map(|host| strict(host)).collect();
        let expected = match addresses.iter().collect::<Vec<_>>().as_slice() {
            [Some(address)] => Some(*address),
            _ => None,
        };
        let named = match finding {
            Finding::Offence(offence) => &offence.named,
            Finding::Success(success) => &success.named,
            Finding::Nothing(_) => {
                let sure = leads.iter().all(|leading| *leading != Leads::Depends);
                let counts = sure && !leads.is_empty() && expected.is_some();
                return if counts { Err(format!("missed: {hosts:?}")) } else { Ok("nothing") };
            }
        };
        let charged = match named {
            Named::Address(address) => Some(*address),
            Named::Nobody | Named::Host(_) | Named::Ambiguous => None,
        };
        let success = matches!(finding, Finding::Success(_));
        if charged != expected {
            return Err(format!("{named:?} is named, and {hosts:?} can be read"));
        }
        if charged.is_some() && success != leads.contains(&Leads::Success) {
            return Err(format!("{finding:?}, and it is {leads:?}"));
        }
        Ok(if charged.is_some() { "charged" } else { "uncertain" })
    }
}

/// An address, spelt as strictly as can be.
pub(crate) fn strict(host: &str) -> Option<IpAddr> {
    let folded = |text: &str| -> Option<IpAddr> {
        let octets: Vec<u8> = text
            .split('.')
            .map(|part| {
                let plain = part == "0" || !part.starts_with('0');
                let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
                if plain && digits { part.parse().ok() } else { None }
            })
            .collect::<Option<_>>()?;
        let four: [u8; 4] = octets.try_into().ok()?;
        Some(IpAddr::from(four))
    };
    if !host.contains(':') {
        return folded(host);
    }
    let long: std::net::Ipv6Addr = host.parse().ok()?;
    Some(match long.to_ipv4_mapped() {
        Some(short) => IpAddr::from(short),
        None => IpAddr::from(long),
    })
}

/// A sentence without its alternatives: one for each way to choose among them.
fn alternatives(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('(') else { return vec![text.to_owned()] };
    let Some((inside, behind)) = rest.split_once(')') else { return vec![text.to_owned()] };
    let tails = alternatives(behind);
    let heads = inside.split('|');
    heads.flat_map(|head| tails.iter().map(move |tail| format!("{before}{head}{tail}"))).collect()
}

/// Whether the words of a sentence stand in the text in their order, so that trying is worth it.
fn possible(sentence: &str, text: &[u8]) -> bool {
    let words = sentence.split('{').map(|part| part.split_once('}').map_or(part, |(_, word)| word));
    let mut rest = text;
    words.map(plain).filter(|word| !word.is_empty()).all(|word| {
        match rest.windows(word.len()).position(|window| window == word) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        }
    })
}

/// Every way to read the text as the sentence; the hosts of each.
fn ways(sentence: &str, text: &[u8], hosts: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) {
    let Some(open) = sentence.find('{') else {
        if plain(sentence) == text {
            found.insert(hosts.clone());
        }
        return;
    };
    let Some(text) = text.strip_prefix(plain(&sentence[..open]).as_slice()) else { return };
    let Some((hole, rest)) = sentence[open + 1..].split_once('}') else { return };
    for end in 0..=text.len() {
        let (filled, behind) = text.split_at(end);
        if fits(hole, filled) {
            let host = matches!(hole, "host" | "maybe" | "gone");
            if host {
                hosts.push(String::from_utf8_lossy(filled).into_owned());
            }
            ways(rest, behind, hosts, found);
            if host {
                hosts.pop();
            }
        }
    }
}

fn plain(sentence: &str) -> Vec<u8> {
    let swapped = sentence.bytes().map(|byte| match byte {
        b'<' => b'(',
        b'>' => b')',
        b'[' => b'<',
        b']' => b'>',
        other => other,
    });
    swapped.collect()
}

/// Whether this may stand in a hole.
fn fits(hole: &str, filled: &[u8]) -> bool {
    let token = filled.iter().all(|b| !b" @()<>".contains(b));
    match hole {
        "any" => true,
        "gone" => filled.is_empty(),
        "host" => token && !filled.is_empty(),
        "maybe" => filled.iter().all(|b| *b != b' '),
        "blanks" => filled.iter().all(|b| *b == b' '),
        "local" => strict(&String::from_utf8_lossy(filled)).is_some(),
        "word" => {
            let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_/@.".contains(b);
            !filled.is_empty() && filled.iter().all(plain)
        }
        "name" => {
            !filled.is_empty() && filled.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        }
        "service" => filled.iter().all(|b| b.is_ascii_alphanumeric() || b"_-./:".contains(b)),
        "port" => {
            let digits = (1..=5).contains(&filled.len()) && filled.iter().all(u8::is_ascii_digit);
            let strict = filled == b"0" || !filled.starts_with(b"0");
            let number = String::from_utf8_lossy(filled).parse::<u16>();
            digits && strict && number.is_ok()
        }
        "number" => {
            !filled.is_empty()
                && filled.iter().all(u8::is_ascii_digit)
                && String::from_utf8_lossy(filled).parse::<u32>().is_ok()
        }
        _ => false,
    }
}
