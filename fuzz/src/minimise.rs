//! Makes an input smaller while it still fails.

/// Leaves out ever smaller pieces, as long as `fails` says that the rest still does, and at most
/// `tries` times.
pub(crate) fn minimise(
    input: &[u8],
    mut tries: usize,
    mut fails: impl FnMut(&[u8]) -> bool,
) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut piece = best.len().div_ceil(2);
    while piece > 0 && tries > 0 {
        let (before, mut start) = (best.len(), 0);
        while start < best.len() && tries > 0 {
            let end = (start + piece).min(best.len());
            let rest = [best.get(..start), best.get(end..)].concat_all();
            tries -= 1;
            if fails(&rest) { best = rest } else { start = end }
        }
        if best.len() == before || piece > best.len() {
            piece /= 2;
        }
    }
    best
}

/// Pieces that may be absent, one after the other.
trait ConcatAll {
    fn concat_all(self) -> Vec<u8>;
}

impl ConcatAll for [Option<&[u8]>; 2] {
    fn concat_all(self) -> Vec<u8> {
        self.into_iter().flatten().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn only_what_fails_is_left() {
        let text = b"one two\nthree BAD four\nfive X six\n";
        let fails = |text: &[u8]| text.windows(3).any(|w| w == b"BAD") && text.contains(&b'X');
        assert_eq!(minimise(text, 10_000, fails), b"BADX");
        assert_eq!(minimise(b"abc", 0, |_| true), b"abc", "no tries, no change");
        assert_eq!(minimise(b"abc", 10, |_| true), b"");
    }
}
