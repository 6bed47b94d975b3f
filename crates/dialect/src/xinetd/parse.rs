//! Lines to entries. A broken structure is reported where it breaks, and reading goes on at the
//! next line that can only be a beginning: unlike xinetd, no entry is swallowed by its neighbour's
//! slip without a word.

use super::lex::{self, Line, Word};
use super::raw::{Entry, Form, Item, Subject};
use super::report::{Report, error, quote};
use super::{assignment, codes};
use portreeve_diag::Span;

const KEYWORDS: [&str; 4] = ["service", "defaults", "include", "includedir"];

/// Reads one file's lines.
pub(super) fn parse(lines: Vec<Line>, report: &mut Report<'_>) -> Vec<Item> {
    let mut parser = Parser { report, items: Vec::new(), state: State::Outside, defaults: None };
    for line in lines {
        parser.line(line);
    }
    parser.end();
    parser.items
}

enum State {
    /// Between entries.
    Outside,
    /// After an entry's first line: `{` must follow.
    Header(Entry),
    /// After a line that is no known beginning: `{` may follow.
    Puzzled(Span),
    /// Between the braces.
    Inside(Entry),
}

struct Parser<'r, 'd> {
    report: &'r mut Report<'d>,
    items: Vec<Item>,
    state: State,
    /// The file's first `defaults`.
    defaults: Option<Span>,
}

impl Parser<'_, '_> {
    fn line(&mut self, line: Line) {
        self.state = match std::mem::replace(&mut self.state, State::Outside) {
            State::Outside => self.outside(line),
            State::Header(entry) => self.opening(entry, line),
            State::Puzzled(at) => self.puzzled(at, line),
            State::Inside(entry) => self.inside(entry, line),
        };
    }

    fn outside(&mut self, line: Line) -> State {
        if let Some(oddity) = lex::oddity(&line) {
            self.report.push(oddity);
        }
        match line.first.text.to_ascii_lowercase().trim_end_matches('{') {
            "service" => self.header(line),
            "defaults" => self.header(line),
            "include" => self.include(line, Item::Include),
            "includedir" => self.include(line, Item::IncludeDirectory),
            "" | "}" => self.misplaced(&line, "brace"),
            _ if line.first.text.starts_with('}') => self.misplaced(&line, "brace"),
            _ if assignment::operates(line.rest.first()) => self.misplaced(&line, "attribute"),
            _ => self.unknown(&line),
        }
    }

    fn header(&mut self, line: Line) -> State {
        let header = line.at();
        let opened = line.rest.last().unwrap_or(&line.first).text.ends_with('{');
        let mut words: Vec<Word> = line.rest;
        if let Some(last) = words.last_mut().filter(|_| opened) {
            last.text.truncate(last.text.trim_end_matches('{').len());
        }
        words.retain(|word| !word.text.is_empty());
        let wanted = usize::from(line.first.is("service"));
        let count = words.len();
        let subject = match words.into_iter().next() {
            Some(name) if wanted == 1 => Subject::Service(name),
            None if wanted == 1 => Subject::Unknown,
            _ => self.defaults(header),
        };
        let mut form = Form::Sound;
        if count != wanted {
            form = Form::Broken;
            self.report.push(match wanted {
                1 => error(codes::HEADER, header, "`service` takes exactly one name")
                    .help("write `service NAME`, and comments on lines of their own"),
                _ => error(codes::HEADER, header, "nothing may follow `defaults` on its line")
                    .help("write `defaults` alone, and comments on lines of their own"),
            });
        }
        let entry = Entry { subject, header, lines: Vec::new(), form };
        if !opened {
            return State::Header(entry);
        }
        self.report.push(
            error(codes::OPEN_BRACE, header, "`{` must stand alone on the next line")
                .help("move `{` to a line of its own"),
        );
        State::Inside(entry.broken())
    }

    fn defaults(&mut self, header: Span) -> Subject {
        if let Some(first) = self.defaults {
            self.report.push(
                error(codes::SECOND_DEFAULTS, header, "a second `defaults` in one file")
                    .also(first, "the first")
                    .help("move its lines into the first; xinetd ignores the second"),
            );
        }
        self.defaults.get_or_insert(header);
        Subject::Defaults
    }

    fn include(&mut self, line: Line, item: fn(Word) -> Item) -> State {
        let at = line.at();
        let count = line.rest.len();
        if count != 1 {
            let message = format!("`{}` takes exactly one path", line.first.text);
            self.report.push(
                error(codes::HEADER, at, message)
                    .help("write one path without blanks, and comments on lines of their own"),
            );
        }
        self.items.extend(line.rest.into_iter().next().map(item));
        State::Outside
    }

    fn misplaced(&mut self, line: &Line, what: &str) -> State {
        let message = format!("{} stands outside any entry", quote(&line.first.text));
        self.report.push(
            error(codes::OUTSIDE_ENTRY, line.at(), message)
                .help(format!("remove the {what}, or put it into an entry")),
        );
        State::Outside
    }

    fn unknown(&mut self, line: &Line) -> State {
        let word = line.first.text.trim_end_matches('{');
        let message = format!("{} begins no entry", quote(&line.first.text));
        let mut finding = error(codes::KEYWORD, line.first.at, message);
        finding = match self.report.nearest(word, KEYWORDS) {
            Some(keyword) => finding.help(format!("write `{keyword}`")),
            None => finding.help("entries begin with `service NAME` or `defaults`"),
        };
        let swallowed = "xinetd discards everything to the next `}`, the next entry included";
        self.report.push(finding.help(swallowed));
        let opened = line.rest.last().unwrap_or(&line.first).text.ends_with('{');
        if opened { State::Inside(phantom(line.at())) } else { State::Puzzled(line.at()) }
    }

    fn puzzled(&mut self, at: Span, line: Line) -> State {
        match (line.first.text.as_str(), line.rest.as_slice()) {
            ("{", []) => State::Inside(phantom(at)),
            _ => self.outside(line),
        }
    }

    fn opening(&mut self, entry: Entry, line: Line) -> State {
        if line.first.text == "{" && line.rest.is_empty() {
            return State::Inside(entry);
        }
        self.report.push(
            error(codes::OPEN_BRACE, line.at(), "`{` must stand here, alone on its line")
                .also(entry.header, "the entry it opens")
                .help("put `{` on a line of its own before this one; xinetd drops the entry"),
        );
        if line.first.text == "{" {
            return State::Inside(entry.broken());
        }
        if begins(&line) { self.outside(line) } else { self.inside(entry.broken(), line) }
    }

    fn inside(&mut self, mut entry: Entry, line: Line) -> State {
        match line.first.text.as_str() {
            "}" if line.rest.is_empty() => {
                self.items.push(Item::Entry(entry));
                State::Outside
            }
            text if text.starts_with('}') => {
                self.report.push(
                    error(codes::CLOSE_BRACE, line.at(), "`}` must stand alone on its line")
                        .help("move what follows to lines of its own"),
                );
                self.items.push(Item::Entry(entry.broken()));
                State::Outside
            }
            text if text.starts_with('{') => {
                self.report.push(
                    error(codes::OPEN_BRACE, line.at(), "a second `{` in one entry")
                        .also(entry.header, "the entry")
                        .help("remove it"),
                );
                State::Inside(entry.broken())
            }
            _ if begins(&line) => {
                self.unclosed(&entry, Some(line.at()));
                self.items.push(Item::Entry(entry.broken()));
                self.outside(line)
            }
            _ if includes(&line) => {
                let message = format!("`{}` inside an entry", line.first.text);
                self.report.push(
                    error(codes::INCLUDE_INSIDE, line.at(), message)
                        .also(entry.header, "the entry")
                        .help("move it behind the entry's `}`"),
                );
                State::Inside(entry.broken())
            }
            _ => {
                entry.lines.extend(assignment::read(line));
                State::Inside(entry)
            }
        }
    }

    fn unclosed(&mut self, entry: &Entry, next: Option<Span>) {
        let mut finding = error(codes::UNCLOSED, entry.header, "this entry has no `}`");
        finding = match next {
            Some(next) => finding
                .also(next, "the next entry begins inside it")
                .help("put `}` on a line of its own before the next entry")
                .help("xinetd takes the next entry for a part of this one"),
            None => finding.help("put `}` on a line of its own at its end"),
        };
        self.report.push(finding);
    }

    fn end(&mut self) {
        match std::mem::replace(&mut self.state, State::Outside) {
            State::Outside | State::Puzzled(_) => {}
            State::Header(entry) | State::Inside(entry) => {
                self.unclosed(&entry, None);
                self.items.push(Item::Entry(entry.broken()));
            }
        }
    }
}

fn phantom(header: Span) -> Entry {
    Entry { subject: Subject::Unknown, header, lines: Vec::new(), form: Form::Broken }
}

/// Whether a line can only be the beginning of an entry.
fn begins(line: &Line) -> bool {
    let next = line.rest.first();
    (line.first.is("service") && next.is_some() && !assignment::operates(next))
        || (line.first.is("defaults") && next.is_none_or(|word| word.text == "{"))
}

/// Whether a line can only be an include.
fn includes(line: &Line) -> bool {
    let next = line.rest.first();
    let keyword = line.first.is("include") || line.first.is("includedir");
    keyword && next.is_some() && !assignment::operates(next)
}
