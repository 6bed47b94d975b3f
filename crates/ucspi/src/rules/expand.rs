//! Ranges such as `1.2.3.37-53`.

use std::borrow::Cow;

/// The keys that an address stands for: itself, or one for each number of its range.
#[derive(Clone, Debug)]
pub struct Addresses<'a> {
    address: &'a [u8],
    range: Option<Range<'a>>,
    told: bool,
}

#[derive(Clone, Debug)]
struct Range<'a> {
    before: &'a [u8],
    next: u64,
    last: u64,
    after: &'a [u8],
}

/// The greatest number of a range, whatever is written.
const MOST: u64 = 255;

impl<'a> Addresses<'a> {
    /// Of an address. A range is looked for only where neither `=` nor `@` is; it is the number
    /// before the first `-`, from the dot before it on, to the number after it, up to the next dot.
    /// No number is 0; a range that begins past its end has no keys.
    ///
    /// # Errors
    /// The byte at which something other than a digit stands.
    pub fn of(address: &'a [u8]) -> Result<Self, usize> {
        let whole = Self { address, range: None, told: false };
        let Some(dash) = address.iter().position(|byte| *byte == b'-') else { return Ok(whole) };
        if address.iter().any(|byte| matches!(byte, b'=' | b'@')) {
            return Ok(whole);
        }
        let (low, high) = address.split_at_checked(dash).unwrap_or((address, &[]));
        let high = high.get(1..).unwrap_or_default();
        let start =
            low.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot.saturating_add(1));
        let length = high.iter().position(|byte| *byte == b'.').unwrap_or(high.len());
        let (before, low) = low.split_at_checked(start).unwrap_or((&[], low));
        let (high, after) = high.split_at_checked(length).unwrap_or((high, &[]));
        let next = number(low).map_err(|at| at.saturating_add(start))?;
        let last = number(high).map_err(|at| at.saturating_add(dash).saturating_add(1))?;
        Ok(Self { range: Some(Range { before, next, last: last.min(MOST), after }), ..whole })
    }

    /// Whether this is a range.
    #[must_use]
    pub fn is_range(&self) -> bool {
        self.range.is_some()
    }
}

/// Digits alone; too many wrap, as the ancestor's do.
fn number(digits: &[u8]) -> Result<u64, usize> {
    let mut value = 0_u64;
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9).ok_or(at)?;
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Ok(value)
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(range) = &mut self.range else {
            let told = std::mem::replace(&mut self.told, true);
            return (!told).then_some(Cow::Borrowed(self.address));
        };
        if range.next > range.last {
            return None;
        }
        let number = range.next.to_string();
        range.next = range.next.saturating_add(1);
        Some([range.before, number.as_bytes(), range.after].concat().into())
    }
}
