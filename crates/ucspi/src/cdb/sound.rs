//! Looking at everything in a file where it is near: the records in their order, then one table
//! after the other, each with what its records say of themselves. A million records are far apart,
//! and to go to each of them from its slot takes longer than all the rest.

use super::examine::{Bytes, Damage, LONGEST_RUN};
use super::reader::{Reader, Record, widen};
use super::{HEADER, TABLES, hash, table_of};

/// A file in which everything was looked at: [`Reader::examine`] finds nothing in it.
#[derive(Debug)]
pub struct Sound<'a> {
    reader: Reader<'a>,
    /// Where records begin whose key an earlier one has: no search for the key ends there.
    hidden: Bytes,
}

impl<'a> Sound<'a> {
    /// Looks at everything.
    ///
    /// Eight bytes are kept for each record meanwhile.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn new(reader: Reader<'a>) -> Result<Self, Damage> {
        match look(reader) {
            Some(hidden) => Ok(Self { reader, hidden }),
            None => {
                // something is not as it should be: what, slot after slot
                reader.examine()?;
                let mut hidden = Bytes::before(reader.bytes().len());
                for (at, record) in records(reader) {
                    let first = reader.get(record.key).ok().flatten();
                    if first.is_none_or(|data| data.as_ptr() != record.data.as_ptr()) {
                        hidden.add(at);
                    }
                }
                Ok(Self { reader, hidden })
            }
        }
    }

    /// The whole file.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.reader.bytes()
    }

    /// Every record, in the order they were added, and whether it is the one that is found under its
    /// key.
    pub fn records(&self) -> impl Iterator<Item = (Record<'a>, bool)> + '_ {
        records(self.reader).map(|(at, record)| (record, !self.hidden.has(at)))
    }
}

/// The records with their places, up to one that is none.
fn records<'a>(reader: Reader<'a>) -> impl Iterator<Item = (usize, Record<'a>)> {
    let end = reader.pair(0).map_or(0, |(end, _)| widen(end));
    let mut next = HEADER;
    std::iter::from_fn(move || {
        let at = next;
        let (record, behind) = reader.record(at).ok().filter(|_| at < end)?;
        next = behind;
        Some((at, record))
    })
}

/// The hash of a record's key, and its place.
type Filed = (u32, u32);

/// The hidden records of a file that is sound; `None` where anything is not as it should be.
fn look(reader: Reader<'_>) -> Option<Bytes> {
    let bytes = reader.bytes();
    let end = widen(reader.pair(0).ok()?.0);
    if bytes.len() < HEADER || end > bytes.len() {
        return None;
    }
    let mut tables: Vec<Vec<Filed>> = vec![Vec::new(); TABLES];
    let mut at = HEADER;
    while at < end {
        let (record, next) = reader.record(at).ok()?;
        let hash = hash(record.key);
        tables.get_mut(table_of(hash))?.push((hash, u32::try_from(at).ok()?));
        at = next;
    }
    if at > end.max(HEADER) {
        return None;
    }
    let mut hidden = Bytes::before(at);
    let (mut all, room) = (0_usize, bytes.len().checked_sub(at)? / 8);
    for (number, filed) in tables.iter().enumerate() {
        let (start, slots) = reader.pair(number.checked_mul(8)?).ok()?;
        let (start, slots) = (widen(start), widen(slots));
        all = all.checked_add(slots)?;
        if slots > 0 && start < at || all > room {
            return None;
        }
        let table = match slots {
            0 => &[],
            _ => bytes.get(start..)?.get(..slots.checked_mul(8)?)?,
        };
        compare(reader, table.as_chunks().0, filed, &mut hidden)?;
    }
    Some(hidden)
}

/// A slot of a table.
type Slot = [u8; 8];

fn read(slot: &Slot) -> Filed {
    let [a, b, c, d, e, f, g, h] = *slot;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

/// Whether a table has these records and nothing else, each where a search for it comes along.
fn compare(reader: Reader<'_>, table: &[Slot], filed: &[Filed], hidden: &mut Bytes) -> Option<()> {
    let is_taken = |slot: &Slot| read(slot).1 != 0;
    // the run of taken slots that goes round the end has its beginning there
    let mut run = table.iter().rev().take_while(|slot| is_taken(slot)).count();
    let mut taken = 0_usize;
    for slot in table {
        (run, taken) = match is_taken(slot) {
            true => (run.checked_add(1)?, taken.checked_add(1)?),
            false => (0, taken),
        };
        if run > LONGEST_RUN {
            return None;
        }
    }
    if taken != filed.len() {
        return None;
    }
    let slots = u32::try_from(table.len()).ok()?;
    for (hash, place) in filed {
        let own = (hash >> 8).checked_rem(slots)?;
        let (before, from) = table.split_at_checked(widen(own))?;
        let mut search = from.iter().chain(before).map(read);
        loop {
            let (other, at) = search.next().filter(|(_, at)| *at != 0)?;
            if at == *place {
                // each is found in a slot of its own, and there are no others
                (other == *hash).then_some(())?;
                break;
            }
            if other == *hash {
                let key = |at: u32| reader.record(widen(at)).ok().map(|(record, _)| record.key);
                if key(at)? == key(*place)? {
                    hidden.add(widen(*place));
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cdb::Maker;

    fn made(keys: &[Vec<u8>]) -> Vec<u8> {
        let (mut maker, mut file) = (Maker::new(), vec![0; HEADER]);
        for (key, number) in keys.iter().zip(0_u32..) {
            file.extend(maker.record(key, 4).unwrap());
            file.extend([key.as_slice(), &number.to_le_bytes()].concat());
        }
        let ending = maker.finish().unwrap();
        ending.tables.for_each(|table| file.extend(table));
        file[..HEADER].copy_from_slice(&ending.header);
        file
    }

    #[test]
    fn whoever_is_hidden_is_not_found() {
        let mut state = 1_u64;
        let mut drawn = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % most
        };
        for _ in 0..500 {
            let keys: Vec<Vec<u8>> = (0..drawn(90))
                .map(|_| (0..drawn(4)).map(|_| drawn(3).to_le_bytes()[0]).collect())
                .collect();
            let file = made(&keys);
            let reader = Reader::new(&file);
            assert!(look(reader).is_some(), "nothing is wrong with it");
            let sound = Sound::new(reader).unwrap();
            assert_eq!(sound.records().count(), keys.len());
            for (record, is_found) in sound.records() {
                let first = reader.get(record.key).unwrap().unwrap();
                assert_eq!(std::ptr::eq(first, record.data), is_found);
            }
        }
    }
}
