//! Patterns of file names, as glob(7) has them: `*`, `?` and `[…]` within one part of a path.

/// Whether a part of a path holds more than a name.
pub(super) fn is_pattern(part: &[u8]) -> bool {
    part.iter().any(|byte| b"*?[".contains(byte))
}

/// The bytes with which every name begins that a pattern matches.
pub(super) fn literal(part: &[u8]) -> &[u8] {
    let end = part.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(part.len());
    part.get(..end).unwrap_or_default()
}

/// Whether a name matches. A leading dot is matched by a dot alone. Takes time in proportion to both
/// lengths multiplied, at worst.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    // where the last star stands, and how much of the name it has eaten
    let mut star: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(at..).unwrap_or_default();
        let byte = name.get(read).copied();
        match (rest.first(), byte) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((at, read));
                at += 1;
                continue;
            }
            (Some(_), Some(byte)) => {
                if let Some(length) = one(rest, byte) {
                    (at, read) = (at + length, read + 1);
                    continue;
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
        match star {
            Some((place, eaten)) if eaten < name.len() => {
                star = Some((place, eaten + 1));
                (at, read) = (place + 1, eaten + 1);
            }
            Some(_) | None => return false,
        }
    }
}

/// How long the piece of the pattern is that stands for one byte, if it stands for this one.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => match class(rest, byte) {
            Some((length, hit)) => hit.then_some(length + 1),
            None => (byte == b'[').then_some(1), // never closed: a bracket
        },
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// The length of a class behind its bracket, and whether a byte is in it.
fn class(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let (mut at, mut hit) = (start, false);
    loop {
        let low = *pattern.get(at)?;
        if low == b']' && at > start {
            return Some((at + 1, hit != negated));
        }
        let high = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some(b'-'), Some(high)) if *high != b']' => Some(*high),
            _ => None,
        };
        match high {
            Some(high) => {
                hit |= (low..=high).contains(&byte);
                at += 3;
            }
            None => {
                hit |= low == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, yes, no) in [
            ("auth.log", &["auth.log"][..], &["auth.log.1", "xauth.log", ""][..]),
            ("*.log", &["a.log", "b.c.log"], &[".a.log", "a.log.1", "log"]),
            ("*", &["a", "a.b"], &[".a"]),
            (".*", &[".a"], &["a"]),
            ("a?c", &["abc", "a.c"], &["ac", "abbc"]),
            ("a*b*c", &["abc", "aXbYc", "abbcc"], &["acb", "ab"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[!a-c]x", &["dx"], &["ax"]),
            ("[]a]", &["]", "a"], &["b"]),
            ("a[b", &["a[b"], &["ab"]),
            ("\\*", &["*"], &["a"]),
            ("access-[0-9]*.log", &["access-1.log", "access-10b.log"], &["access-a.log"]),
        ] {
            for name in yes {
                assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
            for name in no {
                assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
        }
        let (long, stars) = ("a".repeat(255), "a*".repeat(64) + "b");
        assert!(!matches(stars.as_bytes(), long.as_bytes()));
        assert_eq!((literal(b"a*b"), literal(b"ab")), (&b"a"[..], &b"ab"[..]));
    }
}
