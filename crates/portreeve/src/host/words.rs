//! A command in words, as it is typed and as it is shown. No shell is ever asked.

/// Splits a command into words: at blanks, but for those within `'…'` or `"…"` or after a `\`.
/// Nothing else means anything: no variable, pattern, pipe or list.
///
/// # Errors
/// A quote that is not closed, a `\` at the end, or no word at all.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (None | Some(_), '\\') => {
                let next = rest.next().ok_or("a `\\` at the end quotes nothing")?;
                word.get_or_insert_default().push(next);
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match (quote, words.as_slice()) {
        (Some(open), _) => Err(format!("the quote `{open}` is not closed")),
        (None, []) => Err("no program is named".into()),
        (None, [program, ..]) if program.is_empty() => Err("no program is named".into()),
        (None, _) => Ok(words),
    }
}

/// Words as a line that a shell, and [`split`], would read the same.
pub(crate) fn line(words: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=+./:@%,".contains(c);
    let shown = words.iter().map(|word| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_documented_and_shown_as_they_are_split() {
        for (text, want) in [
            ("kill 812", vec!["kill", "812"]),
            ("  a\t b ", vec!["a", "b"]),
            (r#"/bin/sh -c 'a "b" \c'"#, vec!["/bin/sh", "-c", r#"a "b" \c"#]),
            (r#"x "a \"b\" 'c'" d\ e"#, vec!["x", r#"a "b" 'c'"#, "d e"]),
            ("a '' b", vec!["a", "", "b"]),
            ("a$HOME|b;c", vec!["a$HOME|b;c"]),
        ] {
            let words = split(text).unwrap();
            assert_eq!(words, want, "{text}");
            assert_eq!(split(&line(&words)).unwrap(), words, "{text}");
        }
        for text in ["", "  ", "a 'b", "a \"b", "a \\", "'' x"] {
            assert!(split(text).is_err(), "{text:?}");
        }
    }
}
