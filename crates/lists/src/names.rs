//! Host names and domains, found by hash.
//!
//! A table of slots, at most half of them full; a slot is the place of an entry's text, counted
//! from 1, and 32 bits of its hash. A text is its length, its bytes and its value. A domain begins
//! with its dot, so it is never taken for a name.

use crate::hash::Hash;
use crate::header::Header;

/// Bytes of the longest entry.
pub(crate) const LONGEST: usize = 255;

/// Where the names of an image lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) header: Header,
    pub(crate) slots: usize,
    pub(crate) texts: usize,
    pub(crate) end: usize,
}

impl Names {
    /// Bytes of a slot.
    pub(crate) const SLOT: usize = 8;

    /// The smallest value of the entries that a host name matches: the name itself, and each domain
    /// above it.
    pub(crate) fn find(&self, image: &[u8], name: &str) -> Option<u32> {
        if self.header.slots == 0 {
            return None;
        }
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        let mut hash = Hash::new(self.header.seed);
        let mut found: Option<u32> = None;
        for (at, byte) in name.iter().enumerate().rev() {
            hash = hash.before(*byte);
            // a domain needs a name before its dot
            if (*byte == b'.') == (at > 0) && (at == 0 || *byte == b'.') {
                let value = self.exactly(image, hash, name.get(at..).unwrap_or_default());
                found = match (found, value) {
                    (Some(found), Some(value)) => Some(found.min(value)),
                    (found, value) => found.or(value),
                };
            }
        }
        found
    }

    /// The value of the entry with this very text.
    fn exactly(&self, image: &[u8], hash: Hash, text: &[u8]) -> Option<u32> {
        let table = image.get(self.slots..self.texts)?;
        let (slots, _) = table.as_chunks::<{ Self::SLOT }>();
        let texts = image.get(self.texts..self.end)?;
        let (first, tag) = hash.place(slots.len());
        let (before, from) = slots.split_at_checked(first)?;
        let probes = usize::try_from(self.header.probes).ok()?;
        for slot in from.iter().chain(before).take(probes) {
            let [a, b, c, d, tagged @ ..] = *slot;
            let place = u32::from_le_bytes([a, b, c, d]).checked_sub(1)?;
            if u32::from_le_bytes(tagged) == tag {
                let entry = texts.get(usize::try_from(place).ok()?..)?;
                if let Some(value) = value_of(entry, text) {
                    return Some(value);
                }
            }
        }
        None
    }
}

/// The value of the entry that begins here, if it has this text.
pub(crate) fn value_of(entry: &[u8], text: &[u8]) -> Option<u32> {
    let (length, rest) = entry.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let value = rest.first_chunk()?;
    name.eq_ignore_ascii_case(text).then(|| u32::from_le_bytes(*value))
}

/// A table in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) slots: Vec<(u32, u32)>,
    pub(crate) probes: usize,
}

impl Table {
    /// The table of entries that lie in `texts`, as many as `count`. Where a text is there twice,
    /// its first entry gets the smaller value.
    pub(crate) fn of(seed: u64, count: usize, texts: &mut [u8]) -> Self {
        let size = if count == 0 { 0 } else { count.saturating_mul(2).next_power_of_two() };
        let mut table = Self { slots: vec![(0, 0); size], probes: 0 };
        let mut at = 0;
        while let Some(length) = table.put(seed, texts, at) {
            at = at.saturating_add(length);
        }
        table
    }

    /// Puts in the entry at a place; how long it is.
    fn put(&mut self, seed: u64, texts: &mut [u8], at: usize) -> Option<usize> {
        let (earlier, entry) = texts.split_at_mut_checked(at)?;
        let (length, rest) = entry.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        let value = u32::from_le_bytes(*rest.first_chunk()?);
        let (first, tag) = Hash::of(seed, text).place(self.slots.len());
        let (before, from) = self.slots.split_at_mut_checked(first)?;
        for (probes, slot) in (1..).zip(from.iter_mut().chain(before)) {
            let Some(place) = slot.0.checked_sub(1) else {
                *slot = (u32::try_from(at).ok()?.checked_add(1)?, tag);
                self.probes = self.probes.max(probes);
                break;
            };
            let other = earlier.get_mut(usize::try_from(place).ok()?..)?;
            let same = Some(slot.1).filter(|other| *other == tag).and(value_of(other, text));
            if let Some(smallest) = same {
                let behind = other.get_mut(text.len().saturating_add(1)..)?;
                *behind.first_chunk_mut()? = smallest.min(value).to_le_bytes();
                break;
            }
        }
        text.len().checked_add(5)
    }
}
