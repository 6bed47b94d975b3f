//! What one reading of a configuration has found so far: the texts and the findings about them.

use crate::questions::Questions;
use portreeve_diag::{Code, Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::{Dialect, Origin};
use std::cell::Cell;
use std::collections::HashSet;

/// Texts and findings. A finding about the same place is kept once, however many services share
/// the line (those of `[defaults]` are read for each).
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// Every text read.
    pub(crate) sources: Sources,
    /// Every finding.
    pub(crate) found: Diagnostics,
    /// What the host's resolver is to be asked.
    pub(crate) questions: Questions,
    said: HashSet<(Span, Code, String)>,
    last: Cell<Option<(Span, Origin)>>,
}

impl Check {
    /// The place of a span, for the model. Spans come in the order of the text, mostly, and a list
    /// of thousands may stand in one line: counting goes on where it last ended.
    pub(crate) fn origin(&self, at: Span) -> Origin {
        let origin = self.further(at).unwrap_or_else(|| {
            let (line, column) = self.sources.line_column(at);
            Origin { file: at.file.0, line, column, dialect: Dialect::Native }
        });
        self.last.set(Some((at, origin)));
        origin
    }

    /// The place of a span that stands behind the last one in its line.
    fn further(&self, at: Span) -> Option<Origin> {
        let (before, origin) = self.last.get().filter(|(before, _)| before.file == at.file)?;
        let range = usize::try_from(before.start).ok()?..usize::try_from(at.start).ok()?;
        let between = self.sources.text(at.file).get(range).filter(|text| !text.contains('\n'))?;
        let column = origin.column.checked_add(u32::try_from(between.chars().count()).ok()?)?;
        Some(Origin { column, ..origin })
    }

    /// Keeps a finding.
    pub(crate) fn say(&mut self, finding: Diagnostic) {
        let new = match finding.at {
            Some(at) => self.said.insert((at, finding.code, finding.message.clone())),
            None => true,
        };
        if new {
            self.found.push(finding);
        }
    }

    /// Keeps the findings of a reading, each with its level changed, and the count of those that it
    /// did not keep.
    pub(crate) fn say_all(&mut self, found: Diagnostics, level: impl Fn(Level) -> Level) {
        let (kept, counted) = found.divided();
        kept.into_iter().for_each(|one| self.say(Diagnostic { level: level(one.level), ..one }));
        self.found.append(counted, level);
    }

    /// The texts, and the findings in the order of the texts.
    pub(crate) fn done(mut self) -> (Sources, Diagnostics) {
        self.found.sort();
        (self.sources, self.found)
    }
}

/// The span of an origin, from its column to the end of its word; `None` where its text is not at
/// hand.
pub(crate) fn place(sources: &Sources, origin: Origin) -> Option<Span> {
    let file = FileId(origin.file);
    let text = Some(sources.text(file)).filter(|text| !text.is_empty())?;
    let column = usize::try_from(origin.column).unwrap_or(1).saturating_sub(1);
    let before = usize::try_from(sources.line_span(file, origin.line).start).ok()?;
    let rest = text.get(before..).unwrap_or_default();
    let inside: usize = rest.chars().take(column).map(char::len_utf8).sum();
    let start = before + inside;
    let word = text.get(start..).unwrap_or_default();
    let length = word.find([' ', '\t', '\n', ',', ']', '}']).unwrap_or(word.len());
    Some(Span::new(file, start, start + length))
}

/// An error at a place, to be given help.
pub(crate) fn error(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Error, code, Some(at), message)
}

/// A warning at a place.
pub(crate) fn warning(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Warning, code, Some(at), message)
}

/// A note at a place.
pub(crate) fn note(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Level::Note, code, Some(at), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_from_wherever_they_are_counted() {
        let text = "a = [\"é\", \"b\"]\nc = \"d\"\n[x]\n";
        let mut check = Check::default();
        let file = check.sources.add("f", text);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for order in [starts.clone(), starts.iter().rev().copied().collect(), vec![3, 9, 5, 20, 4]]
        {
            for start in order {
                let at = Span::new(file, start, start + 1);
                let origin = check.origin(at);
                assert_eq!((origin.line, origin.column), check.sources.line_column(at), "{start}");
            }
        }
    }
}
