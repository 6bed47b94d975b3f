//! The constant database: classic 32-bit files of less than 4 GiB.
//!
//! A header of 256 pairs (position, slots), one for each hash table; the records, back to back; the
//! tables, of pairs (hash, position of the record). All numbers are little-endian.

mod examine;
mod maker;
mod reader;
mod sound;
mod stats;

pub use examine::{Damage, Wrong};
pub use maker::{Full, Maker};
pub use reader::{Damaged, Found, Reader, Record, Records};
pub use sound::Sound;
pub use stats::Stats;

/// Bytes of the header.
pub const HEADER: usize = 2048;

/// Hash tables of a file.
pub(crate) const TABLES: usize = 256;

/// The hash of a key.
#[must_use]
pub fn hash(key: &[u8]) -> u32 {
    key.iter().fold(5381, |h: u32, byte| (h << 5).wrapping_add(h) ^ u32::from(*byte))
}

/// The table a hash belongs to.
pub(crate) fn table_of(hash: u32) -> usize {
    usize::from(hash.to_le_bytes()[0])
}

#[cfg(test)]
mod tests;
