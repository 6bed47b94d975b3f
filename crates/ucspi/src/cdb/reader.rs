//! Reading a file that nobody vouches for.

use super::{HEADER, hash, table_of};
use std::fmt;

/// The file says something that is not so: a position outside of it, a table that is too long.
/// Its makers call that a protocol error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("damaged cdb file")
    }
}

impl std::error::Error for Damaged {}

/// A database in memory. Nothing is looked at before it is asked for, and every number of the file
/// is compared with its size first.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A database of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The data of the first record of that key.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn get(&self, key: &[u8]) -> Result<Option<&'a [u8]>, Damaged> {
        self.find(key).next().transpose()
    }

    /// The data of every record of that key, in the order they were added. Ends after an error.
    #[must_use]
    pub fn find<'k>(&self, key: &'k [u8]) -> Found<'a, 'k> {
        Found { reader: *self, key, hash: hash(key), place: None }
    }

    /// Every record, in the order they were added. Ends after an error.
    #[must_use]
    pub fn records(&self) -> Records<'a> {
        match self.pair(0) {
            Ok((end, _)) => Records { reader: *self, at: 2048, end: widen(end), damaged: false },
            Err(Damaged) => Records { reader: *self, at: 0, end: 0, damaged: true },
        }
    }

    /// Looks at everything, as [`Self::examine`].
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn validate(&self) -> Result<(), Damaged> {
        self.examine().map(|_| ()).map_err(|_| Damaged)
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Two numbers at a place.
    pub(super) fn pair(&self, at: usize) -> Result<(u32, u32), Damaged> {
        let end = at.checked_add(8).ok_or(Damaged)?;
        let eight = self.bytes.get(at..end).ok_or(Damaged)?;
        let (first, second) = eight.split_first_chunk::<4>().ok_or(Damaged)?;
        let second = second.first_chunk::<4>().ok_or(Damaged)?;
        Ok((u32::from_le_bytes(*first), u32::from_le_bytes(*second)))
    }

    /// The record at a place, and where the next one is.
    pub(crate) fn record(&self, at: usize) -> Result<(Record<'a>, usize), Damaged> {
        let (key, data) = self.pair(at)?;
        let start = at.checked_add(8).ok_or(Damaged)?;
        let middle = start.checked_add(widen(key)).ok_or(Damaged)?;
        let end = middle.checked_add(widen(data)).ok_or(Damaged)?;
        let key = self.bytes.get(start..middle).ok_or(Damaged)?;
        let data = self.bytes.get(middle..end).ok_or(Damaged)?;
        Ok((Record { key, data }, end))
    }
}

pub(super) fn widen(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The records of one key.
#[derive(Clone, Debug)]
pub struct Found<'a, 'k> {
    reader: Reader<'a>,
    key: &'k [u8],
    hash: u32,
    place: Option<Place>,
}

/// Where the search is in its table.
#[derive(Clone, Copy, Debug)]
struct Place {
    table: usize,
    slots: usize,
    slot: usize,
    left: usize,
}

impl<'a> Found<'a, '_> {
    fn start(&self) -> Result<Place, Damaged> {
        let (table, slots) = self.reader.pair(table_of(self.hash).saturating_mul(8))?;
        let slots = widen(slots);
        let slot = widen(self.hash >> 8).checked_rem(slots).unwrap_or(0);
        Ok(Place { table: widen(table), slots, slot, left: slots })
    }

    /// The next record, and how many slots were looked at.
    pub(crate) fn step(&mut self) -> Result<Option<(&'a [u8], usize)>, Damaged> {
        let mut place = match self.place {
            Some(place) => place,
            None => self.start()?,
        };
        let mut found = None;
        while place.left > 0 && found.is_none() {
            let at = place.slot.checked_mul(8).and_then(|it| it.checked_add(place.table));
            let (hash, position) = self.reader.pair(at.ok_or(Damaged)?)?;
            if position == 0 {
                place.left = 0;
                break;
            }
            place.left = place.left.saturating_sub(1);
            let next = place.slot.saturating_add(1);
            place.slot = if next == place.slots { 0 } else { next };
            if hash == self.hash {
                let (record, _) = self.reader.record(widen(position))?;
                let looked = place.slots.saturating_sub(place.left);
                found = (record.key == self.key).then_some((record.data, looked));
            }
        }
        self.place = Some(place);
        Ok(found)
    }
}

impl<'a> Iterator for Found<'a, '_> {
    type Item = Result<&'a [u8], Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(found) => found.map(|(data, _)| Ok(data)),
            Err(Damaged) => {
                self.place = Some(Place { table: 0, slots: 0, slot: 0, left: 0 });
                Some(Err(Damaged))
            }
        }
    }
}

/// All records.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    reader: Reader<'a>,
    at: usize,
    end: usize,
    damaged: bool,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.damaged {
            self.damaged = false;
            return Some(Err(Damaged));
        }
        if self.at >= self.end {
            return None;
        }
        match self.reader.record(self.at) {
            Ok((record, next)) if next <= self.end => {
                self.at = next;
                Some(Ok(record))
            }
            Ok(_) | Err(Damaged) => {
                self.at = self.end;
                Some(Err(Damaged))
            }
        }
    }
}

const _: () = assert!(HEADER == 2048);
