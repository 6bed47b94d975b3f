//! Sizes: `64K`, `256M`, `1G`; each unit is 1024 of the one before.

const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('K', 10)];

/// Reads a size in bytes.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let no = || format!("`{text}` is no size (units are K, M, G, T)");
    let upper = text.trim().to_ascii_uppercase();
    let unit = UNITS.iter().find(|(name, _)| upper.ends_with(*name));
    let (digits, shift) = match unit {
        Some((name, shift)) => (upper.trim_end_matches(*name), *shift),
        None => (upper.as_str(), 0),
    };
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let one_unit = upper.len() - digits.len() <= 1;
    let number: u64 = digits.parse().ok().filter(|_| whole && one_unit).ok_or_else(no)?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("`{text}` is more than 64 bits hold"))
}

/// Writes a size as a TOML value: with a unit where that is exact, else as a number.
pub(crate) fn show(bytes: u64) -> String {
    let exact = |(_, shift): &&(char, u32)| bytes >= 1 << shift && bytes.trailing_zeros() >= *shift;
    match UNITS.iter().find(exact) {
        Some((name, shift)) => format!("\"{}{name}\"", bytes >> shift),
        None if i64::try_from(bytes).is_ok() => bytes.to_string(),
        None => format!("\"{bytes}\""), // past what a TOML integer holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes, shown) in [
            ("0", 0, "0"),
            ("1023", 1023, "1023"),
            ("1k", 1024, "\"1K\""),
            ("256M", 256 << 20, "\"256M\""),
            ("1536M", 1536 << 20, "\"1536M\""),
            ("1T", 1 << 40, "\"1T\""),
            ("18446744073709551615", u64::MAX, "\"18446744073709551615\""),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(show(bytes), shown);
            assert_eq!(parse(shown.trim_matches('"')), Ok(bytes));
        }
        for bad in ["", "K", "1KK", "1KM", "-1", "+1", "1.5M", "1B", "99999999T", "1 K"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
