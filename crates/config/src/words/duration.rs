//! Durations: `500ms`, `10s`, `1m30s`, `1d`.

use std::time::Duration;

/// Units with their milliseconds, longest first.
const UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A hundred years: longer is a slip.
const MOST: u64 = 36_525 * 86_400_000;

/// Reads a duration: one or more numbers, each with a unit, such as `1m30s`.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let no = || format!("`{text}` is no duration (units are ms, s, m, h, d, w)");
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(no());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(no)?;
        let number: u64 = number.parse().map_err(|_| no())?;
        total = number
            .checked_mul(*milliseconds)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= MOST)
            .ok_or_else(|| format!("`{text}` is more than a hundred years"))?;
        rest = tail;
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration in the longest units that are exact; milliseconds are the finest.
pub(crate) fn show(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(MOST).min(MOST);
    let days_and_less = UNITS.iter().skip(1); // 7d reads better than 1w beside 8d
    let mut out = String::new();
    for (name, milliseconds) in days_and_less {
        let count = left / milliseconds;
        left %= milliseconds;
        if count > 0 {
            out.push_str(&format!("{count}{name}"));
        }
    }
    if out.is_empty() { "0s".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, milliseconds, shown) in [
            ("0s", 0, "0s"),
            ("500ms", 500, "500ms"),
            ("90s", 90_000, "1m30s"),
            ("2m", 120_000, "2m"),
            ("1m30s", 90_000, "1m30s"),
            ("24h", 86_400_000, "1d"),
            ("1w", 604_800_000, "7d"),
        ] {
            let got = parse(text).unwrap();
            assert_eq!(got, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(show(got), shown);
            assert_eq!(parse(shown).unwrap(), got);
        }
        for bad in ["", "10", "s", "1y", "-1s", "1.5s", "1 s", "99999999999999w", "40000d", "1s2"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
