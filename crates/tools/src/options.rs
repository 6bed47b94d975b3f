//! Options as daemontools and ucspi-tcp read them: single letters, clusters, values in the same word
//! or the next.

use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The options of a call, one by one, and then what follows them.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    name: &'static str,
    /// Letters it knows; one that a colon follows takes a value.
    letters: &'static [u8],
    words: &'a [OsString],
    /// What is left of a cluster.
    cluster: &'a [u8],
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen<'a> {
    pub(crate) letter: u8,
    /// Empty for one that takes none.
    pub(crate) value: &'a [u8],
}

impl<'a> Options<'a> {
    /// Those of a call.
    pub(crate) fn of(call: &'a Call, letters: &'static str) -> Self {
        let words = call.arguments.as_slice();
        Self { name: call.name, letters: letters.as_bytes(), words, cluster: b"" }
    }

    /// The next one; nothing when the operands begin. A word that is `-` alone is an operand.
    pub(crate) fn take(&mut self) -> Result<Option<Chosen<'a>>, Trouble> {
        if self.cluster.is_empty() {
            let Some((word, rest)) = self.words.split_first() else { return Ok(None) };
            match word.as_bytes() {
                b"--" => {
                    self.words = rest;
                    return Ok(None);
                }
                [b'-', cluster @ ..] if !cluster.is_empty() => self.cluster = cluster,
                _ => return Ok(None),
            }
            self.words = rest;
        }
        let Some((letter, rest)) = self.cluster.split_first() else { return Ok(None) };
        self.cluster = rest;
        let known = self.letters.iter().position(|known| known == letter && *known != b':');
        let Some(known) = known else { return Err(self.wrong("illegal option", *letter)) };
        if self.letters.get(known.saturating_add(1)) != Some(&b':') {
            return Ok(Some(Chosen { letter: *letter, value: b"" }));
        }
        let value = match std::mem::take(&mut self.cluster) {
            b"" => {
                let next = self.words.split_first();
                let (value, rest) =
                    next.ok_or_else(|| self.wrong("option requires an argument", *letter))?;
                self.words = rest;
                value.as_bytes()
            }
            rest => rest,
        };
        Ok(Some(Chosen { letter: *letter, value }))
    }

    /// What follows the options.
    pub(crate) fn operands(&self) -> &'a [OsString] {
        self.words
    }

    fn wrong(&self, what: &str, letter: u8) -> Trouble {
        let text = [self.name.as_bytes(), b": ", what.as_bytes(), b" -- ", &[letter], b"\n"];
        say(text.concat());
        Trouble::Usage
    }
}

/// A number and what follows its digits; no digits are 0, and one that is too large wraps.
pub(crate) fn number(text: &[u8]) -> (u64, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    let add = |sum: u64, digit: &u8| {
        sum.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')))
    };
    (digits.iter().fold(0, add), rest)
}

/// A word as the text it is, for messages.
pub(crate) fn shown(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(letters: &'static str, words: &[&str]) -> (Vec<(char, String)>, Vec<OsString>, bool) {
        let arguments = words.iter().map(OsString::from).collect();
        let call = Call { name: "t", called: "t".into(), arguments };
        let mut options = Options::of(&call, letters);
        let mut chosen = Vec::new();
        loop {
            match options.take() {
                Ok(Some(one)) => {
                    let value = String::from_utf8(one.value.to_vec()).unwrap();
                    chosen.push((char::from(one.letter), value));
                }
                Ok(None) => return (chosen, options.operands().to_vec(), true),
                Err(_) => return (chosen, Vec::new(), false),
            }
        }
    }

    #[test]
    fn clusters_values_and_the_end_of_options() {
        let (chosen, rest, fine) = all("nc:", &["-nc5", "-c", "", "-n", "--", "-n"]);
        let want = [('n', ""), ('c', "5"), ('c', ""), ('n', "")];
        assert!(fine && chosen == want.map(|(letter, value)| (letter, value.to_owned())));
        assert_eq!(rest, ["-n"]);
        assert_eq!(all("n", &["-", "-n"]).1, ["-", "-n"], "a lone dash is an operand");
        assert!(!all("n", &["-x"]).2 && !all("c:", &["-c"]).2 && !all("c:", &["-:"]).2);
    }

    #[test]
    fn numbers_are_what_their_first_digits_say() {
        assert_eq!(number(b"12x"), (12, &b"x"[..]));
        assert_eq!(number(b""), (0, &b""[..]));
        assert_eq!(number(b"18446744073709551617").0, 1);
    }
}
