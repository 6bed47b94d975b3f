//! What is wrong with a list: the first bad lines, with their texts, and how many more there are.

use super::super::Reader;
use super::entry::Trouble;
use crate::codes;
use portreeve_diag::{Diagnostic, FileId, Level, Span};
use portreeve_model::SourceFile;

/// Errors that are told, and warnings; the rest are counted.
const ERRORS: usize = 100;
const WARNINGS: usize = 20;

/// Bytes of a line that are shown.
const SHOWN: usize = 400;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    kept: Vec<Kept>,
    errors: usize,
    warnings: usize,
}

#[derive(Debug)]
struct Kept {
    line: u32,
    text: String,
    /// Bytes of the text.
    at: (usize, usize),
    trouble: Trouble,
}

impl Report {
    /// Adds what is to be told of a line.
    pub(super) fn add(&mut self, line: u32, text: &[u8], trouble: Trouble) {
        let (count, most) = match trouble.level {
            Level::Error => (&mut self.errors, ERRORS),
            Level::Warning | Level::Note => (&mut self.warnings, WARNINGS),
        };
        *count = count.saturating_add(1);
        if *count <= most {
            self.kept.push(Kept::new(line, text, trouble));
        }
    }

    /// Tells everything; the list's source gets the texts of the lines that are told of.
    ///
    /// # Errors
    /// How many lines are wrong, if any is.
    pub(super) fn tell(self, file: &SourceFile, reader: &mut Reader<'_>) -> Result<(), String> {
        let Self { kept, errors, warnings } = self;
        let id = FileId(file.file);
        let texts = kept.iter().map(|kept| (kept.line, kept.text.as_str()));
        reader.check.sources.excerpt(id, texts);
        let mut start = 0_usize;
        for Kept { text, at, trouble, .. } in kept {
            let at = Span::new(id, start.saturating_add(at.0), start.saturating_add(at.1));
            let Trouble { level, code, message, help, .. } = trouble;
            reader.check.say(Diagnostic::new(level, code, Some(at), message).help(help));
            start = start.saturating_add(text.len()).saturating_add(1);
        }
        for (count, most, level, what) in [
            (errors, ERRORS, Level::Error, "are wrong"),
            (warnings, WARNINGS, Level::Warning, "are odd"),
        ] {
            let Some(more) = count.checked_sub(most).filter(|more| *more > 0) else { continue };
            let message = format!("`{}`: {more} more lines {what}", file.path);
            let finding = Diagnostic::new(level, codes::BAD_PATTERN, reader.named(), message);
            reader.check.say(finding.help("mend those above first, and check again"));
        }
        match errors {
            0 => Ok(()),
            1 => Err("a line of it is wrong".into()),
            _ => Err(format!("{errors} lines of it are wrong")),
        }
    }
}

impl Kept {
    fn new(line: u32, text: &[u8], trouble: Trouble) -> Self {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let from = trouble.at.start.min(text.len());
        let shown = text.get(..SHOWN.min(text.len())).unwrap_or(text);
        // places are of the text as it is shown, where other characters stand for bad bytes
        let upto = |end: usize| {
            let before = shown.get(..end.min(shown.len())).unwrap_or(shown);
            String::from_utf8_lossy(before).len()
        };
        let at = (upto(from), upto(trouble.at.end));
        let shown = String::from_utf8_lossy(shown).replace('\r', " ");
        Self { line, text: shown, at, trouble }
    }
}
