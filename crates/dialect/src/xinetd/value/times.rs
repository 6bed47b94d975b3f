//! Intervals of `access_times`: `H:M-H:M`, both ends inside.

use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, note, quote, warning};

/// Minutes of the day, the first inside and the first outside, as the model has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Interval {
    pub(in super::super) from: u16,
    pub(in super::super) to: u16,
}

const DAY: u16 = 24 * 60;

/// Reads one interval.
pub(in super::super) fn read(word: &Word, report: &mut Report<'_>) -> Option<Interval> {
    let halves = word.text.split_once('-').and_then(|(a, b)| Some((time(a)?, time(b)?)));
    let Some((from, last)) = halves.filter(|(from, last)| *from < DAY && *last <= DAY) else {
        let message = format!("{} is no interval", quote(&word.text));
        let help = "write it as `8:00-15:25`, hours 0 to 23 and minutes 0 to 59, no blanks";
        report.push(error(codes::BAD_TIMES, word.at, message).help(help));
        return None;
    };
    if from == last {
        let message = format!("{} is one minute or a whole day", quote(&word.text));
        let help = "write `0:00-23:59` for the whole day";
        report.push(error(codes::BAD_TIMES, word.at, message).help(help));
        return None;
    }
    let short = |half: &str| half.split(':').any(str::is_empty);
    if word.text.split('-').any(short) {
        let message = format!("a missing number in {} is 0", quote(&word.text));
        report.push(note(codes::TIMES_EMPTY_NUMBER, word.at, message).help("write the number"));
    }
    if last == DAY || last < from {
        let what = if last == DAY { "ends at midnight" } else { "runs over midnight" };
        let message = format!("{} {what}; xinetd disables the service for it", quote(&word.text));
        let help = match last == DAY {
            true => "write `23:59` to please xinetd too".to_owned(),
            false => {
                let (start, end) = word.text.split_once('-').unwrap_or(("", ""));
                format!(
                    "write {} to please xinetd too",
                    quote(&format!("{start}-23:59 0:00-{end}"))
                )
            }
        };
        report.push(warning(codes::TIMES_MIDNIGHT, word.at, message).help(help));
    }
    Some(Interval { from, to: (last + 1).min(DAY) })
}

/// `H:M` as a minute of the day; 24:00 is [`DAY`]. A missing number is 0.
fn time(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| -> Option<u16> {
        let digits = text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
        let value = if text.is_empty() { Ok(0) } else { text.parse() };
        value.ok().filter(|_| digits)
    };
    match (number(hour)?, number(minute)?) {
        (24, 0) => Some(DAY),
        (hour @ 0..24, minute @ 0..60) => Some(hour * 60 + minute),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::{Diagnostics, FileId, Span};

    #[test]
    fn ends_are_inside_and_midnight_may_be_met_or_crossed() {
        for (text, want, codes) in [
            ("08:00-15:25", Some((480, 926)), &[] as &[&str]),
            ("8:0-15:25", Some((480, 926)), &[]),
            ("0:00-23:59", Some((0, 1440)), &[]),
            ("12:00-24:00", Some((720, 1440)), &["xinetd-times-midnight"]),
            ("22:00-06:00", Some((1320, 361)), &["xinetd-times-midnight"]),
            ("22:00-0:00", Some((1320, 1)), &["xinetd-times-midnight"]),
            ("8:00-7:59", Some((480, 480)), &["xinetd-times-midnight"]),
            (":-23:59", Some((0, 1440)), &["xinetd-times-empty-number"]),
            ("8:00-8:00", None, &["xinetd-bad-times"]),
            ("24:00-8:00", None, &["xinetd-bad-times"]),
            ("8:00-24:01", None, &["xinetd-bad-times"]),
            ("8:00-9:60", None, &["xinetd-bad-times"]),
            ("8-9", None, &["xinetd-bad-times"]),
            ("8:00", None, &["xinetd-bad-times"]),
            ("8:00-9:00-10:00", None, &["xinetd-bad-times"]),
            ("8:+1-9:00", None, &["xinetd-bad-times"]),
        ] {
            let mut diagnostics = Diagnostics::new();
            let word = Word { text: text.into(), at: Span::new(FileId(0), 0, 0) };
            let got = read(&word, &mut Report::new(&mut diagnostics)).map(|i| (i.from, i.to));
            assert_eq!(got, want, "{text}");
            let seen: Vec<_> = diagnostics.iter().map(|d| d.code.0).collect();
            assert_eq!(seen, codes, "{text}");
        }
    }
}
