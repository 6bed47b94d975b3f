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
    if diagnostics.dropped() > 0 {
        let _ = writeln!(out, "and {} more findings", diagnostics.dropped());
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
    for help in &diagnostic.help {
        group = group.element(Paintable::HELP.message(visible(help)));
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
    let path = sources.path(at.file);
    match text.get(first..last).filter(|lines| lines.len() <= SHOWN) {
        Some(lines) => {
            let mut mark = kind.span(start - first..end - first);
            if !label.is_empty() {
                mark = mark.label(label);
            }
            Snippet::source(lines).line_start(line).path(path).annotation(mark).into()
        }
        None => Origin::path(path).line(line).char_column(column).into(),
    }
}

/// Quoted text may hold anything: control characters must not reach a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
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
