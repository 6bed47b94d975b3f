//! A hash that is the same today and in ten years, on every machine.
//!
//! It names accounts and networks inside a cell and makes the random part of a term. Whoever finds two
//! names of one hash gains nothing: guessing at the one is then counted as guessing at the other. What
//! tables are indexed by is hashed with a seed of the process's own.

/// A number from which nothing of the one before it can be guessed at sight (splitmix64).
const fn stir(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Of words, one after another.
pub(super) fn words(words: &[u32]) -> u64 {
    words.iter().fold(stir(words.len() as u64), |sum, word| stir(sum ^ u64::from(*word)))
}

/// Of a text.
pub(super) fn text(text: &str) -> u64 {
    let first = stir(text.len() as u64);
    text.as_bytes().chunks(8).fold(first, |sum, chunk| {
        let word = chunk.iter().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
        stir(sum ^ word)
    })
}

/// The upper and the lower half.
#[expect(clippy::cast_possible_truncation, reason = "halves are wanted")]
pub(super) const fn halves(word: u64) -> [u32; 2] {
    [(word >> 32) as u32, word as u32]
}
