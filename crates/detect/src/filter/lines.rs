//! Several lines that are looked at together (`maxlines`).

use super::pattern::Pattern;

/// The last lines, oldest first, without their ends.
#[derive(Default)]
pub(super) struct Lines {
    kept: Vec<String>,
}

impl Lines {
    /// Adds a line; no more than `most` are kept.
    pub(super) fn push(&mut self, line: String, most: usize) {
        self.kept.push(line);
        let over = self.kept.len().saturating_sub(most);
        self.kept.drain(..over);
    }

    /// The lines.
    pub(super) fn all(&self) -> &[String] {
        &self.kept
    }

    /// Keeps these instead.
    pub(super) fn replace(&mut self, lines: Vec<String>) {
        self.kept = lines;
    }

    /// One text, a line feed behind each line.
    pub(super) fn text(lines: &[String]) -> String {
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }
}

/// Which lines the last match of a pattern took part of, and which it did not, given the text that it
/// was searched in. Lines that `<SKIPLINES>` passed over are of the second.
pub(super) fn divide(
    pattern: &Pattern,
    text: &str,
    lines: &[String],
) -> (Vec<String>, Vec<String>) {
    let Some((from, to)) = pattern.span().filter(|_| lines.len() > 1) else {
        return (lines.to_vec(), Vec::new());
    };
    let feeds = |upto: usize| text.bytes().take(upto).filter(|byte| *byte == b'\n').count();
    let start = text
        .get(..(from + 1).min(text.len()))
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let last = to.saturating_sub(1);
    let end =
        text.get(last..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| last + at + 1);
    let first = feeds(start).min(lines.len());
    let behind = feeds(end).clamp(first, lines.len());
    let mut matched = lines.get(first..behind).unwrap_or_default().to_vec();
    let mut others = lines.get(..first).unwrap_or_default().to_vec();
    let mut from = 0;
    for skipped in pattern.skipped(text).lines() {
        let rest = matched.get(from..).unwrap_or_default();
        if let Some(at) = rest.iter().position(|line| line == skipped) {
            from += at;
            others.push(matched.remove(from));
        }
    }
    others.extend_from_slice(lines.get(behind..).unwrap_or_default());
    (matched, others)
}
