//! How names are hashed: from their end on, so that a name and all domains above it are hashed in
//! one pass.
//!
//! A name is a polynomial with its bytes as coefficients, and its hash the polynomial's value at a
//! point that the seed names, over the integers modulo 2^61 - 1. Two different names of at most n
//! bytes collide at no more than n points of 2^61, so whoever writes a list without knowing the seed
//! cannot crowd the table, whatever they write.

/// The prime.
const PRIME: u64 = (1 << 61) - 1;

/// A hash in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash {
    point: u64,
    value: u64,
}

impl Hash {
    /// Of nothing.
    pub(crate) fn new(seed: u64) -> Self {
        // a small point would keep short names in order, and close to one another
        let point = reduce(u128::from(mix(seed)));
        Self { point: point.max(1 << 32), value: 0 }
    }

    /// With one more byte before those that came; capital letters count as small ones.
    pub(crate) fn before(self, byte: u8) -> Self {
        let coefficient = u128::from(byte.to_ascii_lowercase()).wrapping_add(1);
        // both are below 2^61
        let product = u128::from(self.value).wrapping_mul(u128::from(self.point));
        Self { value: reduce(product.wrapping_add(coefficient)), ..self }
    }

    /// Of a whole text.
    pub(crate) fn of(seed: u64, text: &[u8]) -> Self {
        text.iter().rev().fold(Self::new(seed), |hash, byte| hash.before(*byte))
    }

    /// Where to look first, among so many slots (a power of two), and what to look for there.
    pub(crate) fn place(self, slots: usize) -> (usize, u32) {
        let mixed = mix(self.value);
        let mask = slots.saturating_sub(1);
        let high = usize::try_from(mixed >> 32).unwrap_or(usize::MAX);
        let [a, b, c, d, ..] = mixed.to_le_bytes();
        (high & mask, u32::from_le_bytes([a, b, c, d]))
    }
}

/// Modulo the prime: 2^61 is 1.
fn reduce(number: u128) -> u64 {
    let fold = |number: u128| (number & u128::from(PRIME)).wrapping_add(number >> 61);
    let folded = u64::try_from(fold(fold(number))).unwrap_or(u64::MAX);
    folded.checked_sub(PRIME).unwrap_or(folded)
}

/// SplitMix64's mixing step: one to one, and every bit depends on all.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducing_is_the_remainder() {
        let most = u128::from(PRIME - 1) * u128::from(PRIME - 1) + 256;
        for number in [0, 1, u128::from(PRIME) - 1, u128::from(PRIME), 1 << 61, most] {
            assert_eq!(u128::from(reduce(number)), number % u128::from(PRIME), "{number}");
        }
    }

    #[test]
    fn names_that_differ_little_are_spread() {
        let slots = 1 << 12;
        let mut filled = vec![0_u32; slots];
        for number in 0..slots {
            let name = format!("h{number}.example.net");
            filled[Hash::of(7, name.as_bytes()).place(slots).0] += 1;
        }
        // of so many balls thrown at random into as many places, the fullest place has about 7
        assert!(filled.iter().all(|count| *count < 12));
        assert!(filled.iter().filter(|count| **count == 0).count() < slots / 2);
    }
}
