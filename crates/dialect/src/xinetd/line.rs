//! What can be said of a line before its values are read: does the attribute exist, may it stand
//! here, with this operator, with so many values, again.

use super::attribute::{self, Attribute, Count, Definition, Operators, Place};
use super::codes;
use super::lex::Word;
use super::raw::{Assignment, Entry, Operator, Subject};
use super::report::{Report, error, quote, warning};
use portreeve_diag::Level;
use std::collections::BTreeMap;

/// Whether an attribute stands at most once in an entry.
pub(super) fn is_set_once(definition: &Definition) -> bool {
    definition.operators == Operators::Set
}

/// Checks a line's form. Its definition and the values that are values come back, unless the line
/// cannot mean anything.
pub(super) fn check(
    entry: &Entry,
    line: &Assignment,
    seen: &BTreeMap<Attribute, Assignment>,
    report: &mut Report<'_>,
) -> Option<(&'static Definition, Vec<Word>)> {
    let Some(definition) = attribute::by_name(&line.name.text) else {
        report.push(unknown(line, report));
        return None;
    };
    let mut sound = place(entry, line, definition, report);
    sound &= operator(line, definition, report);
    let values = without_comment(line, definition, report);
    let values = unjoined(values, line, report);
    sound &= count(line, &values, definition, report);
    if let Some(first) = seen.get(&definition.attribute) {
        report.push(repeated(line, first, definition.attribute));
    }
    sound.then_some((definition, values))
}

fn unknown(line: &Assignment, report: &Report<'_>) -> portreeve_diag::Diagnostic {
    let message = format!("there is no attribute {}", quote(&line.name.text));
    let finding = error(codes::UNKNOWN_ATTRIBUTE, line.name.at, message);
    match report.nearest(&line.name.text, attribute::names()) {
        Some(name) => finding.help(format!("write `{name}`")),
        None => finding.help("remove the line, or make it a comment"),
    }
    .help("xinetd ignores the line and runs the service without it")
}

fn place(
    entry: &Entry,
    line: &Assignment,
    definition: &Definition,
    report: &mut Report<'_>,
) -> bool {
    let misplaced = match (&entry.subject, definition.place) {
        (Subject::Defaults, Place::Service) => Some((
            codes::NOT_IN_DEFAULTS,
            format!("`{}` does nothing in `defaults`", definition.name),
            "write it in each service it is meant for; xinetd ignores it here",
        )),
        (Subject::Service(_), Place::Defaults) => Some((
            codes::NOT_IN_SERVICE,
            format!("`{}` does nothing in a service", definition.name),
            "move it into `defaults`, or write `disable = yes` or `no` here",
        )),
        (Subject::Defaults, Place::Both | Place::Defaults)
        | (Subject::Service(_), Place::Both | Place::Service)
        | (Subject::Unknown, Place::Both | Place::Service | Place::Defaults) => None,
    };
    let sound = misplaced.is_none();
    if let Some((code, message, help)) = misplaced {
        report.push(error(code, line.name.at, message).help(help));
    }
    sound
}

fn operator(line: &Assignment, definition: &Definition, report: &mut Report<'_>) -> bool {
    let has = match (definition.operators, line.operator) {
        (_, Operator::Set) | (Operators::List, Operator::Add | Operator::Remove) => true,
        (Operators::SetAdd | Operators::Cumulative, Operator::Add) => true,
        (Operators::Set, Operator::Add | Operator::Remove)
        | (Operators::SetAdd | Operators::Cumulative, Operator::Remove) => false,
    };
    if !has {
        let (name, text) = (definition.name, line.operator.text());
        let what = match definition.operators {
            Operators::Cumulative => "xinetd adds the ids, as with `+=`",
            Operators::SetAdd => "xinetd disables the service for it",
            Operators::Set | Operators::List => "xinetd ignores the line",
        };
        report.push(
            error(codes::OPERATOR, line.at, format!("`{name}` has no operator `{text}`"))
                .help(format!("it has {} alone", definition.operators))
                .help(what),
        );
    }
    has
}

/// Values up to a `#`, which is where somebody meant them to end.
fn without_comment(
    line: &Assignment,
    definition: &Definition,
    report: &mut Report<'_>,
) -> Vec<Word> {
    let Some(at) = line.values.iter().position(|word| word.text.starts_with('#')) else {
        return line.values.clone();
    };
    let (values, comment) = line.values.split_at_checked(at).unwrap_or((&line.values, &[]));
    let Some(hash) = comment.first() else { return line.values.clone() };
    let passed = definition.attribute == Attribute::ServerArgs;
    let mut finding =
        error(codes::TRAILING_COMMENT, hash.at, "`#` starts a comment only at a line's start")
            .help("move the comment to a line of its own");
    if passed {
        finding.level = Level::Warning;
        report.push(finding.help("the server gets these words as arguments"));
        return line.values.clone();
    }
    report.push(finding.help("xinetd takes `#` and what follows as values"));
    values.to_vec()
}

/// Values up to an attribute with its operator: a line that lost its line break.
fn unjoined(values: Vec<Word>, line: &Assignment, report: &mut Report<'_>) -> Vec<Word> {
    let known = |word: &Word| attribute::by_name(&word.text).is_some();
    let operator = |word: &Word| Operator::ALL.iter().any(|(text, _)| word.text == *text);
    let joined = values.windows(2).position(|pair| match pair {
        [name, next] => known(name) && operator(next),
        _ => false,
    });
    let Some(at) = joined else { return values };
    if let Some(name) = values.get(at) {
        let message = format!("{} looks like a line of its own", quote(&name.text));
        report.push(
            error(codes::JOINED_LINES, name.at, message)
                .also(line.name.at, "among the values of this attribute")
                .help("put a line break before it"),
        );
    }
    values.into_iter().take(at).collect()
}

fn count(
    line: &Assignment,
    values: &[Word],
    definition: &Definition,
    report: &mut Report<'_>,
) -> bool {
    let fits = match definition.count {
        Count::Exactly(wanted) => values.len() == wanted,
        Count::Some => !values.is_empty(),
        Count::Any => true,
    };
    let reported = values.len() < line.values.len(); // by what cut them off
    let silent = fits || (reported && values.is_empty());
    if !silent {
        let (name, wanted, found) = (definition.name, definition.count, values.len());
        let plural = if definition.count == Count::Exactly(1) { "" } else { "s" };
        let message = format!("`{name}` takes {wanted} value{plural}, not {found}");
        let finding = error(codes::VALUE_COUNT, line.at, message);
        let finding = match (definition.count, values.first()) {
            (Count::Exactly(1), Some(first)) => {
                finding.help(format!("write {}", quote(&format!("{name} = {}", first.text))))
            }
            (Count::Exactly(_) | Count::Some | Count::Any, _) => {
                finding.help("write the values, separated by blanks")
            }
        };
        report.push(finding.help("xinetd ignores the line and runs the service without it"));
    }
    fits
}

pub(super) fn repeated(
    line: &Assignment,
    first: &Assignment,
    attribute: Attribute,
) -> portreeve_diag::Diagnostic {
    let words = |line: &Assignment| line.values.iter().map(|w| w.text.clone()).collect::<Vec<_>>();
    let finding = match words(line) == words(first) {
        true => warning(codes::REPEATED, line.at, format!("{attribute} is set a second time")),
        false => {
            let message = format!("{attribute} is set a second time, to something else");
            error(codes::REPEATED, line.at, message)
        }
    };
    finding.also(first.at, "set here").help("remove one of the lines; xinetd ignores the second")
}
