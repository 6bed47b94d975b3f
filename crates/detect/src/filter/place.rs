//! Whether what a pattern took for an address is all of what stands there.
//!
//! `1.2.3.4` out of `1.2.3.4.5` is nobody's address, nor is `2.3.4.5`, whatever the pattern says.

/// Whether an address goes on before or behind.
pub(super) fn is_torn(text: &str, from: usize, to: usize, six: bool) -> bool {
    let before = text.get(..from).unwrap_or_default();
    let mut after = text.get(to..).unwrap_or_default().chars();
    let (next, second) = (after.next(), after.next());
    let goes_on = match next {
        None => false,
        Some('.' | '-') => second.is_some_and(is_word),
        Some(':') => six && second.is_some_and(|c| c.is_ascii_hexdigit() || c == ':'),
        Some('%') => true,
        Some(c) => is_word(c),
    };
    goes_on || begins_before(mapped(before), six)
}

/// Whether a name that may be an address goes on before or behind.
pub(super) fn is_torn_name(text: &str, from: usize, to: usize) -> bool {
    let before = text.get(..from).unwrap_or_default().chars().next_back();
    let mut after = text.get(to..).unwrap_or_default().chars();
    let (next, second) = (after.next(), after.next());
    before.is_some_and(|c| is_word(c) || c == '.')
        || match next {
            Some('.' | '-') => second.is_some_and(is_word),
            Some(c) => is_word(c) || c == '%',
            None => false,
        }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Without `::ffff:`, which a pattern takes with an IPv4 address and does not capture.
fn mapped(before: &str) -> &str {
    let Some(rest) = before.strip_suffix(':') else { return before };
    let plain = rest.trim_end_matches(['f', 'F']);
    match (rest.len() - plain.len(), plain.strip_suffix("::")) {
        (4..=6, Some(plain)) => plain,
        _ => before,
    }
}

fn begins_before(before: &str, six: bool) -> bool {
    let mut back = before.chars().rev();
    let (last, second) = (back.next(), back.next());
    match last {
        None => false,
        Some('.' | '-') => second.is_some_and(is_word),
        Some(':') => {
            let part = |c: &char| is_word(*c) || matches!(c, '.' | ':' | '-');
            let token: String = before.chars().rev().skip(1).take_while(part).collect();
            let hexadecimal = token.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
            (!token.is_empty() && hexadecimal) || (six && token.is_empty())
        }
        Some(c) => is_word(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_an_address_is_none() {
        for (text, torn) in [
            ("<1.2.3.4>", false),
            ("from <1.2.3.4> port", false),
            ("[<1.2.3.4>]:25", false),
            ("<1.2.3.4>:25", false),
            ("at <1.2.3.4>. Bye", false),
            ("at <1.2.3.4>-", false),
            ("IP:<1.2.3.4>", false),
            ("::ffff:<1.2.3.4>", false),
            ("x=::FFFF:<1.2.3.4>", false),
            ("<1.2.3.4>.5", true),
            ("<1.2.3.4>.example", true),
            ("<1.2.3.4>-5", true),
            ("<1.2.3.4>5", true),
            ("<1.2.3.4>%eth0", true),
            ("1.<2.3.4.5>", true),
            ("1<2.3.4.5>", true),
            ("x<2.3.4.5>", true),
            ("a-<2.3.4.5>", true),
            ("::<2.3.4.5>", true),
            ("64:ff9b::<2.3.4.5>", true),
        ] {
            let from = text.find('<').unwrap();
            let to = text.find('>').unwrap() - 1;
            assert_eq!(is_torn(&text.replace(['<', '>'], ""), from, to, false), torn, "{text}");
        }
        for (text, torn) in [
            ("[<2001:db8::1>]", false),
            ("[IPv6:<2001:db8::1>]", false),
            ("<2001:db8::1>: 11: Bye", false),
            ("<2001:db8::1>:2:3", true),
            ("<2001:db8::1>.2", true),
            ("<fe80::1>%eth0", true),
            ("2001:<db8::1>", true),
            ("1<db8::1>", true),
        ] {
            let from = text.find('<').unwrap();
            let to = text.find('>').unwrap() - 1;
            assert_eq!(is_torn(&text.replace(['<', '>'], ""), from, to, true), torn, "{text}");
        }
    }
}
