//! `start:rate:full` and `v4:v6`.

use portreeve_model::{SourceWidth, Startups};

/// OpenSSH's own default.
pub(crate) const OPENSSH: Startups = Startups { start: 10, rate: 30, full: 100 };

/// `N`, as OpenSSH reads it: everybody up to N, nobody past it.
pub(crate) fn hard(full: u32) -> Startups {
    Startups { start: full, rate: 100, full }
}

/// Reads `start:rate:full`, `N` or `openssh`.
pub(crate) fn parse(text: &str) -> Result<Startups, String> {
    if text == "openssh" {
        return Ok(OPENSSH);
    }
    let numbers: Option<Vec<u32>> = text.split(':').map(number).collect();
    let startups = match numbers.as_deref() {
        Some([full]) => hard(*full),
        Some([start, rate, full]) => Startups { start: *start, rate: *rate, full: *full },
        _ => return Err(format!("`{text}` is not `start:rate:full`")),
    };
    match startups {
        Startups { rate, .. } if !(1..=100).contains(&rate) => {
            Err("the rate is per cent, 1 to 100".into())
        }
        Startups { full: 0, .. } => Err("`full` must be at least 1".into()),
        Startups { start, full, .. } if start > full => {
            Err("`start` must not be more than `full`".into())
        }
        fine => Ok(fine),
    }
}

/// Writes startups as a TOML value.
pub(crate) fn show(startups: Startups) -> String {
    let Startups { start, rate, full } = startups;
    if startups == hard(full) { full.to_string() } else { format!("\"{start}:{rate}:{full}\"") }
}

/// Reads `v4:v6` or `openssh`.
pub(crate) fn width(text: &str) -> Result<SourceWidth, String> {
    if text == "openssh" {
        return Ok(SourceWidth::EXACT);
    }
    let length =
        |text, most| number(text).and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= most);
    let both = text.split_once(':').and_then(|(v4, v6)| Some((length(v4, 32)?, length(v6, 128)?)));
    let (v4, v6) = both.ok_or_else(|| {
        format!("`{text}` is not two prefix lengths, 0 to 32 for IPv4 and 0 to 128 for IPv6")
    })?;
    Ok(SourceWidth { v4, v6 })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn startups_are_openssh_s() {
        for (text, start, rate, full, shown) in [
            ("10:30:100", 10, 30, 100, "\"10:30:100\""),
            ("openssh", 10, 30, 100, "\"10:30:100\""),
            ("10", 10, 100, 10, "10"),
            ("0:1:1", 0, 1, 1, "\"0:1:1\""),
        ] {
            assert_eq!(parse(text), Ok(Startups { start, rate, full }), "{text}");
            assert_eq!(show(Startups { start, rate, full }), shown);
        }
        for bad in ["", "10:30", "10:0:100", "10:101:100", "11:30:10", "0", "a:b:c", "+1:1:1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn widths_fit_their_families() {
        assert_eq!(width("32:64"), Ok(SourceWidth::DEFAULT));
        assert_eq!(width("openssh"), Ok(SourceWidth::EXACT));
        for bad in ["32", "33:64", "32:129", ":", "a:b"] {
            assert!(width(bad).is_err(), "{bad}");
        }
    }
}
