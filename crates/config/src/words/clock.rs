//! Times of the day: `08:00-15:25`.

use portreeve_model::HourRange;

/// Reads a range: first minute inside, first minute outside. `24:00` is the end of the day, and an
/// end of `00:00` means the same.
pub(crate) fn parse(text: &str) -> Result<(u16, u16), String> {
    let no = || format!("`{text}` is no range of times");
    let (from, to) = text.split_once('-').ok_or_else(no)?;
    let from = minute(from.trim()).filter(|at| *at < 1440).ok_or_else(no)?;
    let to = minute(to.trim()).ok_or_else(no)?;
    Ok((from, if to == 0 { 1440 } else { to }))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, digits| {
        let fits = digits >= text.len() && !text.is_empty();
        (fits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u16>().ok())?
    };
    let (hour, minute) = (number(hour, 2)?, number(minute, 2).filter(|m| *m < 60)?);
    Some(hour * 60 + minute).filter(|at| *at <= 1440)
}

/// Writes a range.
pub(crate) fn show(range: &HourRange) -> String {
    let HourRange { from, to, .. } = range;
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_half_open_and_bounded() {
        for (text, want) in [
            ("08:00-15:25", (480, 925)),
            ("8:00 - 15:25", (480, 925)),
            ("22:00-06:00", (1320, 360)),
            ("22:00-00:00", (1320, 1440)),
            ("00:00-24:00", (0, 1440)),
        ] {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for bad in ["", "08:00", "8-9", "24:00-25:00", "08:60-09:00", "+8:00-09:00", "24:01-1:00"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
