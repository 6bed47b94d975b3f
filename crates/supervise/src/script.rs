//! multilog's script: what is done with each line.

/// Bytes of a line that patterns, `e` and `=FILE` see, its label included.
pub const SEEN: usize = 1000;

/// Bytes of a log's file, where no `s` says otherwise.
pub const SIZE: u64 = 99_999;

/// How many files a log has, where no `n` says otherwise.
pub const FILES: u32 = 10;

/// One action, done for each line in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `-PATTERN`: a selected line that matches is no longer selected.
    Deselect(Vec<u8>),
    /// `+PATTERN`: one that is not selected and matches is.
    Select(Vec<u8>),
    /// `e`: a selected line goes to standard error.
    Error,
    /// `=FILE`: a selected line takes the place of what the file held.
    Status(Vec<u8>),
    /// A selected line is appended to a log.
    Log(Log),
}

/// A log: a folder of files that take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The folder.
    pub folder: Vec<u8>,
    /// Bytes of a file, 4096 to 16777215.
    pub size: u64,
    /// Files, the current one among them; at least 2.
    pub files: u32,
    /// A shell command that each full file passes through.
    pub processor: Option<Vec<u8>>,
}

/// A whole script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Whether each line gets a label first.
    pub labels: bool,
    /// What is done.
    pub actions: Vec<Action>,
}

impl Script {
    /// Reads the arguments of a call. Words that mean nothing are passed over; they come back as the
    /// second value, to be warned about.
    #[must_use]
    pub fn parse<'w>(words: &[&'w [u8]]) -> (Self, Vec<&'w [u8]>) {
        let mut script = Self::default();
        let mut odd = Vec::new();
        let (mut size, mut files, mut processor) = (SIZE, FILES, None);
        for (number, word) in words.iter().enumerate() {
            let action = match word {
                [b't', ..] if number == 0 => {
                    script.labels = true;
                    continue;
                }
                [b's', digits @ ..] => {
                    size = value(digits).clamp(4096, 16_777_215);
                    continue;
                }
                [b'n', digits @ ..] => {
                    files = u32::try_from(value(digits)).unwrap_or(u32::MAX).max(2);
                    continue;
                }
                [b'!', command @ ..] => {
                    processor = Some(command.to_vec());
                    continue;
                }
                [b'-', pattern @ ..] => Action::Deselect(pattern.to_vec()),
                [b'+', pattern @ ..] => Action::Select(pattern.to_vec()),
                [b'e'] => Action::Error,
                [b'=', file @ ..] => Action::Status(file.to_vec()),
                [b'.' | b'/', ..] => {
                    let (folder, processor) = (word.to_vec(), processor.clone());
                    Action::Log(Log { folder, size, files, processor })
                }
                _ => {
                    odd.push(*word);
                    continue;
                }
            };
            script.actions.push(action);
        }
        (script, odd)
    }
}

/// The number at the beginning; none is 0, and one that is too large wraps.
fn value(digits: &[u8]) -> u64 {
    let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
    digits.fold(0, |sum: u64, digit| {
        sum.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// Whether a pattern is a line's. `*` at its end matches everything; elsewhere it matches up to the
/// first occurrence of the byte that follows it, and never past that.
#[must_use]
pub fn matches(pattern: &[u8], line: &[u8]) -> bool {
    let (mut pattern, mut line) = (pattern, line);
    loop {
        match pattern {
            [] => return line.is_empty(),
            [b'*'] => return true,
            [b'*', next, rest @ ..] => {
                let Some(at) = line.iter().position(|byte| byte == next) else { return false };
                line = line.get(at.saturating_add(1)..).unwrap_or_default();
                pattern = rest;
            }
            [byte, rest @ ..] => match line {
                [first, others @ ..] if first == byte => {
                    (pattern, line) = (rest, others);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_swallows_up_to_the_first_that_follows() {
        for (pattern, line, want) in [
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*", "ab", true),
            ("*b", "aab", true),
            ("*a*b", "xabb", false),
            ("*a*b", "xaccb", true),
            ("**x", "y*x", true),
            ("+ *: x", "+ abc: x", true),
            ("+ *: x", "+ a:bc: x", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), line.as_bytes()), want, "{pattern} {line}");
        }
    }

    #[test]
    fn settings_are_for_the_logs_behind_them() {
        let words =
            ["t", "s1", "n1", "./a", "s9999999999", "n", "!cat", "/b", "!", "./c", "main", "E", ""];
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let (script, odd) = Script::parse(&words);
        assert!(script.labels);
        let logs: Vec<_> = script
            .actions
            .iter()
            .filter_map(|action| match action {
                Action::Log(log) => Some((log.size, log.files, log.processor.as_deref())),
                Action::Deselect(_) | Action::Select(_) | Action::Error | Action::Status(_) => None,
            })
            .collect();
        assert_eq!(
            logs,
            [(4096, 2, None), (16_777_215, 2, Some(&b"cat"[..])), (16_777_215, 2, Some(&b""[..]))]
        );
        assert_eq!(odd, [&b"main"[..], b"E", b""]);
        let (script, _) = Script::parse(&[b"e", b"t", b"+x", b"-", b"=f"]);
        assert!(!script.labels);
        assert_eq!(script.actions.len(), 4);
    }
}
