//! A file as it is written: values with their places, in the order of the text.

use crate::check;
use crate::codes;
use portreeve_diag::{Diagnostic, FileId, Span};
use std::collections::HashSet;
use std::ops::Range;
use toml::de::{DeString, DeTable, DeValue, Error};

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Raw {
    /// Where.
    pub(crate) at: Span,
    /// What.
    pub(crate) value: Value,
}

/// A value of TOML.
#[derive(Debug)]
pub(crate) enum Value {
    /// A string.
    Text(String),
    /// A whole number: sign and digits of a radix.
    Integer(String, u32),
    /// A decimal number, as it is written.
    Float(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, of which the language has none.
    Date,
    /// An array.
    List(Vec<Raw>),
    /// A table.
    Table(Table),
}

/// A table, in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Table(pub(crate) Vec<Member>);

/// A key of a table, with its value.
#[derive(Debug)]
pub(crate) struct Member {
    /// The key.
    pub(crate) name: String,
    /// Where the key stands.
    pub(crate) named: Span,
    /// Its value.
    pub(crate) raw: Raw,
}

impl Table {
    /// The member of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Member> {
        self.0.iter().find(|member| member.name == name)
    }
}

impl Value {
    /// What it is, in words.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(..) => "a whole number",
            Self::Float(_) => "a decimal number",
            Self::Boolean(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a text as far as it is TOML, with the errors in it.
pub(crate) fn parse(file: FileId, text: &str) -> (Table, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    (self::table(file, table.get_ref()), findings(file, text, &errors))
}

/// The errors worth saying: one a line, and none after a list that was never closed, since
/// everything behind it is misread.
fn findings(file: FileId, text: &str, errors: &[Error]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut lines = HashSet::new();
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        let before = text.get(..range.start).unwrap_or_default();
        if !lines.insert(before.matches('\n').count()) {
            continue;
        }
        let message = error.message().trim().replace('\n', ", ");
        let (message, expected) = message.split_once(", expected ").unwrap_or((&message, ""));
        let line_so_far = before.rsplit('\n').next().unwrap_or_default();
        let unclosed = message.starts_with("missing comma") && line_so_far.trim().is_empty();
        let help = match (unclosed, expected, message) {
            (true, ..) => "close the list above with `]`, or put a comma there".to_owned(),
            (_, "", "duplicate key") => "keep one of the two".to_owned(),
            (_, "", _) => "see https://toml.io for how values are written".to_owned(),
            (_, expected, _) => format!("expected {expected}"),
        };
        let finding = check::error(codes::TOML_SYNTAX, span(file, range), message.to_lowercase());
        found.push(finding.help(help));
        if unclosed {
            break;
        }
    }
    found
}

fn table(file: FileId, table: &DeTable<'_>) -> Table {
    let member =
        |(name, value): (&toml::Spanned<DeString<'_>>, &toml::Spanned<DeValue<'_>>)| Member {
            name: name.get_ref().as_ref().to_owned(),
            named: span(file, name.span()),
            raw: raw(file, value),
        };
    let mut members: Vec<Member> = table.iter().map(member).collect();
    members.sort_by_key(|member| member.named.start);
    Table(members)
}

fn raw(file: FileId, value: &toml::Spanned<DeValue<'_>>) -> Raw {
    let at = span(file, value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.as_ref().to_owned()),
        DeValue::Integer(number) => Value::Integer(number.as_str().to_owned(), number.radix()),
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(entries) => Value::List(entries.iter().map(|e| raw(file, e)).collect()),
        DeValue::Table(inner) => Value::Table(table(file, inner)),
    };
    Raw { at, value }
}

fn span(file: FileId, range: Range<usize>) -> Span {
    Span::new(file, range.start, range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_the_order_of_the_text() {
        let text =
            "z = 1\n[service.b]\nx = [0o7, 1_000]\n[service.a]\n[service.b.limits]\ny = 1.5\n";
        let (top, errors) = parse(FileId(0), text);
        assert!(errors.is_empty());
        let names = |table: &Table| table.0.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&top), ["z", "service"]);
        let Some(Member { raw: Raw { value: Value::Table(services), .. }, .. }) =
            top.get("service")
        else {
            panic!()
        };
        assert_eq!(names(services), ["b", "a"]);
        let Value::Table(b) = &services.0[0].raw.value else { panic!() };
        let Value::List(list) = &b.get("x").unwrap().raw.value else { panic!() };
        assert!(matches!(&list[0].value, Value::Integer(digits, 8) if digits == "7"));
        assert!(matches!(&list[1].value, Value::Integer(digits, 10) if digits == "1000"));
    }

    #[test]
    fn one_reading_names_every_error() {
        let (_, errors) = parse(FileId(0), "a = \nb = 1\nb = 2\n[x\ny = 'z\n");
        assert!(errors.len() >= 3, "{errors:?}");
        let (_, errors) = parse(FileId(0), "a = [1\nb = 2\nc = 3\nd = 4\n");
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
}
