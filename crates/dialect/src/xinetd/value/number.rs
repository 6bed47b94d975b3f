//! Numbers, sizes, limits, loads.

use super::super::attribute::Attribute;
use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, note, quote, warning};
use super::bad;
use portreeve_model::{Limit, Load, Sentence};
use std::time::Duration;

/// Decimal digits, a plus allowed before them, nothing after.
fn digits(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// A number from 0 to `u32::MAX`. (xinetd lets larger ones overflow.)
pub(in super::super) fn natural(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<u32> {
    let value = digits(&word.text).and_then(|n| u32::try_from(n).ok());
    if value.is_none() {
        report.push(bad(attribute, word, "a decimal number, nothing before or after it"));
    }
    value
}

/// A number or `UNLIMITED`, which is `Some(None)`.
pub(in super::super) fn count(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<Option<u32>> {
    if word.is("UNLIMITED") {
        return Some(None);
    }
    let value = digits(&word.text).and_then(|n| u32::try_from(n).ok());
    match value {
        None => report.push(bad(attribute, word, "a decimal number or `UNLIMITED`")),
        Some(0) => report.push(
            warning(codes::REFUSES_ALL, word.at, format!("{attribute} of 0 refuses everybody"))
                .help("write `UNLIMITED` for no limit"),
        ),
        Some(_) => {}
    }
    value.map(Some)
}

/// A size for `setrlimit`: bytes, `k` or `m`, or `UNLIMITED`.
pub(in super::super) fn size_limit(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<Limit> {
    if word.is("UNLIMITED") {
        return Some(Limit::Unlimited);
    }
    let value = size(&word.text).map(Limit::At);
    if value.is_none() {
        let takes = "a decimal number, with `k` or `m` for 1024 or 1048576, or `UNLIMITED`";
        report.push(bad(attribute, word, takes));
    }
    value
}

/// Decimal digits and nothing, `k` or `m`.
pub(in super::super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1 << 10),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |number| (number, 1 << 20)),
    };
    digits(number)?.checked_mul(unit)
}

/// Seconds or `UNLIMITED`.
pub(in super::super) fn seconds_limit(
    attribute: Attribute,
    word: &Word,
    report: &mut Report<'_>,
) -> Option<Limit> {
    if word.is("UNLIMITED") {
        return Some(Limit::Unlimited);
    }
    let value = digits(&word.text).map(Limit::At);
    if value.is_none() {
        report.push(bad(attribute, word, "a decimal number of seconds or `UNLIMITED`"));
    }
    value
}

/// An octal file mode mask.
pub(in super::super) fn umask(word: &Word, report: &mut Report<'_>) -> Option<u32> {
    let octal = !word.text.is_empty() && word.text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let value = u32::from_str_radix(&word.text, 8).ok().filter(|mask| octal && *mask <= 0o777);
    if value.is_none() {
        report.push(bad(Attribute::Umask, word, "an octal number from 0 to 777"));
    }
    value
}

/// A nice value; the kernel moves one that is out of range to the nearest end.
pub(in super::super) fn nice(word: &Word, report: &mut Report<'_>) -> Option<i32> {
    let unsigned = word.text.strip_prefix('-').unwrap_or(&word.text);
    let value = digits(unsigned).and_then(|_| word.text.parse::<i32>().ok());
    let Some(value) = value else {
        report.push(bad(Attribute::Nice, word, "a number from -20 to 19"));
        return None;
    };
    let inside = value.clamp(-20, 19);
    if inside != value {
        let message = format!("a nice value of {value} means {inside}");
        let help = format!("write {inside}");
        report.push(warning(codes::NICE_RANGE, word.at, message).help(help));
    }
    Some(inside)
}

/// A load average: a decimal fraction above 0.
pub(in super::super) fn load(word: &Word, report: &mut Report<'_>) -> Option<Load> {
    let (whole, fraction) = word.text.split_once('.').unwrap_or((&word.text, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let written = plain(whole) && plain(fraction) && !(whole.is_empty() && fraction.is_empty());
    let hundredths = || -> Option<u32> {
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u32>().ok()? };
        let two: String = fraction.chars().chain("00".chars()).take(2).collect();
        whole.checked_mul(100)?.checked_add(two.parse().ok()?)
    };
    let value = hundredths().filter(|n| written && *n > 0);
    let Some(value) = value else {
        let takes = "a load average from 0.01 on, such as `2` or `2.5`";
        report.push(bad(Attribute::MaxLoad, word, takes));
        return None;
    };
    if fraction.get(2..).is_some_and(|rest| rest.contains(|c| c != '0')) {
        let message = format!(
            "a load of {} is kept as {}.{:02}",
            quote(&word.text),
            value / 100,
            value % 100
        );
        report.push(note(codes::LOAD_ROUNDED, word.at, message).help("write two digits at most"));
    }
    Some(Load(value))
}

/// What a sensor costs: minutes, `FOREVER` or `NEVER`.
pub(in super::super) fn sentence(word: &Word, report: &mut Report<'_>) -> Option<Sentence> {
    if word.is("FOREVER") {
        return Some(Sentence::Forever);
    }
    if word.is("NEVER") {
        return Some(Sentence::Never);
    }
    let minutes = digits(&word.text).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    if minutes.is_none() {
        let takes = "a number of minutes from 1 on, `FOREVER` or `NEVER`";
        report.push(bad(Attribute::DenyTime, word, takes));
    }
    minutes.map(|minutes| Sentence::For(Duration::from_secs(u64::from(minutes) * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_k_and_m_and_nothing_else() {
        for (text, want) in [
            ("10", Some(10)),
            ("+10", Some(10)),
            ("2k", Some(2048)),
            ("1M", Some(1 << 20)),
            ("1G", None),
            ("k", None),
            ("-1", None),
            ("1kk", None),
            ("99999999999999999999", None),
            ("18446744073709551615k", None),
        ] {
            assert_eq!(size(text), want, "{text}");
        }
    }
}
