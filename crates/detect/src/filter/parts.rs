//! The texts of a filter, each compiled, or all that is wrong with them.

use portreeve_model::{FilterText, Sited};

use super::date::Dates;
use super::pattern::{Pattern, Reading};
use super::python::Fault;
use super::refusal::{Part, Refusal};

/// What a filter consists of.
pub(super) struct Parts {
    pub(super) dates: Dates,
    pub(super) pre: Option<Pattern>,
    pub(super) fails: Vec<Pattern>,
    pub(super) ignores: Vec<Pattern>,
}

/// Compiles all of them.
pub(super) fn compile(text: &FilterText) -> Result<Parts, Vec<Refusal>> {
    let mut compiler = Compiler { text, refusals: Vec::new() };
    let several_lines = text.maxlines > 1;
    let reading = Reading { usedns: text.usedns, several_lines, at_lines: false };
    let pre = text.prefregex.as_ref().filter(|pre| !pre.value.is_empty());
    let pre = pre.and_then(|pre| compiler.pattern(pre, Part::Pre, reading));
    let identified = pre.as_ref().is_some_and(Pattern::identifies);
    let reading_fails = Reading { at_lines: several_lines, ..reading };
    let mut fails = Vec::new();
    for (number, fail) in (1..).zip(&text.failregex) {
        let Some(pattern) = compiler.pattern(fail, Part::Fail(number), reading_fails) else {
            continue;
        };
        if !identified && !pattern.identifies() {
            let why = "it says of nobody: it has no <HOST>, <ADDR>, <F-ID> or <F-MLFID>".into();
            let _none: Option<()> = compiler.refuse(Part::Fail(number), Fault { at: 0, why }, fail);
        }
        fails.push(pattern);
    }
    let ignores = (1..).zip(&text.ignoreregex);
    let ignores = ignores
        .filter_map(|(number, ignore)| compiler.pattern(ignore, Part::Ignore(number), reading))
        .collect();
    let dates = match (&text.datepattern, Dates::new(text.datepattern.as_ref().map(value))) {
        (_, Ok(dates)) => Some(dates),
        (Some(pattern), Err(fault)) => compiler.refuse(Part::Date, fault, pattern),
        (None, Err(fault)) => {
            let refusal = Refusal::new(&text.name, Part::Date, fault, text.origin);
            compiler.refusals.push(refusal);
            None
        }
    };
    match dates.filter(|_| compiler.refusals.is_empty()) {
        Some(dates) => Ok(Parts { dates, pre, fails, ignores }),
        None => Err(compiler.refusals),
    }
}

fn value(text: &Sited<String>) -> &str {
    &text.value
}

struct Compiler<'t> {
    text: &'t FilterText,
    refusals: Vec<Refusal>,
}

impl Compiler<'_> {
    fn pattern(&mut self, text: &Sited<String>, part: Part, reading: Reading) -> Option<Pattern> {
        match Pattern::new(&text.value, reading) {
            Ok(pattern) => Some(pattern),
            Err(fault) => self.refuse(part, fault, text),
        }
    }

    fn refuse<T>(&mut self, part: Part, fault: Fault, text: &Sited<String>) -> Option<T> {
        self.refusals.push(Refusal::new(&self.text.name, part, fault, text.origin));
        None
    }
}
