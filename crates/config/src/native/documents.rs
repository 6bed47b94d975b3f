//! The native files of a configuration: the main one and what it includes.

use super::item::Item;
use super::raw::{self, Table};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::{self, Scope};
use crate::world::World;
use portreeve_diag::{Code, Diagnostic, FileId, Level, Span};

/// How deep includes may go.
const DEPTH: usize = 16;
/// How many native files there may be.
const FILES: usize = 1024;

/// One file.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its text.
    pub(crate) file: FileId,
    /// What it says.
    pub(crate) table: Table,
}

/// Reads the main file and everything it includes, in the order in which they are named.
pub(crate) fn read(check: &mut Check, world: &mut dyn World, path: &str) -> Vec<Document> {
    let mut reading =
        Reading { check, world, open: Vec::new(), seen: Vec::new(), documents: Vec::new() };
    reading.file(path, None);
    reading.documents
}

struct Reading<'a> {
    check: &'a mut Check,
    world: &'a mut dyn World,
    open: Vec<String>,
    seen: Vec<String>,
    documents: Vec<Document>,
}

impl Reading<'_> {
    fn file(&mut self, path: &str, asked: Option<Span>) {
        if !self.fresh(path, asked) {
            return;
        }
        self.seen.push(path.to_owned());
        let Some(text) = self.text(path, asked) else { return };
        let file = self.check.sources.add(path, text);
        let (table, errors) = raw::parse(file, self.check.sources.text(file));
        let patterns = self.includes(&table);
        // What was read of a broken file would only raise questions that nobody asked.
        let table = if errors.is_empty() { table } else { Table::default() };
        errors.into_iter().for_each(|finding| self.check.say(finding));
        self.documents.push(Document { file, table });
        self.open.push(path.to_owned());
        for (pattern, at) in patterns {
            self.include(path, &pattern, at);
        }
        self.open.pop();
    }

    fn text(&mut self, path: &str, asked: Option<Span>) -> Option<String> {
        let read = self.world.read(path);
        let absent = read.as_ref().is_err_and(|unread| unread.absent);
        let read = read.map_err(|unread| (unread.code, unread.reason));
        let text = read.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|bad| {
                let line = bad.as_bytes().iter().take(bad.utf8_error().valid_up_to());
                let line = line.filter(|b| **b == b'\n').count() + 1;
                (codes::NOT_UTF8, format!("line {line} is not UTF-8"))
            })
        });
        match text {
            Ok(text) => Some(text),
            Err((code, reason)) => {
                let deed =
                    if code == codes::UNTRUSTED { "does not believe" } else { "cannot read" };
                let message = format!("{deed} `{path}`: {reason}");
                let help = mend(code, absent, asked.is_some());
                self.check.say(Diagnostic::new(Level::Error, code, asked, message).help(help));
                None
            }
        }
    }

    /// Whether a file is to be read; says so when it is read already.
    fn fresh(&mut self, path: &str, asked: Option<Span>) -> bool {
        let Some(at) = asked else { return true };
        let finding = if self.open.iter().any(|open| open == path) || self.open.len() >= DEPTH {
            check::error(codes::INCLUDE_CYCLE, at, format!("`{path}` ends up including itself"))
                .help("remove one include of the circle")
        } else if self.documents.len() >= FILES {
            check::error(codes::TOO_LARGE, at, format!("more than {FILES} files"))
                .help("put more services into each file")
        } else if self.seen.iter().any(|seen| seen == path) {
            check::warning(codes::INCLUDE_TWICE, at, format!("`{path}` was read already"))
                .help("include it once")
        } else {
            return true;
        };
        self.check.say(finding);
        false
    }

    /// The include patterns of a file. The main file includes `services.d` unless it says otherwise.
    fn includes(&mut self, table: &Table) -> Vec<(String, Option<Span>)> {
        let key = keys::key(Scope::Top, "include");
        let Some(item) = key.zip(table.get("include")).map(|(key, m)| Item::of(key, m)) else {
            let main = self.open.is_empty();
            return if main { vec![("services.d/*.toml".into(), None)] } else { Vec::new() };
        };
        let entries = item.entries_or_one(self.check).unwrap_or_default();
        let text = |entry: Item<'_>, check: &mut Check| {
            entry.text(check).map(|text| (text.to_owned(), Some(entry.at)))
        };
        entries.into_iter().filter_map(|entry| text(entry, self.check)).collect()
    }

    fn include(&mut self, from: &str, pattern: &str, at: Option<Span>) {
        let pattern = beside(from, pattern);
        let (directory, last) = pattern.rsplit_once('/').unwrap_or((".", &pattern));
        if !last.contains(['*', '?']) {
            return self.file(&pattern, at.or(Some(self.start())));
        }
        let at_or_start = at.unwrap_or(self.start());
        let mut names: Vec<String> = match self.world.list(directory) {
            Ok(names) => names.into_iter().map(|entry| entry.name).collect(),
            Err(unread) if unread.absent && at.is_none() => return,
            Err(unread) => {
                let message = format!("cannot read `{directory}`: {}", unread.reason);
                let level = if unread.absent { Level::Warning } else { Level::Error };
                let finding = Diagnostic::new(level, unread.code, Some(at_or_start), message);
                self.check.say(finding.help(mend(unread.code, unread.absent, true)));
                return;
            }
        };
        names.retain(|name| matches(last, name));
        names.sort_unstable();
        if let (true, Some(at)) = (names.is_empty(), at) {
            let message = format!("no file matches `{pattern}`");
            let finding = check::note(codes::INCLUDE_NOTHING, at, message);
            self.check.say(finding.help("put files there, or remove the pattern"));
        }
        for name in names {
            let directory = directory.trim_end_matches('/');
            self.file(&format!("{directory}/{name}"), Some(at_or_start));
        }
    }

    /// The start of the file that is being read, for includes it does not write.
    fn start(&self) -> Span {
        Span::new(self.documents.last().map_or(FileId(0), |d| d.file), 0, 0)
    }
}

/// The edit that mends a file or directory that was not read.
fn mend(code: Code, absent: bool, included: bool) -> &'static str {
    match (code, included) {
        (codes::NOT_UTF8, _) => "save it as UTF-8, and leave other letters out",
        (codes::TOO_LARGE, _) => "divide it, or leave out what is not needed",
        (codes::UNTRUSTED, _) => "see to it that nobody else can change what the door obeys",
        (_, true) if absent => "write it, or remove the include that asks for it",
        (_, true) => "let it be read, or remove the include that asks for it",
        (_, false) if absent => {
            "write it, or name another with `--config`, or an xinetd.conf with `--xinetd`"
        }
        (_, false) => "let it be read, or name another with `--config`",
    }
}

/// A path as seen from a file that names it.
pub(crate) fn beside(from: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    match from.rsplit_once('/') {
        Some((directory, _)) if !path.starts_with('/') => format!("{directory}/{path}"),
        _ => path.to_owned(),
    }
}

/// Whether a name matches a pattern of `*` and `?`; a leading dot only where the pattern has one.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') != pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // One row for each character of the pattern: can it end here? No backtracking.
    let mut ends = vec![false; name.len() + 1];
    if let Some(first) = ends.first_mut() {
        *first = true;
    }
    for p in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut any = false;
        for at in 0..=name.len() {
            let here = ends.get(at).copied().unwrap_or(false);
            any |= here;
            let before = at.checked_sub(1);
            let ended_before = before.and_then(|b| ends.get(b)).copied().unwrap_or(false);
            let same = before.and_then(|b| name.get(b)).is_some_and(|c| p == '?' || *c == p);
            if let Some(cell) = next.get_mut(at) {
                *cell = if p == '*' { any } else { ended_before && same };
            }
        }
        ends = next;
    }
    ends.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names_without_dots_first() {
        for (pattern, name, want) in [
            ("*.toml", "ssh.toml", true),
            ("*.toml", ".toml", false),
            ("*.toml", "ssh.toml~", false),
            ("*.toml", "toml", false),
            (".*", ".hidden", true),
            ("?-*.toml", "a-b.toml", true),
            ("?-*.toml", "ab.toml", false),
            ("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("*", "x", true),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn paths_are_beside_the_file_that_names_them() {
        assert_eq!(beside("/etc/portreeve/portreeve.toml", "a.toml"), "/etc/portreeve/a.toml");
        assert_eq!(beside("/etc/p.toml", "/x/a.toml"), "/x/a.toml");
        assert_eq!(beside("p.toml", "./a.toml"), "a.toml");
    }
}
