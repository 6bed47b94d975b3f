//! Making a file, record by record, without keeping the records.

use super::reader::{Reader, widen};
use super::{HEADER, TABLES, hash, table_of};
use std::fmt;

/// The file would reach 4 GiB, which its numbers cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a cdb file must stay below 4 GiB")
    }
}

impl std::error::Error for Full {}

/// Makes a file. The caller writes, in this order: [`HEADER`] bytes of anything; for each record
/// what [`Self::record`] returns, the key, and the data; what [`Self::finish`] returns, the header
/// last and over the first bytes. The result is, byte for byte, what cdbmake and tcprules make of
/// the same records in the same order.
///
/// Eight bytes are kept for each record.
#[derive(Clone, Debug)]
pub struct Maker {
    at: u32,
    records: usize,
    /// For each table, the records that belong there: hash and position.
    tables: Vec<Vec<(u32, u32)>>,
}

/// The end of a file, and its beginning.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The hash tables that are not empty, each whole; they follow the last record.
    pub tables: Tables,
    /// The header.
    pub header: Vec<u8>,
}

/// The hash tables, made one after the other.
#[derive(Clone, Debug)]
pub struct Tables {
    left: std::vec::IntoIter<Vec<(u32, u32)>>,
}

impl Iterator for Tables {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let records = self.left.find(|table| !table.is_empty())?;
        let mut slots = vec![(0, 0); records.len().saturating_mul(2)];
        for (hash, at) in records {
            put(&mut slots, hash, at, |_| false);
        }
        let mut bytes = Vec::with_capacity(slots.len().saturating_mul(8));
        for (hash, at) in slots {
            bytes.extend_from_slice(&hash.to_le_bytes());
            bytes.extend_from_slice(&at.to_le_bytes());
        }
        Some(bytes)
    }
}

impl Default for Maker {
    fn default() -> Self {
        Self::new()
    }
}

impl Maker {
    /// Of an empty file.
    #[must_use]
    pub fn new() -> Self {
        Self { at: 2048, records: 0, tables: vec![Vec::new(); TABLES] }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records
    }

    /// Adds a record; its head is returned. Keys may repeat: the first is found first.
    ///
    /// # Errors
    /// [`Full`]; nothing is added then.
    pub fn record(&mut self, key: &[u8], data_length: usize) -> Result<[u8; 8], Full> {
        let hash = hash(key);
        let key_length = u32::try_from(key.len()).map_err(|_| Full)?;
        let data_length = u32::try_from(data_length).map_err(|_| Full)?;
        let end = self.room(key_length, data_length)?;
        if let Some(table) = self.tables.get_mut(table_of(hash)) {
            table.push((hash, self.at));
        }
        self.records = self.records.saturating_add(1);
        self.at = end;
        let [a, b, c, d] = key_length.to_le_bytes();
        let [e, f, g, h] = data_length.to_le_bytes();
        Ok([a, b, c, d, e, f, g, h])
    }

    /// Where a record of these lengths would end.
    ///
    /// # Errors
    /// [`Full`]: it does not fit, whatever it holds.
    pub fn room(&self, key_length: u32, data_length: u32) -> Result<u32, Full> {
        let end = self.at.checked_add(8).and_then(|at| at.checked_add(key_length));
        end.and_then(|at| at.checked_add(data_length)).ok_or(Full)
    }

    /// Where records begin whose key an earlier one has, in order; the keys are in what was written
    /// so far.
    pub(crate) fn repeated(&self, written: Reader<'_>) -> Vec<u32> {
        let key = |at: u32| written.record(widen(at)).ok().map(|(record, _)| record.key);
        let (mut repeated, mut slots) = (Vec::new(), Vec::new());
        for table in &self.tables {
            slots.clear();
            slots.resize(table.len().saturating_mul(2), (0, 0));
            for (hash, at) in table {
                let same = |(other, first): (u32, u32)| other == *hash && key(first) == key(*at);
                if !put(&mut slots, *hash, *at, same) {
                    repeated.push(*at);
                }
            }
        }
        repeated.sort_unstable();
        repeated
    }

    /// The tables and the header.
    ///
    /// # Errors
    /// [`Full`].
    pub fn finish(self) -> Result<Ending, Full> {
        let bytes = self.records.checked_mul(16).and_then(|all| u32::try_from(all).ok());
        bytes.and_then(|bytes| self.at.checked_add(bytes)).ok_or(Full)?;
        let mut header = Vec::with_capacity(HEADER);
        let mut at = self.at;
        for table in &self.tables {
            let slots = u32::try_from(table.len()).unwrap_or(u32::MAX).saturating_mul(2);
            header.extend_from_slice(&at.to_le_bytes());
            header.extend_from_slice(&slots.to_le_bytes());
            at = at.saturating_add(slots.saturating_mul(8));
        }
        Ok(Ending { tables: Tables { left: self.tables.into_iter() }, header })
    }
}

/// Puts a record into the first free slot from its own on, unless the same comes before that; half
/// of the slots are free in the end.
fn put(table: &mut [(u32, u32)], hash: u32, at: u32, same: impl Fn((u32, u32)) -> bool) -> bool {
    // of 32 bits: a division of 64 takes as long as all the rest
    let slots = u32::try_from(table.len()).unwrap_or(u32::MAX);
    let first = usize::try_from((hash >> 8).checked_rem(slots).unwrap_or(0)).unwrap_or(0);
    let (before, from) = table.split_at_mut(first);
    let mut search = from.iter_mut().chain(before);
    let end = search.find(|slot| slot.1 == 0 || same(**slot));
    match end {
        Some(slot) if slot.1 == 0 => {
            *slot = (hash, at);
            true
        }
        Some(_) | None => false,
    }
}
