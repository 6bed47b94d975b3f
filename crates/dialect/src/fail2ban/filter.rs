//! What a filter and its jail say together, as texts that can be compiled.

use super::codes;
use super::fault::{Fault, fault, say, shown};
use super::interpolate::Values;
use super::text::{Text, blank};
use super::words::{shell_words, whole};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Sources, Span};
use portreeve_model::{Dialect, FilterText, JournalTerm, Origin, Sited, UseDns};

/// A filter with everything but its tags put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its texts.
    pub text: FilterText,
    /// Which entries of the journal it is for, where it says so: terms of each alternative, as
    /// [`Journal`](portreeve_model::Journal) has them.
    pub journal: Vec<Vec<JournalTerm>>,
}

/// Makes model values of texts.
pub(super) struct Maker<'a> {
    pub(super) sources: &'a Sources,
    pub(super) found: &'a mut Diagnostics,
    /// Whether lines come from the journal.
    pub(super) from_journal: bool,
}

impl Maker<'_> {
    /// The place of a span, for the model.
    pub(super) fn origin(&self, at: Option<Span>) -> Origin {
        let (file, (line, column)) = match at {
            Some(at) => (at.file.0, self.sources.line_column(at)),
            None => (0, (0, 1)),
        };
        Origin { file, line, column, dialect: Dialect::Fail2ban }
    }

    fn sited(&self, text: &Text) -> Sited<String> {
        Sited::new(text.as_str().to_owned(), self.origin(text.mostly()))
    }

    /// What is given to the real thing: the filter's options, then the jail's own.
    pub(super) fn filter(
        &mut self,
        name: &str,
        filter: &Values,
        jail: &Values,
        at: Option<Span>,
    ) -> Result<Filter, Fault> {
        // of these the filter's are set last, with parameters in brackets among them
        let first = |name| filter.get(name).or_else(|| jail.get(name));
        let last = |name| jail.get(name).or_else(|| filter.get(name));
        let both = |name| {
            let values = [filter.get(name), jail.get(name)].into_iter().flatten();
            values.flat_map(|value| value.split('\n')).filter(|line| !line.is_empty())
        };
        let some = |text: &&Text| !text.is_empty();
        let (failregex, ignoreregex): (Vec<Text>, Vec<Text>) =
            (both("failregex").collect(), both("ignoreregex").collect());
        if failregex.is_empty() {
            let message = format!("the filter `{}` looks for nothing", shown(name));
            let help = "give it a `failregex`, or leave it out";
            return Err(fault(codes::NO_FAILREGEX, at, message, help));
        }
        let lines: Vec<Text> = both("journalmatch").collect();
        let journal = self.journal(&lines)?;
        let text = FilterText {
            name: name.to_owned(),
            prefregex: first("prefregex").filter(some).map(|text| self.sited(text)),
            failregex: failregex.iter().map(|text| self.sited(text)).collect(),
            ignoreregex: ignoreregex.iter().map(|text| self.sited(text)).collect(),
            datepattern: last("datepattern").map(|text| self.sited(text)),
            maxlines: first("maxlines").map_or(Ok(1), max_lines)?,
            usedns: first("usedns").map_or(UseDns::default(), |text| self.usedns(text)),
            origin: self.origin(at),
        };
        bounded(&text, at)?;
        Ok(Filter { text, journal })
    }

    /// Terms that cannot be read are nothing to whoever reads files.
    fn journal(&mut self, lines: &[Text]) -> Result<Vec<Vec<JournalTerm>>, Fault> {
        let terms: Result<Vec<_>, Fault> = lines.iter().map(journal_terms).collect();
        match terms {
            Ok(terms) => Ok(terms.concat()),
            Err(error) if self.from_journal => Err(error),
            Err(error) => {
                self.found.push(Diagnostic { level: Level::Warning, ..*error });
                Ok(Vec::new())
            }
        }
    }

    fn usedns(&mut self, text: &Text) -> UseDns {
        let word = text.as_str().to_lowercase();
        let known = UseDns::ALL.iter().find(|(name, _)| *name == word).map(|(_, this)| *this);
        known.unwrap_or_else(|| {
            let message = format!("`usedns` is `{}`, which means `no`", shown(text.as_str()));
            let help = "write `yes`, `warn`, `no` or `raw`";
            self.found.push(say(Level::Warning, codes::USEDNS, text.place(0), message, help));
            UseDns::No
        })
    }
}

fn max_lines(text: &Text) -> Result<u32, Fault> {
    let number = whole(text.as_str()).and_then(|number| u32::try_from(number).ok());
    number.filter(|number| (1..=FilterText::MOST_LINES).contains(number)).ok_or_else(|| {
        let most = FilterText::MOST_LINES;
        let message = format!("`maxlines` is `{}`", shown(text.as_str()));
        fault(codes::BAD_VALUE, text.place(0), message, format!("write a number from 1 to {most}"))
    })
}

/// The alternatives of one line of `journalmatch`.
fn journal_terms(line: &Text) -> Result<Vec<Vec<JournalTerm>>, Fault> {
    let wrong = |message: String| {
        let help = "write `FIELD=value` terms, with `+` between alternatives";
        fault(codes::JOURNAL_MATCH, line.place(0), message, help)
    };
    let text = line.as_str();
    let words = shell_words(text)
        .ok_or_else(|| wrong(format!("a quote is left open in `{}`", shown(text))))?;
    let mut alternatives = vec![Vec::new()];
    for word in words {
        if word == "+" {
            alternatives.push(Vec::new());
            continue;
        }
        let term = word.split_once('=').filter(|(field, _)| JournalTerm::is_field(field));
        let Some((field, value)) = term.filter(|(_, value)| JournalTerm::is_value(value)) else {
            return Err(wrong(format!("`{}` is no `FIELD=value`", shown(&word))));
        };
        let term = JournalTerm { field: field.into(), value: value.into() };
        alternatives.last_mut().into_iter().for_each(|last| last.push(term.clone()));
    }
    alternatives.retain(|terms| !terms.is_empty());
    Ok(alternatives)
}

/// Refuses more text than a filter may hold.
fn bounded(filter: &FilterText, at: Option<Span>) -> Result<(), Fault> {
    filter.fits().map_err(|reason| {
        let message = format!("the filter `{}` {reason}", shown(&filter.name));
        fault(codes::TOO_LARGE, at, message, "divide it")
    })
}

/// The last part of a path, without its ending: what a filter is called.
pub(super) fn called(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".conf").or_else(|| name.strip_suffix(".local")).unwrap_or(name)
}

/// A text without blanks around it, that is not empty.
pub(super) fn said(text: Option<&Text>) -> Option<&Text> {
    text.filter(|text| !text.as_str().trim_matches(blank).is_empty())
}
