//! Files to entries: the main file and, depth first, everything it includes.

use super::lex::{self, Word};
use super::raw::{Entry, Item};
use super::report::{Report, error, note, quote, warning};
use super::{bounds, codes, parse};
use crate::{DirectoryEntry, EntryKind, Files, ReadFailure};
use portreeve_diag::{Diagnostic, Level, Sources, Span};

/// Reads a configuration; entries stand in the order xinetd would meet them.
pub(super) fn read(
    path: &str,
    files: &mut dyn Files,
    sources: &mut Sources,
    report: &mut Report<'_>,
) -> Vec<Entry> {
    let mut reader = Reader {
        files,
        sources,
        report,
        chain: Vec::new(),
        entries: Vec::new(),
        count: 0,
        bytes: 0,
        lines: 0,
        words: 0,
        full: false,
    };
    reader.file(path, None);
    reader.entries
}

struct Reader<'a, 'd> {
    files: &'a mut dyn Files,
    sources: &'a mut Sources,
    report: &'a mut Report<'d>,
    /// Files being read, outermost first, each with the line that includes it.
    chain: Vec<(String, Option<Span>)>,
    entries: Vec<Entry>,
    count: usize,
    bytes: usize,
    lines: usize,
    words: usize,
    /// A bound was passed and reported.
    full: bool,
}

impl Reader<'_, '_> {
    fn file(&mut self, path: &str, at: Option<Span>) {
        if self.cycle(path, at) || !self.room(at) {
            return;
        }
        self.count += 1;
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(failure) => return self.unreadable(path, &failure, at),
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if bytes.len() > bounds::FILE_BYTES || self.bytes > bounds::ALL_BYTES {
            let (one, all) = (bounds::FILE_BYTES >> 20, bounds::ALL_BYTES >> 20);
            let message = format!(
                "with {} the configuration is larger than {one} MiB in one file or {all} MiB in all",
                quote(path)
            );
            return self.too_large(at, message);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let file = self.sources.add(path, text);
        let lines = lex::lines(file, self.sources.text(file), self.report);
        self.lines += lines.len();
        self.words += lines.iter().map(|line| 1 + line.rest.len()).sum::<usize>();
        if self.lines > bounds::LINES || self.words > bounds::WORDS {
            let (lines, words) = (bounds::LINES, bounds::WORDS);
            let message =
                format!("with {} there are more than {lines} lines or {words} words", quote(path));
            return self.too_large(at, message);
        }
        self.chain.push((path.to_owned(), at));
        for item in parse::parse(lines, self.report) {
            self.item(item);
        }
        self.chain.pop();
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Include(path) if self.absolute(&path) => self.file(&path.text, Some(path.at)),
            Item::IncludeDirectory(path) if self.absolute(&path) => self.directory(&path),
            Item::Include(_) | Item::IncludeDirectory(_) => {}
            Item::Entry(entry) if self.entries.len() < bounds::ENTRIES => self.entries.push(entry),
            Item::Entry(entry) => {
                let message = format!("more than {} entries", bounds::ENTRIES);
                self.too_large(Some(entry.header), message);
            }
        }
    }

    fn directory(&mut self, path: &Word) {
        let mut names = match self.files.list(&path.text) {
            Ok(names) => names,
            Err(failure) => return self.unreadable(&path.text, &failure, Some(path.at)),
        };
        names.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        for entry in names {
            self.directory_entry(path, &entry);
        }
    }

    fn directory_entry(&mut self, directory: &Word, entry: &DirectoryEntry) {
        let full = format!("{}/{}", directory.text.trim_end_matches('/'), entry.name);
        let shown = quote(&full);
        if entry.name.contains('.') || entry.name.ends_with('~') {
            if !entry.name.starts_with('.') {
                let message = format!("{shown} is not read: its name has a dot or ends in `~`");
                let help = "rename it if it should be read";
                self.report.push(note(codes::INCLUDE_SKIPPED, directory.at, message).help(help));
            }
            return;
        }
        match entry.kind {
            EntryKind::File => self.file(&full, Some(directory.at)),
            EntryKind::Other => {
                let message = format!("{shown} is no regular file and is not read");
                let help = "move it elsewhere, or include what it holds by name";
                self.report
                    .push(warning(codes::INCLUDE_IRREGULAR, directory.at, message).help(help));
            }
            EntryKind::Dangling => {
                let failure = ReadFailure { reason: "it leads nowhere".into() };
                self.unreadable(&full, &failure, Some(directory.at));
            }
        }
    }

    fn absolute(&mut self, path: &Word) -> bool {
        let absolute = path.text.starts_with('/');
        if !absolute {
            let message = format!("the path {} is relative", quote(&path.text));
            self.report.push(
                error(codes::INCLUDE_RELATIVE, path.at, message)
                    .help("write it from `/`: xinetd looks elsewhere when it reloads"),
            );
        }
        absolute
    }

    fn cycle(&mut self, path: &str, at: Option<Span>) -> bool {
        let Some(first) = self.chain.iter().position(|(open, _)| open == path) else {
            return false;
        };
        let round = self.chain.iter().skip(first).map(|(open, _)| open.as_str()).chain([path]);
        let round = round.map(quote).collect::<Vec<_>>().join(" → ");
        let message = format!("this file includes itself: {round}");
        let mut finding = Diagnostic::new(Level::Error, codes::INCLUDE_CYCLE, at, message);
        for (open, by) in self.chain.iter().skip(first + 1) {
            if let Some(by) = by {
                finding = finding.also(*by, format!("{} is included here", quote(open)));
            }
        }
        self.report.push(finding.help("remove one of these includes"));
        true
    }

    fn room(&mut self, at: Option<Span>) -> bool {
        let deep = self.chain.len() >= bounds::DEPTH;
        let many = self.count >= bounds::FILES;
        if deep || many {
            let message = match deep {
                true => format!("includes lead more than {} files deep", bounds::DEPTH),
                false => format!("more than {} files are included", bounds::FILES),
            };
            self.too_large(at, message);
        }
        !deep && !many
    }

    fn too_large(&mut self, at: Option<Span>, message: String) {
        if !std::mem::replace(&mut self.full, true) {
            let finding = Diagnostic::new(Level::Error, codes::TOO_LARGE, at, message);
            self.report.push(finding.help("remove what is not needed"));
        }
    }

    fn unreadable(&mut self, path: &str, failure: &ReadFailure, at: Option<Span>) {
        let message = format!("{} cannot be read: {}", quote(path), failure.reason);
        let help = match at {
            Some(_) => "mend the path or remove the line: xinetd would go on without it",
            None => "name a file that can be read",
        };
        self.report.push(Diagnostic::new(Level::Error, codes::UNREADABLE, at, message).help(help));
    }
}
