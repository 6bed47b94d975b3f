//! Input as an attacker would write it, for the parsers' tests: the same in each run.

/// `count` texts made of pieces of `grammar` (so that many get past the first check), of random
/// bytes, and of long repetitions.
pub(crate) fn texts(grammar: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(move |_| {
        let mut text = Vec::new();
        for _ in 0..dice.below(8) {
            match dice.below(6) {
                0 => text.extend((0..dice.below(9)).map(|_| dice.byte())),
                1 => text.extend(vec![dice.byte(); dice.below(300)]),
                2 => text.extend((0..dice.below(9)).map(|_| grammar[dice.below(grammar.len())])),
                _ => {
                    let start = dice.below(grammar.len());
                    let length = dice.below(grammar.len() - start + 1);
                    text.extend(&grammar[start..start + length]);
                }
            }
        }
        text
    })
}

/// xorshift64 (Marsaglia, 2003).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() >> 33).unwrap_or_default() % end.max(1)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[3]
    }
}
