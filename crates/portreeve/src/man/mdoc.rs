//! Text as mdoc(7) has it.

use std::fmt::Write as _;

/// Text of no line of its own: nothing in it is a request or an escape.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('…', "...").replace('—', "\\(em")
}

/// An argument of a macro, as one word that is no macro itself.
pub(super) fn word(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\(dq"))
}

/// A whole line of text, literal.
pub(super) fn literal(text: &str) -> String {
    format!(".Dl {}\n", word(text).trim_matches('"'))
}

/// A sentence with `literal` parts, as lines: the literal parts by `.Ql`, with the marks that touch
/// them.
pub(super) fn sentence(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('`');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    while let Some(quoted) = parts.next() {
        let next = parts.next().unwrap_or_default();
        let before = plain.trim_end_matches(|c: char| "([".contains(c)).len();
        let open = plain.split_off(before);
        push_text(&mut out, &plain);
        let after = next.find(|c: char| !".,;:)]".contains(c)).unwrap_or(next.len());
        let (close, rest) = next.split_at(after);
        let marks = |text: &str| text.chars().map(|c| format!(" {c}")).collect::<String>();
        let _ = writeln!(out, ".Ql{} {}{}", marks(&open), word(quoted), marks(close));
        assert!(rest.is_empty() || rest.starts_with(' '), "`{quoted}`{rest}: cannot be joined");
        plain = rest.to_owned();
    }
    push_text(&mut out, &plain);
    out
}

/// Plain text, broken into lines; none begins with what would make it a request.
fn push_text(out: &mut String, text: &str) {
    let mut line = String::new();
    for word in escaped(text).split_whitespace() {
        if !line.is_empty() && line.len() + word.len() > 76 {
            let _ = writeln!(out, "{line}");
            line.clear();
        }
        if line.is_empty() && word.starts_with(['.', '\'']) {
            line.push_str("\\&");
        }
        if !line.is_empty() && !line.ends_with("\\&") {
            line.push(' ');
        }
        line.push_str(word);
        // A sentence ends a line, so that it is spaced as one.
        if word.ends_with('.') {
            let _ = writeln!(out, "{line}");
            line.clear();
        }
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{line}");
    }
}

#[test]
fn literals_get_macros_and_marks_stay_with_them() {
    for (text, want) in [
        ("plain", "plain\n"),
        ("takes `a`, or (`b c`).", "takes\n.Ql \"a\" ,\nor\n.Ql ( \"b c\" ) .\n"),
        (".x and \\n", "\\&.x and \\en\n"),
        ("`\"v4\"` or `x`", ".Ql \"\\(dqv4\\(dq\"\nor\n.Ql \"x\"\n"),
    ] {
        assert_eq!(sentence(text), want);
    }
}
