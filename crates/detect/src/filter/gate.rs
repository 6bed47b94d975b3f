//! Which patterns a line may match at all, by the words that are in it.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::engine::Engine;

/// The words of all patterns, looked for at once.
pub(super) struct Gate {
    words: Option<AhoCorasick>,
    /// Whose each word is.
    owners: Vec<Vec<usize>>,
    /// Patterns that need no words that are known.
    always: Vec<bool>,
    open: Vec<bool>,
}

impl Gate {
    /// Of these patterns, by their places.
    pub(super) fn new<'e>(patterns: impl Iterator<Item = &'e Engine>) -> Self {
        let mut words: Vec<&str> = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        let mut always = Vec::new();
        for (place, pattern) in patterns.enumerate() {
            always.push(pattern.needed().is_none());
            for word in pattern.needed().unwrap_or_default() {
                match words.iter().position(|known| known == word) {
                    Some(at) => {
                        if let Some(owners) = owners.get_mut(at) {
                            owners.push(place);
                        }
                    }
                    None => {
                        words.push(word);
                        owners.push(vec![place]);
                    }
                }
            }
        }
        let built = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .build(&words)
            .ok();
        if built.is_none() {
            always.fill(true);
        }
        let open = always.clone();
        Self { words: built, owners, always, open }
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.words.as_ref().map_or(0, AhoCorasick::memory_usage)
    }

    /// Looks for the words in a line.
    pub(super) fn read(&mut self, line: &str) {
        self.open.clone_from(&self.always);
        let Some(words) = &self.words else { return };
        for found in words.find_overlapping_iter(line) {
            for owner in self.owners.get(found.pattern().as_usize()).into_iter().flatten() {
                if let Some(open) = self.open.get_mut(*owner) {
                    *open = true;
                }
            }
        }
    }

    /// Every pattern may match.
    pub(super) fn open_all(&mut self) {
        self.open.fill(true);
    }

    /// Whether the pattern at this place may match the line last read.
    pub(super) fn may(&self, place: usize) -> bool {
        self.open.get(place).copied().unwrap_or(true)
    }
}
