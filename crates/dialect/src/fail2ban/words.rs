//! Small languages inside values.

use super::text::blank;

/// Words as a shell divides them, with quotes and backslashes; `None` where one is left open.
pub(crate) fn shell_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(letters.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        inside => word.push(inside),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => match letters.next()? {
                            escaped @ ('"' | '\\') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        inside => word.push(inside),
                    }
                }
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// A truth value as fail2ban reads it: anything that is not one of four words is false.
pub(super) fn truth(text: &str) -> bool {
    ["1", "on", "true", "yes"].contains(&text.to_lowercase().as_str())
}

/// A whole number as Python's `int` reads it.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = text.trim_matches(blank);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits.split('_').all(fits) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// Seconds of a time such as `1d12h30m`, `600` or `-1`; `None` where it is more than numbers with
/// units, which fail2ban would evaluate.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim_matches(blank).to_lowercase();
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.as_str()),
    };
    let mut sum = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?.trim_start_matches(blank);
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        sum += number * unit(rest.get(..letters)?)?;
        rest = rest.get(letters..)?.trim_start_matches(blank);
        parts += 1;
    }
    (parts > 0).then_some(sign * sum)
}

fn unit(word: &str) -> Option<f64> {
    const DAY: f64 = 86_400.0;
    Some(match word {
        "" | "s" | "ss" | "se" | "sec" | "second" | "seconds" => 1.0,
        "m" | "mm" | "mi" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hh" | "ho" | "hou" | "hour" | "hours" => 3600.0,
        "d" | "dd" | "da" | "day" | "days" => DAY,
        "w" | "ww" | "we" | "wee" | "week" | "weeks" => 7.0 * DAY,
        "mo" | "mon" | "month" | "months" => 365.25 * DAY / 12.0,
        "y" | "yy" | "ye" | "yea" | "year" | "years" => 365.25 * DAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_shells() {
        let words = |text| shell_words(text).map(|words| words.join("|"));
        for (text, want) in [
            ("_A=b  + _C=d", Some("_A=b|+|_C=d")),
            ("a='x y'\"z \\\"\\q\" \\ w ''", Some("a=x yz \"\\q| w|")),
            ("'open", None),
            ("end\\", None),
            ("", Some("")),
        ] {
            assert_eq!(words(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, want) in [
            ("600", Some(600.0)),
            ("1d12h30m", Some(131_400.0)),
            ("1 year 6mo", Some(47_336_400.0)),
            ("-1", Some(-1.0)),
            ("2.5h", Some(9000.0)),
            ("5*60", None),
            ("1x", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn numbers_are_pythons() {
        for (text, want) in [(" 1_0 ", Some(10)), ("+3", Some(3)), ("1__0", None), ("", None)] {
            assert_eq!(whole(text), want, "{text}");
        }
        assert!(truth("Yes") && !truth("y") && !truth(""));
    }
}
