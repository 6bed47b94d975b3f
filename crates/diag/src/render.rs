//! Diagnostics as text for people and as values for programs.

use crate::{Diagnostic, Diagnostics, Level, Place, Sources, Span};
use annotate_snippets::{
    AnnotationKind, Element, Group, Level as Paintable, Origin, Renderer, Snippet,
};
use serde::Serialize;
use std::fmt::Write as _;

/// Whether the text may hold terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Colour,
}

/// A diagnostic as a program reads it: one JSON object each.
#[derive(Clone, Debug, Serialize)]
pub struct JsonDiagnostic<'a> {
    /// `error`, `warning` or `note`.
    pub level: String,
    /// The stable code.
    pub code: &'a str,
    /// The message.
    pub message: &'a str,
    /// Where, if in a text.
    pub at: Option<Place>,
    /// Edits that mend it.
    pub help: &'a [String],
}

impl<'a> JsonDiagnostic<'a> {
    /// The JSON form of one diagnostic.
    #[must_use]
    pub fn new(diagnostic: &'a Diagnostic, sources: &Sources) -> Self {
        Self {
            level: diagnostic.level.to_string(),
            code: diagnostic.code.0,
            message: &diagnostic.message,
            at: diagnostic.at.map(|span| sources.place(span)),
            help: &diagnostic.help,
        }
    }
}

/// All findings as text: `level[code]: message`, `path:line:col`, the line with carets, help.
#[must_use]
pub fn render(diagnostics: &Diagnostics, sources: &Sources, paint: Paint) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, sources, paint));
        out.push_str("\n\n");
    }
    for (file, count) in diagnostics.dropped_of() {
        let about = file.map(|file| format!(" about {}", visible(sources.path(file))));
        let _ = writeln!(out, "and {count} more findings{}", about.unwrap_or_default());
    }
    out
}

fn one(diagnostic: &Diagnostic, sources: &Sources, paint: Paint) -> String {
    let level = match diagnostic.level {
        Level::Note => Paintable::NOTE,
        Level::Warning => Paintable::WARNING,
        Level::Error => Paintable::ERROR,
    };
    let title = level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.0);
    let mut group = match diagnostic.at {
        Some(at) => title.element(snippet(sources, at, AnnotationKind::Primary, "")),
        None => Group::with_title(title),
    };
    for (at, text) in &diagnostic.also {
        group = group.element(snippet(sources, *at, AnnotationKind::Context, text));
    }
    let room = room_for_help(diagnostic, sources);
    for help in &diagnostic.help {
        group = group.element(Paintable::HELP.message(wrapped(&visible(help), room)));
    }
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    renderer.render(&[group])
}

/// Bytes of the lines that are shown; a place in longer ones is named, not shown.
const SHOWN: usize = 4096;

/// The lines of a span with its mark. Only they are handed to the renderer: its work grows with
/// what it is given, and a file may have a thousand findings.
fn snippet<'a>(
    sources: &'a Sources,
    at: Span,
    kind: AnnotationKind,
    label: &'a str,
) -> Element<'a> {
    let text = sources.text(at.file);
    let floor = |mut n: usize| {
        n = n.min(text.len());
        while !text.is_char_boundary(n) {
            n -= 1;
        }
        n
    };
    let start = floor(at.start as usize);
    let end = floor(at.end as usize).max(start);
    let (before, after) = (text.get(..start).unwrap_or(""), text.get(end..).unwrap_or(""));
    let first = before.rfind('\n').map_or(0, |at| at + 1);
    let last = end + after.find('\n').map_or(after.len(), |at| at + 1);
    let (line, column) = sources.line_column(at);
    let (line, column) = (line as usize, column as usize);
    let path = visible(sources.path(at.file)).replace('\n', "\u{fffd}");
    match text.get(first..last).filter(|lines| lines.len() <= SHOWN) {
        Some(lines) => {
            let pieces = [0..start - first, start - first..end - first, end - first..lines.len()];
            let [before, marked, after] = pieces.map(|piece| plain(lines.get(piece).unwrap_or("")));
            let mut mark = kind.span(before.len()..before.len() + marked.len());
            if !label.is_empty() {
                mark = mark.label(visible(label));
            }
            Snippet::source([before, marked, after].concat())
                .line_start(line)
                .path(path)
                .annotation(mark)
                .into()
        }
        None => Origin::path(path).line(line).char_column(column).into(),
    }
}

/// The renderer replaces what a terminal would obey in the lines it shows, all but the second set of
/// control characters, which begin sequences as an escape does.
fn plain(text: &str) -> String {
    text.replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
}

/// Quoted text may hold anything: control characters must not reach a terminal, nor those that
/// turn the direction of what follows.
fn visible(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: char| (c.is_control() && c != '\n') || turns(c);
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// Columns for help on a terminal of 80: it follows the margin, which is as wide as the greatest
/// line number, and `= help: `.
fn room_for_help(diagnostic: &Diagnostic, sources: &Sources) -> usize {
    let spans = diagnostic.at.iter().chain(diagnostic.also.iter().map(|(at, _)| at));
    let greatest = spans.map(|at| sources.line_column(*at).0).max();
    let margin = greatest.map_or(0, |line| line.to_string().len());
    80 - (margin + " = help: ".len())
}

/// Help in lines that fit a terminal of 80 columns, broken at blanks outside backticks: what is
/// quoted is to be copied.
fn wrapped(text: &str, room: usize) -> String {
    text.split('\n').map(|line| filled(line, room)).collect::<Vec<_>>().join("\n")
}

/// One line as several; a piece that is longer than a line has one of its own.
fn filled(line: &str, room: usize) -> String {
    let (mut out, mut piece) = (String::new(), String::new());
    let mut column = 0;
    for word in line.split(' ') {
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(word);
        if piece.matches('`').count() % 2 == 1 {
            continue; // in the midst of a quotation
        }
        put(&mut out, &mut column, &std::mem::take(&mut piece), room);
    }
    if !piece.is_empty() {
        put(&mut out, &mut column, &piece, room);
    }
    out
}

fn put(out: &mut String, column: &mut usize, piece: &str, room: usize) {
    let length = piece.chars().count();
    if *column > 0 && *column + 1 + length > room {
        out.push('\n');
        *column = 0;
    } else if *column > 0 {
        out.push(' ');
        *column += 1;
    }
    out.push_str(piece);
    *column += length;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn a_finding_names_place_code_text_and_mend() {
        let mut sources = Sources::new();
        let file = sources.add("/etc/x", "service a\ninstances = 5 # five\n");
        let mut all = Diagnostics::new();
        all.push(
            Diagnostic::new(
                Level::Error,
                Code("xinetd-trailing-comment"),
                Some(Span::new(file, 24, 30)),
                "`#` does not start a comment here",
            )
            .help("move the comment to a line of its own"),
        );
        let text = render(&all, &sources, Paint::Plain);
        for want in
            ["error[xinetd-trailing-comment]", "/etc/x:2:15", "instances = 5 # five", "help: move"]
        {
            assert!(text.contains(want), "{want} in:\n{text}");
        }
    }

    #[test]
    fn help_stays_within_eighty_columns_and_quotations_whole() {
        let mut sources = Sources::new();
        let file = sources.add("/etc/x", "service a\n".repeat(200));
        let command = "`useradd --system --shell /usr/sbin/nologin portreeve-relay`";
        let help = format!("make it with {command}, or name another user who is nobody else's");
        let at = Span::new(file, 1990, 1995);
        let mut all = Diagnostics::new();
        all.push(Diagnostic::new(Level::Error, Code("c"), Some(at), "no such user").help(help));
        let text = render(&all, &sources, Paint::Plain);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains(command), "{text}");
        assert_eq!(filled(&"x".repeat(90), 60), "x".repeat(90));
        assert_eq!(filled("an `open end", 60), "an `open end");
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_shown() {
        let mut sources = Sources::new();
        let odd = "\u{1b}]0;x\u{7}\u{202e}\u{2066}\u{9b}\r";
        let file = sources.add(format!("/etc/x{odd}"), format!("a{odd}b\n"));
        let mut all = Diagnostics::new();
        let at = Span::new(file, 0, 1);
        all.push(
            Diagnostic::new(Level::Error, Code("c"), Some(at), format!("no `{odd}`"))
                .also(Span::new(file, 1, 2), format!("`{odd}`"))
                .help(format!("not `{odd}`")),
        );
        let text = render(&all, &sources, Paint::Plain);
        let found = text
            .chars()
            .find(|c| *c != '\n' && (c.is_control() || odd.contains(*c) && !c.is_ascii()));
        assert_eq!(found, None, "{text:?}");
    }

    #[test]
    fn a_place_in_an_endless_line_is_named_and_not_shown() {
        let mut sources = Sources::new();
        let file = sources.add("/etc/x", format!("a\nb = [{}]\n", "1, ".repeat(5000)));
        let mut all = Diagnostics::new();
        let at = Some(Span::new(file, 10, 11));
        all.push(Diagnostic::new(Level::Error, Code("c"), at, "m").help("h"));
        let text = render(&all, &sources, Paint::Plain);
        assert!(text.contains("/etc/x:2:9") && text.contains("help: h"), "{text}");
        assert!(text.len() < 200, "{text}");
    }
}
