//! Uniform numbers for the early drop: a peer must not be able to guess when it pays to knock.

use std::hash::{BuildHasher, RandomState};

/// A small generator (xorshift64*), seeded from the system through the standard hasher's keys.
#[derive(Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new() -> Self {
        Self { state: RandomState::new().hash_one(0x706f_7274_7265_6576_u64) | 1 }
    }

    /// Uniform in 0..100.
    pub(crate) fn hundred(&mut self) -> u32 {
        loop {
            self.state ^= self.state >> 12;
            self.state ^= self.state << 25;
            self.state ^= self.state >> 27;
            let high = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
            let roll = u32::try_from(high).unwrap_or(0);
            // the last, incomplete hundred would favour small numbers
            if roll < u32::MAX - (u32::MAX % 100) {
                return roll % 100;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_comes_about_as_often() {
        let mut dice = Dice::new();
        let mut faces = [0u32; 100];
        for _ in 0..100_000 {
            faces[dice.hundred() as usize] += 1;
        }
        assert!(faces.iter().all(|n| (800..1200).contains(n)), "{faces:?}");
    }
}
