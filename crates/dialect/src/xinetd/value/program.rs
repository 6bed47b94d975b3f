//! Paths, users, groups, environment.

use super::super::attribute::Attribute;
use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, quote};
use super::bad;
use portreeve_model::Principal;

/// An absolute path.
pub(in super::super) fn path(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<String> {
    if word.text.starts_with('/') {
        return Some(word.text.clone());
    }
    let message = format!("the path {} of {attribute} is relative", quote(&word.text));
    report.push(error(codes::RELATIVE_PATH, word.at, message).help("write it from `/`"));
    None
}

/// A user or group: a name or a number.
pub(in super::super) fn principal(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<Principal> {
    let text = word.text.as_str();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-$@+\\".contains(&b);
    if text.bytes().all(|b| b.is_ascii_digit()) {
        // The last number means "no change" to setuid(2).
        let number = text.parse().ok().filter(|n| *n != u32::MAX).map(Principal::Number);
        if number.is_none() {
            report.push(bad(attribute, word, "a name, or a number up to 4294967294"));
        }
        return number;
    }
    if text.len() > 256 || text.starts_with('-') || !text.bytes().all(plain) {
        report.push(bad(attribute, word, "one name, or a number"));
        return None;
    }
    Some(Principal::Name(text.to_owned()))
}

/// `NAME=VALUE`.
pub(in super::super) fn variable(word: &Word, report: &mut Report<'_>) -> Option<(String, String)> {
    let pair = word.text.split_once('=').filter(|(name, _)| !name.is_empty());
    if pair.is_none() {
        let takes = "`NAME=VALUE` pairs; no value can hold a blank";
        report.push(bad(Attribute::Env, word, takes));
    }
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// The name of a variable.
pub(in super::super) fn variable_name(word: &Word, report: &mut Report<'_>) -> Option<String> {
    if word.text.contains('=') {
        report.push(bad(Attribute::Passenv, word, "names of variables, without `=`"));
        return None;
    }
    Some(word.text.clone())
}
