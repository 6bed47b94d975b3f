//! fail2ban's tags, which stand for groups.

use portreeve_model::UseDns;

/// A pattern with its tags put in, and where each part of it was written.
pub(super) struct Expanded {
    /// The pattern, in Python's language alone.
    pub(super) text: String,
    /// Places in characters: from this one in the expanded text on, it was written from that one on;
    /// true where what follows is a tag's, all of which was written there.
    places: Vec<(usize, usize, bool)>,
}

impl Expanded {
    /// Where a character of the expanded pattern was written.
    pub(super) fn written(&self, at: usize) -> usize {
        let upto = self.places.partition_point(|(there, ..)| *there <= at);
        match upto.checked_sub(1).and_then(|n| self.places.get(n)) {
            Some((_, written, true)) => *written,
            Some((there, written, false)) => written + (at - there),
            None => at,
        }
    }
}

/// Four numbers of up to three digits, with `::ffff:` before them or not. Whether they are an
/// address is looked at once they have matched.
const IP4: &str = r"(?:::f{4,6}:)?(?P<ip4>[0-9]{1,3}(?:\.[0-9]{1,3}){3})";
/// Hexadecimal groups with colons between.
const IP6: &str = r"(?P<ip6>(?:::|[0-9A-Fa-f]{1,4}::?){1,7}(?:[0-9A-Fa-f]{1,4}|:))";
/// A name.
const DNS: &str = r"(?P<dns>[\w^.\-]*\w)";
/// The length of a network's prefix.
const CIDR: &str = r"(?P<cidr>[0-9]+)";

/// Puts the tags in.
pub(super) fn expand(pattern: &str, usedns: UseDns) -> Expanded {
    let mut expander = Expander {
        out: Expanded { text: String::new(), places: Vec::new() },
        length: 0,
        open: Vec::new(),
        skips: 0,
        usedns,
    };
    let characters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(&c) = characters.get(at) {
        match tag(characters.get(at..).unwrap_or_default()) {
            Some((name, length)) => {
                match expander.meaning(&name) {
                    Some(meaning) => expander.put(&meaning, at, true),
                    None => expander.put(&format!("<{name}>"), at, false),
                }
                at += length;
            }
            None => {
                expander.put(c.encode_utf8(&mut [0; 4]), at, false);
                at += 1;
            }
        }
    }
    scope_flags(expander.out)
}

/// The name in a tag that begins here, and its length with both brackets.
fn tag(text: &[char]) -> Option<(String, usize)> {
    let mut at = 1;
    (*text.first()? == '<').then_some(())?;
    at += usize::from(text.get(at) == Some(&'/'));
    let from = at;
    while text.get(at).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        at += 1;
    }
    (at > from).then_some(())?;
    at += usize::from(text.get(at) == Some(&'/'));
    (*text.get(at)? == '>').then(|| (text.iter().skip(1).take(at - 1).collect(), at + 1))
}

struct Expander {
    out: Expanded,
    length: usize,
    open: Vec<String>,
    skips: usize,
    usedns: UseDns,
}

impl Expander {
    fn put(&mut self, text: &str, written: usize, tag: bool) {
        self.out.places.push((self.length, written, tag));
        self.out.text.push_str(text);
        self.length += text.chars().count();
    }

    /// What a tag stands for; nothing where it is none, and stands for itself.
    fn meaning(&mut self, name: &str) -> Option<String> {
        let address = || format!(r"\[?(?:{IP4}|{IP6})\]?");
        Some(match name {
            "HOST" if self.usedns == UseDns::No => address(),
            "HOST" => format!("(?:{}|{DNS})", address()),
            "ADDR" | "F-ADDR/" => address(),
            "IP4" | "F-IP4/" => IP4.to_owned(),
            "IP6" | "F-IP6/" => IP6.to_owned(),
            "DNS" | "F-DNS/" => DNS.to_owned(),
            "CIDR" | "F-CIDR/" => CIDR.to_owned(),
            "SUBNET" | "F-SUBNET/" => format!(r"\[?(?:{IP4}|{IP6})(?:/{CIDR})?\]?"),
            "F-ID/" => r"(?P<fid>\S+)".to_owned(),
            "F-PORT/" => r"(?P<fport>\w+)".to_owned(),
            "SKIPLINES" => {
                self.skips += 1;
                format!(r"\n(?P<skiplines{}>(?:.*\n)*?)", self.skips - 1)
            }
            _ => return self.own(name),
        })
    }

    /// `<F-NAME>` and `</F-NAME>`.
    fn own(&mut self, name: &str) -> Option<String> {
        let (closes, rest) = match name.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let name = rest.strip_prefix("F-").filter(|name| !name.is_empty())?;
        let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_-".contains(c);
        name.chars().all(capital).then_some(())?;
        if closes {
            return self.open.iter().any(|open| open == name).then(|| ")".to_owned());
        }
        self.open.push(name.to_owned());
        Some(format!("(?P<{}>", group(name)))
    }
}

/// The group that a name of a tag stands for.
pub(super) fn group(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "id" => "fid".to_owned(),
        "port" => "fport".to_owned(),
        other => other.to_owned(),
    }
}

/// `((?i)x)` and `(?:(?i)x)`, of which Python has known no more since 3.11, become `(?i:x)`.
fn scope_flags(expanded: Expanded) -> Expanded {
    let Expanded { text, places } = &expanded;
    let characters: Vec<char> = text.chars().collect();
    let mut out = Expanded { text: String::new(), places: Vec::new() };
    let mut at = 0;
    let mut length = 0;
    while let Some(&c) = characters.get(at) {
        let free = at == 0 || characters.get(at - 1) != Some(&'\\');
        match characters.get(at..).filter(|_| free).and_then(flags_in_group) {
            Some((flags, taken)) => {
                let written = expanded.written(at);
                out.places.push((length, written, true));
                out.text.push_str(&flags);
                length += flags.chars().count();
                at += taken;
                out.places.push((length, expanded.written(at), false));
            }
            None => {
                if let Some((_, written, tag)) = places.iter().find(|(there, ..)| *there == at) {
                    out.places.push((length, *written, *tag));
                }
                out.text.push(c);
                length += 1;
                at += 1;
            }
        }
    }
    out
}

/// `((?i)` or `(?:(?i)` at the start: what stands for it, and its length.
fn flags_in_group(text: &[char]) -> Option<(String, usize)> {
    let starts = |from: usize, wanted: &str| {
        wanted.chars().enumerate().all(|(n, c)| text.get(from + n) == Some(&c))
    };
    let from = if starts(0, "((?") {
        1
    } else if starts(0, "(?:(?") {
        3
    } else {
        return None;
    };
    let letters: String =
        text.iter().skip(from + 2).take_while(|c| c.is_ascii_lowercase()).collect();
    let end = from + 2 + letters.len();
    (!letters.is_empty() && text.get(end) == Some(&')')).then(|| (format!("(?{letters}:"), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pattern: &str) -> String {
        expand(pattern, UseDns::Warn).text
    }

    #[test]
    fn tags_become_groups() {
        assert_eq!(text("<F-USER>x</F-USER> <F-ID/>"), r"(?P<user>x) (?P<fid>\S+)");
        assert_eq!(text("<F-ID>x</F-ID><F-PORT>y</F-PORT>"), "(?P<fid>x)(?P<fport>y)");
        assert_eq!(
            text("</F-USER> <host> <nobody> <F-user/>"),
            "</F-USER> <host> <nobody> <F-user/>"
        );
        assert_eq!(text("a<SKIPLINES>b"), r"a\n(?P<skiplines0>(?:.*\n)*?)b");
        assert!(text("<HOST>").contains("(?P<dns>"));
        assert!(!expand("<HOST>", UseDns::No).text.contains("(?P<dns>"));
    }

    #[test]
    fn flags_inside_a_group_are_of_that_group() {
        assert_eq!(text("((?i)a|b)c(?:(?im)d)"), "(?i:a|b)c(?im:d)");
        assert_eq!(text(r"\((?i)a"), r"\((?i)a");
    }

    #[test]
    fn places_are_those_of_what_was_written() {
        let expanded = expand("ab<F-USER>cd</F-USER>((?i)x)y", UseDns::Warn);
        assert_eq!(expanded.text, "ab(?P<user>cd)(?i:x)y");
        let at = |part: &str| expanded.written(expanded.text.find(part).unwrap());
        assert_eq!(
            [at("ab"), at("b("), at("(?P"), at("user"), at("cd"), at("x)"), at("y")],
            [0, 1, 2, 2, 10, 26, 28]
        );
    }
}
