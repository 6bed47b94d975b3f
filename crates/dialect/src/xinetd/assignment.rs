//! One line of an entry: `NAME OP VALUE…`.

use super::lex::{self, Line, Word};
use super::raw::{Assignment, EntryLine, Operator};
use super::report::{error, quote};
use super::{attribute, codes};
use portreeve_diag::Span;

/// Splits an operator off the start of a word.
fn leading(word: &Word) -> Option<(Operator, Option<Word>)> {
    let (text, operator) = Operator::ALL.into_iter().find(|(op, _)| word.text.starts_with(op))?;
    let rest = word.text.get(text.len()..).filter(|rest| !rest.is_empty());
    let start = word.at.start + u32::try_from(text.len()).unwrap_or(0);
    let value = rest.map(|rest| Word { text: rest.to_owned(), at: Span { start, ..word.at } });
    Some((operator, value))
}

/// Whether a word begins with an operator, so that the word before it is an attribute's name.
pub(super) fn operates(word: Option<&Word>) -> bool {
    word.is_some_and(|word| leading(word).is_some())
}

/// Reads a line of an entry; a fault that leaves no doubt about what is meant is followed by the
/// line as meant, so that one slip is reported once.
pub(super) fn read(line: Line) -> Vec<EntryLine> {
    let oddity = lex::oddity(&line).map(|oddity| EntryLine::Fault(Box::new(oddity)));
    oddity.into_iter().chain(form(line)).collect()
}

fn form(line: Line) -> Vec<EntryLine> {
    let at = line.at();
    let mut rest = line.rest.into_iter();
    let second = rest.next();
    if let Some((operator, glued)) = second.as_ref().and_then(leading) {
        let values = glued.into_iter().chain(rest).collect();
        return vec![EntryLine::Assignment(Assignment { name: line.first, operator, values, at })];
    }
    if let Some((name, operator, glued)) = split(&line.first) {
        let values: Vec<Word> = glued.into_iter().chain(second).chain(rest).collect();
        let fault = no_blank(&line.first, &name, operator, &values);
        return vec![fault, EntryLine::Assignment(Assignment { name, operator, values, at })];
    }
    let mut lines = vec![no_operator(&line.first, second.as_ref(), at)];
    let plain = second.as_ref().is_some_and(|second| !second.text.contains('='));
    if plain && attribute::by_name(&line.first.text).is_some() {
        let values = second.into_iter().chain(rest).collect();
        let meant = Assignment { name: line.first, operator: Operator::Set, values, at };
        lines.push(EntryLine::Assignment(meant));
    }
    lines
}

/// `port=7001` as name, operator and value.
fn split(word: &Word) -> Option<(Word, Operator, Option<Word>)> {
    let equals = word.text.find('=')?;
    let sign = word.text.get(..equals)?.ends_with(['+', '-']);
    let cut = equals - usize::from(sign);
    let (name, tail) = word.text.split_at_checked(cut)?;
    let middle = word.at.start + u32::try_from(cut).unwrap_or(0);
    let tail = Word { text: tail.to_owned(), at: Span { start: middle, ..word.at } };
    let (operator, value) = leading(&tail)?;
    let name = Word { text: name.to_owned(), at: Span { end: middle, ..word.at } };
    Some((name, operator, value)).filter(|(name, ..)| !name.text.is_empty())
}

fn no_blank(word: &Word, name: &Word, operator: Operator, values: &[Word]) -> EntryLine {
    let message = format!("no blank before the operator in {}", quote(&word.text));
    let value = values.first().map_or("", |value| value.text.as_str());
    let edit = quote(&format!("{} {} {value}", name.text, operator.text()));
    let fault = error(codes::OPERATOR_BLANK, word.at, message)
        .help(format!("write {edit}"))
        .help("xinetd drops the whole entry for this");
    EntryLine::Fault(Box::new(fault))
}

fn no_operator(name: &Word, second: Option<&Word>, at: Span) -> EntryLine {
    let message = match second {
        Some(second) => {
            format!("{} after {} is no operator", quote(&second.text), quote(&name.text))
        }
        None => format!("nothing after {}", quote(&name.text)),
    };
    let value = second.map_or("VALUE", |second| second.text.as_str());
    let edit = quote(&format!("{} = {value}", name.text));
    let fault = error(codes::OPERATOR_MISSING, at, message)
        .help(format!("write {edit}, or make the line a comment"))
        .help("xinetd drops the whole entry for this");
    EntryLine::Fault(Box::new(fault))
}
