//! One value of the operator's text, with the key it was written for.

use super::fields::Fields;
use super::raw::{Member, Raw, Table, Value};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::{Key, Scope};
use portreeve_diag::Span;
use portreeve_model::Sited;
use std::ops::RangeInclusive;

/// A value. Each reading either gives what was asked for, or says why not and gives nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    /// The key.
    pub(crate) key: &'static Key,
    /// Where the key stands.
    pub(crate) named: Span,
    /// Where the value stands.
    pub(crate) at: Span,
    /// The value.
    pub(crate) value: &'a Value,
}

impl<'a> Item<'a> {
    /// The value of a member.
    pub(crate) fn of(key: &'static Key, member: &'a Member) -> Self {
        Self { key, named: member.named, at: member.raw.at, value: &member.raw.value }
    }

    /// Another value, read as one of this key.
    pub(crate) fn inner(self, raw: &'a Raw) -> Self {
        Self { at: raw.at, value: &raw.value, ..self }
    }

    /// A text without NUL bytes.
    pub(crate) fn text(&self, check: &mut Check) -> Option<&'a str> {
        let Value::Text(text) = self.value else { return self.wrong_type(check) };
        if text.contains('\0') {
            self.refuse(check, "a NUL byte ends a text for the kernel");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, check: &mut Check) -> Option<bool> {
        if let Value::Boolean(yes) = self.value { Some(*yes) } else { self.wrong_type(check) }
    }

    /// A whole number in a range.
    pub(crate) fn number(&self, check: &mut Check, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(number) = self.integer() else { return self.wrong_type(check) };
        match number.ok().filter(|n| range.contains(n)) {
            Some(number) => Some(number),
            None => {
                let (least, most) = (range.start(), range.end());
                self.refuse(check, &format!("not a number from {least} to {most}"));
                None
            }
        }
    }

    /// The whole number, if it is one: `Err` when it is past 64 bits.
    pub(crate) fn integer(&self) -> Option<Result<i64, ()>> {
        let Value::Integer(digits, radix) = self.value else { return None };
        Some(i64::from_str_radix(digits, *radix).map_err(|_| ()))
    }

    /// A whole number in a range, that fits 32 bits.
    pub(crate) fn count(&self, check: &mut Check, range: RangeInclusive<u32>) -> Option<u32> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.number(check, range).and_then(|n| u32::try_from(n).ok())
    }

    /// A number in thousandths, in a range of those: `1`, `0.25`.
    pub(crate) fn thousandths(&self, check: &mut Check, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match self.value {
            Value::Integer(digits, radix) => {
                i64::from_str_radix(digits, *radix).ok().and_then(|whole| whole.checked_mul(1000))
            }
            Value::Float(text) => thousandths(text),
            Value::Text(_) | Value::Boolean(_) | Value::Date | Value::List(_) | Value::Table(_) => {
                return self.wrong_type(check);
            }
        };
        let fits = number.and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        if fits.is_none() {
            let show = |n: u32| f64::from(n) / 1000.0;
            let (least, most) = (show(*range.start()), show(*range.end()));
            let reason = format!("not a number from {least} to {most} with at most three decimals");
            self.refuse(check, &reason);
        }
        fits
    }

    /// Whether the value is this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self.value, Value::Text(text) if text == word)
    }

    /// A text that a parser understands.
    pub(crate) fn parsed<T>(
        &self,
        check: &mut Check,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(check)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(check, &reason);
                None
            }
        }
    }

    /// One of some words.
    pub(crate) fn one_of<T: Copy>(&self, check: &mut Check, words: &[(&str, T)]) -> Option<T> {
        self.parsed(check, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("`{text}` is none of its words"))
        })
    }

    /// The entries of a list.
    pub(crate) fn entries(&self, check: &mut Check) -> Option<Vec<Self>> {
        let Value::List(entries) = self.value else { return self.wrong_type(check) };
        Some(entries.iter().map(|raw| self.inner(raw)).collect())
    }

    /// The entries of a list, or a single value as a list of one.
    pub(crate) fn entries_or_one(&self, check: &mut Check) -> Option<Vec<Self>> {
        if self.is_list() { self.entries(check) } else { Some(vec![*self]) }
    }

    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// Whether it is a list without entries.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.value, Value::List(entries) if entries.is_empty())
    }

    /// Whether it is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    /// A table of a scope.
    pub(crate) fn table(&self, check: &mut Check, scope: Scope) -> Option<Fields<'a>> {
        let table = self.raw_table(check)?;
        Some(Fields::open(check, scope, self.at_table(), table))
    }

    /// A table whose keys are the operator's own words.
    pub(crate) fn raw_table(&self, check: &mut Check) -> Option<&'a Table> {
        if let Value::Table(table) = self.value { Some(table) } else { self.wrong_type(check) }
    }

    /// An inline table is cited as a whole, a `[header]` by its name.
    fn at_table(&self) -> Span {
        if self.at.start <= self.named.start { self.named } else { self.at }
    }

    /// A value with the place of its key.
    pub(crate) fn sited<T>(&self, check: &Check, value: T) -> Sited<T> {
        Sited::new(value, check.origin(self.named))
    }

    /// Says that the value is none the key takes.
    pub(crate) fn refuse(&self, check: &mut Check, reason: &str) {
        let Key { name, form, example, .. } = self.key;
        let help = format!("`{name}` takes {}, such as `{example}`", plain(form));
        let message = format!("`{name}`: {reason}");
        check.say(check::error(codes::BAD_VALUE, self.at, message).help(help));
    }

    /// Says that the value is of the wrong type; gives nothing, so that it can end a function.
    pub(crate) fn wrong_type<T>(&self, check: &mut Check) -> Option<T> {
        let Key { name, form, example, .. } = self.key;
        let message = format!("`{name}` takes {}, not {}", plain(form), self.value.noun());
        let help = format!("write `{name} = {example}`");
        check.say(check::error(codes::WRONG_TYPE, self.at, message).help(help));
        None
    }
}

/// A decimal number with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<i64> {
    let text = text.replace('_', "");
    let (whole, decimals) = text.split_once('.')?;
    let decimals = decimals.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    if decimals.len() > 3 || !digits(decimals) || !digits(whole) {
        return None;
    }
    let decimals = format!("{decimals:0<3}").parse::<i64>().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(decimals)
}

/// A form without the marks of Markdown.
fn plain(form: &str) -> String {
    form.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_thousandths() {
        for (text, want) in [
            ("1.5", Some(1500)),
            ("0.25", Some(250)),
            ("1_000.001", Some(1_000_001)),
            ("+2.0", Some(2000)),
            ("0.2000000", Some(200)),
            ("0.0001", None),
            ("-1.0", None),
            ("1e3", None),
            ("1.5e3", None),
            ("inf", None),
            ("nan", None),
            ("99999999999999999999.0", None),
        ] {
            assert_eq!(thousandths(text), want, "{text}");
        }
    }
}
