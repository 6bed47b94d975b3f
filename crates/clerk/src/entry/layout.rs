//! Sentences laid out for a terminal of 80 columns.

use portreeve_model::deceives;

/// Columns of a line.
const WIDTH: usize = 80;

/// Columns before the text of all lines but the first: under the first one's text.
const HANG: usize = 16;

/// What kind of news it is; shown by colour where colours are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As usual.
    Plain,
    /// Somebody came in, something works again.
    Good,
    /// Somebody was kept out.
    Bad,
    /// The owner should look.
    Warning,
    /// A service's own words.
    Quiet,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Warning => "1;33",
            Self::Quiet => "36",
        }
    }
}

/// What is told of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tone: Tone,
    /// The service it is about.
    pub(crate) service: Option<String>,
    /// One sentence; lines after its first are shown as they are, below it.
    pub(crate) text: String,
}

/// Whether colours are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Plain text.
    None,
    /// ANSI sequences.
    Ansi,
}

/// The lines, each with its newline. `stamp` is at most 15 characters.
pub(crate) fn lay_out(stamp: &str, told: &Told, colour: Colour) -> String {
    let prefix = told.service.as_ref().map(|service| format!("{service}: ")).unwrap_or_default();
    let (sentence, below) = told.text.split_once('\n').unwrap_or((&told.text, ""));
    let lines = wrap(&format!("{prefix}{sentence}"));
    let mut out = String::new();
    for (line, margin) in lines.iter().zip([stamp].into_iter().chain(std::iter::repeat(""))) {
        let margin = format!("{margin:<width$}", width = HANG - 1);
        match colour {
            Colour::None => out.push_str(&format!("{margin} {line}")),
            Colour::Ansi => {
                out.push_str(&format!(
                    "\x1b[2m{margin}\x1b[0m \x1b[{}m{line}\x1b[0m",
                    told.tone.code()
                ));
            }
        }
        out.push('\n');
    }
    for line in below.lines() {
        out.push_str("  ");
        out.push_str(&harmless(line));
        out.push('\n');
    }
    out
}

/// All of it on one line, for receivers to whom a line is a record.
pub(crate) fn one_line(told: &Told) -> String {
    let prefix = told.service.as_ref().map(|service| format!("{service}: ")).unwrap_or_default();
    let mut lines = told.text.lines();
    let mut out = format!("{prefix}{}", lines.next().unwrap_or_default());
    for (line, mark) in lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .zip([" "].into_iter().chain(std::iter::repeat("; ")))
    {
        out.push_str(mark);
        out.push_str(line);
    }
    harmless(&out)
}

/// Broken at blanks; a word that is too long for any line has one of its own.
fn wrap(text: &str) -> Vec<String> {
    let room = WIDTH - HANG;
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in harmless(text).split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if !line.is_empty() || used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines.push(line);
    lines
}

/// Entries are escaped when they are made; a file edited by hand may not be.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if deceives(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Told {
        Told { tone: Tone::Bad, service: Some("ssh".into()), text: text.into() }
    }

    #[test]
    fn long_sentences_hang_below_their_start() {
        let text = "refused 192.0.2.7 port 40000: five sessions of this address are open already (/etc/xinetd.d/ssh:12:5)";
        assert_eq!(
            lay_out("Nov 21 23:32:15", &told(text), Colour::None),
            "Nov 21 23:32:15 ssh: refused 192.0.2.7 port 40000: five sessions of this address\n\
             \x20               are open already (/etc/xinetd.d/ssh:12:5)\n"
        );
        let unbroken = lay_out("Nov 21 23:32:15", &told(&"x".repeat(100)), Colour::None);
        assert_eq!(unbroken.lines().nth(1).unwrap().trim_start().len(), 100);
        for words in 1..60 {
            let sentence = lay_out("Nov 21 23:32:15", &told(&"word ".repeat(words)), Colour::None);
            assert!(sentence.lines().all(|line| line.len() <= WIDTH), "{sentence}");
        }
    }

    #[test]
    fn lines_below_keep_their_shape_and_nothing_deceives() {
        let text = "refused:\na.toml:1:2: bad\n  |   ^^ \x1b[31m";
        assert_eq!(
            lay_out("Nov 21 23:32:15", &told(text), Colour::None),
            "Nov 21 23:32:15 ssh: refused:\n  a.toml:1:2: bad\n    |   ^^ \u{fffd}[31m\n"
        );
    }

    #[test]
    fn one_line_is_one_line_whatever_is_told() {
        let text = "refused:\na.toml:1:2: bad\n  |\n\n  |   ^^ \x1b[31m\r\n";
        assert_eq!(one_line(&told(text)), "ssh: refused: a.toml:1:2: bad; |; |   ^^ \u{fffd}[31m");
        assert_eq!(one_line(&told("")), "ssh: ");
    }

    #[test]
    fn colour_surrounds_the_text_only() {
        assert_eq!(
            lay_out("Nov 21 23:32:15", &told("no"), Colour::Ansi),
            "\x1b[2mNov 21 23:32:15\x1b[0m \x1b[31mssh: no\x1b[0m\n"
        );
    }
}
