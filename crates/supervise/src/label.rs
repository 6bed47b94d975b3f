//! TAI64N labels: moments as daemontools writes them, in files and before lines of a log.

use std::time::Duration;

/// Bytes of a label in a file.
pub const SIZE: usize = 12;

/// Bytes of a label as text: `@` and 24 digits.
pub const TEXT: usize = 25;

/// The label's seconds at the beginning of 1970. The ten seconds that TAI was ahead then are all that
/// the ancestor counts: it knows no leap seconds.
const EPOCH: u64 = (1 << 62) + 10;

/// In a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// A moment. Labels are in the order of their moments, as bytes and as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    seconds: u64,
    nanoseconds: u32,
}

impl Label {
    /// The label of a wall clock's reading, the time since 1970. It counts microseconds, and puts the
    /// nanoseconds in the middle of one, as the ancestor does.
    #[must_use]
    pub fn at(wall: Duration) -> Self {
        let nanoseconds = wall.subsec_micros().saturating_mul(1000).saturating_add(500);
        Self { seconds: EPOCH.saturating_add(wall.as_secs()), nanoseconds }
    }

    /// From the bytes of a file.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SIZE]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            seconds: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            nanoseconds: u32::from_be_bytes([i, j, k, l]),
        }
    }

    /// For a file.
    #[must_use]
    pub fn to_bytes(self) -> [u8; SIZE] {
        let [a, b, c, d, e, f, g, h] = self.seconds.to_be_bytes();
        let [i, j, k, l] = self.nanoseconds.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// `@` and 24 digits, of which letters are small.
    #[must_use]
    pub fn to_text(self) -> [u8; TEXT] {
        let mut text = [b'@'; TEXT];
        let digits = self.to_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        for (place, digit) in text.iter_mut().skip(1).zip(digits) {
            *place = match digit {
                0..=9 => b'0'.wrapping_add(digit),
                _ => b'a'.wrapping_add(digit.wrapping_sub(10)),
            };
        }
        text
    }

    /// From the 24 digits behind an `@`; no capital letters.
    #[must_use]
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        let digits: &[u8; TEXT - 1] = digits.try_into().ok()?;
        let mut bytes = [0; SIZE];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit.wrapping_sub(b'0'),
                    b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
                    _ => return None,
                };
                *byte = *byte << 4 | value;
            }
        }
        Some(Self::from_bytes(bytes))
    }

    /// Seconds since 1970, before it negative; nothing that no clock of 64 bits can show.
    #[must_use]
    pub fn unix_seconds(self) -> Option<i64> {
        i64::try_from(i128::from(self.seconds).checked_sub(i128::from(EPOCH))?).ok()
    }

    /// As they stand: a label that no clock wrote may have more than a second of them.
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// The moment so much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        let nanoseconds =
            u64::from(self.nanoseconds).saturating_add(u64::from(time.subsec_nanos()));
        let seconds = self.seconds.saturating_add(time.as_secs());
        let seconds = seconds.saturating_add(nanoseconds.div_euclid(NANOSECONDS));
        let rest = nanoseconds.rem_euclid(NANOSECONDS);
        Self { seconds, nanoseconds: u32::try_from(rest).unwrap_or(0) }
    }

    /// Whole seconds between two labels, fractions ignored; 0 when this one is the earlier.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.seconds.saturating_sub(earlier.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_1970_and_what_follows_it() {
        let label = Label::at(Duration::new(1, 2_003_999));
        assert_eq!(label.to_text(), *b"@400000000000000b001e922c");
        assert_eq!(label.unix_seconds(), Some(1));
        assert_eq!(label.nanoseconds(), 2_003_500);
        assert_eq!(Label::from_digits(&label.to_text()[1..]), Some(label));
        assert_eq!(Label::from_bytes(label.to_bytes()), label);
        assert_eq!(Label::at(Duration::from_secs(9)).seconds_since(label), 8);
        assert_eq!(label.seconds_since(Label::at(Duration::from_secs(9))), 0);
    }

    #[test]
    fn only_24_small_digits_are_a_label() {
        for wrong in ["", "40000000000000", "400000000000000B001E922C", "g00000000000000b001e922c"]
        {
            assert_eq!(Label::from_digits(wrong.as_bytes()), None, "{wrong}");
        }
        let all = Label::from_digits(&[b'f'; 24]).unwrap();
        assert_eq!((all.unix_seconds(), all.nanoseconds()), (None, u32::MAX));
        let none = Label::from_digits(&[b'0'; 24]).unwrap();
        assert_eq!(none.unix_seconds(), Some(-(1 << 62) - 10));
    }
}
