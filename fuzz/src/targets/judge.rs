//! Judges, and what happens to them.

use super::{Outcome, Target, signature};
use portreeve_judge::naive::agree;

pub(super) const JUDGE: Target = Target {
    name: "judge",
    about: "judges and their offences, successes and pardons, against lists of everything",
    check: judge,
    seeds: || {
        // One judge of one level and one tally; offences of one address, a second apart.
        let one: Vec<u8> = [0; 24].into_iter().chain([0x24, 1, 4, 0, 0, 0, 0].repeat(9)).collect();
        let mixed = (0..400_u32).map(|at| at.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
        vec![one, mixed]
    },
    words: || ["$\u{1}\u{4}", "\0\0\0\0", "@@", "\u{10}\u{11}"].map(String::from).to_vec(),
    longest: 1024,
};

fn judge(bytes: &[u8]) -> Outcome {
    agree(bytes).map(|kinds| signature(kinds.iter().map(String::as_str)))
}
