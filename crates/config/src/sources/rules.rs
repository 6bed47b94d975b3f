//! Rules of tcprules(1): a database, or the text that one is made from.
//!
//! Which of both a file is, its bytes say: the head of a database has bytes of zero, a text has
//! none. A file without any byte is neither: whoever cuts a database to nothing refuses nobody with
//! it, were it taken for a text without rules.

mod asked;
mod database;
mod text;

pub(crate) use asked::tell;

use super::{Image, Reader};
use crate::check::Check;
use crate::codes;
use crate::world::Owner;
use portreeve_diag::{Diagnostic, FileId, Level, Span};
use portreeve_model::{MissingRules, SourceFile};
use portreeve_ucspi::image::{self as rules, Step, of_nothing};

/// Bytes in which every database has a zero: those of its head.
const HEAD: usize = 2048;

/// Findings of one source that are told; the rest are counted.
const MOST_TOLD: usize = 100;

/// Reads rules into their image: what they say of a peer becomes the environment of a service, so
/// they must be ones that are believed.
pub(super) fn read(
    file: &SourceFile,
    missing: MissingRules,
    reader: &mut Reader<'_>,
) -> Result<Image, String> {
    let path = file.path.as_str();
    let bytes = match reader.file(path, Owner::Believed) {
        Ok(bytes) => bytes,
        Err(unread) if unread.absent && missing == MissingRules::Allow => {
            return Ok(Image { bytes: of_nothing(), entries: 0 });
        }
        Err(unread) if unread.absent => {
            let message = format!("`{path}` cannot be read: {}", unread.reason);
            let help = "make it with tcprules(1); `missing = \"allow\"` beside its `file` refuses \
                        nobody while it is not there";
            let finding = Diagnostic::new(Level::Error, unread.code, None, message);
            reader.check.say(finding.help(help));
            return Err(unread.reason);
        }
        Err(unread) => return Err(reader.unread(path, unread)),
    };
    let mut said = Said { file, found: Vec::new(), more: 0 };
    let image = match bytes.get(..HEAD).unwrap_or(&bytes) {
        [] => Err(said.unusable("it is empty: neither a database nor a text of rules")),
        head if head.contains(&0) => database::read(&bytes, &mut said),
        _ => text::read(&bytes, &mut said),
    };
    if let Ok(Image { bytes, .. }) = &image {
        said.of_all(bytes);
    }
    said.told(reader.check, bytes);
    image
}

/// What is said of one source, for as long as its text is not among the others.
struct Said<'a> {
    file: &'a SourceFile,
    found: Vec<Diagnostic>,
    more: usize,
}

impl Said<'_> {
    /// Keeps a finding, or counts it.
    fn say(&mut self, finding: Diagnostic) {
        if self.found.len() < MOST_TOLD || finding.level == Level::Error {
            self.found.push(finding);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Rules that let in whom they name, as if the others were kept out by that.
    fn of_all(&mut self, image: &[u8]) {
        let refuse = |image: rules::Image<'_>| image.refuses() || image.has(Step::Everybody);
        if rules::Image::open(image).is_ok_and(|image| !refuse(image)) {
            let path = &self.file.path;
            let message = format!("`{path}` refuses nobody: whoever no rule matches is let in");
            let help =
                "a rule `:deny` refuses them, and one that is `:allow` says that it is meant";
            let code = codes::RULES_REFUSE_NOBODY;
            self.say(Diagnostic::new(Level::Note, code, None, message).help(help));
        }
    }

    /// A part of the text.
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(FileId(self.file.file), start, end)
    }

    /// Says why there is no image.
    fn unusable(&mut self, why: impl Into<String>) -> String {
        let why = why.into();
        let message = format!("`{}` cannot be used: {why}", self.file.path);
        self.say(Diagnostic::new(Level::Error, codes::RULES_DAMAGED, None, message));
        why
    }

    /// Puts everything among the findings, and the text among the texts where one cites it.
    fn told(self, check: &mut Check, bytes: Vec<u8>) {
        if self.found.iter().any(|finding| finding.at.is_some()) {
            check.sources.fill(FileId(self.file.file), printable(bytes));
        }
        self.found.into_iter().for_each(|finding| check.say(finding));
        if self.more > 0 {
            let (path, more) = (&self.file.path, self.more);
            let message = format!("`{path}`: {more} more such rules");
            check.say(Diagnostic::new(Level::Warning, codes::RULES_NEVER_MATCH, None, message));
        }
    }
}

/// A text with every character where it was: bytes that are none are shown as `?`.
fn printable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let shown = |byte: u8| if byte.is_ascii() { char::from(byte) } else { '?' };
        error.into_bytes().into_iter().map(shown).collect()
    })
}
