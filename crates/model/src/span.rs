//! Lengths of time, as sentences tell them.

use std::time::Duration;

/// A span of time with its two greatest units, such as `1 d` or `1 h 30 min`; below a minute with
/// tenths of a second.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |first: u64, a: &str, second: u64, b: &str| match second {
        0 => format!("{first} {a}"),
        _ => format!("{first} {a} {second} {b}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => match time.subsec_millis() / 100 {
            0 => format!("{seconds} s"),
            tenths => format!("{seconds}.{tenths} s"),
        },
        (0, 0, _) => two(minutes, "min", seconds % 60, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn two_units_are_told() {
        for (seconds, want) in
            [(0, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (86_400, "1 d"), (90_061, "1 d 1 h")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), want);
        }
        assert_eq!(span(Duration::from_millis(1_540)), "1.5 s");
    }
}
