//! Sets of characters, as Python has them for text.

use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, HirKind};

/// Of these characters and these ranges.
pub(super) fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(from, to)| ClassUnicodeRange::new(from, to)))
}

/// Every character that is not in it.
pub(super) fn not(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

/// With what differs in case only. Where the tables are missing nothing is added; they are there.
pub(super) fn folded(mut class: ClassUnicode) -> ClassUnicode {
    let _tables = class.try_case_fold_simple();
    class
}

/// `.`: every character but a line feed, or every one.
pub(super) fn any(feeds_too: bool) -> ClassUnicode {
    if feeds_too { of(&[('\0', char::MAX)]) } else { not(of(&[('\n', '\n')])) }
}

/// `\d`, `\s` or `\w`, of all characters or of ASCII alone.
pub(super) fn named(letter: char, ascii: bool) -> Option<ClassUnicode> {
    Some(match (letter, ascii) {
        ('d', true) => of(&[('0', '9')]),
        ('s', true) => of(&[('\t', '\r'), (' ', ' ')]),
        ('w', true) => of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        ('d', false) => DIGITS.clone(),
        ('s', false) => of(&SPACES),
        ('w', false) => WORDS.clone(),
        _ => return None,
    })
}

/// Whether `\b` counts it as part of a word.
pub(super) fn is_word(character: char) -> bool {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric() || byte == b'_',
        _ => holds(&WORDS, character),
    }
}

/// Whether a character is in it.
pub(super) fn holds(class: &ClassUnicode, character: char) -> bool {
    class
        .ranges()
        .binary_search_by(|range| {
            if range.end() < character {
                std::cmp::Ordering::Less
            } else if range.start() > character {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

/// `str.isspace`: white space, and the four separators of ASCII.
const SPACES: [(char, char); 10] = [
    ('\t', '\r'),
    ('\x1c', ' '),
    ('\u{85}', '\u{85}'),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];

/// `str.isdecimal`.
static DIGITS: LazyLock<ClassUnicode> = LazyLock::new(|| table(r"\p{Nd}"));

/// `str.isalnum`, and the underscore.
static WORDS: LazyLock<ClassUnicode> = LazyLock::new(|| table(r"[\p{L}\p{N}_]"));

/// A class of the Unicode tables.
fn table(text: &str) -> ClassUnicode {
    match regex_syntax::parse(text).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => class,
        _ => ClassUnicode::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_there() {
        for (letter, inside, outside) in [
            ('d', "09٣", "aä "),
            ('w', "aZ_9ä²ⅷ", " -\u{301}‿"),
            ('s', " \t\x1c\u{a0}", "a\u{200b}"),
        ] {
            let class = named(letter, false).expect("it has a name");
            assert!(inside.chars().all(|c| holds(&class, c)), "{letter}");
            assert!(!outside.chars().any(|c| holds(&class, c)), "{letter}");
        }
        assert!(holds(&folded(of(&[('k', 'k')])), 'K'));
        assert!(is_word('ä') && is_word('_') && !is_word('-') && !is_word('\u{301}'));
    }
}
