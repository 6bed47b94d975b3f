//! Pieces of text: made harmless, broken into lines, counted.

use super::WIDTH;
use std::fmt::Write as _;
use std::time::Duration;

/// Text of outside for one line of a terminal: control characters, and those that reorder or hide
/// what follows, are written out.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        push_visible(&mut out, c);
        out
    })
}

/// As [`visible`], but lines stay lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.lines().fold(String::with_capacity(text.len()), |mut out, line| {
        out.push_str(&visible(line));
        out.push('\n');
        out
    })
}

/// Appends one character, written out if it could act on the terminal.
pub(crate) fn push_visible(out: &mut String, c: char) {
    let code = u32::from(c);
    let reorders = matches!(code, 0x200b..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069 | 0xfeff);
    match c {
        '\t' => out.push(' '),
        _ if c.is_control() && code < 0x100 => drop(write!(out, "\\x{code:02x}")),
        _ if c.is_control() || reorders => drop(write!(out, "\\u{{{code:x}}}")),
        _ => out.push(c),
    }
}

/// Breaks text at spaces so that no line passes [`WIDTH`]; `first` starts the first line, as many
/// spaces the others. A word too long for a line has one to itself, unbroken: addresses and paths
/// are copied from here.
pub(crate) fn wrap(first: &str, text: &str) -> String {
    wrap_to(WIDTH, first, text)
}

/// As [`wrap`], for lines of another width.
pub(crate) fn wrap_to(width: usize, first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let mut out = first.to_owned();
    let mut column = indent;
    for (index, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// A length of time by its two largest units.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let two = |a: u64, unit: &str, b: u64, finer: &str| match b {
        0 => format!("{a} {unit}"),
        _ => format!("{a} {unit} {b} {finer}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => two(minutes, "min", rest, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: impl Into<u64>, one: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_outside_acts_on_the_terminal() {
        for (given, want) in [
            ("plain ü", "plain ü"),
            ("\x1b[2Jx", "\\x1b[2Jx"),
            ("a\rb\nc", "a\\x0db\\x0ac"),
            ("tab\there", "tab here"),
            ("\u{9b}31m", "\\x9b31m"),
            ("\u{202e}txt", "\\u{202e}txt"),
        ] {
            assert_eq!(visible(given), want);
        }
        assert_eq!(visible_lines("a\nb\x07"), "a\nb\\x07\n");
    }

    #[test]
    fn lines_stay_within_eighty_columns_and_long_words_whole() {
        let text = wrap("  key  ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with("       w")));
        let long = "x".repeat(100);
        assert_eq!(wrap("- ", &format!("a {long} b")), format!("- a\n  {long}\n  b\n"));
        assert_eq!(wrap("- ", ""), "- \n");
    }

    #[test]
    fn times_and_counts_read_well() {
        for (seconds, want) in [
            (0, "0 s"),
            (61, "1 min 1 s"),
            (3600, "1 h"),
            (3725, "1 h 2 min"),
            (90_000, "1 d 1 h"),
            (86_400 * 400, "400 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), want);
        }
        assert_eq!((count(1u32, "ban"), count(0u32, "ban")), ("1 ban".into(), "0 bans".into()));
    }
}
