//! One file, taken apart as Python's configparser does for fail2ban.

use super::codes;
use super::fault::{Fault, fault, shown};
use super::map::Map;
use super::text::{Text, blank};
use portreeve_diag::{FileId, Span};

/// An option: its value as it is written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// The value, without interpolation.
    pub(super) text: Text,
    /// Where its name stands.
    pub(super) named: Span,
}

/// The options of a section, by their names in lower case.
pub(super) type Section = Map<Value>;

/// The section whose options all others have.
pub(super) const DEFAULT: &str = "DEFAULT";
/// The section that names other files.
pub(super) const INCLUDES: &str = "INCLUDES";

/// What a file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Ini {
    /// `[DEFAULT]`.
    pub(super) defaults: Section,
    /// The other sections, in the order of the text.
    pub(super) sections: Map<Section>,
    /// Where they begin.
    pub(super) headers: Map<Span>,
}

/// Options of one file, at most.
const MOST_OPTIONS: usize = 20_000;

/// Takes a text apart; with every line that cannot be read.
pub(super) fn parse(file: FileId, text: &str) -> (Ini, Vec<Fault>) {
    let mut parser = Parser {
        file,
        ini: Ini::default(),
        section: None,
        option: None,
        indent: 0,
        options: 0,
        faults: Vec::new(),
    };
    for (from, line) in lines(text) {
        parser.line(from, line);
        if parser.options > MOST_OPTIONS {
            let (message, help) = (format!("more than {MOST_OPTIONS} options"), "divide the file");
            parser.faults.push(fault(codes::TOO_LARGE, parser.at(from, line), message, help));
            break;
        }
    }
    parser.close();
    (parser.ini, parser.faults)
}

/// Lines with their offsets: they end with LF, CR LF or CR.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        let end = rest.find(['\n', '\r']);
        let line = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        let ending = rest.get(line.len()..).map_or(0, |ending| {
            if ending.starts_with("\r\n") { 2 } else { usize::from(!ending.is_empty()) }
        });
        let start = from;
        from += line.len() + ending;
        Some((start, line))
    })
}

struct Parser {
    file: FileId,
    ini: Ini,
    /// The section that is open, by its name.
    section: Option<String>,
    /// The option that is open: its name and value so far, each line with its place.
    option: Option<(String, Value)>,
    /// Characters before the text of the last header or option.
    indent: usize,
    options: usize,
    faults: Vec<Fault>,
}

impl Parser {
    fn at(&self, from: usize, line: &str) -> Option<Span> {
        let indent = line.len() - line.trim_start_matches(blank).len();
        Some(Span::new(self.file, from + indent, from + line.trim_end_matches(blank).len()))
    }

    fn line(&mut self, from: usize, line: &str) {
        let comment = comment(line);
        let body = comment.and_then(|end| line.get(..end)).unwrap_or(line);
        let indent = line.chars().take_while(|c| blank(*c)).count();
        let start = body.len() - body.trim_start_matches(blank).len();
        let value = body.trim_matches(blank);
        if value.is_empty() {
            // an empty line belongs to a value, a comment does not
            if let (None, Some((_, open))) = (comment, &mut self.option) {
                open.text.push_line_end();
            }
            return;
        }
        if let Some((_, open)) = self.option.as_mut().filter(|_| indent > self.indent) {
            open.text.push_line_end();
            open.text.push(&Text::new(value, self.file, from + start));
            return;
        }
        self.indent = indent;
        match header(value) {
            Some(name) => self.header(from, line, name),
            None => self.assignment(from + start, value),
        }
    }

    fn header(&mut self, from: usize, line: &str, name: &str) {
        self.close();
        if name != DEFAULT && self.ini.sections.has(name) {
            let message = format!("a second section `{}`", shown(name));
            let help = "put the options of both into one";
            self.faults.push(fault(codes::DUPLICATE, self.at(from, line), message, help));
        } else if name != DEFAULT {
            self.ini.sections.set(name, Section::default());
            if let Some(at) = self.at(from, line) {
                self.ini.headers.set(name, at);
            }
        }
        self.section = Some(name.to_owned());
    }

    fn assignment(&mut self, from: usize, value: &str) {
        self.close();
        let named = |length| Some(Span::new(self.file, from, from + length));
        if self.section.is_none() {
            let help = "begin the file with a section, such as `[Definition]`";
            let message = "an option before any section";
            return self.faults.push(fault(codes::SYNTAX, named(value.len()), message, help));
        }
        let Some(divider) = value.find(['=', ':']).filter(|at| *at > 0) else {
            let message = format!("neither an option nor a section: `{}`", shown(value));
            let help = "write `name = value`, indent what continues a value, or begin it with `#`";
            return self.faults.push(fault(codes::SYNTAX, named(value.len()), message, help));
        };
        let (name, rest) = value.split_at(divider);
        let rest = rest.get(1..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches(blank).len();
        let text = rest.trim_matches(blank);
        let name = name.trim_end_matches(blank);
        let span = Span::new(self.file, from, from + name.len());
        let text = Text::new(text, self.file, from + divider + 1 + blanks);
        self.option = Some((name.to_lowercase(), Value { text, named: span }));
    }

    /// Puts the open option where it belongs.
    fn close(&mut self) {
        let Some((name, value)) = self.option.take() else { return };
        let Some(section) = &self.section else { return };
        let options = match section.as_str() {
            DEFAULT => Some(&mut self.ini.defaults),
            section => self.ini.sections.get_mut(section),
        };
        let Some(options) = options else { return };
        if let Some(first) = options.get(&name) {
            let message = format!("a second `{}` in this section", shown(&name));
            let second = fault(codes::DUPLICATE, Some(value.named), message, "keep one of them");
            let second = Box::new(second.also(first.named, "the first one"));
            return self.faults.push(second);
        }
        self.options += 1;
        options.set(&name, Value { text: value.text.trim_end(), ..value });
    }
}

/// Where a comment begins: `#` or `;` at the line's first letter, or `;` after a blank.
fn comment(line: &str) -> Option<usize> {
    if line.trim_start_matches(blank).starts_with(['#', ';']) {
        return Some(0);
    }
    let after = |at: &usize| line.get(..*at).is_some_and(|before| before.ends_with(blank));
    line.match_indices(';').map(|(at, _)| at).find(after)
}

/// The name in `[name]`: everything up to the last bracket.
fn header(value: &str) -> Option<&str> {
    let name = value.strip_prefix('[')?;
    name.get(..name.rfind(']')?).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Ini, Vec<String>) {
        let (ini, faults) = parse(FileId(0), text);
        (ini, faults.into_iter().map(|fault| fault.message).collect())
    }

    fn value(ini: &Ini, section: &str, name: &str) -> String {
        ini.sections.get(section).unwrap().get(name).unwrap().text.as_str().to_owned()
    }

    #[test]
    fn values_continue_where_lines_are_indented() {
        let text = "[A]\nKey : one ; comment\n  two;three\n\n  # no\n  four ;\nb = [x] = y\r\n c";
        let (ini, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(value(&ini, "A", "key"), "one\ntwo;three\n\nfour");
        assert_eq!(value(&ini, "A", "b"), "[x] = y\nc");
    }

    #[test]
    fn a_less_indented_line_is_an_option_and_a_deeper_one_is_not() {
        let (ini, _) = read("[A]\n  x = 1\n   [B]\n  y = 2\n  [C]\nz =\n  w = 3\n");
        assert_eq!(value(&ini, "A", "x"), "1\n[B]");
        assert_eq!(value(&ini, "A", "y"), "2");
        assert_eq!(value(&ini, "C", "z"), "\nw = 3");
    }

    #[test]
    fn headers_end_at_the_last_bracket() {
        let (ini, _) = read("[a] b]\nx=1\n[c] d = e\ny=2\n[DEFAULT]\nz=3\n");
        assert_eq!(value(&ini, "a] b", "x"), "1");
        assert_eq!(value(&ini, "c", "y"), "2");
        assert_eq!(ini.defaults.get("z").unwrap().text.as_str(), "3");
    }

    #[test]
    fn every_bad_line_is_told() {
        let (_, faults) =
            read("x = 1\n[A]\nnothing\n= 2\ny=1\nY = 2\n[A]\n[DEFAULT]\na=1\n[DEFAULT]\na=2\n");
        assert_eq!(faults.len(), 6, "{faults:?}");
    }

    #[test]
    fn places_are_of_the_lines_they_came_from() {
        let (ini, _) = read("[A]\nx = one\n    two\n");
        let text = &ini.sections.get("A").unwrap().get("x").unwrap().text;
        let second = text.split('\n')[1].place(0).unwrap();
        assert_eq!((second.start, second.end), (16, 19));
    }
}
